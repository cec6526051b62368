"""Prompts as laid out: stretches of what was recorded, each with its share of the tokens that usage counted, so that it can stand
elsewhere and keep them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.layers.cache.state import Answered, Texts, no_text
from seamaudit.trace import Breakpoint, Kind, Prefix, Segment, Times

IMAGE_BYTES: Final = 6000
"""What an image or a file weighs at most beside text: its bytes are no measure of its tokens, of which an image has up to 1,600
(platform.claude.com vision)."""


UNREAD: Final = -1
"""The id of a segment that was never read as such: a part of one."""
BRACKETS: Final = len('{"type":"text","text":""}')
"""Bytes around the text of a block that nobody is billed for."""


def text_bytes(segment: Segment) -> int:
    """The bytes that a segment's tokens are of: of a text block its text, else all of it."""
    return max(1, segment.length - BRACKETS) if segment.kind is Kind.TEXT else segment.length


def weight(segment: Segment) -> int:
    """What a segment weighs where tokens are apportioned by bytes."""
    return min(segment.length, IMAGE_BYTES) if segment.unsized else text_bytes(segment)


class Calls:
    """The requests that caches were replayed for, kept for counterfactuals: a list for each cache, each in order. `text_of` gives the
    texts of their segments."""

    def __init__(self, text_of: Texts = no_text) -> None:
        self.caches: list[list[Answered]] = []
        self.text_of = text_of

    def cache(self) -> list[Answered]:
        """The list of one more cache, to be filled."""
        self.caches.append([])
        return self.caches[-1]


class Recorded:
    """The running token count of a prompt as it was sent: exact at the positions `pins`, between two of them by bytes."""

    __slots__ = ("_at", "_counts", "_prefix")

    def __init__(self, prefix: Prefix, pins: Mapping[int, int]) -> None:
        self._prefix = prefix
        self._at, self._counts = (0, *pins), (0, *pins.values())

    def upto(self, position: int) -> float:
        """The tokens of the first `position` segments."""
        at = max(1, bisect_left(self._at, position))
        if at == len(self._at):
            return self._counts[-1]
        low, high = self._at[at - 1 : at + 1]
        below, above = self._counts[at - 1 : at + 1]
        if position == high:
            return above
        start = self._weight(low)
        total = self._weight(high) - start
        return below + (above - below) * (self._weight(position) - start) / total if total else below

    def _weight(self, position: int) -> int:
        return self._prefix.measured(weight, position)


class Span(Struct, frozen=True, gc=False):
    """What stands together in a prompt: the recorded positions from `start` to `stop`, or one segment that was made of the one at `start`
    and has so many tokens. `behind`: an edit has put it behind everything else."""

    start: int
    stop: int
    behind: bool = False
    made: Segment | None = None
    tokens: float = 0.0

    @property
    def length(self) -> int:
        """How many pieces it is."""
        return self.stop - self.start


class Laid(Struct, frozen=True, gc=False):
    """A request and the spans of its prompt in order, with the markers and times it is sent with. `moved` says that they are not all as
    they were recorded, `alike` that the keys of every object are written in one order."""

    call: Answered
    recorded: Recorded
    spans: tuple[Span, ...]
    marks: tuple[Breakpoint, ...]
    times: Times
    moved: bool = False
    alike: bool = False

    @classmethod
    def of(cls, call: Answered, pins: Mapping[int, int]) -> Laid:
        """A request as it was recorded."""
        exchange = call.exchange
        return cls(call, Recorded(call.prefix, pins), (Span(0, call.prefix.length),), exchange.request.breakpoints, exchange.times)

    @property
    def readable(self) -> float | None:
        """When its answer has surely begun."""
        return self.times.first_byte or self.times.ended

    def marked(self, marks: Iterable[Breakpoint]) -> Laid:
        """The same with other markers: one a position, the longer life of two, at most as many as the provider takes, the last ones."""
        kept: dict[int, Breakpoint] = {}
        for mark in sorted(marks, key=lambda mark: (mark.position, mark.ttl != "1h")):
            if mark.position:
                kept.setdefault(mark.position, mark)
        return replace(self, marks=tuple(kept.values())[-(self.call.contract.max_breakpoints or len(kept)) :])

    def arranged(self, spans: Iterable[Span]) -> Laid:
        """The same with other spans."""
        return replace(self, spans=tuple(span for span in spans if span.length), moved=True)

    def sent(self, started: float) -> Laid:
        """The same, sent at another time and answered as fast."""
        times = self.times
        if times.started is None:
            return self
        later = started - times.started
        one, first_byte, ended = (None if at is None else at + later for at in (times.started, times.first_byte, times.ended))
        return replace(self, times=replace(times, started=one, first_byte=first_byte, ended=ended))

    def is_recorded_up_to(self, position: int) -> bool:
        """Whether its first pieces are those that were recorded, in their order."""
        at = 0
        for span in self.spans:
            if at >= position:
                break
            if span.behind or span.start != at:
                return False
            at = span.stop
        return at >= position

    def end_of(self, origin: int) -> int:
        """How many pieces end with the last that stood at a recorded position or before, and has not been put behind."""
        end = at = 0
        for span in self.spans:
            if not span.behind and span.start <= origin:
                end = at + min(span.stop, origin + 1) - span.start
            at += span.length
        return end

    def first(self, count: int) -> Iterator[Span]:
        """The spans of its first `count` pieces."""
        for span in self.spans:
            if count <= 0:
                return
            yield span if span.length <= count else replace(span, stop=span.start + count)
            count -= span.length

    def pieces(self) -> Iterator[tuple[Segment, float]]:
        """Each segment with its tokens."""
        for span in self.spans:
            if span.made is not None:
                yield self._spelled(span.made), span.tokens
                continue
            counts = map(self.recorded.upto, range(span.start, span.stop + 1))
            before = next(counts)
            for segment, count in zip(self.call.prefix.segments(span.start, span.stop), counts, strict=True):
                yield self._spelled(segment), count - before
                before = count

    def _spelled(self, segment: Segment) -> Segment:
        return replace(segment, ordered=segment.canonical) if self.alike else segment

    def tokens(self) -> Counts:
        """Its running token counts."""
        return Counts(self)


class Counts:
    """Running token counts of a prompt as it is laid out, entry k over the first k pieces, each made when it is asked for."""

    def __init__(self, laid: Laid) -> None:
        self._laid = laid

    def __len__(self) -> int:
        return 1 + sum(span.length for span in self._laid.spans)

    def __getitem__(self, at: int) -> int:
        count = 0.0
        for span in self._laid.first(at):
            count += span.tokens if span.made is not None else self._between(span.start, span.stop)
        return round(count)

    def _between(self, start: int, stop: int) -> float:
        upto = self._laid.recorded.upto
        return upto(stop) - upto(start) if start else upto(stop)
