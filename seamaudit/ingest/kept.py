"""What an interner keeps of what it met: what each raw value was made of, and the texts of segments."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from seamaudit.spool import Spool

_NO_NOTES: Final[frozenset[str]] = frozenset()


class Element(Struct, frozen=True, gc=False):
    """One raw value as interned: its segment ids, its markers as (offset of the segment, ttl), the causes of broken text with
    pointers inside the value, how many of its bytes are no measure of tokens, and its blocks' notes.

    A marker's offset is -1 where it marks what stands before the value. `is_plain`: it has nothing but ids.
    """

    ids: tuple[int, ...]
    marks: tuple[tuple[int, str], ...]
    broken: tuple[tuple[str, str], ...]
    unsized: int
    notes: frozenset[str]
    is_plain: bool

    @classmethod
    def of(
        cls, ids: Iterable[int], marks: Iterable[tuple[int, str]], broken: Iterable[tuple[str, str]], unsized: int, notes: Iterable[str]
    ) -> Element:
        """An element of these parts."""
        parts = tuple(ids), tuple(marks), tuple(broken), unsized, frozenset(notes) or _NO_NOTES
        return cls(*parts, is_plain=not any(parts[1:]))

    def bare(self) -> Element | None:
        """The same without its marker, where that is the only one and stands on its last segment."""
        if len(self.marks) != 1 or self.marks[0][0] != len(self.ids) - 1 or not self.ids:
            return None
        return Element.of(self.ids, (), self.broken, self.unsized, self.notes)


class TextStore:
    """The texts of segments, so that a changed position can be compared with what it was. Nearly all lie on disk: however long a recording
    is, none leaves, and what is compared does not hang on where in it a request stands."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._starts = array("Q")
        self._sizes = array("I")

    def add(self, text: bytes) -> None:
        """Keep the comparable text of the next segment. Raises UsageError where there is no room for it."""
        start, size = self._spool.put(text)
        self._starts.append(start)
        self._sizes.append(size)

    def get(self, segment: int) -> bytes | None:
        """The text of a segment, None where it is none of those that were read."""
        return self._spool.get((self._starts[segment], self._sizes[segment])) if 0 <= segment < len(self._starts) else None


class Elements:
    """What was made of raw values, by salt and digest, in two generations of at most `size`: what nobody asked for while one filled has
    left when the next one is full. It is made anew should it be sent again, of the same segments."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._young: defaultdict[bytes, dict[bytes, Element]] = defaultdict(dict)
        self._old: dict[bytes, dict[bytes, Element]] = {}
        self._count = 0

    def young(self, salt: bytes) -> Mapping[bytes, Element]:
        """What was asked for lately."""
        return self._young[salt]

    def get(self, salt: bytes, key: bytes) -> Element | None:
        """What was made of a value, None where it is not known, or no longer."""
        known = self._young[salt].get(key)
        if known is None and self._old:
            known = self._old.get(salt, {}).get(key)
            if known is not None:
                self.put(salt, key, known)
        return known

    def put(self, salt: bytes, key: bytes, element: Element) -> Element:
        """Remember what was made of a value."""
        if self._count >= self._size:
            self._young, self._old, self._count = defaultdict(dict), self._young, 0
        self._count += 1
        return self._young[salt].setdefault(key, element)
