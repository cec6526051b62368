"""Times and durations as numbers: whatever a recording holds is one of them, or none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.times import moment, seconds

NUMBERS = st.one_of(st.integers(-(10**400), 10**400), st.floats())


@given(NUMBERS)
def test_a_number_is_a_finite_time_or_none(value: float) -> None:
    for told in (moment(value), seconds(value), seconds(value, 1e-3)):
        assert told is None or math.isfinite(told)


@pytest.mark.parametrize("value", [1790000000, 1790000000000, 1790000000000000000])
def test_seconds_milliseconds_and_nanoseconds_are_one_moment(value: int) -> None:
    assert moment(value) == 1790000000.0


def test_durations_keep_their_unit() -> None:
    assert (seconds(1.5), seconds(2000, 1e-3), seconds("1m3.5s"), seconds(10**400), seconds(math.inf)) == (1.5, 2.0, 63.5, None, None)
