"""What a fix says of its replay."""

from __future__ import annotations

from seamaudit.catalog.remedy import with_replay
from seamaudit.findings import Waste
from seamaudit.seams.fixes import FixReplay, Mend
from seamaudit.trace import Money
from tests.builders import locus

DOLLAR = 10**12


def row(exchange: int, plan: int = 0, saved: int | None = 2 * DOLLAR) -> FixReplay:
    return FixReplay(
        exchange=exchange,
        thread="t",
        app="a",
        locus=locus(),
        mend=Mend.SORT_TOOLS,
        plan=plan,
        model="m",
        requests=8,
        input=1000,
        read=100,
        read_then=800,
        written=900,
        written_then=100,
        saved_usd=None if saved is None else Money(saved),
        comparable=7,
        reproduced=6,
    )


def said(*rows: FixReplay, waste: int | None = 10 * DOLLAR, mend: Mend | None = Mend.SORT_TOOLS) -> str:
    known = {(each.mend, each.exchange): each for each in rows}
    usd = None if waste is None else Money(waste)
    return with_replay("Sort them.", mend, [each.exchange for each in rows], Waste(usd=usd), known)


def test_the_fix_carries_the_prediction_and_the_calibration_beside_it() -> None:
    assert said(row(1), row(2)) == (
        "Sort them. Predicted by replay, not measured: $2.00 saved, at a hit rate of 80 % in place of 10 %, over the 8 requests of the"
        " application; the model reproduces 6 of 7 recorded requests."
    )


def test_plans_of_several_places_are_added_up() -> None:
    assert "$4.00 saved" in said(row(1), row(2, plan=1))
    assert "over the 16 requests" in said(row(1), row(2, plan=1))


def test_no_more_is_promised_than_the_finding_claims() -> None:
    assert "$0.50 saved" in said(row(1), waste=DOLLAR // 2)
    assert "a saving that another finding names" in said(row(1), waste=None)


def test_what_saves_nothing_and_what_has_no_price_say_so() -> None:
    assert "nothing saved in this recording" in said(row(1, saved=-DOLLAR))
    assert "a saving that no price is known for" in said(row(1, saved=None))


def test_a_fix_without_an_edit_or_a_replay_is_as_its_rule_says() -> None:
    assert said(row(1), mend=None) == "Sort them."
    assert said() == "Sort them."
    assert said(row(1), mend=Mend.ONE_HOUR) == "Sort them."
