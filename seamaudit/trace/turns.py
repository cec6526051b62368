"""Turns: a prompt's messages as the sides that spoke in them, kept so that a longer prompt costs only what is new."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field

from seamaudit.trace.prefix import Prefix, common_prefix
from seamaudit.trace.segment import Kind, Segment, Zone


class Side(StrEnum):
    """Who speaks: the model, or whoever calls it (users, tools, system messages in between)."""

    MODEL = "model"
    CALLER = "caller"


class Before(StrEnum):
    """What stands before a result in its turn: nothing but results, other content, or a system message."""

    NOTHING = ""
    CONTENT = "content"
    SYSTEM = "system"


class Item(Struct, frozen=True, gc=False):
    """A call or result at a position counted from the first message. `message` counts the messages of its turn, from 0;
    `before` is filled for results."""

    position: int
    segment: Segment
    message: int
    before: Before = Before.NOTHING


class Turn(Struct):
    """What one side said without the other coming between: one or more messages.

    `hosted` are the ids of calls that the provider itself answers. Turns of a transcript alternate between the sides.
    """

    side: Side
    start: int
    calls: list[Item] = field(default_factory=list)
    results: list[Item] = field(default_factory=list)
    hosted: list[str] = field(default_factory=list)
    messages: int = 0
    before: Before = Before.NOTHING

    def add(self, position: int, segment: Segment) -> None:
        """Take the next segment of the turn."""
        self.messages += segment.starts or not self.messages
        if segment.kind is Kind.TOOL_CALL:
            self.calls.append(Item(position, segment, self.messages - 1))
        elif segment.kind is Kind.TOOL_RESULT:
            self.results.append(Item(position, segment, self.messages - 1, self.before))
        elif segment.kind in _HOSTED:
            self.hosted.append(segment.call_id)
        elif self.before is not Before.SYSTEM:
            self.before = Before.SYSTEM if segment.role in _SYSTEM_ROLES else Before.CONTENT


_HOSTED = frozenset({Kind.SERVER_TOOL_CALL, Kind.SERVER_TOOL_RESULT})
_SPOKEN_BY_MODEL = frozenset({Kind.TOOL_CALL, Kind.THINKING}) | _HOSTED
_MODEL_ROLES = frozenset({"assistant", "model"})
_SYSTEM_ROLES = frozenset({"system", "developer"})


def side_of(segment: Segment) -> Side:
    """The side a segment belongs to: by what it is where that decides, else by its role."""
    if segment.kind is Kind.TOOL_RESULT:
        return Side.CALLER
    return Side.MODEL if segment.role in _MODEL_ROLES or segment.kind in _SPOKEN_BY_MODEL else Side.CALLER


def turns_of(segments: Iterable[Segment], start: int = 0) -> Iterator[Turn]:
    """Partition segments into turns; `start` is the first one's position. Tool definitions between messages are passed over."""
    turn: Turn | None = None
    for position, segment in enumerate(segments, start):
        if segment.kind is Kind.TOOL_DEFINITION:
            continue
        side = side_of(segment)
        if turn is None or turn.side is not side:
            if turn is not None:
                yield turn
            turn = Turn(side, position)
        turn.add(position, segment)
    if turn is not None:
        yield turn


class Entry(NamedTuple):
    """Where a call id is used: the index of the turn, and the call or result."""

    turn: int
    item: Item


class Uses(list[Entry]):
    """The uses of one call id as calls, or as results, in the order of the prompt."""

    def before(self, turn: int) -> Entry | None:
        """The last use before a turn."""
        found = bisect_left(self, turn, key=_turn_of)
        return self[found - 1] if found else None

    def after(self, turn: int) -> Entry | None:
        """The first use after a turn."""
        found = bisect_right(self, turn, key=_turn_of)
        return self[found] if found < len(self) else None


def _turn_of(entry: Entry) -> int:
    return entry.turn


class Transcript:
    """The turns of one thread's latest prompt, with an index of its call ids.

    `advance` reads the next prompt: turns it shares with the one before are kept, except the last, which may have grown.
    `first` is the position of the prompt's first message; turns and items count from there.
    """

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.first = 0
        self._prefix: Prefix | None = None
        self._calls: dict[str, Uses] = {}
        self._results: dict[str, Uses] = {}
        self._hosted: Counter[str] = Counter()

    def advance(self, prefix: Prefix, known_shared: int = 0) -> tuple[int, int]:
        """Read a prompt. Gives the index of the first turn read anew and the position of the first new segment.

        `known_shared` is how many positions it is already known to share with the last prompt.
        """
        shared = self._shared(prefix, known_shared)
        while self.turns and self.turns[-1].start >= shared:
            self._forget(self.turns.pop())
        restart = 0
        if self.turns:
            restart = self.turns[-1].start
            self._forget(self.turns.pop())
        fresh = len(self.turns)
        for turn in turns_of(prefix.segments(self.first + restart), restart):
            self._remember(turn)
        self._prefix = prefix
        return fresh, shared

    def calls_of(self, id: str) -> Uses:
        """The calls made under an id."""
        return self._calls.get(id, Uses())

    def results_of(self, id: str) -> Uses:
        """The results given for an id."""
        return self._results.get(id, Uses())

    def is_hosted(self, id: str) -> bool:
        """Whether a call `id` is one the provider answers itself."""
        return self._hosted[id] > 0

    def _shared(self, prefix: Prefix, known: int) -> int:
        """How many message positions the prompt shares with the last. What stands before the messages may differ: a clock in
        the system prompt makes no message new."""
        last = self._prefix
        if last is not None and known > self.first:
            return known - self.first
        before, self.first = self.first, prefix.zone_end(Zone.SYSTEM)
        return common_prefix(last.ids(before), prefix.ids(self.first)) if last is not None else 0

    def _remember(self, turn: Turn) -> None:
        at = len(self.turns)
        self.turns.append(turn)
        for uses, items in ((self._calls, turn.calls), (self._results, turn.results)):
            for item in items:
                uses.setdefault(item.segment.call_id, Uses()).append(Entry(at, item))
        if turn.hosted:
            self._hosted.update(turn.hosted)

    def _forget(self, turn: Turn) -> None:
        """Turns leave in the reverse of the order they came, so the last uses are theirs."""
        for uses, items in ((self._calls, turn.calls), (self._results, turn.results)):
            for item in items:
                uses[item.segment.call_id].pop()
        if turn.hosted:
            self._hosted.subtract(turn.hosted)
