"""Replays every edit that something found calls for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seamaudit.facts import Fact, FactBase
from seamaudit.layers.cache import Calls
from seamaudit.providers.units import Prices
from seamaudit.seams.fixes.counterfactual import Counterfactual, Outcome
from seamaudit.seams.fixes.facts import FixReplay
from seamaudit.seams.fixes.plans import Plan, plans
from seamaudit.trace import Exchange, Money


class Fixes:
    """Joins what was found about caches with the requests that were replayed for them. Runs after the seams that find it."""

    def __init__(self, calls: Calls, prices: Prices) -> None:
        self._calls = calls
        self._prices = prices

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One FixReplay for each request that something was found at and an edit mends."""
        replays: dict[int, Counterfactual] = {}
        for plan in plans(facts, self._calls.caches):
            replay = replays.get(id(plan.group))
            if replay is None:
                replay = replays[id(plan.group)] = Counterfactual(plan.group, self._prices, self._calls.text_of)
            yield from _rows(plan, replay)


def _rows(plan: Plan, replay: Counterfactual) -> Iterator[FixReplay]:
    _, then = replay.best(plan.ways)
    for call in plan.group.calls:
        if call.exchange.id in plan.exchanges:
            yield _row(plan, call.exchange, replay, then)


def _row(plan: Plan, exchange: Exchange, replay: Counterfactual, then: Outcome) -> FixReplay:
    now = replay.actual
    return FixReplay(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        mend=plan.mend,
        plan=plan.id,
        model=plan.group.model,
        requests=now.requests,
        input=now.input,
        read=now.read,
        read_then=then.read,
        written=now.written,
        written_then=then.written,
        saved_usd=None if now.usd is None or then.usd is None else Money(now.usd - then.usd),
        comparable=replay.comparable,
        reproduced=replay.reproduced,
    )
