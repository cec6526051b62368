"""What a conversion holds of a reading: every record's own bytes, in a file of its own that is gone with the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from seamaudit.convert.atif import said
from seamaudit.convert.losses import Losses, differences
from seamaudit.convert.spelling import Spelling
from seamaudit.ingest import jsontext
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import Found, RecordReader
from seamaudit.ingest.formats.pairs import Pairs
from seamaudit.ingest.intern import Interner, Splitter
from seamaudit.ingest.kept import Element
from seamaudit.ingest.known import formats
from seamaudit.ingest.recorded_as import MEMBER, restated, stated
from seamaudit.ingest.respelled import LARGEST
from seamaudit.ingest.shapes import SHAPES, shape_of
from seamaudit.spool import Place, Spool
from seamaudit.trace import Locus


class Keeping(Interner):
    """An interner that keeps the raw value of every element, by the body language and the segments that it was split into."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool = spool
        self._raws: dict[tuple[str, tuple[int, ...]], Place] = {}

    def element(self, raw: bytes | memoryview, split: Splitter, salt: bytes, locus: Locus) -> Element:
        """Intern one raw value, and keep it."""
        element = super().element(raw, split, salt, locus)
        key = (salt.partition(b"/")[0].decode(), element.ids)
        if key not in self._raws:
            self._raws[key] = self._spool.put(bytes(raw))
        return element

    def any_raw(self, ids: tuple[int, ...]) -> bytes | None:
        """The raw value that gave these segments, in whatever body language."""
        return next((raw for shape in SHAPES if (raw := self.raw(shape.api, ids)) is not None), None)

    def raw(self, api: str, ids: tuple[int, ...]) -> bytes | None:
        """The raw value that gave these segments in the body language `api`, None where none did."""
        place = self._raws.get((api, ids))
        return None if place is None else self._spool.get(place)


class _Kept(Struct, frozen=True):
    """A line put away, what it says of its call, and whether it may have been converted before and says so itself."""

    place: Place
    said: Mapping[str, Any]
    converted: bool


class Keeper:
    """Keeps, for every call of a reading, a pair's line: the recorded one where bodies were recorded as they were sent, else one spelled
    from what was read. `formats` are the formats to read with, `seen` is shown every draft."""

    def __init__(self) -> None:
        self._spool = Spool()
        self.intern = Keeping(self._spool)
        self.pairs = Pairs(shape_of)
        self.formats = formats(_KeepingPairs(self))
        self.losses = Losses()
        self._reader = self.pairs.open(self.intern)
        self._spelling = Spelling(self.intern)
        self._kept: dict[Locus, _Kept] = {}
        self._said: dict[Locus, Place] = {}

    def hold(self, data: bytes, locus: Locus, draft: Draft) -> None:
        """Put the line of an exchange away whose bodies were recorded."""
        self._kept[locus] = _Kept(self._spool.put(data.strip()), stated(draft), converted=MEMBER.encode() in data)

    def seen(self, draft: Draft) -> None:
        """Spell a line for a call whose bodies were not recorded as they were sent. What it does not tell the same way is lost."""
        if draft.response is not None:
            self._said[draft.locus] = self._spool.put(jsontext.spelled(said(draft.response)))
        if draft.locus in self._kept:
            return
        found = min(self._read_back(draft), key=lambda each: len(each[2]), default=None)
        if found is None:
            self.losses.left_out["their messages cannot be spelled"] += 1
            return
        line, told, lost = found
        self._kept[draft.locus] = _Kept(self._spool.put(line), told, converted=False)
        self.losses.lost.update(lost)

    def _read_back(self, draft: Draft) -> Iterator[tuple[bytes, Mapping[str, Any], list[str]]]:
        """Lines, what the pair format's own reader makes of each without `recorded_as`, and what it loses with it."""
        for line in self._spelling.lines(draft):
            for read in self._reader(line, draft.locus):
                if isinstance(read, Draft):
                    told = stated(read)
                    yield line, told, differences(draft, restated(read, _unsaid(told, draft)))

    def said(self, locus: Locus) -> dict[str, Any]:
        """What was answered to the call at a place, as a step of a trajectory tells it."""
        place = self._said.get(locus)
        found: dict[str, Any] = jsontext.parse(self._spool.get(place)).value if place else {"message": ""}
        return found

    def line(self, draft: Draft) -> bytes:
        """The line of a call as it came out of the merge, b"" where none could be spelled, or none that a reader takes."""
        kept = self._kept.get(draft.locus)
        line = self._spool.get(kept.place) if kept is not None else b""
        unsaid = _unsaid(kept.said, draft) if kept is not None else {}
        if kept is not None and unsaid and kept.converted:
            line = line[:-1] + b"," + _member(stated(draft)) + b"}"  # a second telling, which counts
        elif unsaid:
            line = b"{" + _member(unsaid) + b"," + line[1:]
        if len(line) <= LARGEST:
            return line
        self.losses.left_out["they are longer than a line may be"] += 1
        return b""


def _member(told: Mapping[str, Any]) -> bytes:
    return b'"%b":%b' % (MEMBER.encode(), jsontext.respelled(told))


def _unsaid(said: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    """What a draft says that its line does not say yet."""
    return {name: value for name, value in stated(draft).items() if name not in said or said[name] != value}


class _KeepingPairs:
    """The pair format, which shows every line that it reads to a keeper."""

    name = Pairs.name
    container: Literal["lines"] = "lines"

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def detect(self, head: bytes) -> int:
        """As surely as the format itself."""
        return self._keeper.pairs.detect(head)

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._keeper, self._keeper.pairs.open(intern))


class _Reader:
    def __init__(self, keeper: Keeper, read: RecordReader) -> None:
        self._keeper = keeper
        self._read = read

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        for found in self._read(data, locus):
            if isinstance(found, Draft):
                self._keeper.hold(data, locus, found)
            yield found
