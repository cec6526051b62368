"""HTTP exchanges that a recorder keeps in a shape of its own, spelled as pairs and read as such."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.rejected import Rejected
from seamaudit.ingest.withheld import body_withheld
from seamaudit.trace import Locus, Response

LARGEST: Final = 40_000_000
"""Bytes of one exchange: as many as a line of pairs may have."""
_SENT, _GOT = "/request/body", "/response/body"


class HttpExchange(Struct, frozen=True, kw_only=True):
    """One request and its response. `sent` and `got` are bodies, parsed or as JSON text; a text that is none is a stream.

    `sent_at` and `got_at` are their pointers in the record. Times are whatever `times.moment` reads.
    """

    sent: Any
    got: Any = None
    sent_at: str = ""
    got_at: str = ""
    url: str = ""
    status: int | None = None
    sent_headers: Mapping[str, Any] = field(default_factory=dict)
    got_headers: Mapping[str, Any] = field(default_factory=dict)
    started: Any = None
    ended: Any = None
    recorded: Any = None
    first_byte: Any = None
    duration: Any = None
    conversation: str | None = None
    sequence: int | None = None
    error: Any = None


class Pairing:
    """Reads exchanges as the pair format reads its lines."""

    def __init__(self, read: Callable[[bytes, Locus], Iterable[Any]], format: str) -> None:
        self._read = read
        self._format = format

    def draft(self, exchange: HttpExchange, locus: Locus) -> Draft:
        """The draft of one exchange. Raises Rejected, jsontext.Unparsable where it is no model call."""
        got = exchange.got
        answered = got is not None or exchange.status is not None
        named = "body_raw" if isinstance(got, str) and got[:1] not in ("{", "[") else "body"
        response = {"status_code": exchange.status, "headers": dict(exchange.got_headers), named: got}
        request = {"url": exchange.url, "headers": dict(exchange.sent_headers)}
        line = {
            "conversation": exchange.conversation,
            "n": exchange.sequence,
            "started_at": exchange.started,
            "ended_at": exchange.ended,
            "recorded_at": exchange.recorded,
            "first_byte": exchange.first_byte,
            "duration": exchange.duration,
            "error": exchange.error,
        }
        told = jsontext.respelled({name: value for name, value in line.items() if value is not None})
        halves = jsontext.respelled(request)[:-1], _spelled(exchange.sent), jsontext.respelled(response if answered else None)
        data = b'{"request":%b,"body":%b},"response":%b%b' % (*halves, _behind(told))
        if len(data) > LARGEST:
            raise Rejected("oversize")
        (draft,) = self._read(data, locus)
        return _moved(draft, exchange, self._format)


def _behind(members: bytes) -> bytes:
    """An object's members, and its end, as they follow others."""
    return b"," + members[1:] if members != b"{}" else b"}"


def _spelled(body: Any) -> bytes:
    """A body as it was sent, on one line: what is sound JSON text is not spelled again; its text where it was cut, so that what is
    left of the call is read. Raises jsontext.Unparsable."""
    if not isinstance(body, str | bytes):
        return jsontext.respelled(body)
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    try:
        parsed = jsontext.parse(data)
    except jsontext.Unparsable:
        if isinstance(body, str) and body_withheld(body):
            return jsontext.respelled(body)
        raise
    if "invalid_utf8" in parsed.broken:
        return jsontext.respelled(parsed.value)
    return data.replace(b"\r", b" ").replace(b"\n", b" ").strip()


def _moved(draft: Draft, exchange: HttpExchange, format: str) -> Draft:
    """The draft with pointers into the record it was told in."""
    request = replace(draft.request, at=exchange.sent_at)
    response = _placed(draft.response, exchange.got_at) if draft.response is not None else None
    return replace(draft, request=request, response=response, format=format)


def _placed(response: Response, at: str) -> Response:
    def moved(pointer: str) -> str:
        for start in (f"{_GOT}_raw", _GOT):
            if pointer.startswith(start):
                return at + pointer.removeprefix(start)
        return at

    return replace(
        response,
        at=moved(response.at),
        answers=tuple(replace(each, pointer=moved(each.pointer)) for each in response.answers),
        calls=tuple(replace(each, pointer=moved(each.pointer)) for each in response.calls),
    )
