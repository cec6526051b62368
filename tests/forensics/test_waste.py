"""Waste by call: no part of a bill is claimed twice, and every group's waste is at most what it cost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.audit import follow
from seamaudit.config import Settings
from seamaudit.facts import FactBase
from seamaudit.findings import Finding, Occurrence, Waste
from seamaudit.forensics.cost import Amount, By, Wasted, cost_table, wasted, waterfall, waterfall_document
from seamaudit.layers.attempts import IntentTry
from seamaudit.layers.cost import Spend
from seamaudit.trace import Money
from tests.builders import locus
from tests.forensics.test_cost import USD, spend
from tests.recordings import recorded
from tests.report.reports import RETRIEVED

FIXTURES = Path(__file__).parents[2] / "fixtures"


def finding(*cases: tuple[int, int | None], code: str = "LP001", thread: str = "t") -> Finding:
    """A finding that claims so many picodollars at each of these exchanges; None where only tokens are known."""
    places = tuple(Occurrence(locus(), exchange, thread, Waste(9, None if usd is None else Money(usd))) for exchange, usd in cases)
    return replace(RETRIEVED, code=code, fingerprint=f"{code}{cases!r}", cases=places)


def billed(*dollars: float | None, thread: str = "t", first: int = 0) -> list[Spend]:
    """Calls of one thread that cost so much."""
    return [
        spend(exchange=first + number, thread=thread, usd=None if usd is None else Money(int(usd * USD)))
        for number, usd in enumerate(dollars)
    ]


def base(rows: Iterable[Spend]) -> FactBase:
    facts = FactBase()
    facts.extend(rows)
    return facts


def by_call(found: Wasted) -> dict[int, int]:
    return {exchange: usd for exchange, usd in found.known.items() if usd}


def test_a_claim_stays_at_its_call_where_that_was_billed_for_it() -> None:
    found = wasted([finding((1, USD // 2))], base(billed(1, 1, 1)))
    assert by_call(found) == {1: USD // 2}


def test_a_loops_claim_goes_on_to_the_calls_after_then_before_it_each_up_to_its_bill() -> None:
    rows = [*billed(1, 1, 1), *billed(9, thread="other", first=3)]
    assert by_call(wasted([finding((1, 2 * USD))], base(rows))) == {1: USD, 2: USD}
    assert by_call(wasted([finding((1, 5 * USD // 2))], base(rows))) == {1: USD, 2: USD, 0: USD // 2}
    assert wasted([finding((1, 7 * USD))], base(rows)).beyond == 4 * USD


def test_what_a_call_was_billed_for_itself_is_not_taken_by_a_claim_that_passes_on() -> None:
    loop, own = finding((0, 2 * USD)), finding((1, USD), code="CA001")
    found = wasted([loop, own], base(billed(1, 1, 1)))
    assert [(claim.finding.code, claim.exchange, claim.usd) for claim in found.claims] == [
        ("LP001", 0, USD),
        ("CA001", 1, USD),
        ("LP001", 2, USD),
    ]


def test_tokens_without_a_price_make_a_lower_bound() -> None:
    rows = billed(1, None)
    found = wasted([finding((0, USD), (1, None))], base(rows))
    assert found.of(rows[:1]) == Amount(USD)
    assert found.of(rows) == Amount(USD, at_least=True)
    steps = waterfall(rows, Amount(USD, at_least=True), found)
    assert (steps.steps[0].usd, steps.floor) == (Amount(USD, at_least=True), Amount(0))


def test_a_waterfall_goes_from_the_bill_to_what_is_left() -> None:
    rows = billed(1, 2, 3)
    found = wasted([finding((0, USD), code="CA001"), finding((1, 2 * USD), code="CA002"), finding((2, USD), code="CA003")], base(rows))
    steps = waterfall(rows, Amount(6 * USD), found, top=2)
    assert [(step.finding.code, step.left.value) for step in steps.steps] == [("CA002", 4 * USD), ("CA001", 3 * USD)]
    assert (steps.others, steps.rest, steps.floor) == (1, Amount(USD), Amount(2 * USD))
    assert waterfall(rows[:1], Amount(USD), found).floor == Amount(0)
    data = waterfall_document(steps, "prices")
    assert json.loads(json.dumps(data)) == data
    assert (data["actual_usd"], data["floor_usd"], data["others"]["usd"]) == (6.0, 2.0, 1.0)


def test_groups_by_who_caused_it_name_what_is_not_recorded_last() -> None:
    rows = [
        spend(exchange=0, app="~1f", app_declared=False),
        spend(exchange=1, app="search", app_declared=True, team="core", user="u2", key="k"),
        spend(exchange=2, app="search", app_declared=True, team="core", user="u10"),
    ]
    facts = base(rows)
    facts.add(IntentTry(exchange=2, thread="t", app="", locus=locus(), number=2, tries=2, failed=False))

    def keys(*by: By) -> list[tuple[str, ...]]:
        return [row.keys for row in cost_table(facts, by).rows]

    assert keys(By.APP) == [("search",), ("~1f",)]
    assert keys(By.TEAM, By.USER) == [("core", "u10"), ("core", "u2"), ("no team", "no user")]
    assert keys(By.KEY) == [("k",), ("no key",)]
    assert keys(By.ATTEMPT) == [("1",), ("2",)]
    assert {row.waste for row in cost_table(facts, (By.APP,)).rows} == {None}


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(-1, 9), st.one_of(st.none(), st.integers(1, 9))), max_size=6),
    st.integers(0, 3),
)
def test_no_group_wastes_more_than_it_cost(dollars: list[float | None], claims: list[tuple[int, int | None]], top: int) -> None:
    rows = billed(*dollars)
    found = wasted([finding((at, None if usd is None else usd * USD), code=f"X{n}") for n, (at, usd) in enumerate(claims)], base(rows))
    table = cost_table(base(rows), (By.DAY, By.SESSION), waste=found.of)
    for row in (*table.rows, table.total):
        assert row.waste is not None
        assert row.waste.value is not None
        assert 0 <= row.waste.value <= (row.sums.usd.value or 0)
    steps = waterfall(table.calls, table.total.sums.usd, found, top)
    told = sum(step.usd.value or 0 for step in steps.steps) + ((steps.rest.value or 0) if steps.rest else 0)
    assert told == sum(found.known.values())
    assert told + found.beyond == sum(usd * USD for _, usd in claims if usd)
    if steps.floor.value is not None:
        assert steps.floor.value == (steps.actual.value or 0) - told >= 0


@pytest.mark.parametrize("path", ["menagerie/menagerie.jsonl", "demo/demo.jsonl", "LP002/bad.jsonl"])
def test_what_a_scan_claims_is_what_the_groups_hold(path: str) -> None:
    run = follow([str(FIXTURES / path)], Settings())
    facts = run.measured.replayed.facts
    found = wasted(run.findings, facts)
    table = cost_table(facts, (By.SESSION, By.MODEL), waste=found.of)
    claimed = sum(each.waste.usd or 0 for each in run.findings)
    assert claimed > 0
    assert found.beyond == 0
    assert sum((row.waste.value or 0) for row in table.rows if row.waste) == claimed
    assert all((row.waste.value or 0) <= (row.sums.usd.value or 0) for row in table.rows if row.waste)


def test_recorded_groups_waste_no_more_than_they_cost() -> None:
    run = follow([str(recorded("claude-code")), str(recorded("pi", "before-compaction.jsonl"))], Settings())
    facts = run.measured.replayed.facts
    found = wasted(run.findings, facts)
    assert found.beyond == 0
    for by in (By.DAY, By.SESSION, By.MODEL, By.APP, By.ATTEMPT):
        table = cost_table(facts, (by,), waste=found.of)
        assert all((row.waste.value or 0) <= (row.sums.usd.value or 0) for row in table.rows if row.waste)
        assert table.total.waste == Amount(sum(each.waste.usd or 0 for each in run.findings))
