"""Batch files of OpenAI and Anthropic: what is asked, and what came back.

Requests level A without answers; results level B without requests, which stand in another file: a call in both is two records of which
one knows what was sent and the other what it cost. No clock and no order: results come as they were done. Usage is the body's, at the
price of batches. Results are one by their id (OpenAI) or their message's (Anthropic); no conversation is declared. What was canceled or
expired was no call. What it cannot give: times, streams, retries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import code, fields, integer, items, word
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Format, Found, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.refused import refusal
from seamaudit.ingest.respelled import HttpExchange, Pairing
from seamaudit.ingest.told import Teller, Told
from seamaudit.providers.names import CHAT, NOBODY, Named, named
from seamaudit.trace import Clock, Level, Locus, Need, Response

_TIER = "batch"
_APART = "a batch's results do not hold its requests"
_CHAT, _RESPONSES, _MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}
"""The HTTP status of an error type (https://platform.claude.com/docs/en/api/errors)."""


class _Batch:
    """What line files and documents have in common."""

    def __init__(self, shape_of: ShapeOf, pairs: Format) -> None:
        self._shape_of = shape_of
        self._pairs = pairs

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._shape_of, Teller(self._shape_of, intern), Pairing(self._pairs.open(intern), BatchLines.name))


class BatchLines(_Batch):
    """A request, or a result, a line."""

    name = "batch"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """Sure where the first line carries the caller's id beside a body, a response or a result."""
        line, _, _ = head.lstrip().partition(b"\n")
        if not line.startswith(b"{") or b'"custom_id"' not in line or b'"requests"' in line[:64]:
            return 0
        asked = b'"body"' in line and b'"response"' not in line
        answered = b'"response"' in line and any(name in line for name in (b'"request_id"', b'"status_code"', b'"error"'))
        resulted = b'"result"' in line and any(kind in line for kind in (b"succeeded", b"errored", b"canceled", b"expired"))
        return 88 if asked or answered or resulted else 0


class BatchDocument(_Batch):
    """Anthropic's request: all of them in one document."""

    name = "batch-document"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """Sure where an object opens with requests that carry ids and parameters."""
        start = head.lstrip()
        opens = start.startswith(b"{") and b'"requests"' in start[:64]
        return 88 if opens and b'"custom_id"' in start and b'"params"' in start else 0


class _Reader:
    def __init__(self, shape_of: ShapeOf, teller: Teller, pairing: Pairing) -> None:
        self._shape_of = shape_of
        self._teller = teller
        self._pairing = pairing

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        record = fields(jsontext.parse(data).value)
        if "requests" not in record:
            yield self._one(record, locus)
            return
        for at, asked in enumerate(map(fields, items(record["requests"]))):
            place = locus.at(f"/requests/{at}")
            try:
                yield self._asked(asked.get("params"), f"{place.pointer}/params", _MESSAGES, place)
            except Rejected as error:
                yield from lost(Cause(error.cause), place, 0)

    def _one(self, record: dict[str, Any], locus: Locus) -> Draft:
        if isinstance(record.get("result"), dict):
            return self._resulted(record["result"], locus)
        if "response" in record and "custom_id" in record:
            return self._answered(record, locus)
        if "custom_id" in record:
            return self._asked(record.get("body"), "/body", word(record.get("url")), locus)
        raise Rejected("not_an_exchange")

    def _asked(self, body: Any, at: str, url: str, locus: Locus) -> Draft:
        if not isinstance(body, dict):
            raise Rejected("not_an_exchange")
        draft = self._pairing.draft(HttpExchange(sent=body, sent_at=at, url=url), locus)
        lacks = dict.fromkeys((Need.RESPONSE, Need.USAGE), "the results stand in another file")
        return replace(draft, clock=Clock.NONE, lacks={**draft.lacks, **lacks})

    def _answered(self, record: dict[str, Any], locus: Locus) -> Draft:
        """A line of OpenAI's output or error file."""
        answered = fields(record.get("response"))
        body, status = fields(answered.get("body")), integer(answered.get("status_code"))
        error = fields(record.get("error"))
        if not body and not error and status is None:
            raise Rejected("not_an_exchange")
        if body and "error" not in body and not any(name in body for name in ("choices", "output")):
            raise Rejected("other_endpoint")
        path = _RESPONSES if "output" in body else _CHAT
        id = word(record.get("id"))
        by = named("openai") if id.startswith("batch_req_") else NOBODY
        if error and not body:
            response = Response(at="/error", status=status, error_type=code(error.get("code")), complete=False)
        else:
            response = self._read(path, body, "/response/body", status)
        return self._draft(
            replace(by, api="openai.responses" if path == _RESPONSES else CHAT), response, f"batch/{id}" if id else "", locus
        )

    def _resulted(self, result: dict[str, Any], locus: Locus) -> Draft:
        """A line of Anthropic's results."""
        kind = word(result.get("type"))
        by = named("anthropic")
        if kind == "succeeded":
            message = fields(result.get("message"))
            id = word(message.get("id"))
            return self._draft(by, self._read(_MESSAGES, message, "/result/message", 200), f"batch/{id}" if id else "", locus)
        if kind != "errored":
            raise Rejected("other_endpoint" if kind in ("canceled", "expired") else "not_an_exchange")
        error = fields(result.get("error"))
        inner = fields(error.get("error")) or error
        status = _STATUSES.get(word(inner.get("type")))
        found = refusal({"error": inner}, status)
        return self._draft(by, Response(at="/result/error", status=status, error_type=code(inner.get("type")), refusal=found), "", locus)

    def _read(self, path: str, body: dict[str, Any], at: str, status: int | None) -> Response:
        shape = self._shape_of(path, frozenset({"input" if path == _RESPONSES else "messages"}), body)
        if shape is None:
            raise Rejected("unknown_body")
        read = shape.response(body, at, status)
        return replace(read, usage=replace(read.usage, service_tier=_TIER) if read.usage is not None else None)

    def _draft(self, by: Named, response: Response, key: str, locus: Locus) -> Draft:
        told = Told(
            locus=locus,
            format=BatchLines.name,
            by=by,
            model=response.model,
            key=key,
            missing=dict.fromkeys((Need.PROMPT, Need.TOOLS, Need.CACHE_LIFE), _APART),
        )
        draft = self._teller.draft(told)
        refused = response.status is not None and response.status >= 400
        known = {
            Need.STREAM,
            *({Need.RESPONSE} if response.complete or refused else ()),
            *({Need.USAGE} if response.usage or refused else ()),
        }
        return replace(
            draft,
            level=Level.MESSAGES,
            clock=Clock.NONE,
            response=response,
            lacks={need: why for need, why in draft.lacks.items() if need not in known},
        )
