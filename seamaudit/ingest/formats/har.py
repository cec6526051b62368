"""HAR files: what browsers, proxies and mitmproxy's exporter save of HTTP traffic.

Level A. Wall clock. An entry is one call; what is no model call is passed over. Headers are read for retries and never kept. The
conversation is not declared. Entries are one by their start, URL and size. What it cannot give: the bodies of streams that a browser left
out, the times of chunks; a status of 0 is a connection that died.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import fields, integer, word
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Format, Found, RecordReader, Rejected
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.payload import is_providers, named_headers, text, unpacked
from seamaudit.ingest.respelled import HttpExchange, Pairing
from seamaudit.ingest.times import moment
from seamaudit.trace import Locus

_WAITED = ("blocked", "dns", "connect", "send", "wait")


class Har:
    """The format: detection by the log and its entries."""

    name = "har"
    container: Literal["document"] = "document"

    def __init__(self, pairs: Format) -> None:
        self._pairs = pairs

    def detect(self, head: bytes) -> int:
        """Sure where an object opens with a log, and an entry or who wrote it is in sight."""
        start = head.lstrip()
        opens = start.startswith(b"{") and b'"log"' in start[:64]
        return 90 if opens and (b'"startedDateTime"' in start or (b'"entries"' in start and b'"creator"' in start)) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(Pairing(self._pairs.open(intern), Har.name))


class _Reader:
    def __init__(self, pairing: Pairing) -> None:
        self._pairing = pairing

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        log = fields(fields(jsontext.parse(data).value).get("log"))
        if not isinstance(log.get("entries"), list):
            raise Rejected("not_an_exchange")
        for at, entry in enumerate(map(fields, log["entries"])):
            place = locus.at(f"/log/entries/{at}")
            exchange = _exchange(entry, place.pointer)
            if word(fields(entry.get("request")).get("method")) != "POST" or not exchange.sent:
                continue
            try:
                draft = self._pairing.draft(exchange, place)
                yield replace(draft, duplicate_key=_key(entry, exchange))
            except (Rejected, jsontext.Unparsable) as error:
                if error.cause != Cause.OTHER_ENDPOINT and is_providers(exchange.url):
                    yield from lost(Cause(error.cause), place, 0)


def _exchange(entry: Mapping[str, Any], at: str) -> HttpExchange:
    asked, answered = fields(entry.get("request")), fields(entry.get("response"))
    content = fields(answered.get("content"))
    got_headers = named_headers(answered.get("headers"))
    body = content.get("text")
    held: str | bytes | None = body if isinstance(body, str) else None
    if held is not None and content.get("encoding") == "base64":
        held = unpacked(str(held))
    status = integer(answered.get("status"))
    timings, took = fields(entry.get("timings")), entry.get("time")
    duration = took / 1e3 if isinstance(took, int | float) and not isinstance(took, bool) and took >= 0 else None
    started = moment(entry.get("startedDateTime"))
    waited = [timings[name] for name in _WAITED if isinstance(timings.get(name), int | float) and timings[name] > 0]
    return HttpExchange(
        sent=fields(asked.get("postData")).get("text"),
        got=text(held, got_headers) if held else None,
        sent_at=f"{at}/request/postData/text",
        got_at=f"{at}/response/content/text",
        url=word(asked.get("url")),
        status=status if status else None,
        sent_headers=named_headers(asked.get("headers")),
        got_headers=got_headers,
        started=started,
        first_byte=started + sum(waited) / 1e3 if started is not None and timings.get("wait") and waited else None,
        duration=duration,
    )


def _key(entry: Mapping[str, Any], exchange: HttpExchange) -> str:
    """What makes an entry and its copy in another file one call."""
    spelled = exchange.sent if isinstance(exchange.sent, str) else ""
    return f"har/{entry.get('startedDateTime')}/{exchange.url}/{len(spelled)}" if word(entry.get("startedDateTime")) else ""
