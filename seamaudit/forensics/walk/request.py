"""One request opened: its prompt position by position, and what came back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from seamaudit.evidence.excerpt import excerpt
from seamaudit.trace import Exchange, Kind, Zone

Text = Callable[[int], bytes | None]
"""The text of a segment, None where it is no longer held."""


class Position(Struct, frozen=True):
    """One position of a prompt. `known` says that the turn before sent it at this very place; `excerpt` is its beginning, safe to print,
    masked unless content is asked for, None where its text is no longer held."""

    number: int
    pointer: str
    zone: Zone
    role: str
    kind: Kind
    name: str
    bytes: int
    ttl: str
    known: bool
    failed: bool
    excerpt: str | None


class Block(Struct, frozen=True):
    """One block of an answer."""

    pointer: str
    kind: Kind
    name: str
    bytes: int


class Opened(Struct, frozen=True):
    """A request and its answer. `params` are what shapes the prompt beside its text, `usage` the provider's own counts."""

    positions: tuple[Position, ...]
    params: Mapping[str, str]
    blocks: tuple[Block, ...]
    usage: Mapping[str, int]


def opened(exchange: Exchange, text: Text, show_content: bool) -> Opened:
    """Open one exchange."""
    request, response = exchange.request, exchange.response
    shared = exchange.previous.shared if exchange.previous else 0
    marks = {mark.position - 1: mark.ttl for mark in request.breakpoints}
    places = exchange.places(range(request.prefix.length))
    positions = tuple(
        Position(
            number=at,
            pointer=places[at].pointer,
            zone=segment.zone,
            role=segment.role,
            kind=segment.kind,
            name=segment.name,
            bytes=segment.length,
            ttl=marks.get(at, ""),
            known=at < shared,
            failed=segment.failed,
            excerpt=_begin(text(segment.id), show_content),
        )
        for at, segment in enumerate(request.prefix.segments())
    )
    names = {call.pointer: call.name for call in response.calls} if response else {}
    blocks = tuple(
        Block(block.pointer, block.kind, names.get(block.pointer, ""), block.length) for block in (response.answers if response else ())
    )
    return Opened(positions, dict(request.params), blocks, dict(exchange.usage.recorded) if exchange.usage else {})


def _begin(text: bytes | None, show_content: bool) -> str | None:
    return None if text is None else excerpt(text.decode("utf-8", "replace"), None, show_content).text
