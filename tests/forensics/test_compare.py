"""Two runs side by side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.findings import Severity
from seamaudit.forensics.compare import Shown, Side, Trend, compare, document
from seamaudit.forensics.compare.intervals import difference, share


def side(calls: int, **touched: int) -> Side:
    shown = tuple(Shown(code, code.lower(), Severity.HIGH, f"f-{code}", count) for code, count in touched.items())
    return Side(calls, 10.0, 1.0, shown)


def trends(old: Side, new: Side) -> dict[str, tuple[Trend, bool]]:
    return {change.finding.code: (change.trend, change.certain) for change in compare(old, new).changes}


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_newcombes_table(hits: int, of: int, low: float, high: float) -> None:
    """R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3."""
    assert share(hits, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("pair", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((10, 10, 0, 10), 0.6075, 1.0),
        ((0, 10, 0, 10), -0.2775, 0.2775),
    ],
)
def test_the_difference_is_that_of_newcombes_table(pair: tuple[int, int, int, int], low: float, high: float) -> None:
    """R. G. Newcombe, Interval estimation for the difference between independent proportions (1998), table II, method 10."""
    assert difference(*pair) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_a_difference_lies_in_its_interval_and_turns_with_its_sides(a: int, b: int, c: int, d: int) -> None:
    one, two = (min(a, b), max(a, b)), (min(c, d), max(c, d))
    found, turned = difference(*one, *two), difference(*two, *one)
    assert found == pytest.approx((-turned.high, -turned.low))
    if one[1] and two[1]:
        assert found.low - 1e-9 <= one[0] / one[1] - two[0] / two[1] <= found.high + 1e-9


def test_what_is_new_and_what_is_gone() -> None:
    assert trends(side(100, CA001=40), side(100, CA002=40)) == {"CA002": (Trend.NEW, True), "CA001": (Trend.GONE, True)}
    assert trends(side(10, CA001=1), side(10, CA002=1)) == {"CA002": (Trend.NEW, False), "CA001": (Trend.GONE, False)}


@pytest.mark.parametrize(
    ("before", "now", "trend"),
    [
        ((10, 1000), (60, 1000), Trend.MORE),
        ((60, 1000), (10, 1000), Trend.FEWER),
        ((1, 10), (3, 10), Trend.INCONCLUSIVE),
        ((5, 50), (10, 100), Trend.SAME),
    ],
)
def test_more_and_fewer_are_said_only_beyond_doubt(before: tuple[int, int], now: tuple[int, int], trend: Trend) -> None:
    assert trends(side(before[1], CA001=before[0]), side(now[1], CA001=now[0]))["CA001"][0] is trend


def test_a_run_against_itself_changes_nothing() -> None:
    run = side(100, CA001=3, TP001=1)
    assert {trend for trend, _ in trends(run, run).values()} == {Trend.SAME}
    assert [row["trend"] for row in document(compare(run, run))["changes"]] == ["same", "same"]


def test_new_ones_stand_first() -> None:
    found = compare(side(100, AA=40, BB=40), side(100, BB=41, CC=40))
    assert [change.finding.code for change in found.changes] == ["CC", "BB", "AA"]


def test_nothing_was_called() -> None:
    assert compare(Side(0, None, None), side(0)).old.each is None
