"""Spending against what a project allows and expects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.facts import Fact
from seamaudit.layers.base import Unchecked
from seamaudit.layers.budgets import Allowance, BudgetPassed, Budgets, EstimatePassed, Limits, Per
from seamaudit.providers.units import ORDINARY, Terms, UnitPrices
from seamaudit.trace import Attribution, Exchange, Money, Times, Usage
from tests.builders import Story, answer

MIDNIGHT = 1789948800.0
"""2026-09-21 in UTC."""
HOUR = 3600.0
DAY = 24 * HOUR


class Flat:
    """A token of output costs one picodollar."""

    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        free = UnitPrices(input=0, read=0, write=0, write_5m=0, write_1h=0, output=1)
        return free if model != "unpriced" else None


def cost(usd: int, at: float | None = 0.0, story: Story | None = None, model: str = "", **who: str) -> Exchange:
    """A call that costs so many picodollars, so many seconds after midnight."""
    story = story or Story()
    times = Times(dated=None if at is None else MIDNIGHT + at)
    columns: dict[str, Any] = {"attribution": Attribution(**who), **({"request": {"model": model}} if model else {})}
    return story.exchange(response=answer(usage=Usage(input=0, output=usd)), times=times, **columns)


def told(calls: list[Exchange], *budgets: Allowance, estimates: tuple[Allowance, ...] = ()) -> list[Fact]:
    layer = Budgets(Flat(), Limits(budgets, estimates))
    return [*(fact for each in calls for fact in layer.feed(each)), *layer.close()]


def passed(calls: list[Exchange], *budgets: Allowance) -> list[BudgetPassed]:
    return [fact for fact in told(calls, *budgets) if isinstance(fact, BudgetPassed)]


def over(calls: list[Exchange], *estimates: Allowance) -> list[EstimatePassed]:
    return [fact for fact in told(calls, estimates=estimates) if isinstance(fact, EstimatePassed)]


def a(usd: int, per: Per = Per.DAY, **who: str) -> Allowance:
    return Allowance(usd=Money(usd), per=per, **who)


def test_a_budget_is_passed_at_the_call_that_goes_beyond_it() -> None:
    story = Story()
    (found,) = passed([cost(6, HOUR, story), cost(4, 2 * HOUR, story), cost(1, 3 * HOUR, story), cost(5, 24 * HOUR, story)], a(10))
    assert (found.exchange, found.how, found.period, found.limit_usd, found.spent_usd) == (2, "passed", "2026-09-21", 10, 11)
    assert (found.scope, found.confidence, found.expected_usd) == ("all calls", "high", 11)


def test_days_and_months_are_accounts_of_their_own() -> None:
    calls = [cost(6, 0), cost(6, DAY), cost(6, 2 * DAY), cost(1, 8 * DAY)]
    assert passed(calls, a(10)) == []
    (found,) = passed(calls, a(17, Per.MONTH))
    assert (found.period, found.spent_usd) == ("2026-09", 19)
    (found,) = passed(calls, a(18, Per.TRACE))
    assert (found.period, found.spent_usd, found.expected_usd) == ("trace", 19, 19)


def test_what_a_day_will_have_cost_is_told_once_a_part_of_it_has_passed() -> None:
    assert passed([cost(4, 5 * HOUR)], a(10)) == []
    (found,) = passed([cost(4, 8 * HOUR)], a(10))
    assert (found.how, found.spent_usd, found.expected_usd, found.confidence) == ("pace", 4, 12, "medium")
    assert passed([cost(4, 12 * HOUR)], a(10)) == []
    assert passed([cost(4, 8 * HOUR), cost(0, DAY)], a(10)) == []  # the day is over


@pytest.mark.parametrize(
    ("budget", "scopes"),
    [
        (a(5, team="core"), ["team core"]),
        (a(5, team="*"), ["team core", "team web"]),
        (a(5, team="core", user="*"), ["team core, user ann"]),
        (a(5, key="k"), []),
    ],
)
def test_a_budget_is_for_a_name_or_each(budget: Allowance, scopes: list[str]) -> None:
    calls = [cost(6, team="core", user="ann"), cost(6, team="web"), cost(6), cost(4, team="core", user="bob")]
    assert [fact.scope for fact in passed(calls, budget)] == scopes


def test_what_has_no_price_comes_on_top_and_what_was_refused_does_not() -> None:
    (found,) = passed([cost(11), cost(9, model="unpriced")], a(10))
    assert (found.spent_usd, found.at_least) == (11, True)
    refused = Story().exchange(response=answer(usage=None, status=429))
    (found,) = passed([cost(11), refused], a(10))
    assert not found.at_least


def test_a_call_without_a_time_is_in_no_day_and_said() -> None:
    facts = told([cost(11, None)], a(10))
    assert [(fact.table, fact.reason) for fact in facts if isinstance(fact, Unchecked)] == [
        ("budgets", "no time is recorded, so that no day can be told")
    ]
    assert len(facts) == 1
    assert len(passed([cost(11, None)], a(10, Per.TRACE))) == 1
    assert told([cost(11, None)]) == []


def test_estimates_are_of_calls_threads_and_traces() -> None:
    story, other = Story(), Story(thread="t2", count=9)
    calls = [cost(6, 0, story), cost(6, 1, story), cost(3, 2, other)]
    (found,) = over(calls, a(10, Per.THREAD))
    assert (found.exchange, found.spent_usd, found.over_usd, found.over_share) == (1, 12, 2, 0.2)
    assert [fact.exchange for fact in over(calls, a(5, Per.CALL))] == [0, 1]
    assert [fact.spent_usd for fact in over(calls, a(14, Per.TRACE))] == [15]
    assert over(calls, a(15, Per.TRACE)) == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 72)), max_size=12), st.integers(1, 200))
def test_what_is_told_is_what_a_sum_by_day_tells(calls: list[tuple[int, int]], limit: int) -> None:
    ordered = sorted(calls, key=lambda call: call[1])
    found = [fact for fact in passed([cost(usd, hour * HOUR) for usd, hour in ordered], a(limit)) if fact.how == "passed"]
    sums: dict[int, int] = {}
    for usd, hour in ordered:
        sums[hour // 24] = sums.get(hour // 24, 0) + usd
    assert [fact.spent_usd for fact in found] == [total for total in sums.values() if total > limit]
