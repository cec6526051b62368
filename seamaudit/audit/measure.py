"""Runs that are not judged, or judged by the way: for tables, pages and sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from seamaudit.audit.inputs import Inputs, Progress, opened
from seamaudit.audit.replay import Replayed, replay
from seamaudit.audit.stack import LEDGER, Stack
from seamaudit.catalog.judge import judge
from seamaudit.catalog.load import load_catalog
from seamaudit.catalog.problem import suggestion
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.facts import Fact
from seamaudit.findings import Accounting, Finding, Skipped
from seamaudit.forensics.whatif import WhatIf, whatif
from seamaudit.layers.base import Layer, Scope
from seamaudit.layers.cache import Answered, CacheLayer, Calls
from seamaudit.layers.cost import Cost
from seamaudit.layers.ledger import Ledger
from seamaudit.layers.usage_cache import UsageCache
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.base import Seam
from seamaudit.trace import Exchange, Source


class Measured(Struct, frozen=True):
    """A run that is not judged: its facts, and what became of its inputs."""

    replayed: Replayed
    accounting: Accounting
    skipped: tuple[Skipped, ...]
    sources: tuple[Source, ...]


def measure(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Measured:
    """Measure everything in the recordings behind `paths`, the ledger too, and judge nothing. Raises what `audit` raises."""
    with opened(paths, settings, progress) as inputs:
        stack = inputs.stack(settings, frozenset({LEDGER}))
        prices, calls = stack.price_book(), Calls(inputs.intern.texts.get)
        return _measured(inputs, stack.layers(inputs.intern, prices, calls), stack.seams(prices, calls, inputs.fixes(stack)), stack)


def measure_cost(paths: Sequence[str], settings: Settings, progress: Progress | None = None, *, ledger: bool = False) -> Measured:
    """Bill the recordings behind `paths`, with `ledger` to the last thing that was sent, and nothing else. Raises what `audit` raises."""
    prices = PriceBook(own=settings.prices)
    wanted: list[Callable[[], Layer]] = [lambda: Cost(prices), lambda: Ledger(prices)]
    with opened(paths, settings, progress) as inputs:
        return _measured(inputs, wanted if ledger else wanted[:1], ())


def measure_cache(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> tuple[Measured, Sequence[Answered]]:
    """Replay the caches of the recordings behind `paths`, and nothing else; gives the requests they were replayed for, too. Raises what
    `audit` raises."""
    with opened(paths, settings, progress) as inputs:
        calls = Calls(inputs.intern.texts.get)
        measured = _measured(inputs, (lambda: CacheLayer(inputs.intern.texts.get, calls), UsageCache), ())
    return measured, [call for cache in calls.caches for call in cache]


def _measured(inputs: Inputs, factories: Sequence[Callable[[], Layer]], joins: Sequence[Seam], stack: Stack | None = None) -> Measured:
    replayed = replay(inputs, factories, joins, stack)
    inputs.refuse_unrecognised()
    return Measured(replayed, inputs.accounting(), inputs.skipped(), tuple(inputs.discovery.sources))


class Followed(Struct, frozen=True):
    """A run whose calls are kept: what was measured, what the rules say, the exchanges in their order, and the texts of segments."""

    measured: Measured
    findings: tuple[Finding, ...]
    exchanges: tuple[Exchange, ...]
    text: Callable[[int], bytes | None]


def follow(
    paths: Sequence[str], settings: Settings, progress: Progress | None = None, *, ledger: bool = False, keep: bool = True
) -> Followed:
    """Audit the recordings behind `paths` and keep every call, for those who want to look at one, unless told not to `keep` them; with
    `ledger`, measure that too. Raises what `audit` raises."""
    rules = load_catalog(settings.rules_dirs)
    kept = _Kept()
    with opened(paths, settings, progress) as inputs:
        stack = inputs.stack(settings, frozenset((*(rule.table for rule in rules), *((LEDGER,) if ledger else ()))))
        prices = stack.price_book()
        keeping: tuple[Callable[[], Layer], ...] = (lambda: kept,) if keep else ()
        measured = _measured(inputs, (*stack.layers(inputs.intern, prices), *keeping), stack.seams(prices), stack)
    judged = judge(rules, measured.replayed.facts, measured.replayed.coverage, settings.params)
    return Followed(measured, judged.findings, tuple(kept.exchanges), inputs.intern.texts.get)


class _Kept:
    """A layer that measures nothing and keeps what it is fed."""

    scope = Scope.TRACE

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        self.exchanges.append(exchange)
        return ()

    def close(self) -> Iterable[Fact]:
        return ()


class Supposed(Struct, frozen=True):
    """A run and what its fixes would have led to."""

    measured: Measured
    result: WhatIf


def suppose(paths: Sequence[str], settings: Settings, codes: Sequence[str] = (), progress: Progress | None = None) -> Supposed:
    """Audit the recordings behind `paths` and replay the fixes of what was found; of `codes` alone where some are named.

    Raises UsageError for a code whose rule no edit of a layout mends, and what `audit` raises.
    """
    rules = load_catalog(settings.rules_dirs)
    mends = {rule.code: rule.mend for rule in rules if rule.mend is not None}
    for code in codes:
        if code not in mends:
            raise UsageError(
                f"{code} has no fix to replay{suggestion(code, mends)}", f"Fixes of these can be replayed: {', '.join(mends)}."
            )
    with opened(paths, settings, progress) as inputs:
        stack = inputs.stack(settings, frozenset(rule.table for rule in rules))
        prices, calls = stack.price_book(), Calls(inputs.intern.texts.get)
        measured = _measured(inputs, stack.layers(inputs.intern, prices, calls), stack.seams(prices), stack)
    facts = measured.replayed.facts
    findings = judge(rules, facts, measured.replayed.coverage, settings.params).findings
    return Supposed(measured, whatif(findings, mends, facts, calls, prices, codes))
