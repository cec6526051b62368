"""Interning: every message, tool and system block is parsed once, however often it is sent."""

from __future__ import annotations

import re
from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

from msgspec import Struct

from seamaudit.ingest import jsontext, outcome, rawjson
from seamaudit.ingest.block import Block
from seamaudit.ingest.conform.store import SchemaStore
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.prints import prints
from seamaudit.ingest.rawarray import Array
from seamaudit.ingest.withheld import in_blocks
from seamaudit.trace import Kind, Locus, Prefix, Segment, Tape, Zone
from seamaudit.trace.prefix import Runs, common_prefix

PRINTED = frozenset({Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT, Kind.DOCUMENT})


class Element(Struct, frozen=True):
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
        parts = tuple(ids), tuple(marks), tuple(broken), unsized, frozenset(notes)
        return cls(*parts, is_plain=not any(parts[1:]))

    def bare(self) -> Element | None:
        """The same without its marker, where that is the only one and stands on its last segment."""
        if len(self.marks) != 1 or self.marks[0][0] != len(self.ids) - 1 or not self.ids:
            return None
        return Element.of(self.ids, (), self.broken, self.unsized, self.notes)


Splitter = Callable[[Any], Sequence[Block]]
ItemSplitter = Callable[[Any, str], Sequence[Block]]
"""Splits an item of an array that is repeated as a whole; the second argument is the item's pointer inside the array."""


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


