"""A call as a line of the pair format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

import orjson
from msgspec import Struct

from seamaudit.record import credentials

Headers = Sequence[tuple[str, str]]


class Call(Struct, frozen=True, kw_only=True):
    """One call as it went by.

    `started` is seconds since the epoch, `first_byte` and `duration` seconds after it. `status` is None where no response came: then
    `error` names the exception. With a status it names what broke the body off; `left` says that the caller stopped reading it. `got`
    holds the response body in the pieces it came in, None where it was not kept (too large); `encoded` says that they are compressed as
    the headers tell. `library` is the one the client is of.
    """

    library: ModuleType
    method: str
    url: str
    sent_headers: Headers
    sent: bytes
    started: float
    duration: float
    first_byte: float | None = None
    status: int | None = None
    got_headers: Headers = ()
    got: Sequence[bytes] | None = None
    encoded: bool = True
    error: str = ""
    left: bool = False
    app: str = ""
    conversation: str = ""


def line(call: Call, limit: int) -> bytes:
    """The line, its end included; a response body of more than `limit` decoded bytes is left out. Raises ValueError where the request
    is no JSON."""
    record = {
        "request": {
            "method": call.method,
            "url": credentials.address(call.url),
            "headers": _headers(call.sent_headers),
            "body": orjson.Fragment(_on_one_line(credentials.body(call.sent))),
        },
        "response": None if call.status is None else _response(call, limit),
        "timestamp": round(call.started, 6),
        "duration": round(call.duration, 6),
    }
    said = {
        "first_byte": None if call.first_byte is None else round(call.started + call.first_byte, 6),
        "error": {"type": call.error} if call.error else None,
        "closed_by": "caller" if call.left else None,
        "app": call.app,
        "conversation": call.conversation,
    }
    return orjson.dumps({**record, **{name: value for name, value in said.items() if value}}) + b"\n"


def _response(call: Call, limit: int) -> Mapping[str, Any]:
    told: dict[str, Any] = {"status_code": call.status, "headers": _headers(call.got_headers)}
    held = _decoded(call, limit)
    if held is None:
        return told
    try:
        orjson.loads(held)
    except ValueError:
        return {**told, "body_raw": held.decode("utf-8", "replace")}
    return {**told, "body": orjson.Fragment(_on_one_line(held))}


def _decoded(call: Call, limit: int) -> bytes | None:
    """The response body, of a compressed one that broke off what can be told; None where it is too large."""
    if call.got is None or not call.encoded:
        return None if call.got is None else b"".join(call.got)
    encoding = [pair for pair in call.got_headers if pair[0].lower() == "content-encoding"]
    held, size = [], 0
    try:
        for part in _parts(call, encoding):
            size += len(part)
            if size > limit:
                return None
            held.append(part)
    except call.library.DecodingError:
        pass
    return b"".join(held)


def _parts(call: Call, encoding: Headers) -> Iterable[bytes]:
    if not encoding:
        return call.got or ()
    parts: Iterable[bytes] = call.library.Response(200, headers=encoding, content=iter(call.got or ())).iter_bytes()
    return parts


def _headers(pairs: Headers) -> dict[str, str]:
    """Headers by lower-case name; several of one name are joined, as HTTP allows."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        name = name.lower()
        written = credentials.header(name, value)
        joined[name] = f"{joined[name]}, {written}" if name in joined else written
    return joined


def _on_one_line(spelled: bytes) -> bytes:
    """JSON without line ends; inside its strings there are none."""
    return spelled.replace(b"\n", b" ").replace(b"\r", b" ")
