"""Prefixes: what one request sent, as runs over everything that was ever sent."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from seamaudit.trace.segment import Segment, Zone

C = TypeVar("C")

Runs = tuple[tuple[int, int], ...]
"""Half-open ranges of a tape's positions."""


@dataclass(slots=True)
class Tape:
    """All segments of a read and, append-only, their ids in the order they first appeared: those of tools and system in
    `heads`, those of messages in `ids`, so that a head that changes every turn does not cut the messages into pieces.

    Grows with new content alone: a request that repeats earlier positions refers to them by range. `lengths`, `ordered`,
    `opens` are columns of `segments`, for sums and look-ups over many positions at once.
    """

    segments: list[Segment] = field(default_factory=list)
    ids: array[int] = field(default_factory=lambda: array("I"))
    heads: array[int] = field(default_factory=lambda: array("I"))
    _lengths: list[int] = field(default_factory=list)
    _ordered: list[bytes] = field(default_factory=list)
    _opens: list[str] = field(default_factory=list)

    @property
    def lengths(self) -> list[int]:
        """Byte lengths by segment id."""
        return self._column(self._lengths, lambda segment: segment.length)

    @property
    def ordered(self) -> list[bytes]:
        """Cache keys by segment id."""
        return self._column(self._ordered, lambda segment: segment.ordered)

    @property
    def opens(self) -> list[str]:
        """By segment id, the array in which it opens an element, "" where it opens none."""
        return self._column(self._opens, lambda segment: segment.array if segment.starts else "")

    def _column(self, column: list[C], read: Callable[[Segment], C]) -> list[C]:
        if len(column) < len(self.segments):
            column.extend(map(read, self.segments[len(column) :]))
        return column


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A cache marker: it covers the first `position` segments. `ttl` is `5m`, `1h` or the provider's own word."""

    position: int
    ttl: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Prefix:
    """The segments of one request in wire order: its `head` runs over the tape's heads, then its `runs` over the rest."""

    tape: Tape
    runs: Runs
    length: int
    head: Runs = ()

    @property
    def head_length(self) -> int:
        """How many positions the head runs cover."""
        return sum(stop - start for start, stop in self.head)

    def ids(self, start: int = 0, stop: int | None = None) -> list[int]:
        """Segment ids of positions `start` to `stop` (exclusive)."""
        end = self.length if stop is None else min(stop, self.length)
        head = self.head_length
        out: list[int] = []
        if start < head:
            _collect(out, self.tape.heads, self.head, start, min(end, head))
        if end > head:
            _collect(out, self.tape.ids, self.runs, max(0, start - head), end - head)
        return out

    def segments(self, start: int = 0, stop: int | None = None) -> Iterator[Segment]:
        """Segments of positions `start` to `stop` (exclusive)."""
        table = self.tape.segments
        return (table[i] for i in self.ids(start, stop))

    def at(self, position: int) -> Segment:
        """The segment at one 0-based position."""
        return self.tape.segments[self.ids(position, position + 1)[0]]

    def digests(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Cache keys of positions `start` to `stop`."""
        return list(map(self.tape.ordered.__getitem__, self.ids(start, stop)))

    def size(self, stop: int | None = None) -> int:
        """Bytes of the first `stop` positions, of all where it is None."""
        return sum(map(self.tape.lengths.__getitem__, self.ids(0, stop)))

    def pointer(self, position: int) -> str:
        """JSON pointer, inside the request body, of the value at a position."""
        return self.pointers((position,))[position]

    def pointers(self, positions: Iterable[int]) -> dict[int, str]:
        """JSON pointers of many positions, in one walk."""
        wanted = sorted(set(positions))
        opened = list(map(self.tape.opens.__getitem__, self.ids(0, wanted[-1] + 1 if wanted else 0)))
        out: dict[int, str] = {}
        counts: dict[str, int] = {}
        done = 0
        for at in wanted:
            target = self.at(at)
            if not target.scalar and target.array not in counts:
                counts[target.array] = opened[:done].count(target.array)
            for array_name in counts:
                counts[array_name] += opened[done : at + 1].count(array_name)
            done = at + 1
            element = "" if target.scalar else f"/{max(0, counts[target.array] - 1)}"
            out[at] = f"/{target.array}{element}{target.path}"
        return out

    def zone_end(self, zone: Zone) -> int:
        """How many positions lie in `zone` or before it."""
        if zone is Zone.MESSAGES:
            return self.length
        before = (Zone.TOOLS,) if zone is Zone.TOOLS else (Zone.TOOLS, Zone.SYSTEM)
        for at, segment in enumerate(self.segments()):
            if segment.zone not in before:
                return at
        return self.length

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
    shared = 0
    if left.head == right.head:
        shared = left.head_length + _same(left.runs, right.runs)
    one, two = left.ids(shared), right.ids(shared)
    done = common_prefix(one, two)
    ordered = left.tape.ordered
    for i, j in zip(one[done:], two[done:], strict=False):
        if i != j and ordered[i] != ordered[j]:
            break
        done += 1
    return min(shared + done, left.length, right.length)


def _same(left: Runs, right: Runs) -> int:
    """Positions that are shared because they are the same stretch of tape."""
    shared = 0
    for a, b in zip(left, right, strict=False):
        if a == b:
            shared += a[1] - a[0]
            continue
        return shared + (min(a[1], b[1]) - a[0] if a[0] == b[0] else 0)
    return shared


def _collect(out: list[int], ids: array[int], runs: Runs, start: int, stop: int) -> None:
    at = 0
    for low, high in runs:
        size = high - low
        if at + size > start:
            out.extend(ids[low + max(0, start - at) : low + min(size, stop - at)])
        at += size
        if at >= stop:
            return