class Interner:
    """Raw slices in, interned segments and compressed prefixes out. One per reader.

    `elider` takes out of lines what they repeat before they are decoded; None decodes every line whole, for the same result. `log` is
    told of every prefix and its base, for who makes them again elsewhere.
    """

    def __init__(
        self,
        text_budget: int = 64 << 20,
        live_bases: int = 512,
        *,
        elider: Elider | None = None,
        log: Callable[[str, Prefix], None] | None = None,
    ) -> None:
        self.elider = elider
        self._log = log
        self.tape = Tape()
        self.texts = TextStore(text_budget)
        self.schemas = SchemaStore()
        self.parsed_bytes = 0
        self._elements: defaultdict[bytes, dict[bytes, Element]] = defaultdict(dict)
        self._segments: dict[tuple[bytes, str, str, bool, str], int] = {}
        self._names: dict[tuple[int, ...], frozenset[str]] = {}
        self._bases: OrderedDict[str, _Base] = OrderedDict()
        self._live_bases = live_bases

    def element(self, raw: bytes | memoryview, split: Splitter, salt: bytes, locus: Locus) -> Element:
        """Intern one raw value. `salt` names shape and array, so that equal bytes in another place stay apart.

        Raises jsontext.Unparsable where the value is no JSON.
        """
        table, key = self._elements[salt], jsontext.digest(raw)
        known = table.get(key)
        if known is None:
            whole = bytes(raw)
            known = table[key] = self._new_element(whole, split, locus)
            bare, spelled = known.bare(), _unmarked(whole)
            if bare is not None and spelled is not None:
                table.setdefault(jsontext.digest(spelled), bare)  # as it will be sent when the marker has moved on
        return known

    def _new_element(self, raw: bytes, split: Splitter, locus: Locus) -> Element:
        self.parsed_bytes += len(raw)
        parsed = jsontext.parse(raw)
        blocks = split(parsed.value)
        ids: list[int] = []
        marks: list[tuple[int, str]] = []
        unsized = 0
        for block in blocks:
            if not block.apart:
                ids.append(self.segment(block, locus))
                unsized += self.tape.segments[ids[-1]].length if block.unsized else 0
            if block.ttl:
                marks.append((len(ids) - 1, block.ttl))
        broken = ((cause, blocks[0].path if len(blocks) == 1 else "") for cause in parsed.broken)
        notes = (block.note for block in blocks if block.note)
        return Element.of(ids, marks, broken, unsized, (*notes, *in_blocks(blocks)))

    def elements(self, raws: Sequence[bytes], skip: int, split: Splitter, salt: bytes, locus: Locus) -> list[Element]:
        """Intern the values of an array from position `skip` on: most of a growing array is known, so that a digest and a look-up each is
        all it takes, and not even that where the array says that an earlier one held them."""
        if isinstance(raws, Array):
            return self._again(raws, skip, split, salt, locus)
        known = map(self._elements[salt].get, map(jsontext.digest, raws[skip:]))
        return [element or self.element(raw, split, salt, locus) for element, raw in zip(known, raws[skip:], strict=True)]

    def _again(self, array: Array, skip: int, split: Splitter, salt: bytes, locus: Locus) -> list[Element]:
        made: list[Any] | None = array.made.get(salt)
        if made is None:
            made = array.made[salt] = [None] * len(array)
            array.fresh = range(len(array))
        for at in array.fresh:
            if at >= skip:
                made[at] = self.element(array[at], split, salt, locus)
        array.unmade = skip
        return made[skip:]

    def array(self, raw: bytes, split: ItemSplitter, salt: bytes, locus: Locus) -> Element | None:
        """Intern an array that is repeated as a whole (tools, system): split again only where it changed, its items parsed
        only where they are new at their place. None where the value is no array.

        Raises jsontext.Unparsable where the value is no JSON.
        """
        table, key = self._elements[salt], jsontext.digest(raw)
        known = table.get(key)
        if known is None:
            items = rawjson.elements(raw)
            if items is None:
                return None
            parts = [self._item(item, split, salt, f"/{index}", locus) for index, item in enumerate(items)]
            known = table[key] = _concatenated(parts)
        return known

    def _item(self, raw: bytes, split: ItemSplitter, salt: bytes, pointer: str, locus: Locus) -> Element:
        return self.element(raw, lambda value: split(value, pointer), salt + pointer.encode(), locus)

    def names(self, ids: tuple[int, ...]) -> frozenset[str]:
        """The names of some segments, one set for every request that repeats them."""
        known = self._names.get(ids)
        if known is None:
            known = self._names[ids] = frozenset(name for i in ids if (name := self.tape.segments[i].name))
        return known

    def segment(self, block: Block, locus: Locus) -> int:
        """Intern one block; equal blocks at one place of an element share a segment."""
        text = jsontext.ordered(block.value)
        ordered = block_digest(block, text)
        key = (ordered, block.array, block.path, block.starts, block.call_id)  # as `packed` tells it, too
        known = self._segments.get(key)
        if known is not None:
            return known
        index = len(self.tape.segments)
        self.tape.segments.append(
            Segment(
                id=index,
                zone=block.zone,
                role=block.role,
                kind=block.kind,
                length=len(text),
                ordered=ordered,
                canonical=block_digest(block, jsontext.canonical(block.value)),
                array=block.array,
                path=block.path,
                starts=block.starts,
                locus=locus,
                scalar=block.scalar,
                call_id=block.call_id,
                name=block.name,
                arguments=block.arguments,
                is_error=block.is_error,
                retrieved=block.retrieved,
                prints=prints(block.text) if block.retrieved or block.kind in PRINTED else b"",
                outcome=outcome.digest(block),
                failed=outcome.has_failed(block),
                words=outcome.words(block),
                unsized=block.unsized,
                signature=block.signature,
            )
        )
        self._segments[key] = index
        if block.schema is not None:
            self.schemas.put(ordered, block.schema)
        self.texts.put(index, comparable(block, text))
        return index

    def learn(self, key: tuple[bytes, str, str, bool, str], told: Sequence[Any], text: bytes | None) -> int:
        """The id of a segment that another interner met, and its text kept where that was at hand. `told` are its fields behind its id."""
        known = self._segments.get(key)
        if known is not None:
            return known
        index = self._segments[key] = len(self.tape.segments)
        self.tape.segments.append(Segment(index, *told))
        if text is not None:
            self.texts.put(index, text)
        return index

    def prefix(self, ids: list[int], base: str) -> Prefix:
        """Compress a request's segment ids against the last request of the same `base` (conversation or opening)."""
        tape = self.tape
        head = next((at for at, i in enumerate(ids) if tape.segments[i].zone is Zone.MESSAGES), len(ids))
        known = self._bases.get(base, _NO_BASE)
        now = _Base(
            known.head.followed_by(ids[:head], tape.heads),
            known.turns.followed_by(ids[head:], tape.ids),
        )
        self._bases[base] = now
        self._bases.move_to_end(base)
        while len(self._bases) > self._live_bases:
            self._bases.popitem(last=False)
        made = Prefix(tape, now.turns.runs, len(ids), now.head.runs)
        if self._log is not None:
            self._log(base, made)
        return made


