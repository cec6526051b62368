"""Habits of caching, priced: a habit is what an app does again, and costs no more than was paid."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.facts import Fact, FactBase
from seamaudit.layers.cache import CacheWrite, UnmarkedRepeat
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.cache_habits import CacheHabit, CacheHabits, Habit
from seamaudit.trace import Zone
from tests.builders import START, locus
from tests.seams.test_cache_breaks import CHANGE, READ, _spend

MODEL = "claude-sonnet-4-5-20250929"
WHERE: dict[str, Any] = {"exchange": 1, "thread": "t1", "app": "app", "locus": locus(2), "provider": "anthropic", "model": MODEL}
REPEAT = UnmarkedRepeat(**WHERE, dated=START, repeated=10_000, total=11_000, minimum=1024, base_exchange=0, settled=True)
WRITE = CacheWrite(**WHERE, dated=START, written=4000, written_1h=4000, read=0, cached_bytes=1, reads=0, started=START)
DOLLAR = 10**12


def habits(*facts: Fact, paid: int = 100 * DOLLAR) -> list[CacheHabit]:
    base = FactBase()
    base.extend(facts)
    for exchange in {fact.exchange for fact in facts}:
        spend = _spend(paid)
        assert spend is not None
        base.add(replace(spend, exchange=exchange))
    return [fact for fact in CacheHabits(PriceBook()).join(base) if isinstance(fact, CacheHabit)]


def at(row: Any, number: int, **columns: Any) -> Any:
    return replace(row, exchange=number, locus=locus(number), **columns)


def test_an_unmarked_prefix_costs_what_reads_would_have_saved_less_what_writes_would_have_cost() -> None:
    found = habits(*(at(REPEAT, n, base_exchange=n - 1) for n in (1, 2, 3)))
    assert [row.times for row in found] == [3, 3, 3]
    first, second, third = (round((row.waste_usd or 0) / DOLLAR, 6) for row in found)
    assert second == third == round((10_000 * 2.7 - 1_000 * 0.75) / 1e6, 6)
    assert first == round((10_000 * 2.7 - 11_000 * 0.75) / 1e6, 6)


def test_twice_is_no_habit() -> None:
    assert habits(at(REPEAT, 1), at(REPEAT, 2)) == []


def test_what_would_not_have_paid_is_none() -> None:
    assert habits(*(at(REPEAT, n, repeated=2000, total=20_000) for n in (1, 2, 3))) == []


def test_a_stampede_counts_at_once_and_claims_no_more_than_was_paid() -> None:
    (found,) = habits(replace(WRITE, written_1h=0, raced=3000, raced_surely=True), paid=5)
    assert (found.habit, found.wasted_tokens, found.waste_usd, found.confidence) == (Habit.STAMPEDE, 3000, 5, "high")


def long_lives(end: float, rested: float | None, reported: int) -> list[CacheHabit]:
    last = at(READ, 9, started=START + end, reported=reported, rested=rested)
    return habits(*(at(WRITE, n) for n in (1, 2, 3)), last)


@pytest.mark.parametrize(
    ("end", "rested", "reported", "found"),
    [
        (7200, 30, 4000, 3),
        (7200, None, 0, 3),
        (3599, 30, 4000, 0),
        (7200, 301, 50_000, 0),
        (7200, None, 50_000, 0),
    ],
    ids=["read within five minutes", "never read", "ends before the hour does", "read late", "read after who knows how long"],
)
def test_an_hour_is_unused_where_no_read_came_late(end: float, rested: float | None, reported: int, found: int) -> None:
    rows = long_lives(end, rested, reported)
    assert len(rows) == found
    assert all(row.habit is Habit.LONG_LIFE and row.waste_usd == 4000 * 225 * 10**4 for row in rows)


def burst(count: int, **changed: Any) -> list[CacheHabit]:
    """The writes of `count` requests that raced, each for the write of the one before, and how the first of all differed from what was."""
    raced = [at(WRITE, n, written_1h=0, raced=3000, raced_surely=True, raced_exchange=n - 1) for n in range(2, count + 2)]
    first = at(WRITE, 1, written_1h=0)
    return habits(first, *raced, replace(CHANGE, **changed))


def test_a_burst_on_a_new_version_is_a_cold_start() -> None:
    assert [row.habit for row in burst(3)] == [Habit.COLD_START] * 3


@pytest.mark.parametrize(
    "changed", [{"zone": Zone.MESSAGES}, {"similar": False}, {"exchange": 7}], ids=["messages", "other app", "no change"]
)
def test_a_burst_on_anything_else_is_a_stampede(changed: dict[str, Any]) -> None:
    assert [row.habit for row in burst(3, **changed)] == [Habit.STAMPEDE] * 3


def test_two_at_once_are_no_spike() -> None:
    assert [row.habit for row in burst(2)] == [Habit.STAMPEDE] * 2
