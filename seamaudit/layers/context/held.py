"""What a thread's latest prompt holds, kept so that a longer prompt costs only what is new."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from msgspec import Struct

from seamaudit.trace import Exchange, Kind, Prefix, Segment, Tape, Zone
from seamaudit.trace.prefix import common_prefix, shared_behind_heads
from seamaudit.trace.turns import Side, side_of


class Part(IntEnum):
    """Who put a message's block into a prompt."""

    USER = 0
    MODEL = 1
    RESULT = 2
    SYSTEM = 3


_SYSTEM_ROLES = frozenset({"system", "developer"})


def part_of(segment: Segment) -> Part:
    """The part of a prompt that a message's block belongs to."""
    if segment.kind in (Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT):
        return Part.RESULT
    if side_of(segment) is Side.MODEL:
        return Part.MODEL
    return Part.SYSTEM if segment.role in _SYSTEM_ROLES else Part.USER


class Step(Struct, frozen=True):
    """How a prompt differs from the one before: ids of message blocks from the first that differs on, before and now, and the position
    where that is. `first` is the position of the first message; `same_head` is False where blocks are gone and tools or system prompt
    changed with them."""

    gone: Sequence[int]
    came: Sequence[int]
    at: int
    first: int
    same_head: bool


class Held:
    """Follows one thread's prompts; `sizes` are the bytes of the latest by part, as far as it is messages."""

    def __init__(self) -> None:
        self.sizes = [0] * len(Part)
        self._last: Prefix | None = None
        self._last_id = -1
        self._first = 0

    def step(self, exchange: Exchange) -> Step:
        """Take the next prompt."""
        prefix, last, before = exchange.request.prefix, self._last, self._first
        self._first = prefix.zone_end(Zone.SYSTEM)
        link = exchange.previous
        known = link.shared if link is not None and link.exchange == self._last_id else 0
        if last is None:
            shared = 0
        elif known >= self._first == before:
            shared = known - self._first
        else:
            shared = _shared(last, before, prefix, self._first)
        gone = last.ids(before + shared) if last is not None else []
        came = prefix.ids(self._first + shared)
        self._count(prefix.tape, gone, -1)
        self._count(prefix.tape, came, 1)
        same_head = known >= self._first or not gone or prefix.digests(0, self._first) == (last.digests(0, before) if last else [])
        self._last, self._last_id = prefix, exchange.id
        return Step(gone, came, self._first + shared, self._first, same_head)

    def _count(self, tape: Tape, ids: Sequence[int], sign: int) -> None:
        for id in ids:
            segment = tape.segments[id]
            if segment.kind is not Kind.TOOL_DEFINITION and not segment.unsized:
                self.sizes[part_of(segment)] += sign * segment.length


def _shared(last: Prefix, before: int, prefix: Prefix, first: int) -> int:
    """How many positions two prompts share from their first messages on."""
    if (before, first) == (last.head_length, prefix.head_length):
        return shared_behind_heads(last, prefix)
    return common_prefix(last.digests(before), prefix.digests(first))
