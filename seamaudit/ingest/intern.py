"""Interning: every message, tool and system block is parsed once, however often it is sent."""

from __future__ import annotations

import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from seamaudit.ingest import jsontext, outcome, rawjson
from seamaudit.ingest.block import Block
from seamaudit.ingest.conform.store import SchemaStore
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.kept import Element, Elements, TextStore
from seamaudit.ingest.prints import prints
from seamaudit.ingest.rawarray import Array
from seamaudit.ingest.stretch import Stretch
from seamaudit.ingest.withheld import in_blocks
from seamaudit.trace import Kind, Locus, Prefix, Segment, Tape, Zone

PRINTED = frozenset({Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT, Kind.DOCUMENT})

Splitter = Callable[[Any], Sequence[Block]]
ItemSplitter = Callable[[Any, str], Sequence[Block]]
"""Splits an item of an array that is repeated as a whole; the second argument is the item's pointer inside the array."""


class Interner:
    """Raw slices in, interned segments and compressed prefixes out. One per reader.

    `elider` takes out of lines what they repeat before they are decoded; None decodes every line whole, for the same result. `log` is
    told of every prefix and its base, for who makes them again elsewhere. Kept at hand are the last prompts of `live_bases` conversations,
    and of raw values twice as many as `remembered`, some 5 MB: what has left is made again.
    """

    def __init__(
        self,
        live_bases: int = 512,
        remembered: int = 1 << 14,
        *,
        elider: Elider | None = None,
        log: Callable[[str, Prefix], None] | None = None,
    ) -> None:
        self.elider = elider
        self._log = log
        self.tape = Tape()
        self.texts = TextStore()
        self.schemas = SchemaStore()
        self.parsed_bytes = 0
        self._elements = Elements(remembered)
        self._segments: dict[tuple[bytes, str, str, bool, str], int] = {}
        self._names: dict[tuple[int, ...], frozenset[str]] = {}
        self._bases: OrderedDict[str, _Base] = OrderedDict()
        self._live_bases = live_bases

    def forget(self) -> None:
        """Let go of what only reading needs: what is read from here on is met anew. What was read stays, and its texts."""
        self._elements.clear()
        self._segments.clear()
        self._names.clear()
        self._bases.clear()
        if self.elider is not None:
            self.elider.forget()

    def element(self, raw: bytes | memoryview, split: Splitter, salt: bytes, locus: Locus) -> Element:
        """Intern one raw value. `salt` names shape and array, so that equal bytes in another place stay apart.

        Raises jsontext.Unparsable where the value is no JSON.
        """
        key = jsontext.digest(raw)
        known = self._elements.get(salt, key)
        if known is None:
            whole = bytes(raw)
            known = self._elements.put(salt, key, self._new_element(whole, split, locus))
            bare, spelled = known.bare(), _unmarked(whole)
            if bare is not None and spelled is not None:
                self._elements.put(salt, jsontext.digest(spelled), bare)  # as it will be sent when the marker has moved on
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
        known = map(self._elements.young(salt).get, map(jsontext.digest, raws[skip:]))
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
        key = jsontext.digest(raw)
        known = self._elements.get(salt, key)
        if known is None:
            items = rawjson.elements(raw)
            if items is None:
                return None
            parts = [self._item(item, split, salt, f"/{index}", locus) for index, item in enumerate(items)]
            known = self._elements.put(salt, key, _concatenated(parts))
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
        canonical = jsontext.canonical(block.value)
        self.tape.segments.append(
            Segment(
                id=index,
                zone=block.zone,
                role=block.role,
                kind=block.kind,
                length=len(text),
                ordered=ordered,
                canonical=ordered if canonical == text else block_digest(block, canonical),
                array=block.array,
                path=sys.intern(block.path),
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
        self.texts.add(comparable(block, text))
        return index

    def learn(self, key: tuple[bytes, str, str, bool, str], told: Sequence[Any], text: bytes) -> int:
        """The id of a segment that another interner met. `told` are its fields behind its id."""
        known = self._segments.get(key)
        if known is not None:
            return known
        index = self._segments[key] = len(self.tape.segments)
        self.tape.segments.append(Segment(index, *told))
        self.texts.add(text)
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


class _Base(Struct, frozen=True, gc=False):
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
