"""Where the cache broke: what changed, who changed it, and what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Literal

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.ingest.prints import unpack
from seamaudit.layers.cache import CacheRead, CacheWrite, Verdict
from seamaudit.layers.cost import Spend
from seamaudit.layers.prefix import Edit, PrefixChange
from seamaudit.layers.retrieval import Retrieval
from seamaudit.providers.contracts import CacheMode
from seamaudit.providers.prices import PriceBook, UnitPrices
from seamaudit.trace import Locus, Money, Need, Zone
from seamaudit.trace.textdiff import Shape


class Cause(StrEnum):
    """What broke the prefix."""

    TEXT_CHANGED = "text_changed"
    TOOLS_REORDERED = "tools_reordered"
    TOOLS_CHANGED = "tools_changed"
    KEY_ORDER = "key_order"
    HISTORY_EDITED = "history_edited"
    MOVING_BREAKPOINT = "moving_breakpoint"
    PARAMETER = "parameter"
    MODEL = "model"
    EXPIRED = "expired"
    RACE = "race"
    PROVIDER_SIDE = "provider_side"
    UNEXPLAINED = "unexplained"


class Origin(StrEnum):
    """Who produced the bytes that changed."""

    RETRIEVAL = "retrieval"
    CLOCK = "clock"
    IDENTIFIER = "identifier"
    TOOL_LIST = "tool_list"
    CLIENT = "client"
    PROVIDER = "provider"
    UNKNOWN = "unknown"


Proof = Literal["declared", "proven", "inferred"]


@fact("cache_breaks", needs=(Need.PROMPT, Need.USAGE, Need.CACHE_CONTRACT))
@dataclass(frozen=True, slots=True, kw_only=True)
class CacheBreak(Fact):
    """A request that read less from the cache than the request before it had left there."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    cause: Annotated[Cause, "What broke the prefix."]
    origin: Annotated[Origin, "Who produced the bytes that changed."]
    proof: Annotated[Proof, "How the origin is known."]
    confidence: Annotated[Literal["high", "medium", "low"], "Lower where a thread was inferred or the provider promises no hit."]
    same_thread: Annotated[bool, "The prefix broke between two turns of one thread; else between threads of one app."]
    zone: Annotated[Zone | None, "The part of the prompt that changed first."]
    block: Annotated[str, "The block that changed first."]
    role: Annotated[str, "The role of that block."]
    edit: Annotated[Edit | None, "How it changed."]
    tool: Annotated[str, "The tool whose definition changed or whose result is quoted, where one is."]
    tools_added: Annotated[int, "Tool definitions that came."]
    tools_removed: Annotated[int, "Tool definitions that went."]
    rewritten_tokens: Annotated[int, "Tokens processed again that the cache already held."]
    shared_tokens: Annotated[int, "Tokens the cache did serve."]
    wasted_tokens: Annotated[int, "Of the rewritten tokens, those that need not change: what a fix would read instead."]
    waste_usd: Annotated[Money | None, "Their price above that of a cache read; unknown where a price is."]
    was: Annotated[Locus | None, "Where the earlier version stands."]
    now: Annotated[Locus | None, "Where the new version stands."]
    diverges_at: Annotated[int | None, "First diverging byte inside the block."]


@dataclass(frozen=True, slots=True)
class BreakKnobs:
    """What counts as a break.

    A request missed when it reprocessed more than `min_share` of what it could have read; the default is the threshold
    Claude Code's own usage line documents (code.claude.com/docs/en/costs: 5 %). `moving_writes` writes that nobody read
    make a marker a moving one.
    """

    min_share: float = 0.05
    moving_writes: int = 3
    shared_prints: int = 2


