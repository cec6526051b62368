"""Prefixes: what one request sent, as runs over everything that was ever sent."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import attrgetter
from typing import Final

from msgspec import Struct
from xxhash import xxh3_128_digest

from seamaudit.trace.segment import Segment, Zone
from seamaudit.trace.view import View

Measure = Callable[[Segment], int]
"""What one segment adds to a running sum."""
LENGTH: Final[Measure] = attrgetter("length")
"""Its bytes."""
_STRETCH: Final = 64
"""Positions looked up at a time where most searches end early."""

_VIEWS: Final = 8
"""Prefixes that are kept spelled out: one is compared with another or two, a few threads take turns."""

Runs = tuple[tuple[int, int], ...]
"""Half-open ranges of a tape's positions."""


@dataclass(slots=True, weakref_slot=True)
class Tape:
    """All segments of a read and, append-only, their ids in the order they first appeared: those of tools and system in
    `heads`, those of messages in `ids`, so that a head that changes every turn does not cut the messages into pieces.

    Grows with new content alone: a request that repeats earlier positions refers to them by range. What is asked of many positions at
    once is kept beside them: `ordered`, a column of `segments`, and running sums. Positions that no prefix refers to may be kept free.
    """

    segments: list[Segment] = field(default_factory=list)
    ids: array[int] = field(default_factory=lambda: array("I"))
    heads: array[int] = field(default_factory=lambda: array("I"))
    _ordered: list[bytes] = field(default_factory=list)
    _sums: dict[tuple[Measure | str, bool, int], array[int]] = field(default_factory=dict)
    _links: dict[tuple[bool, bytes, int], list[bytes]] = field(default_factory=dict)
    views: dict[tuple[int, int], View] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ordered(self) -> list[bytes]:
        """Cache keys by segment id."""
        column = self._ordered
        if len(column) < len(self.segments):
            column.extend(segment.ordered for segment in self.segments[len(column) :])
        return column

    def sum(self, what: Measure | str, heads: bool, runs: Runs, stop: int) -> int:
        """The sum over the first `stop` positions of some runs: of what a measure says of each, or for the name of an array how many
        elements of it are opened."""
        total, known = 0, self._sums
        for low, high in runs:
            if stop <= 0:
                break
            covered = min(high - low, stop)
            sums = known.get((what, heads, low))
            if sums is None or len(sums) <= covered:
                sums = self._summed(what, heads, low, low + covered)
            total += sums[covered]
            stop -= covered
        return total

    def _summed(self, what: Measure | str, heads: bool, start: int, stop: int) -> array[int]:
        """Running sums of the positions from `start` on, at least up to `stop`, entry k over the first k of them."""
        sums = self._sums.setdefault((what, heads, start), array("q", (0,)))
        new = map(self.segments.__getitem__, (self.heads if heads else self.ids)[start + len(sums) - 1 : stop])
        values = map(what, new) if callable(what) else (each.starts and each.array == what for each in new)
        sums.extend(accumulate(values, initial=sums.pop()))
        return sums

    def spelled(self, prefix: Prefix) -> View:
        """One of its prefixes spelled out, in the place of another that was."""
        while len(self.views) >= _VIEWS:
            del self.views[next(iter(self.views))]
        view = self.views[id(prefix.head), id(prefix.runs)] = View(prefix)  # which holds both
        return view

    def links(self, heads: bool, before: bytes, start: int, stop: int) -> list[bytes]:
        """Chained digests of the positions from `start` on, at least up to `stop`, behind a chain whose digest is `before`.

        A thread's prompts repeat a growing stretch, so each of its positions is digested once.
        """
        links = self._links.setdefault((heads, before, start), [])
        if len(links) < stop - start:
            ordered, last = self.ordered, links[-1] if links else before
            for i in (self.heads if heads else self.ids)[start + len(links) : stop]:
                last = xxh3_128_digest(last + ordered[i])
                links.append(last)
        return links


class Breakpoint(Struct, frozen=True, gc=False):
    """A cache marker: it covers the first `position` segments. `ttl` is `5m`, `1h` or the provider's own word."""

    position: int
    ttl: str
    automatic: bool = False


