"""Joins what changed in prompts with what caches served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from msgspec.structs import replace

from seamaudit.facts import Fact, FactBase
from seamaudit.layers.cache import CacheRead, CacheWrite, Verdict
from seamaudit.layers.prefix import PrefixChange
from seamaudit.layers.retrieval import Retrieval
from seamaudit.layers.usage_cache import UsageRead
from seamaudit.providers.contracts import CacheMode
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.base import paid, within
from seamaudit.seams.cache_breaks.bill import hour_keeps, price_of_miss, unit_of, with_hours
from seamaudit.seams.cache_breaks.blame import (
    NOT_THE_TEXT,
    Lookups,
    cause_of,
    has_expired,
    how_sure,
    one_block_of_one_app,
    origin_of,
    sent_otherwise,
    share_below,
    stable_part,
)
from seamaudit.seams.cache_breaks.facts import CacheBreak, Cause, Origin
from seamaudit.seams.cache_breaks.followed import followed
from seamaudit.seams.cache_breaks.knobs import BreakKnobs
from seamaudit.trace import Locus, Money, Zone


class _Before(NamedTuple):
    """What is asked of the read that another one builds on."""

    provider: str
    model: str
    mode: CacheMode
    settled: bool
    left: int
    life: float | None
    started: float | None
    locus: Locus

    @classmethod
    def of(cls, read: CacheRead) -> _Before:
        return cls(read.provider, read.model, read.mode, read.settled, read.left, read.life, read.started, read.locus)


class CacheBreaks:
    """Joins prefix, cache, usage and retrieval facts; prices come from the book."""

    def __init__(self, prices: PriceBook, knobs: BreakKnobs = BreakKnobs()) -> None:
        self._prices = prices
        self._knobs = knobs

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One CacheBreak for each read that fell short, and for each write that a moving block wasted."""
        told = facts.rows(UsageRead)
        found = [*self._replayed(facts), *followed(told, self._prices, self._knobs)]
        spent = paid(facts, found)
        rows = [replace(row, waste_usd=within(row.waste_usd, spent.get(row.exchange))) for row in found]
        return with_hours(rows, chain(facts.rows(CacheRead), told), self._prices)

    def _replayed(self, facts: FactBase) -> Iterator[CacheBreak]:
        """The breaks of recordings that hold whole prompts."""
        changes = {change.exchange: change for change in facts.rows(PrefixChange)}
        looked_up = Lookups(facts.rows(Retrieval), changes.values())
        writes = facts.rows(CacheWrite)
        moving, left_behind = self._moving(writes, changes), self._left_behind(writes, changes)
        before: dict[int, _Before] = {}
        for read in facts.rows(CacheRead):  # in the order in which they were sent
            before[read.exchange] = _Before.of(read)
            change = changes.get(read.exchange)
            if read.intended:
                continue
            if read.exchange in moving and change is not None:
                yield self._moved(read, change, looked_up)
                continue
            missed = self._missed(read, change)
            if missed:
                row = self._broken(read, change, looked_up, missed, before.get(read.base_exchange))
                yield _by_marker(row) if read.exchange in left_behind and row.cause in FROM_TEXT else row
            elif change is None:
                yield from self._switched(read, before.get(read.previous))

    def _moving(self, writes: Iterable[CacheWrite], changes: Mapping[int, PrefixChange]) -> frozenset[int]:
        """Writes up to a marker whose own block is the one that changes from request to request, and that nobody reads."""
        by_app: dict[tuple[str, str], list[int]] = defaultdict(list)
        for write in writes:
            change = changes.get(write.exchange)
            if change and change.marked and change.zone is Zone.MESSAGES and not write.reads:
                by_app[(write.app, change.block)].append(write.exchange)
        return frozenset(x for group in by_app.values() if len(group) >= self._knobs.moving_writes for x in group)

    def _left_behind(self, writes: Iterable[CacheWrite], changes: Mapping[int, PrefixChange]) -> frozenset[int]:
        """Requests whose turn before had its last marker on a block that is gone, time and again in one thread, so that nobody read it."""
        unread = {write.exchange for write in writes if not write.reads}
        by_thread: dict[str, list[int]] = defaultdict(list)
        for change in changes.values():
            if change.was_marked and change.zone is Zone.MESSAGES and change.base == "previous" and change.base_exchange in unread:
                by_thread[change.thread].append(change.exchange)
        return frozenset(x for group in by_thread.values() if len(group) >= self._knobs.moving_writes for x in group)

    def _missed(self, read: CacheRead, change: PrefixChange | None) -> int:
        """Tokens that were in the cache and not read; 0 where nothing speaks for a break."""
        available = read.base_available
        if change is not None and change.base == "nearest":
            if not one_block_of_one_app(change):
                return 0
            available = round(available * share_below(read, change))
        missed = min(available - read.reported, read.total - read.reported)
        if missed <= available * self._knobs.min_share or missed <= 0:
            return 0
        told = has_expired(read) or sent_otherwise(read)
        if change is None and not told and read.verdict not in (Verdict.PROVIDER_SIDE, Verdict.UNEXPLAINED):
            return 0
        return missed

    def _broken(self, read: CacheRead, change: PrefixChange | None, looked_up: Lookups, missed: int, base: _Before | None) -> CacheBreak:
        cause = cause_of(read, change)
        changed = change if cause not in NOT_THE_TEXT or _changed_too(read, change, cause) else None
        origin, proof, tool, witness = origin_of(cause, changed, looked_up, self._knobs.shared_prints)
        wasted = stable_part(read, changed, missed)
        gap, life = _gap(read, base), base.life if base and base.mode is CacheMode.EXPLICIT else None
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
            confidence=how_sure(read, cause),
            same_thread=change.base == "previous" if change else read.base_exchange == read.previous,
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
            waste_usd=price_of_miss(unit_of(self._prices, read), read, wasted),
            parameter=read.flipped if cause is Cause.PARAMETER else "",
            overlooked=read.overlooked if cause is Cause.LOOKBACK else 0,
            gap=gap,
            life=life,
            hour_keeps=cause is Cause.EXPIRED and changed is None and hour_keeps(gap, life),
            was=changed.was if changed else None,
            now=changed.now if changed else None,
            diverges_at=changed.diverges_at if changed else None,
        )

    def _moved(self, read: CacheRead, change: PrefixChange, looked_up: Lookups) -> CacheBreak:
        origin, proof, tool, witness = origin_of(Cause.MOVING_BREAKPOINT, change, looked_up, self._knobs.shared_prints)
        unit = unit_of(self._prices, read)
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
            rewritten_tokens=read.written,
            shared_tokens=read.reported,
            wasted_tokens=read.written,
            waste_usd=premium,
            was=change.was,
            now=change.now,
            diverges_at=change.diverges_at,
        )

    def _switched(self, read: CacheRead, before: _Before | None) -> Iterator[CacheBreak]:
        """An unchanged prompt that went to another model while what the turn before had left was still alive."""
        if before is None or not read.extends or (before.provider, before.model) == (read.provider, read.model):
            return
        gap = _gap(read, before)
        missed = min(before.left, read.total) - read.reported
        if gap is None or before.life is None or gap > before.life or missed <= before.left * self._knobs.min_share:
            return
        yield CacheBreak(
            exchange=read.exchange,
            thread=read.thread,
            app=read.app,
            locus=read.locus,
            witness=(before.locus,),
            provider=read.provider,
            model=read.model,
            cause=Cause.MODEL,
            origin=Origin.CLIENT,
            proof="declared",
            confidence="high" if before.mode is CacheMode.EXPLICIT and before.settled else "medium",
            same_thread=True,
            rewritten_tokens=missed,
            shared_tokens=read.reported,
            wasted_tokens=missed,
            waste_usd=price_of_miss(unit_of(self._prices, read), read, missed),
            model_before=before.model,
            gap=gap,
            life=before.life,
        )


FROM_TEXT = frozenset({Cause.TEXT_CHANGED, Cause.HISTORY_EDITED})


def _by_marker(row: CacheBreak) -> CacheBreak:
    """The break, blamed on the marker that stood on what was bound to go. That the block went is recorded; so who moved it is proven."""
    return replace(row, cause=Cause.MOVING_BREAKPOINT, origin=Origin.CLIENT, proof="proven", edit=None)


def _changed_too(read: CacheRead, change: PrefixChange | None, cause: Cause) -> bool:
    """Whether an expired prefix would have been of no use anyway."""
    return cause is Cause.EXPIRED and change is not None and change.shared < read.base_position


def _gap(read: CacheRead, before: _Before | None) -> float | None:
    if before is None or read.started is None or before.started is None:
        return None
    return read.started - before.started
