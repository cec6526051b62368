"""What the calls of a recording hold: counted as they pass, nothing of them kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct, field

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Convention, ConventionBasis, Exchange, Kind, Level, Need


class Part(StrEnum):
    """A part of a call that a recording may hold."""

    BODIES = "request bodies"
    PROMPTS = "all messages"
    TOOLS = "tool definitions"
    ANSWERS = "answers"
    STOPS = "stop reasons"
    RESULTS = "tool results"
    STREAMS = "streams"
    USAGE = "usage"
    CACHE = "cache counts"
    STARTS = "start times"
    ENDS = "end times"
    FIRST = "first event times"
    MODELS = "models"
    IDS = "response ids"


class Holding(NamedTuple):
    """Of how many things a part could be recorded, and of how many it is."""

    held: int
    of: int


_Test = Callable[[Exchange], bool]


def _always(exchange: Exchange) -> bool:
    return True


def _served(exchange: Exchange) -> bool:
    return not exchange.refused


def streamed(exchange: Exchange) -> bool:
    """Whether the answer came, or was asked for, as a stream; one that was refused never did."""
    held = exchange.response is not None and exchange.response.stream is not None
    return held or (exchange.request.streamed and not exchange.refused)


def _holds(need: Need) -> _Test:
    return lambda exchange: need not in exchange.lacks


_PARTS: Final[Mapping[Part, tuple[_Test, _Test]]] = {
    Part.BODIES: (_always, lambda exchange: exchange.level is Level.WIRE),
    Part.PROMPTS: (_always, _holds(Need.PROMPT)),
    Part.TOOLS: (_always, _holds(Need.TOOLS)),
    Part.ANSWERS: (_always, _holds(Need.RESPONSE)),
    Part.STOPS: (_served, lambda exchange: bool(exchange.response and exchange.response.stop)),
    Part.STREAMS: (streamed, _holds(Need.STREAM)),
    Part.USAGE: (_served, lambda exchange: exchange.usage is not None),
    Part.CACHE: (_served, lambda exchange: exchange.usage is not None and exchange.usage.cache_read is not None),
    Part.STARTS: (_always, lambda exchange: exchange.times.started is not None),
    Part.ENDS: (_always, lambda exchange: exchange.times.ended is not None or exchange.times.duration is not None),
    Part.FIRST: (streamed, lambda exchange: exchange.times.first_byte is not None),
    Part.MODELS: (_always, _holds(Need.MODEL)),
    Part.IDS: (_served, lambda exchange: bool(exchange.response and exchange.response.id)),
}
"""Which calls a part belongs to, and which of these hold it."""


class Recorded(Struct):
    """The calls of one source: how many, and of how many each format, level and clock."""

    calls: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    clocks: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Recorded) -> Recorded:
        """Both together."""
        return Recorded(self.calls + other.calls, self.formats + other.formats, self.levels + other.levels, self.clocks + other.clocks)


class Sort(NamedTuple):
    """What calls of one sort have in common, as far as rules can be decided of them."""

    format: str
    lacks: frozenset[tuple[Need, str]]
    refused: bool
    streamed: bool


class Survey:
    """Counts what the calls of a run hold. Fed like a layer, it measures nothing that a rule could ask for.

    `sorts` says of every sort which calls, by id, are of it; there are few sorts however many calls.
    """

    scope = Scope.TRACE

    def __init__(self) -> None:
        self._sources: defaultdict[int, Recorded] = defaultdict(Recorded)
        self.conventions: Counter[tuple[Convention, ConventionBasis]] = Counter()
        self.sorts: defaultdict[Sort, set[int]] = defaultdict(set)
        self._held: Counter[Part] = Counter()
        self._of: Counter[Part] = Counter()
        self._threads: Counter[tuple[str, bool]] = Counter()
        self._made: set[tuple[str, str]] = set()
        self._answered: set[tuple[str, str]] = set()

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """Count one call."""
        source = self._sources[exchange.locus.source]
        source.calls += 1
        source.formats[exchange.format] += 1
        source.levels[exchange.level.value] += 1
        source.clocks[exchange.clock.value] += 1
        for part, (applies, holds) in _PARTS.items():
            if applies(exchange):
                self._of[part] += 1
                self._held[part] += holds(exchange)
        if exchange.usage is not None:
            self.conventions[exchange.usage.convention, exchange.usage.convention_basis] += 1
        self._threads[exchange.thread.id, exchange.thread.declared] += 1
        self.sorts[Sort(exchange.format, frozenset(exchange.lacks.items()), exchange.refused, streamed(exchange))].add(exchange.id)
        self._pair(exchange)
        return ()

    def close(self) -> Iterable[Fact]:
        """Nothing: it has no facts."""
        return ()

    def source(self, index: int) -> Recorded:
        """The calls of one source."""
        return self._sources.get(index, Recorded())

    @property
    def total(self) -> Recorded:
        """The calls of all sources."""
        return sum(self._sources.values(), Recorded())

    @property
    def holdings(self) -> Mapping[Part, Holding]:
        """What is held of every part that something could be held of, in the order of the parts."""
        counts = {part: Holding(self._held[part], self._of[part]) for part in _PARTS}
        counts[Part.RESULTS] = Holding(len(self._made & self._answered), len(self._made))
        return {part: counts[part] for part in Part if counts[part].of}

    @property
    def threads(self) -> Mapping[str, int]:
        """How many threads the recording declares, how many of several calls were inferred from what the calls say, and how many
        undeclared calls stand alone."""
        kinds = Counter("declared" if declared else "inferred" if calls > 1 else "alone" for (_, declared), calls in self._threads.items())
        return {kind: kinds[kind] for kind in ("declared", "inferred", "alone")}

    def _pair(self, exchange: Exchange) -> None:
        """Note the calls of tools that it makes, and the results that are new in it."""
        conversation, before = exchange.thread.conversation, exchange.previous
        fresh = exchange.request.prefix.segments(before.shared if before else 0)
        results = (segment.call_id for segment in fresh if segment.kind is Kind.TOOL_RESULT)
        self._answered.update((conversation, id) for id in results if id)
        calls = exchange.response.calls if exchange.response else ()
        self._made.update((conversation, call.id) for call in calls if call.id and not call.server)
