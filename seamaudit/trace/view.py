"""A prefix spelled out: what is asked of it again and again while it is being looked at."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import ref

from xxhash import xxh3_128_digest

from seamaudit.trace.segment import Zone

if TYPE_CHECKING:
    from seamaudit.trace.prefix import Prefix, Runs, Tape


class View:
    """The ids of a prefix's positions, where its zones end, and its chained digests. A tape holds a few, for the prefixes at hand."""

    __slots__ = ("_ends", "_head_links", "_links", "_spelled", "_tape", "head", "ids")

    def __init__(self, prefix: Prefix) -> None:
        self._tape = ref(prefix.tape)  # which holds the view
        self._spelled = prefix.head, prefix.runs
        head = _spelled(prefix.tape.heads, prefix.head)
        self.head = len(head)
        self.ids: list[int] = (head + _spelled(prefix.tape.ids, prefix.runs))[: prefix.length]
        self._ends: dict[Zone, int] = {Zone.MESSAGES: prefix.length}
        self._head_links: Sequence[bytes] | None = None
        self._links: Sequence[bytes] | None = None

    @property
    def tape(self) -> Tape:
        """What it was spelled from."""
        tape = self._tape()
        assert tape is not None
        return tape

    def zone_end(self, zone: Zone) -> int:
        """How many positions lie in `zone` or before it."""
        end = self._ends.get(zone)
        if end is None:
            before = (Zone.TOOLS,) if zone is Zone.TOOLS else (Zone.TOOLS, Zone.SYSTEM)
            segments = self.tape.segments
            within = len(self.ids) if zone is Zone.TOOLS or not self.head else self.head
            end = self._ends[zone] = within
            for at in range(within):
                if segments[self.ids[at]].zone not in before:
                    end = self._ends[zone] = at
                    break
        return end

    @property
    def head_links(self) -> Sequence[bytes]:
        """The chained digests along the head, entry k of the first k + 1 positions."""
        if self._head_links is None:
            self._head_links = _links(self.tape, True, self._spelled[0])
        return self._head_links

    @property
    def links(self) -> Sequence[bytes]:
        """Those behind the head, chained apart from it."""
        if self._links is None:
            self._links = _links(self.tape, False, self._spelled[1])
        return self._links

    def digest(self, position: int) -> bytes:
        """The digest of everything in the first `position` segments; two prefixes of one tape agree there exactly if they are equal up to
        there.

        Head and messages are chained apart and then together: a head that changes every turn leaves the messages' chain as it is.
        """
        head = self.head
        if position <= head:
            return self.head_links[position - 1] if position > 0 else b""
        base = self.head_links[head - 1] if head else b""
        return xxh3_128_digest(base + self.links[position - head - 1])


def _spelled(ids: array[int], runs: Runs) -> list[int]:
    if len(runs) == 1:
        return ids[runs[0][0] : runs[0][1]].tolist()
    out: list[int] = []
    for start, stop in runs:
        out += ids[start:stop].tolist()
    return out


def _links(tape: Tape, heads: bool, runs: Runs) -> Sequence[bytes]:
    """The chain along some runs; behind the last position of them it may hold more."""
    if len(runs) == 1:
        return tape.links(heads, b"", *runs[0])
    out: list[bytes] = []
    for start, stop in runs:
        out += tape.links(heads, out[-1] if out else b"", start, stop)[: stop - start]
    return out
