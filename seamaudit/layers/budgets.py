"""The budgets layer: what was spent against what was allowed and what was estimated, both of which only a project's config knows."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, TypedDict

from msgspec import Struct, field

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.providers.billing import Unpriced, billed
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange, Locus, Money

EACH: Final = "*"
"""Instead of a name: every one by itself."""


class Per(StrEnum):
    """What an amount is for: the calls of a day or a month (UTC), of a thread, one call, or all of a trace."""

    DAY = "day"
    MONTH = "month"
    THREAD = "thread"
    CALL = "call"
    TRACE = "trace"


class Allowance(Struct, frozen=True, kw_only=True):
    """An amount of picodollars and whose calls it is for: all, those of one name, or `*` for each name's by themselves."""

    usd: Money
    per: Per
    app: str = ""
    team: str = ""
    key: str = ""
    user: str = ""

    def subject(self, exchange: Exchange) -> str | None:
        """Who of those an exchange belongs to, in words; None where it belongs to none."""
        said = []
        for name in ("app", "team", "key", "user"):
            wanted, caused = getattr(self, name), getattr(exchange.attribution, name)
            if wanted and (not caused or wanted not in (EACH, caused)):
                return None
            said += [f"{name} {caused}"] if wanted else []
        return ", ".join(said) or "all calls"


class Limits(Struct, frozen=True):
    """What a project allows and what it expects. `elapsed`: the part of a day or month after which its pace is told."""

    budgets: tuple[Allowance, ...] = ()
    estimates: tuple[Allowance, ...] = ()
    elapsed: float = 0.25


@fact("budgets")
class BudgetPassed(Fact, frozen=True, kw_only=True):
    """A budget that was passed, or will be at the pace of its period so far; at the call that passed it, or the period's last."""

    scope: Annotated[str, "Whose calls it is for."]
    per: Annotated[Per, "What it is for."]
    period: Annotated[str, "The day or month (UTC), or `trace`."]
    how: Annotated[Literal["passed", "pace"], "Whether it was passed, or will be at this pace."]
    limit_usd: Annotated[Money, "What is allowed."]
    spent_usd: Annotated[Money, "What was spent, as far as prices are known."]
    expected_usd: Annotated[
        Money | None, "What will have been spent at the end of the period at this pace; unknown where it has only just begun."
    ]
    at_least: Annotated[bool, "Whether calls without a known price come on top."]
    confidence: Annotated[Literal["high", "medium"], "Medium for a pace: it is a forecast."]


@fact("estimates")
class EstimatePassed(Fact, frozen=True, kw_only=True):
    """A call, a thread or a trace that cost more than it was estimated to."""

    scope: Annotated[str, "Whose calls the estimate is for."]
    per: Annotated[Per, "What it is for."]
    estimate_usd: Annotated[Money, "What was estimated."]
    spent_usd: Annotated[Money, "What was spent, as far as prices are known."]
    over_usd: Annotated[Money, "What that is more."]
    over_share: Annotated[float, "The same as a part of the estimate."]
    at_least: Annotated[bool, "Whether calls without a known price come on top."]


class _Account(Struct):
    """The calls that count against one allowance of one subject: the sum, the call that passed the allowance, and the last."""

    allowance: Allowance
    scope: str
    period: str
    spent: int = 0
    unpriced: bool = False
    passed: Exchange | None = None
    last: Exchange | None = None

    def add(self, exchange: Exchange, usd: Money | None) -> None:
        self.last = exchange
        self.unpriced |= usd is None
        self.spent += usd or 0
        if self.passed is None and self.spent > self.allowance.usd:
            self.passed = exchange


Key = tuple[int, str, str]


class _Accounts(Struct):
    """The accounts of some allowances, by number, subject and period."""

    allowances: Sequence[Allowance]
    open: dict[Key, _Account] = field(default_factory=dict)

    def add(self, exchange: Exchange, usd: Money | None) -> bool:
        """Whether the call could be placed with every allowance that is for it."""
        placed = True
        for number, allowance in enumerate(self.allowances):
            scope = allowance.subject(exchange)
            period = _period(allowance.per, exchange)
            placed &= scope is None or period is not None
            if scope is not None and period is not None:
                account = self.open.setdefault((number, scope, period), _Account(allowance, scope, period))
                account.add(exchange, usd)
        return placed


