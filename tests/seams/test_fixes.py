"""The replayed saving of each fix, on the fixture that its rule ships with."""

from __future__ import annotations

from pathlib import Path

import pytest

from seamaudit.audit import audit, measure
from seamaudit.config import Settings
from seamaudit.layers.cost import Spend
from seamaudit.seams.fixes import FixReplay, Mend
from seamaudit.seams.fixes.counterfactual import changed
from seamaudit.trace import Usage

FIXTURES = Path(__file__).parents[2] / "fixtures"

MENDS = {
    "CA001": Mend.MOVE_BLOCK,
    "CA002": Mend.MOVE_BLOCK,
    "CA003": Mend.MOVE_BLOCK,
    "CA004": Mend.SORT_TOOLS,
    "CA006": Mend.SORT_KEYS,
    "CA007": Mend.MOVE_BLOCK,
    "CA009": Mend.MOVE_MARKER,
    "CA010": Mend.ADD_MARKER,
    "CA012": Mend.ADD_MARKER,
    "CA015": Mend.FIVE_MINUTES,
    "CA016": Mend.HOLD_FAN_OUT,
    "CA017": Mend.WARM_ONCE,
}


def rows(code: str) -> list[FixReplay]:
    return list(measure([str(FIXTURES / code / "bad.jsonl")], Settings()).replayed.facts.rows(FixReplay))


@pytest.mark.parametrize(("code", "mend"), MENDS.items())
def test_the_edit_that_a_rule_calls_for_saves_money_on_its_own_fixture(code: str, mend: Mend) -> None:
    found = [row for row in rows(code) if row.mend is mend]
    assert found
    for row in found:
        assert row.saved_usd is not None
        assert row.saved_usd > 0
        assert row.read_then >= row.read
        assert row.reproduced == row.comparable, "the fixtures' oracle and the replay read the same documents"


def test_an_hour_may_cost_more_than_it_saves() -> None:
    (row, *_) = (row for row in rows("CA014") if row.mend is Mend.ONE_HOUR)
    assert row.read_then > row.read
    assert row.saved_usd is not None
    assert row.saved_usd < 0


@pytest.mark.parametrize("code", [*MENDS, "CA014"])
def test_no_plan_saves_what_was_never_spent(code: str) -> None:
    facts = measure([str(FIXTURES / code / "bad.jsonl")], Settings()).replayed.facts
    spent = sum(row.usd or 0 for row in facts.rows(Spend))
    for row in facts.rows(FixReplay):
        assert row.saved_usd is not None
        assert row.saved_usd < spent


@pytest.mark.parametrize("code", [*MENDS, "CA014"])
def test_the_fix_quotes_the_replay(code: str) -> None:
    told = [finding for finding in audit([str(FIXTURES / code / "bad.jsonl")], Settings()).findings if finding.code == code]
    assert told
    for finding in told:
        assert "Predicted by replay, not measured: " in finding.fix
        assert "recorded requests." in finding.fix


@pytest.mark.parametrize(
    ("plain", "edited", "reproduced", "then"),
    [
        pytest.param(0, 0, False, 400, id="untouched, whatever the model makes of it"),
        pytest.param(300, 900, False, 900, id="what is read beyond the plain replay is not counted twice"),
        pytest.param(700, 900, False, 600, id="a miss that the model cannot explain stays one"),
        pytest.param(410, 900, True, 900, id="reproduced: as replayed"),
        pytest.param(700, 100, False, 0, id="never below nothing"),
        pytest.param(300, 2000, False, 1000, id="never more than was sent"),
    ],
)
def test_a_prediction_rests_on_what_was_recorded(plain: int, edited: int, reproduced: bool, then: int) -> None:
    def replayed(read: int) -> Usage:
        return Usage(input=1000, cache_read=read, cache_write=0, cache_write_5m=0, cache_write_1h=0)

    predicted = changed(Usage(input=1000, cache_read=400), replayed(plain), replayed(edited), reproduced=reproduced)
    assert predicted.cache_read == then
