"""Replays every edit that something found calls for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from seamaudit.facts import Fact, FactBase
from seamaudit.layers.cache import Calls
from seamaudit.layers.cache.state import Texts
from seamaudit.providers.units import Prices
from seamaudit.seams.fixes.counterfactual import Counterfactual, Outcome
from seamaudit.seams.fixes.facts import FixReplay
from seamaudit.seams.fixes.plans import Plan, plans
from seamaudit.trace import Exchange, Money


class Replay(NamedTuple):
    """A plan replayed: what its requests came to, what they would have, how many can be compared, and how many of these the replay without
    an edit reproduces."""

    now: Outcome
    then: Outcome
    comparable: int
    reproduced: int


Replays = Callable[[Sequence[Plan]], Iterable[Replay | None]]
"""Replays plans, in their order; None for one that could not be."""


def replays(plans: Iterable[Plan], prices: Prices, text_of: Texts) -> list[Replay]:
    """Replay plans; those of one group share what they have in common, which is held no longer than they take."""
    found = list(plans)
    by_group: dict[int, list[int]] = defaultdict(list)
    for at, plan in enumerate(found):
        by_group[id(plan.group)].append(at)
    out: dict[int, Replay] = {}
    for places in by_group.values():
        group = Counterfactual(found[places[0]].group, prices, text_of)
        for at in places:
            _, then = group.best(found[at].ways)
            out[at] = Replay(group.actual, then, group.comparable, group.reproduced)
    return [out[at] for at in range(len(found))]


class Fixes:
    """Joins what was found about caches with the requests that were replayed for them. Runs after the seams that find it.

    `elsewhere` replays the plans in other processes.
    """

    def __init__(self, calls: Calls, prices: Prices, elsewhere: Replays | None = None) -> None:
        self._calls = calls
        self._replays: Replays = elsewhere or (lambda found: replays(found, prices, calls.text_of))

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One FixReplay for each request that something was found at and an edit mends. Lets go of the calls, which takes most memory."""
        found = plans(facts, self._calls.caches)
        self._calls.caches.clear()
        for plan, replay in zip(found, self._replays(found), strict=True):
            if replay is not None:
                yield from _rows(plan, replay)


def _rows(plan: Plan, replay: Replay) -> Iterator[FixReplay]:
    for call in plan.group.calls:
        if call.exchange.id in plan.exchanges:
            yield _row(plan, call.exchange, replay)


def _row(plan: Plan, exchange: Exchange, replay: Replay) -> FixReplay:
    now, then = replay.now, replay.then
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
