"""What changed in a text: the place is exact, the kind of value is named only where nothing else changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.trace.textdiff import Shape, compare

RULES = "You answer questions about orders. Be brief. "


@pytest.mark.parametrize(
    ("was", "now", "shape"),
    [
        ("Today is 2026-09-21.", "Today is 2026-09-22.", Shape.CLOCK),
        ("Now: 2026-09-21T14:00:07Z", "Now: 2026-09-21T14:01:09Z", Shape.CLOCK),
        ("It is 9:59 AM", "It is 10:00 AM", Shape.CLOCK),
        ("Monday, September 21, 2026", "Tuesday, September 22, 2026", Shape.CLOCK),
        ("epoch 1790000000 ok", "epoch 1790000312 ok", Shape.CLOCK),
        ("id 3f2504e0-4f89-41d3-9a0c-0305e82c3301", "id 9b2d04e0-4f89-41d3-9a0c-0305e82c4402", Shape.IDENTIFIER),
        ("session sess_8fk29dkw01", "session sess_9fk30dkw77", Shape.IDENTIFIER),
        ("You have 3 messages", "You have 4 messages", Shape.COUNTER),
        ("The refund takes 3 days.", "We never refund anything.", Shape.TEXT),
        ("Today is 2026-09-21. Be kind.", "Today is 2026-09-22. Be strict.", Shape.TEXT),
        ("", "something new", Shape.TEXT),
    ],
)
def test_the_kind_of_value_that_moved(was: str, now: str, shape: Shape) -> None:
    change = compare(f"{RULES}{was} {RULES}".encode(), f"{RULES}{now} {RULES}".encode())
    assert change.shape is shape


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_both_ends_are_shared_and_the_middle_is_not(was: bytes, now: bytes) -> None:
    change = compare(was, now)
    assert was[: change.at] == now[: change.at]
    if was != now and change.at < min(len(was), len(now)):
        assert was[change.at] != now[change.at]
    assert change.at <= change.shared <= min(len(was), len(now))
    assert change.shared + change.changed == len(now)
