"""Where every position of a tape entered a thread."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from msgspec import Struct

from seamaudit.layers.ledger.scale import stretches
from seamaudit.trace import Exchange


class First(Struct, frozen=True):
    """A stretch of positions that one call of a thread sent first; `position` is where it begins in that call's prompt."""

    heads: bool
    low: int
    high: int
    call: int
    position: int


def firsts(calls: Iterable[Exchange]) -> list[First]:
    """All positions that some calls sent, each once, in tape order, heads first."""
    seen: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    found: list[First] = []
    for number, call in enumerate(calls):
        position = 0
        for heads, low, high in stretches(call.request.prefix):
            found.extend(First(heads, a, b, number, position + a - low) for a, b in _unseen(seen[heads], low, high))
            position += high - low
    return sorted(found, key=lambda first: (not first.heads, first.low))


def _unseen(seen: list[tuple[int, int]], low: int, high: int) -> Iterator[tuple[int, int]]:
    """The parts of a range outside some sorted, disjoint ranges, which take it in."""
    at = bisect_left(seen, low, key=lambda each: each[1])
    end, start, gaps = at, low, []
    while end < len(seen) and seen[end][0] <= high:
        if start < seen[end][0]:
            gaps.append((start, seen[end][0]))
        start = seen[end][1]
        end += 1
    if start < high:
        gaps.append((start, high))
    joined = seen[at:end]
    seen[at:end] = [(min(low, joined[0][0]), max(high, joined[-1][1]))] if joined else [(low, high)]
    return iter(gaps)
