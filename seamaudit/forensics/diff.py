"""Two requests side by side: what of their prompts is the same, where they part first, and what the rest costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.errors import UsageError
from seamaudit.evidence import Evidence, EvidenceRef, printable
from seamaudit.layers.prefix import PrefixChange, PrefixLayer
from seamaudit.providers.prices import PriceBook
from seamaudit.trace import Exchange, Link, Money, Prefix, Segment, Source
from seamaudit.trace.prefix import shared_length

LOOKS: Final = 2000
"""Positions behind the first difference that are matched with each other; what follows these is counted."""

Relation = Literal["same", "differs", "only_a", "only_b"]


class Ref(Struct, frozen=True):
    """A request as a person names it: `file:line`, a response's id, or `thread:turn` with turns from 1."""

    text: str

    @property
    def place(self) -> tuple[str, int] | None:
        """File and line, where the text names a file that is there."""
        path, _, line = self.text.rpartition(":")
        return (path, int(line)) if path and line.isascii() and line.isdigit() and Path(path).is_file() else None

    def names(self, exchange: Exchange, sources: Sequence[Source], turn: int) -> bool:
        """Whether this request, the `turn`th of its thread, is meant."""
        if self.place is not None:
            return (sources[exchange.locus.source].path, exchange.locus.line) == self.place
        if exchange.response is not None and exchange.response.id == self.text:
            return True
        thread, _, number = self.text.rpartition(":")
        return number == str(turn) and thread in (exchange.thread.id, exchange.thread.conversation)

    def one_of(self, found: Sequence[Exchange]) -> Exchange:
        """The one request that is meant. Raises UsageError where there is none, or several."""
        if len(found) == 1:
            return found[0]
        if found:
            hint = "Name it by its response's id, or as thread:turn."
            raise UsageError(f"{len(found)} requests answer to {self.text!r}", hint)
        raise UsageError(f"no request answers to {self.text!r}", "Name it as FILE:LINE, or name its recording after both and use an id.")


class Row(Struct, frozen=True):
    """One line of the two prompts side by side: the position in each (None where it is missing), and what stands there."""

    relation: Relation
    a: int | None
    b: int | None
    segment: Segment
    marks: tuple[str, str]


class Rest(Struct, frozen=True):
    """What request B sends behind the first difference: its bytes, its tokens apportioned by bytes from what the provider counted, and
    their price in US dollars when written to the cache anew and when read from it; None where unknown."""

    bytes: int
    tokens: int | None
    anew: Money | None
    read: Money | None


class Diff(Struct, frozen=True):
    """The comparison of request B with request A. `change` is None where one prompt begins with all of the other."""

    a: Exchange
    b: Exchange
    shared: int
    change: PrefixChange | None
    parameters: tuple[str, ...]
    rows: tuple[Row, ...]
    unlisted: int
    rest: Rest

    @property
    def evidence_ref(self) -> EvidenceRef | None:
        """Where both versions of the first differing block stand."""
        change = self.change
        return None if change is None else EvidenceRef(change.was, change.now, change.diverges_at)


def diff(a: Exchange, b: Exchange, text_of: Callable[[int], bytes | None], prices: PriceBook) -> Diff:
    """Compare two requests of one reading. `text_of` gives a position's text while it is at hand."""
    old, new = a.request.prefix, b.request.prefix
    shared = shared_length(old, new)
    link = Link(a.id, a.locus, old, shared, a.times.started)
    told = PrefixLayer(text_of).feed(replace(b, previous=link, nearest=None, after_hole=False))
    change = next((fact for fact in told if isinstance(fact, PrefixChange)), None)
    names = sorted(a.request.params.keys() | b.request.params.keys())
    flips = [name for name in names if a.request.params.get(name) != b.request.params.get(name)]
    moved = ["model"] if a.request.model != b.request.model else []
    rows = tuple(_rows(a, b, shared))
    unlisted = max(0, old.length - shared - LOOKS) + max(0, new.length - shared - LOOKS)
    return Diff(a, b, shared, change, (*moved, *flips), rows, unlisted, _rest(b, shared, prices))


