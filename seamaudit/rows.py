"""Rows that are added one by one and gone through in their order; of many, all but the last ones lie on disk."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from typing import Final, TypeVar

from seamaudit.spool import Place, Spool

T = TypeVar("T")

KEPT: Final = 512
"""Rows that are put away together, and kept in memory at most once the first ones have been."""
FIRST: Final = 8
"""So many times as many are kept before any is put away: most recordings never get there."""


class Rows(Collection[T]):
    """Values of one kind, put away in `spool` by the `kept` once they are many. They are made anew each time they are gone through.

    Nothing but values of this process is ever unpickled: nobody else can open the file.
    """

    def __init__(self, spool: Spool, kept: int = KEPT) -> None:
        self._spool = spool
        self._kept = kept
        self._room = kept * FIRST
        self._filed: list[Place] = []
        self._last: list[T] = []

    def add(self, row: T) -> None:
        """Append one. Raises UsageError where there is no room on disk."""
        self._last.append(row)
        if len(self._last) >= self._room:
            for at in range(0, self._room, self._kept):
                part = self._last[at : at + self._kept]
                self._filed.append(self._spool.put(pickle.dumps(part, pickle.HIGHEST_PROTOCOL)))
            self._room, self._last = self._kept, []

    def __len__(self) -> int:
        return len(self._filed) * self._kept + len(self._last)

    def __iter__(self) -> Iterator[T]:
        for place in self._filed:
            yield from pickle.loads(self._spool.get(place))
        yield from self._last

    def __contains__(self, row: object) -> bool:
        return any(row == each for each in self)
