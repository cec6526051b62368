"""VCR cassettes: what vcrpy, pydantic-ai, Ruby's and R's VCR and go-vcr record, in YAML or JSON.

Level A. Without a clock: a cassette keeps the order of its interactions, and at best the time of recording. An interaction is one call;
what is no model call is passed over. The conversation is the cassette. Nothing makes two interactions one: a test that asks twice is
answered twice. What it cannot give: times of calls (go-vcr keeps durations), and what was taken out before the cassette was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from seamaudit.ingest import jsontext, yamltext
from seamaudit.ingest.blocks import fields, integer, word
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Format, Found, RecordReader, Rejected
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.payload import header, is_providers, named_headers, text, unpacked
from seamaudit.ingest.respelled import HttpExchange, Pairing
from seamaudit.trace import Locus
from seamaudit.trace.digest import short_digest

_LISTS = ("interactions", "http_interactions")
_OPENING = re.compile(rb"(?:\A|\n)(?:http_)?interactions:[ \t\r]*(?:\[|\n)")
_JSON = re.compile(rb'\A\s*\{.{0,200}?"(?:http_)?interactions"\s*:\s*\[', re.DOTALL)


class Vcr:
    """The format: detection by the list of interactions, each a request and a response."""

    name = "vcr"
    container: Literal["document"] = "document"

    def __init__(self, pairs: Format) -> None:
        self._pairs = pairs

    def detect(self, head: bytes) -> int:
        """Sure where a list of interactions opens and a request is in sight: its address, or the body that it may stand behind."""
        opens = _OPENING.search(head[:8192]) is not None or _JSON.match(head) is not None
        return 90 if opens and b"request" in head and any(name in head for name in (b"uri", b"url", b"body")) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(Pairing(self._pairs.open(intern), Vcr.name))


class _Reader:
    def __init__(self, pairing: Pairing) -> None:
        self._pairing = pairing

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        cassette = fields(jsontext.parse(data).value if data.lstrip().startswith(b"{") else yamltext.parse(data))
        name = next((name for name in _LISTS if isinstance(cassette.get(name), list)), None)
        if name is None:
            raise Rejected("not_an_exchange")
        own = f"cassette {short_digest(data.decode('utf-8', 'replace'), 12)}"
        for at, each in enumerate(map(fields, cassette[name])):
            place = locus.at(f"/{name}/{at}")
            exchange = _exchange(each, place.pointer, own, at)
            try:
                yield self._pairing.draft(exchange, place)
            except (Rejected, jsontext.Unparsable) as error:
                if error.cause != Cause.OTHER_ENDPOINT and is_providers(exchange.url) and exchange.sent:
                    yield from lost(Cause(error.cause), place, 0)


class _Body(Struct, frozen=True):
    """A body and where it stands below its message."""

    held: Any
    at: str


def _exchange(each: Mapping[str, Any], at: str, conversation: str, number: int) -> HttpExchange:
    asked, answered = fields(each.get("request")), fields(each.get("response"))
    sent_headers, got_headers = named_headers(asked.get("headers")), named_headers(answered.get("headers"))
    sent, got = _body(asked, sent_headers), _body(answered, got_headers)
    took = answered.get("duration", each.get("duration"))
    return HttpExchange(
        sent=sent.held,
        got=got.held,
        sent_at=f"{at}/request{sent.at}",
        got_at=f"{at}/response{got.at}",
        url=word(asked.get("uri")) or word(asked.get("url")),
        status=_status(answered),
        sent_headers=sent_headers,
        got_headers=got_headers,
        recorded=word(each.get("recorded_at")) or header(got_headers, "date"),
        duration=took if isinstance(took, str) else None,
        conversation=conversation,
        sequence=number,
    )


def _body(message: Mapping[str, Any], headers: Mapping[str, Any]) -> _Body:
    """A body in any dialect: parsed, as text, as bytes, in an object that says how it is encoded."""
    if message.get("parsed_body") is not None:
        return _Body(message["parsed_body"], "/parsed_body")
    body, at = message.get("body"), "/body"
    if isinstance(body, dict):
        packed = body.get("base64_string")
        name = "base64_string" if isinstance(packed, str) else "string"
        body, at = unpacked(packed) if isinstance(packed, str) else body.get("string"), f"/body/{name}"
    if isinstance(body, str | bytes) and body:
        return _Body(text(body, headers), at)
    return _Body(None, at)


def _status(message: Mapping[str, Any]) -> int | None:
    """`{"code": 200}`, 200, "200 OK", or a code beside it."""
    given = message.get("status")
    spelled = fields(given).get("code") if isinstance(given, dict) else given
    number = spelled[:3] if isinstance(spelled, str) else ""
    code = int(number) if number.isdecimal() and number.isascii() and len(number) == 3 else integer(spelled)
    return code if code is not None else integer(message.get("code"))
