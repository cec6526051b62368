"""Prompts as laid out: every piece with its share of the tokens that usage counted, so that it can stand elsewhere and keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from seamaudit.ingest.intern import Stretch
from seamaudit.layers.cache.explicit import BAND
from seamaudit.layers.cache.marks import looked_at
from seamaudit.layers.cache.state import Answered, Key, Texts, no_text
from seamaudit.trace import Breakpoint, Kind, Prefix, Segment, Tape, Zone

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


class Piece(NamedTuple):
    """A segment where it stands now, its tokens, the position it was recorded at, and whether an edit put it behind everything else."""

    segment: Segment
    tokens: float
    origin: int
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Laid:
    """A request and its prompt piece by piece; markers and times are those of its exchange. `moved` says that the pieces are not where
    they were recorded."""

    call: Answered
    pieces: tuple[Piece, ...]
    moved: bool = False

    @property
    def marks(self) -> tuple[Breakpoint, ...]:
        """The request's markers."""
        return self.call.exchange.request.breakpoints

    def marked(self, marks: Iterable[Breakpoint]) -> Laid:
        """The same with other markers: one a position, the longer life of two, at most as many as the provider takes, the last ones."""
        kept: dict[int, Breakpoint] = {}
        for mark in sorted(marks, key=lambda mark: (mark.position, mark.ttl != "1h")):
            if mark.position:
                kept.setdefault(mark.position, mark)
        exchange = self.call.exchange
        request = replace(exchange.request, breakpoints=tuple(kept.values())[-(self.call.contract.max_breakpoints or len(kept)) :])
        return replace(self, call=replace(self.call, exchange=replace(exchange, request=request)))

    def arranged(self, pieces: Iterable[Piece]) -> Laid:
        """The same with other pieces."""
        return replace(self, pieces=tuple(pieces), moved=True)

    def sent(self, started: float) -> Laid:
        """The same, sent at another time and answered as fast."""
        exchange = self.call.exchange
        times = exchange.times
        if times.started is None:
            return self
        later = started - times.started
        shifted = (None if at is None else at + later for at in (times.started, times.first_byte, times.ended))
        one, first_byte, ended = shifted
        moved = replace(times, started=one, first_byte=first_byte, ended=ended)
        return replace(self, call=replace(self.call, exchange=replace(exchange, times=moved)))

    def is_recorded_up_to(self, position: int) -> bool:
        """Whether its first pieces are those that were recorded, in their order."""
        return not self.moved or [piece.origin for piece in self.pieces[:position] if not piece.behind] == list(range(position))

    def tokens(self) -> list[int]:
        """Running token counts, entry k over the first k pieces."""
        return [round(count) for count in accumulate((piece.tokens for piece in self.pieces), initial=0.0)]


def laid_out(calls: Iterable[Answered]) -> Iterator[Laid]:
    """Requests of one cache in order, each as it was recorded.

    Tokens are exact where usage pins them: at a prompt's end, at its last marker, and where a request repeats what an earlier one pinned.
    Between two such positions they are apportioned by bytes.
    """
    pins = _Pins()
    for call in calls:
        segments = list(call.prefix.segments())
        weights = _spread(segments, pins.of(call))
        yield Laid(call, tuple(map(Piece, segments, weights, range(len(segments)))))


class _Pins:
    """Counts that usage gave for whole prefixes, by what the prefixes hold."""

    def __init__(self) -> None:
        self._known: dict[Key, int] = {}

    def of(self, call: Answered) -> dict[int, int]:
        """Tokens by position, rising: at the prompt's end, at its last marker, where an earlier request's pins lie within reach of a
        marker, and at the lower marker that the request seems to have read up to."""
        usage, (written_at, reaches, keys) = call.usage, looked_at(call)
        marks = [at for at, _ in written_at]
        looked = {at for reached in reaches for at in reached}
        link = call.exchange.previous or call.exchange.nearest
        if link is not None and link.prefix.length == link.shared:
            looked.add(link.shared)
        pins = {call.prefix.length: usage.input or 0}
        read, cached = usage.cache_read or 0, (usage.cache_read or 0) + (usage.cache_write or 0)
        pinned = bool(marks and cached and not call.summed)
        if pinned:
            pins[marks[-1]] = min(cached, usage.input or 0)
        for at in sorted(looked - pins.keys(), reverse=True):
            tokens = self._known.get(keys[at])
            if tokens is not None and _fits(pins, at, tokens):
                pins[at] = tokens
        if pinned and read not in pins.values():
            pins |= _lower(call, marks, pins, read)
        self._known.update((keys[at], tokens) for at, tokens in pins.items())
        return dict(sorted(pins.items()))


def _lower(call: Answered, marks: Sequence[int], pins: Mapping[int, int], read: int) -> dict[int, int]:
    """The marker below the last that a read of so many tokens ends at, by bytes; none where they say nothing of the kind."""
    whole = max(1, call.prefix.size(marks[-1]))
    guesses = {at: pins[marks[-1]] * call.prefix.size(at) / whole for at in marks[:-1] if at not in pins}
    near = min(guesses, key=lambda at: abs(guesses[at] - read), default=None)
    return {near: read} if near is not None and abs(guesses[near] - read) <= BAND * read and _fits(pins, near, read) else {}


def _fits(pins: Mapping[int, int], at: int, tokens: int) -> bool:
    """Whether a count at a position lies between those around it."""
    below = max((count for place, count in pins.items() if place < at), default=0)
    above = min((count for place, count in pins.items() if place > at), default=0)
    return below < tokens < above


def _spread(segments: Sequence[Segment], pins: Mapping[int, int]) -> list[float]:
    """The tokens of each segment: those between two pinned positions, by bytes."""
    sizes = [min(segment.length, IMAGE_BYTES) if segment.unsized else text_bytes(segment) for segment in segments]
    out: list[float] = []
    for (low, below), (high, above) in pairwise([(0, 0), *pins.items()]):
        total = sum(sizes[low:high])
        out += [(above - below) * size / total if total else 0.0 for size in sizes[low:high]]
    return out


class Press:
    """Puts edited prompts on a tape of its own, so that they are caches' keys like any others."""

    def __init__(self) -> None:
        self._tape = Tape()
        self._ids: dict[tuple[bytes, Zone], int] = {}
        self._bases: dict[str, tuple[Stretch, Stretch]] = {}

    def call(self, laid: Laid) -> Answered:
        """The request as the cache will see it."""
        if not laid.moved:
            return laid.call
        exchange = laid.call.exchange
        request = replace(exchange.request, prefix=self._prefix(exchange.thread.id, [piece.segment for piece in laid.pieces]))
        return replace(laid.call, exchange=replace(exchange, request=request))

    def _prefix(self, thread: str, segments: Sequence[Segment]) -> Prefix:
        ids = [self._id(segment) for segment in segments]
        head = next((at for at, segment in enumerate(segments) if segment.zone is Zone.MESSAGES), len(ids))
        before, after = self._bases.get(thread, (Stretch(), Stretch()))
        stretches = before.followed_by(ids[:head], self._tape.heads), after.followed_by(ids[head:], self._tape.ids)
        self._bases[thread] = stretches
        return Prefix(self._tape, stretches[1].runs, len(ids), stretches[0].runs)

    def _id(self, segment: Segment) -> int:
        known = self._ids.setdefault((segment.ordered, segment.zone), len(self._tape.segments))
        if known == len(self._tape.segments):
            self._tape.segments.append(segment)
        return known
