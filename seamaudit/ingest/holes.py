"""Where the record has holes, and which relations would reach across one."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable

from seamaudit.trace import Hole, Locus


class Holes:
    """Lost records by source and offset."""

    def __init__(self, holes: Iterable[Hole] = ()) -> None:
        self._offsets: dict[int, list[int]] = defaultdict(list)
        for hole in holes:
            insort(self._offsets[hole.locus.source], hole.locus.offset)

    def between(self, one: Locus, two: Locus) -> bool:
        """Whether something was lost between two records of one source. What a lost line held nobody knows: it may have been
        a turn of this thread."""
        offsets = self._offsets.get(one.source)
        if not offsets or one.source != two.source:
            return False
        low, high = sorted((one.offset, two.offset))
        return bisect_right(offsets, low) < bisect_right(offsets, high)