class Stretch(Struct, frozen=True):
    """Ids and the runs over a tape that spell them; `room` are positions of the tape that are kept free for what will follow."""

    ids: Sequence[int] = ()
    runs: Runs = ()
    room: tuple[int, int] = (0, 0)

    def followed_by(self, ids: list[int], tape: array[int]) -> Stretch:
        """Other ids over the same tape: what this stretch has of them is referred to, what it has not is appended."""
        shared = common_prefix(ids, self.ids) if self.ids else 0
        runs = _slice_runs(self.runs, 0, shared)
        pen = _Pen(tape, self)
        if shared == len(self.ids) or shared == len(ids):
            return Stretch(ids, _joined(runs, pen.write(ids[shared:])), pen.room)
        where = {segment: at for at, segment in enumerate(self.ids[shared:], shared)}
        at = fresh = shared
        while at < len(ids):
            found = where.get(ids[at])
            if found is None:
                at += 1
                continue
            runs = _joined(runs, pen.write(ids[fresh:at]))
            size = common_prefix(ids[at:], self.ids[found:])
            runs = _joined(runs, _slice_runs(self.runs, found, found + size))
            at += size
            fresh = at
        return Stretch(ids, _joined(runs, pen.write(ids[fresh:])), pen.room)


class _Pen:
    """Writes what follows a stretch behind it: into the room kept for it, or at the tape's end.

    Threads that take turns would cut each other into as many runs as they have turns. A stretch that comes to the tape's end a second time
    and finds others there keeps as much room as it is long, so that its runs are as many as it has doubled.
    """

    def __init__(self, tape: array[int], before: Stretch) -> None:
        self._tape = tape
        self._length = len(before.ids)
        self.room = before.room

    def write(self, ids: Sequence[int]) -> Runs:
        """Write ids, and say where they stand."""
        if not ids:
            return ()
        at, end = self.room
        tape, stop = self._tape, at + len(ids)
        if stop <= end:
            tape[at:stop] = array("I", ids)
        elif at == len(tape):
            tape.extend(ids)
            end = stop
        else:
            at, stop = len(tape), len(tape) + len(ids)
            tape.extend(ids)
            if end:
                tape.extend(repeat(0, self._length))
            end = len(tape)
        self.room = stop, end
        return ((at, stop),)


class _Base(Struct, frozen=True):
    head: Stretch
    turns: Stretch


_NO_BASE = _Base(Stretch(), Stretch())


_MARK = re.compile(rb'"cache_control"\s*:\s*\{[^{}]*\}(\s*\}\s*\]\s*(?:,\s*"role"\s*:\s*"\w+"\s*)?\})')


def _unmarked(raw: bytes) -> bytes | None:
    """A message without the marker that ends its last block, None where none does.

    What ends in a marker's object, a block's, a list's and the message's bracket is no text, and the marker is that block's own.
    """
    at = raw.rfind(b'"cache_control"')
    found = _MARK.fullmatch(raw, at) if at > 0 and raw.find(b'"cache_control"') == at else None
    before = raw[:at].rstrip() if found else b""
    return before[:-1] + found[1] if found and before.endswith(b",") else None


def _concatenated(parts: Sequence[Element]) -> Element:
    ids: list[int] = []
    marks: list[tuple[int, str]] = []
    for part in parts:
        marks += ((len(ids) + at, ttl) for at, ttl in part.marks)
        ids += part.ids
    broken = (each for part in parts for each in part.broken)
    notes = (note for part in parts for note in part.notes)
    return Element.of(ids, marks, broken, sum(part.unsized for part in parts), notes)


def block_digest(block: Block, text: bytes) -> bytes:
    """The cache key of a block: its text in one spelling, with zone and role mixed in."""
    return jsontext.digest(b"%b\0%b\0%b" % (block.zone.encode(), block.role.encode("utf-8", "surrogatepass"), text))


def answer_digest(block: Block) -> bytes:
    """The cache key that an answer's block will have once it is sent back unchanged."""
    return block_digest(block, jsontext.ordered(block.value))


def comparable(block: Block, text: bytes) -> bytes:
    """What two versions of a position are compared by: the bare text of a text block, else its ordered JSON."""
    value = block.value
    if block.kind is Kind.TEXT and isinstance(value, dict) and isinstance(value.get("text"), str):
        return str(value["text"]).encode("utf-8", "surrogatepass")
    return text


def _slice_runs(runs: Runs, start: int, stop: int) -> Runs:
    out: list[tuple[int, int]] = []
    at = 0
    for low, high in runs:
        size = high - low
        first, last = max(start, at), min(stop, at + size)
        if first < last:
            out.append((low + first - at, low + last - at))
        at += size
    return tuple(out)


def _joined(left: Runs, right: Runs) -> Runs:
    out = list(left)
    for run in right:
        if out and out[-1][1] == run[0]:
            out[-1] = (out[-1][0], run[1])
        else:
            out.append(run)
    return tuple(out)