def _rows(a: Exchange, b: Exchange, shared: int) -> Iterator[Row]:
    old, new = a.request.prefix, b.request.prefix
    marks = _marks(a), _marks(b)
    for at, segment in enumerate(new.segments(0, shared)):
        yield Row("same", at, at, segment, (marks[0].get(at, ""), marks[1].get(at, "")))
    matched = SequenceMatcher(None, old.digests(shared, shared + LOOKS), new.digests(shared, shared + LOOKS), autojunk=False)
    for tag, low_a, high_a, low_b, high_b in matched.get_opcodes():
        pairs = min(high_a - low_a, high_b - low_b)
        for step in range(pairs):
            at_a, at_b = shared + low_a + step, shared + low_b + step
            relation: Relation = "same" if tag == "equal" else "differs"
            yield Row(relation, at_a, at_b, new.at(at_b), (marks[0].get(at_a, ""), marks[1].get(at_b, "")))
        yield from _alone("only_a", old, shared + low_a + pairs, shared + high_a, marks[0])
        yield from _alone("only_b", new, shared + low_b + pairs, shared + high_b, marks[1])


def _alone(side: Literal["only_a", "only_b"], prefix: Prefix, start: int, stop: int, marks: Mapping[int, str]) -> Iterator[Row]:
    for at, segment in enumerate(prefix.segments(start, stop), start) if stop > start else ():
        mark = marks.get(at, "")
        yield Row(side, at, None, segment, (mark, "")) if side == "only_a" else Row(side, None, at, segment, ("", mark))


def _marks(exchange: Exchange) -> dict[int, str]:
    return {mark.position - 1: mark.ttl for mark in exchange.request.breakpoints}


def _rest(b: Exchange, shared: int, prices: PriceBook) -> Rest:
    prefix = b.request.prefix
    total = prefix.size()
    size = total - prefix.size(shared)
    counted = b.usage.input if b.usage else None
    tokens = None if counted is None or not total or b.request.unsized else round(counted * size / total)
    unit = prices.unit(b.provider, b.request.model, b.times.dated, input_tokens=counted)
    if tokens is None or unit is None:
        return Rest(size, tokens, None, None)
    anew = unit.write_5m if b.request.breakpoints and unit.write_5m is not None else unit.input
    return Rest(size, tokens, *(None if price is None else Money(tokens * price) for price in (anew, unit.read)))


def document(compared: Diff, sources: Sequence[Source], evidence: Evidence | None) -> dict[str, object]:
    """The comparison as JSON; every text in it is safe to print."""
    change, rest = compared.change, compared.rest
    return {
        "a": _side(compared.a, sources),
        "b": _side(compared.b, sources),
        "shared_positions": compared.shared,
        "parameters": [printable(name) for name in compared.parameters],
        "change": None
        if change is None
        else {"block": printable(change.block), "edit": str(change.edit), "value": str(change.shape), "byte": change.diverges_at}
        | {name: locus and locus.pointer for name, locus in (("was_at", change.was), ("now_at", change.now))},
        "evidence": None
        if evidence is None
        else {"was": _quoted(evidence, "was"), "now": _quoted(evidence, "now"), "note": printable(evidence.note)},
        "rest": {
            "bytes": rest.bytes,
            "tokens": rest.tokens,
            "anew_usd": None if rest.anew is None else rest.anew / 10**12,
            "read_usd": None if rest.read is None else rest.read / 10**12,
        },
        "rows": [
            {"relation": row.relation, "a": row.a, "b": row.b, "what": what(row.segment), "bytes": row.segment.length, "marks": row.marks}
            for row in compared.rows
        ],
        "unlisted_positions": compared.unlisted,
    }


def what(segment: Segment) -> str:
    """What a position holds, in a few words without its text."""
    parts = (str(segment.zone), segment.role if segment.role != str(segment.zone) else "", str(segment.kind), segment.name)
    return printable(" ".join(part for part in parts if part))


def _side(exchange: Exchange, sources: Sequence[Source]) -> dict[str, object]:
    usage = exchange.usage
    return {
        "path": printable(sources[exchange.locus.source].path),
        "line": exchange.locus.line,
        "thread": printable(exchange.thread.id),
        "model": printable(exchange.request.model),
        "positions": exchange.request.prefix.length,
        "bytes": exchange.request.prefix.size(),
        "input_tokens": usage.input if usage else None,
        "cache_read": usage.cache_read if usage else None,
        "cache_write": usage.cache_write if usage else None,
    }


def _quoted(evidence: Evidence, name: Literal["was", "now"]) -> dict[str, object] | None:
    quote = evidence.was if name == "was" else evidence.now
    return None if quote is None else {"text": quote.text, "at": quote.at}
