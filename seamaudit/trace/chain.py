"""Chained digests: the cumulative identity of a prefix at chosen positions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from xxhash import xxh3_128_digest

from seamaudit.trace.prefix import Prefix, Runs, Tape


class Chain:
    """The chained digests of one prefix, each looked up when it is asked for."""

    def __init__(self, prefix: Prefix) -> None:
        self._head_length = prefix.head_length
        self._head = _Links(prefix.tape, True, prefix.head)
        self._rest = _Links(prefix.tape, False, prefix.runs)
        self._base: bytes | None = None

    def at(self, position: int) -> bytes:
        """The digest of everything in the first `position` segments; two prefixes of one tape agree there exactly if they are equal up to
        there.

        Head and messages are chained apart and then together: a head that changes every turn leaves the messages' chain as it is.
        """
        if position <= self._head_length:
            return self._head.at(position)
        if self._base is None:
            self._base = self._head.at(self._head_length)
        return xxh3_128_digest(self._base + self._rest.at(position - self._head_length))

    def all(self) -> list[bytes]:
        """The digests at every position, entry k over the first k segments."""
        head = [b"", *self._head.all()]
        base = head[-1]
        return [*head, *(xxh3_128_digest(base + digest) for digest in self._rest.all())]


class _Links:
    """The chain along some runs of a tape, stretch by stretch."""

    def __init__(self, tape: Tape, heads: bool, runs: Runs) -> None:
        self._tape, self._heads, self._runs = tape, heads, runs
        self._ends: list[int] = []
        self._links: list[Sequence[bytes]] = []

    def at(self, position: int) -> bytes:
        """The digest after so many positions of the runs; b"" before the first."""
        if position <= 0:
            return b""
        while not self._ends or self._ends[-1] < position:
            self._extend()
        at = bisect_left(self._ends, position)
        return self._links[at][position - (self._ends[at - 1] if at else 0) - 1]

    def all(self) -> list[bytes]:
        """The digests after every position."""
        while len(self._links) < len(self._runs):
            self._extend()
        pairs = zip(self._links, self._runs, strict=True)
        return [digest for links, (start, stop) in pairs for digest in links[: stop - start]]

    def _extend(self) -> None:
        start, stop = self._runs[len(self._ends)]
        end = self._ends[-1] if self._ends else 0
        self._links.append(self._tape.links(self._heads, self.at(end), start, stop))
        self._ends.append(end + stop - start)


def chain(prefix: Prefix, positions: Iterable[int]) -> dict[int, bytes]:
    """The chained digest at each of some positions that lie in a prefix."""
    links = Chain(prefix)
    return {position: links.at(position) for position in sorted(set(positions)) if 0 <= position <= prefix.length}
