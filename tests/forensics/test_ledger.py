from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from seamaudit.audit import measure_cost
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.facts import FactBase
from seamaudit.forensics.cost import By, CostTable, Window, cost_table, ledger_notes, ledger_table
from seamaudit.trace import Locus
from tests.recordings import recorded

DEMO = Path(__file__).parents[2] / "fixtures" / "demo" / "demo.jsonl"


def place(locus: Locus) -> str:
    return f"line {locus.line}"


def facts(path: Path) -> FactBase:
    return measure_cost([str(path)], Settings(), ledger=True).replayed.facts


def table(path: Path, *by: By, top: int = 0) -> CostTable:
    return ledger_table(facts(path), by, Window(), place, top)


def test_the_dearest_stand_first_and_the_rest_in_one_row() -> None:
    every = table(DEMO, By.THING)
    dollars = [row.sums.usd.value or 0 for row in every.rows]
    assert dollars == sorted(dollars, reverse=True)
    few = table(DEMO, By.THING, top=3)
    assert [row.keys for row in few.rows] == [*(row.keys for row in every.rows[:3]), ("(others)",)]
    assert few.rows[-1].sums.usd.value == sum(dollars[3:])


@pytest.mark.parametrize("by", [(By.PRODUCER,), (By.TOOL,), (By.THING,), (By.SESSION, By.PRODUCER), (By.MODEL, By.TOOL)])
def test_every_grouping_is_the_whole_bill(by: tuple[By, ...]) -> None:
    measured = facts(DEMO)
    found, spent = ledger_table(measured, by, Window(), place), cost_table(measured)
    assert sum(row.sums.usd.value or 0 for row in found.rows) == spent.total.sums.usd.value
    assert found.total.sums.total.value == spent.total.sums.total.value
    assert sum(row.sums.total.value or 0 for row in found.rows) == spent.total.sums.total.value


@pytest.mark.parametrize(("by", "window"), [((By.DAY, By.TOOL), Window()), ((By.TOOL,), Window(since=date(2026, 1, 1)))])
def test_days_are_refused(by: tuple[By, ...], window: Window) -> None:
    with pytest.raises(UsageError, match="by day"):
        ledger_table(FactBase(), by, window, place)


@pytest.mark.parametrize(("folder", "unheld"), [("pairs", 0.10), ("claude-code", 0.45), ("pi", 0.06)])
def test_recorded_calls_are_accounted_for_to_the_token(folder: str, unheld: float) -> None:
    measured = facts(recorded(folder))
    found, spent = ledger_table(measured, (By.PRODUCER,), Window(), place), cost_table(measured)
    sums, bill = found.total.sums, spent.total.sums
    assert (sums.usd.value, sums.total.value, sums.output.value) == (bill.usd.value, *_tokens(measured))
    assert found.unheld is not None
    assert (found.unheld.value or 0) <= unheld * ((sums.total.value or 0) - (sums.output.value or 0))
    assert any("no recorded text" in note for note in ledger_notes(found))


def _tokens(measured: FactBase) -> tuple[int, int]:
    """All tokens and output tokens of calls that were not refused, from the calls alone."""
    from seamaudit.layers.cost import Spend
    from seamaudit.providers.billing import Unpriced

    billed = [row for row in measured.rows(Spend) if row.unpriced_reason is not Unpriced.REFUSED]
    output = sum(row.output or 0 for row in billed)
    return sum(row.input or 0 for row in billed) + output, output
