"""Prefixes: what one request sent, as runs over everything that was ever sent."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from seamaudit.trace.segment import Segment, Zone


@dataclass(frozen=True, slots=True)
class Tape:
    """All segments of a read and, append-only, the ids in the order they first appeared.

    Grows with new content alone: a request that repeats earlier positions refers to them by range.
    """

    segments: list[Segment] = field(default_factory=list)
    ids: array[int] = field(default_factory=lambda: array("I"))


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A cache marker: it covers the first `position` segments. `ttl` is `5m`, `1h` or the provider's own word."""

    position: int
    ttl: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Prefix:
    """The segments of one request in wire order, as `(start, stop)` runs over a tape."""

    tape: Tape
    runs: tuple[tuple[int, int], ...]
    length: int

    def ids(self, start: int = 0, stop: int | None = None) -> list[int]:
        """Segment ids of positions `start` to `stop` (exclusive)."""
        end = self.length if stop is None else min(stop, self.length)
        out: list[int] = []
        at = 0
        for low, high in self.runs:
            size = high - low
            if at + size > start and at < end:
                out.extend(self.tape.ids[low + max(0, start - at) : low + min(size, end - at)])
            at += size
            if at >= end:
                break
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
        table = self.tape.segments
        return [table[i].ordered for i in self.ids(start, stop)]

    def pointer(self, position: int) -> str:
        """JSON pointer, inside the request body, of the value at a position."""
        return self.pointers((position,))[position]

    def pointers(self, positions: Iterable[int]) -> dict[int, str]:
        """JSON pointers of many positions, in one walk."""
        wanted = set(positions)
        elements: dict[str, int] = {}
        out: dict[int, str] = {}
        for at, segment in enumerate(self.segments(0, max(wanted, default=-1) + 1)):
            if segment.starts:
                elements[segment.array] = elements.get(segment.array, -1) + 1
            if at in wanted:
                element = "" if segment.scalar else f"/{elements.get(segment.array, 0)}"
                out[at] = f"/{segment.array}{element}{segment.path}"
        return out

    def zone_end(self, zone: Zone) -> int:
        """How many positions lie in `zone` or before it."""
        order = list(Zone)
        limit = order.index(zone)
        end = 0
        for at, segment in enumerate(self.segments()):
            if order.index(segment.zone) > limit:
                break
            end = at + 1
        return end

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
    same_runs = 0
    shared = 0
    for a, b in zip(left.runs, right.runs, strict=False):
        if a == b:
            same_runs += 1
            shared += a[1] - a[0]
            continue
        if a[0] == b[0]:
            shared += min(a[1], b[1]) - a[0]
        break
    one, two = left.ids(shared), right.ids(shared)
    shared += common_prefix(one, two)
    limit = min(left.length, right.length)
    segments = left.tape.segments
    one, two = left.ids(shared), right.ids(shared)
    for i, j in zip(one, two, strict=False):
        if i != j and segments[i].ordered != segments[j].ordered:
            break
        shared += 1
    return min(shared, limit)
