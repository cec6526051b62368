"""What an interner keeps of what it met: what each raw value was made of, and the last texts."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from seamaudit.ingest import jsontext

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
    """The last texts seen, within a byte budget, so that a changed position can be compared with what it was.

    Bounded by `budget`, never by the trace; a text that has left leaves the place of a change known to the block only.
    """

    def __init__(self, budget: int = 64 << 20) -> None:
        self._budget = budget
        self._held = 0
        self._texts: OrderedDict[int, bytes] = OrderedDict()

    def put(self, segment: int, text: bytes) -> None:
        """Remember a segment's comparable text."""
        self._texts[segment] = jsontext.trimmed(text)
        self._held += len(text)
        while self._held > self._budget and len(self._texts) > 1:
            _, gone = self._texts.popitem(last=False)
            self._held -= len(gone)

    def held(self, segment: int) -> bytes | None:
        """The text or None, without keeping it any longer for that."""
        return self._texts.get(segment)

    def get(self, segment: int) -> bytes | None:
        """The text, or None where it has left."""
        text = self._texts.get(segment)
        if text is not None:
            self._texts.move_to_end(segment)
        return text


class Elements:
    """What was made of raw values, by salt and digest, in two generations of at most `size`: what nobody asked for while one filled has
    left when the next one is full. It is made anew should it be sent again, of the same segments."""

    def __init__(self, size: int) -> None:
        self._size = size
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