class Prefix(Struct, frozen=True, gc=False):
    """The segments of one request in wire order: its `head` runs over the tape's heads, then its `runs` over the rest."""

    tape: Tape
    runs: Runs
    length: int
    head: Runs = ()

    @property
    def view(self) -> View:
        """The prefix spelled out, as long as it is at hand."""
        return self.tape.views.get((id(self.head), id(self.runs))) or self.tape.spelled(self)

    @property
    def head_length(self) -> int:
        """How many positions the head runs cover."""
        return self.view.head

    def ids(self, start: int = 0, stop: int | None = None) -> list[int]:
        """Segment ids of positions `start` to `stop` (exclusive)."""
        return self.view.ids[start:stop]

    def segments(self, start: int = 0, stop: int | None = None) -> Iterator[Segment]:
        """Segments of positions `start` to `stop` (exclusive)."""
        return map(self.tape.segments.__getitem__, self.view.ids[start:stop])

    def at(self, position: int) -> Segment:
        """The segment at one 0-based position."""
        return self.tape.segments[self.view.ids[position]]

    def digests(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Cache keys of positions `start` to `stop`."""
        return list(map(self.tape.ordered.__getitem__, self.ids(start, stop)))

    def size(self, stop: int | None = None) -> int:
        """Bytes of the first `stop` positions, of all where it is None."""
        return self.measured(LENGTH, self.length if stop is None else stop)

    def pointer(self, position: int) -> str:
        """JSON pointer, inside the request body, of the value at a position."""
        target = self.at(position)
        element = "" if target.scalar else f"/{max(0, self.measured(target.array, position + 1) - 1)}"
        return f"/{target.array}{element}{target.path}"

    def pointers(self, positions: Iterable[int]) -> dict[int, str]:
        """JSON pointers of many positions, in their order."""
        return {at: self.pointer(at) for at in sorted(set(positions))}

    def measured(self, what: Measure | str, stop: int) -> int:
        """What the tape sums up (`Tape.sum`), over the first `stop` positions."""
        head = self.view.head
        inside = self.tape.sum(what, True, self.head, stop) if head else 0
        return inside + self.tape.sum(what, False, self.runs, min(stop, self.length) - head)

    def zone_end(self, zone: Zone) -> int:
        """How many positions lie in `zone` or before it."""
        return self.view.zone_end(zone)

    def shared_with(self, other: Prefix) -> int:
        """Length of the longest common prefix, by cache key."""
        return shared_length(self, other)


def common_prefix(left: Sequence[object], right: Sequence[object]) -> int:
    """Length of the longest common prefix of two sequences of one type, by comparing slices."""
    low, high = 0, min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def shared_length(left: Prefix, right: Prefix) -> int:
    """How many leading positions two prefixes of one tape share, comparing cache keys."""
    shared = left.head_length + _same(left.runs, right.runs) if left.head == right.head else 0
    return _agree(left, right, shared, shared)


def shared_behind_heads(left: Prefix, right: Prefix) -> int:
    """How many leading positions behind their heads two prefixes of one tape share, whatever their heads are."""
    same, ahead = _same(left.runs, right.runs), left.head_length
    return _agree(left, right, ahead + same, right.head_length + same) - ahead


def _agree(left: Prefix, right: Prefix, at: int, to: int) -> int:
    """The first position from `at` on of one prefix that differs from the other's, counted from `to` on; the end of the shorter."""
    offset = to - at
    limit = min(left.length, right.length - offset)
    ordered = left.tape.ordered
    while at < limit:
        stop = min(limit, at + _STRETCH)
        one, two = left.ids(at, stop), right.ids(at + offset, stop + offset)
        if one != two:
            for i, j in zip(one, two, strict=True):
                if i != j and ordered[i] != ordered[j]:
                    return at
                at += 1
        else:
            at += len(one)
    return limit


def _same(left: Runs, right: Runs) -> int:
    """Positions that are shared because they are the same stretch of tape."""
    shared = 0
    for a, b in zip(left, right, strict=False):
        if a == b:
            shared += a[1] - a[0]
            continue
        return shared + (min(a[1], b[1]) - a[0] if a[0] == b[0] else 0)
    return shared
