"""Messages: what may stand in braces, and how values read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.catalog.message import LONGEST_VALUE, dollars, spoken, template

PICO = 10**12


def test_placeholders_are_replaced_and_doubled_braces_are_braces() -> None:
    assert template("{a} of {{b}} in {c_2}.").render({"a": "1", "c_2": "x"}.__getitem__) == "1 of {b} in x."


@pytest.mark.parametrize(
    ("number", "said"), [("1", "1 call in"), ("3", "3 calls in"), ("1,001", "1,001 calls in"), ("unknown", "unknown calls in")]
)
def test_a_word_goes_with_its_number(number: str, said: str) -> None:
    assert template("{n:call/calls} in").render({"n": number}.__getitem__) == said


@pytest.mark.parametrize(
    "text", ["{a:calls}", "{a:/calls}", "{a:call/}", "{a:b/c/d}", "{", "}", "{a", "{a.b}", "{a!r}", "{a:>9}", "{0}", "{}", "{A}", "{a[0]}"]
)
def test_anything_else_in_braces_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"[{}]"):
        template(text)


@given(st.lists(st.text("ab{} ", max_size=4)), st.text())
def test_what_is_filled_in_is_never_read_as_a_placeholder(literals: list[str], value: str) -> None:
    text = "{x}".join(literal.replace("{", "{{").replace("}", "}}") for literal in literals)
    assert template(text).render(lambda name: value) == value.join(literals)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (1234567, "int", "1,234,567"),
        (None, "int", "unknown"),
        (0, "int", "0"),
        (12.5, "float", "12.5"),
        (3.0, "float", "3"),
        (1234.567, "float", "1,234.57"),
        (True, "bool", "yes"),
        ("web_search", "text", "web_search"),
        ("x" * 200, "text", "x" * LONGEST_VALUE + "…"),
        (PICO * 1234 + PICO // 2, "money", "$1,234.50"),
        (None, "money", "unknown"),
    ],
)
def test_how_values_read(value: object, kind: str, said: str) -> None:
    assert spoken(value, kind) == said


@pytest.mark.parametrize(
    ("picodollars", "said"),
    [
        (0, "$0"),
        (PICO, "$1.00"),
        (PICO // 100, "$0.01"),
        (4_200_000_000, "$0.0042"),
        (420_000, "$0.00000042"),
        (-PICO * 3, "-$3.00"),
        (1, "$0.0000000000010"),
    ],
)
def test_a_small_amount_of_dollars_is_not_shown_as_none(picodollars: int, said: str) -> None:
    assert dollars(picodollars) == said