class CacheBreaks:
    """Joins prefix, cache and retrieval facts; prices come from the book."""

    def __init__(self, prices: PriceBook, knobs: BreakKnobs = BreakKnobs()) -> None:
        self._prices = prices
        self._knobs = knobs

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One CacheBreak for each read that fell short, and for each write that a moving block wasted."""
        changes = {change.exchange: change for change in facts.rows(PrefixChange)}
        looked_up = _Lookups(facts.rows(Retrieval))
        spent = {row.exchange: row.usd for row in facts.rows(Spend)}
        moving = self._moving(facts.rows(CacheWrite), changes)
        for read in facts.rows(CacheRead):
            change = changes.get(read.exchange)
            if read.exchange in moving and change is not None:
                yield _within(self._moved(read, change, looked_up), spent)
                continue
            missed = self._missed(read, change)
            if missed:
                yield _within(self._broken(read, change, looked_up, missed), spent)

    def _moving(self, writes: Sequence[CacheWrite], changes: Mapping[int, PrefixChange]) -> frozenset[int]:
        """Writes up to a marker whose own block is the one that changes from request to request, and that nobody reads."""
        by_app: dict[tuple[str, str], list[int]] = defaultdict(list)
        for write in writes:
            change = changes.get(write.exchange)
            if change and change.marked and change.zone is Zone.MESSAGES and not write.reads:
                by_app[(write.app, change.block)].append(write.exchange)
        return frozenset(x for group in by_app.values() if len(group) >= self._knobs.moving_writes for x in group)

    def _missed(self, read: CacheRead, change: PrefixChange | None) -> int:
        """Tokens that were in the cache and not read; 0 where nothing speaks for a break."""
        available = read.base_available
        if change is not None and change.base == "nearest":
            if not _one_block_of_one_app(change):
                return 0
            available = round(available * _share_below(read, change))
        missed = min(available - read.reported, read.total - read.reported)
        if missed <= available * self._knobs.min_share or missed <= 0:
            return 0
        if change is None and read.verdict not in (Verdict.PROVIDER_SIDE, Verdict.UNEXPLAINED):
            return 0
        return missed

    def _broken(self, read: CacheRead, change: PrefixChange | None, looked_up: _Lookups, missed: int) -> CacheBreak:
        cause = _cause(read, change)
        changed = change if cause not in _NOT_THE_TEXT else None
        origin, proof, tool, witness = _origin(cause, changed, looked_up, self._knobs.shared_prints)
        wasted = _stable_part(read, changed, missed)
        return CacheBreak(
            exchange=read.exchange,
            thread=read.thread,
            app=read.app,
            locus=changed.locus if changed else read.locus,
            witness=(*read.witness, *witness),
            provider=read.provider,
            model=read.model,
            cause=cause,
            origin=origin,
            proof=proof,
            confidence="high" if read.mode is CacheMode.EXPLICIT and read.settled else "medium",
            same_thread=change is None or change.base == "previous",
            zone=changed.zone if changed else None,
            block=changed.block if changed else "",
            role=changed.role if changed else "",
            edit=changed.edit if changed else None,
            tool=tool or (changed.tool if changed else ""),
            tools_added=changed.tools_added if changed else 0,
            tools_removed=changed.tools_removed if changed else 0,
            rewritten_tokens=missed,
            shared_tokens=read.reported,
            wasted_tokens=wasted,
            waste_usd=_price_of_miss(self._unit(read), read, wasted),
            was=changed.was if changed else None,
            now=changed.now if changed else None,
            diverges_at=changed.diverges_at if changed else None,
        )

    def _moved(self, read: CacheRead, change: PrefixChange, looked_up: _Lookups) -> CacheBreak:
        origin, proof, tool, witness = _origin(Cause.MOVING_BREAKPOINT, change, looked_up, self._knobs.shared_prints)
        unit = self._unit(read)
        premium = None
        if unit is not None and unit.input is not None and unit.write_5m is not None:
            premium = Money(read.written * max(0, unit.write_5m - unit.input))
        return CacheBreak(
            exchange=read.exchange,
            thread=read.thread,
            app=read.app,
            locus=change.locus,
            witness=(*read.witness, *witness),
            provider=read.provider,
            model=read.model,
            cause=Cause.MOVING_BREAKPOINT,
            origin=origin,
            proof=proof,
            confidence="high" if read.settled else "medium",
            same_thread=change.base == "previous",
            zone=change.zone,
            block=change.block,
            role=change.role,
            edit=change.edit,
            tool=tool,
            tools_added=0,
            tools_removed=0,
            rewritten_tokens=read.written,
            shared_tokens=read.reported,
            wasted_tokens=read.written,
            waste_usd=premium,
            was=change.was,
            now=change.now,
            diverges_at=change.diverges_at,
        )

    def _unit(self, read: CacheRead) -> UnitPrices | None:
        return self._prices.unit(read.provider, read.model, read.dated, input_tokens=read.total)


_NOT_THE_TEXT = frozenset({Cause.EXPIRED, Cause.RACE, Cause.MODEL, Cause.PARAMETER, Cause.PROVIDER_SIDE, Cause.UNEXPLAINED})


class _Lookups:
    """Looked-up texts by their prints, so that a changed block finds the one it quotes."""

    def __init__(self, rows: Sequence[Retrieval]) -> None:
        self._rows = rows
        self._by_print: dict[int, list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            for value in unpack(row.text_prints):
                self._by_print[value].append(index)

    def quoted(self, change: PrefixChange, least: int) -> Retrieval | None:
        """The recorded text that shares most prints with the new version of a block, if it shares enough."""
        hits: dict[int, int] = defaultdict(int)
        mine = unpack(change.changed_prints)
        for value in mine:
            for index in self._by_print.get(value, ()):
                row = self._rows[index]
                if row.exchange <= change.exchange and row.locus != change.now:
                    hits[index] += 1
        if not hits:
            return None
        index = max(hits, key=lambda i: (hits[i], -i))
        return self._rows[index] if hits[index] >= min(least, len(mine)) else None


def _within(row: CacheBreak, spent: Mapping[int, Money | None]) -> CacheBreak:
    """The break, with no more waste than its call cost: unknown where that is unknown."""
    paid = spent.get(row.exchange)
    if row.waste_usd is None or paid is None:
        return replace(row, waste_usd=None)
    return replace(row, waste_usd=min(row.waste_usd, paid))


def _cause(read: CacheRead, change: PrefixChange | None) -> Cause:
    if read.alive is False:
        return Cause.EXPIRED
    if read.raced:
        return Cause.RACE
    if change is None or change.shared >= read.base_position:
        if not read.same_parameters:
            return Cause.PARAMETER
        return Cause.PROVIDER_SIDE if read.verdict is Verdict.PROVIDER_SIDE else Cause.UNEXPLAINED
    if change.edit is Edit.KEY_ORDER:
        return Cause.KEY_ORDER
    if change.zone is Zone.TOOLS:
        same_set = not change.tools_added and not change.tools_removed
        return Cause.TOOLS_REORDERED if change.edit is Edit.REORDERED and same_set else Cause.TOOLS_CHANGED
    if change.zone is Zone.MESSAGES and change.shape is Shape.TEXT and not change.declared_retrieval:
        return Cause.HISTORY_EDITED
    return Cause.TEXT_CHANGED


def _origin(cause: Cause, change: PrefixChange | None, looked_up: _Lookups, least: int) -> tuple[Origin, Proof, str, tuple[Locus, ...]]:
    if cause is Cause.PROVIDER_SIDE:
        return Origin.PROVIDER, "proven", "", ()
    if change is None:
        return Origin.UNKNOWN, "inferred", "", ()
    if change.edit is Edit.KEY_ORDER:
        return Origin.CLIENT, "proven", "", ()
    if change.zone is Zone.TOOLS:
        return Origin.TOOL_LIST, "declared", "", ()
    if change.shape is Shape.CLOCK:
        return Origin.CLOCK, "proven", "", ()
    if change.shape in (Shape.IDENTIFIER, Shape.COUNTER):
        return Origin.IDENTIFIER, "proven", "", ()
    quoted = looked_up.quoted(change, least)
    if quoted is not None:
        return Origin.RETRIEVAL, "proven", quoted.tool, (quoted.locus,)
    if change.declared_retrieval:
        return Origin.RETRIEVAL, "declared", "", ()
    return Origin.UNKNOWN, "inferred", "", ()


def _one_block_of_one_app(change: PrefixChange) -> bool:
    """Whether two threads differ in a version of one head block, and not in being two different agents."""
    if change.zone is Zone.MESSAGES:
        return False
    if change.zone is Zone.TOOLS:
        return not change.tools_added and not change.tools_removed
    return change.similar or change.declared_retrieval


def _share_below(read: CacheRead, change: PrefixChange) -> float:
    """The share of the base's cached bytes that another thread can be expected to send too: its head."""
    if not read.base_bytes:
        return 0.0
    return min(1.0, change.head_bytes / read.base_bytes)


def _stable_part(read: CacheRead, change: PrefixChange | None, missed: int) -> int:
    """The rewritten tokens without the changed bytes themselves, which any layout has to send."""
    if change is None or change.changed_bytes is None or not read.base_bytes:
        return missed
    changed = round(read.base_available * min(1.0, change.changed_bytes / read.base_bytes))
    return max(0, missed - changed)


def _price_of_miss(unit: UnitPrices | None, read: CacheRead, tokens: int) -> Money | None:
    """What the missed tokens cost above a cache read: those written again at the write price, the others at the base price."""
    if unit is None or unit.input is None or unit.read is None:
        return None
    written = min(tokens, read.written)
    if written and unit.write_5m is None:
        return None
    write = unit.write_1h if read.written_1h * 2 > read.written and unit.write_1h is not None else unit.write_5m
    return Money(written * max(0, (write or 0) - unit.read) + (tokens - written) * max(0, unit.input - unit.read))