class Budgets:
    """Adds every call up against what is allowed and estimated for it. Refused calls cost nothing."""

    scope = Scope.TRACE

    def __init__(self, prices: Prices, limits: Limits) -> None:
        self._prices = prices
        self._limits = limits
        self._budgets = _Accounts(limits.budgets)
        self._estimates = _Accounts(limits.estimates)
        self._last = 0.0

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """That a call without a time is in no day's account."""
        if not (self._limits.budgets or self._limits.estimates):
            return
        made = billed(exchange, self._prices)
        if made.unpriced is Unpriced.REFUSED:
            return
        usd = made.bill.total if made.bill else exchange.recorded_cost
        self._last = max(self._last, exchange.times.dated or 0.0)
        self._estimates.add(exchange, usd)
        if not self._budgets.add(exchange, usd):
            yield Unchecked(**_about(exchange), table="budgets", aspect="", reason="no time is recorded, so that no day can be told")

    def close(self) -> Iterable[Fact]:
        """Every budget that was passed or will be, and every estimate that was."""
        for account in self._budgets.open.values():
            yield from self._budget(account)
        for account in self._estimates.open.values():
            yield from _estimate(account)

    def _budget(self, account: _Account) -> Iterator[BudgetPassed]:
        allowance, expected = account.allowance, self._expected(account)
        at = account.passed or account.last
        if at is None or (account.passed is None and (expected is None or expected <= allowance.usd)):
            return
        yield BudgetPassed(
            **_about(at),
            scope=account.scope,
            per=allowance.per,
            period=account.period,
            how="passed" if account.passed else "pace",
            limit_usd=allowance.usd,
            spent_usd=Money(account.spent),
            expected_usd=expected,
            at_least=account.unpriced,
            confidence="high" if account.passed else "medium",
        )

    def _expected(self, account: _Account) -> Money | None:
        """What a period will have cost: what it did, unless the trace ends within it."""
        part = _elapsed(account.allowance.per, account.period, self._last)
        if part is None or part >= 1:
            return Money(account.spent)
        return Money(round(account.spent / part)) if part >= self._limits.elapsed else None


def _estimate(account: _Account) -> Iterator[EstimatePassed]:
    if account.passed is None:
        return
    estimate = account.allowance.usd
    yield EstimatePassed(
        **_about(account.passed),
        scope=account.scope,
        per=account.allowance.per,
        estimate_usd=estimate,
        spent_usd=Money(account.spent),
        over_usd=Money(account.spent - estimate),
        over_share=(account.spent - estimate) / estimate,
        at_least=account.unpriced,
    )


class _About(TypedDict):
    exchange: int
    thread: str
    app: str
    locus: Locus


def _about(exchange: Exchange) -> _About:
    return _About(exchange=exchange.id, thread=exchange.thread.id, app=exchange.attribution.app, locus=exchange.locus)


def _period(per: Per, exchange: Exchange) -> str | None:
    """What of a kind a call belongs to, None where its time is not known."""
    if per is Per.TRACE:
        return per.value
    if per in (Per.THREAD, Per.CALL):
        return exchange.thread.id if per is Per.THREAD else str(exchange.id)
    moment = _moment(exchange.times.dated)
    return None if moment is None else moment.date().isoformat()[: 10 if per is Per.DAY else 7]


def _elapsed(per: Per, period: str, now: float) -> float | None:
    """The part of a day or month that has passed at a moment, 1 or more after its end; None for what has no end."""
    if per not in (Per.DAY, Per.MONTH):
        return None
    begins = datetime.fromisoformat(period if per is Per.DAY else f"{period}-01").replace(tzinfo=UTC)
    days = 1 if per is Per.DAY else calendar.monthrange(begins.year, begins.month)[1]
    return (now - begins.timestamp()) / timedelta(days=days).total_seconds()


def _moment(at: float | None) -> datetime | None:
    try:
        return None if at is None else datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):
        return None
