"""A line's array as its raw elements, told by where they end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, overload

_NAMES: Final = (b'"messages"', b'"contents"')
_OPENED: Final = re.compile(rb"\s*:\s*\[\s*")


class Array(Sequence[bytes]):
    """The elements of one line's array, each its raw JSON.

    The first one begins at `start`; `ends` are the elements' ends, counted from there; `gap` bytes stand between two. `made` is what was
    made of elements that an earlier line had, by whoever made it; `fresh` are the positions where nothing may have been made, None there.
    """

    __slots__ = ("_line", "ends", "fresh", "gap", "made", "start", "unmade")

    def __init__(self, line: bytes, start: int, ends: list[int], gap: int, made: dict[bytes, list[Any]], fresh: Sequence[int]) -> None:
        self._line = line
        self.start = start
        self.ends = ends
        self.gap = gap
        self.made = made
        self.fresh = fresh
        self.unmade = 0
        """Leading positions of which nothing is made, although nothing is fresh about them."""

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self.ends):
            raise IndexError(index)
        return self._line[self.start + self.begin(index) : self.start + self.ends[index]]

    @property
    def size(self) -> int:
        """The bytes of all elements together."""
        return self.ends[-1] - self.gap * (len(self.ends) - 1) if self.ends else 0

    @property
    def weight(self) -> int:
        """The bytes that are held for it."""
        return len(self._line)

    def begin(self, index: int) -> int:
        """Where an element begins, counted from the first."""
        return self.ends[index - 1] + self.gap if index else 0

    def cut(self, low: int, high: int) -> memoryview:
        """The line between two offsets counted from the first element's begin."""
        return memoryview(self._line)[self.start + low : self.start + high]


def measured(line: bytes, key: str, raws: Sequence[Any]) -> Array | None:
    """The array of a line that was decoded whole; None where it is not spelled as arrays are compared."""
    place = opening(line)
    if place is None or place[0] != key or not raws:
        return None
    start, gap, ends = place[1], 0, []
    at = start
    for number, raw in enumerate(map(bytes, raws)):
        if number == 1:
            gap = 2 if line.startswith(b", ", at) else 1
        at += gap
        if not line.startswith(raw, at):
            return None
        at += len(raw)
        ends.append(at - start)
    return Array(line, start, ends, gap or 1, {}, range(len(ends)))


def opening(line: bytes) -> tuple[str, int] | None:
    """The array that grows: its key, and where its first element begins."""
    for name in _NAMES:
        at = line.find(name)
        found = _OPENED.match(line, at + len(name)) if at >= 0 else None
        if found:
            return name[1:-1].decode(), found.end()
    return None
