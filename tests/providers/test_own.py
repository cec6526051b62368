"""One's own price table: what it speaks of has no other price, and what it does not say of that is not known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from seamaudit.providers.own import OwnPrice, OwnPrices
from seamaudit.providers.prices import ORDINARY, PriceBook, Terms, UnitPrices, table_date

DAY = datetime(2026, 9, 21, tzinfo=UTC).timestamp()
TODAY = date(2026, 10, 1)


def units(plain: int, **parts: Any) -> UnitPrices:
    return UnitPrices(**{"input": plain, "read": None, "write": None, "write_5m": None, "write_1h": None, "output": 5 * plain, **parts})


def book(*rows: OwnPrice) -> PriceBook:
    return PriceBook(as_of=TODAY, own=OwnPrices("contract", TODAY, rows))


def plain(found: UnitPrices | None) -> int | None:
    return found.input if found else None


def test_a_model_that_no_table_knows_has_its_price_here() -> None:
    found = book(OwnPrice("our-llama", units(7))).unit("unknown", "our-llama", DAY)
    assert found == units(7, dated=True, basis="own")
    assert book(OwnPrice("our-llama", units(7))).unit("unknown", "another", DAY) is None


def test_other_models_keep_the_bundled_prices() -> None:
    found = book(OwnPrice("our-llama", units(7))).unit("anthropic", "claude-sonnet-4-5", DAY, ORDINARY, 10)
    assert found == PriceBook(as_of=TODAY).unit("anthropic", "claude-sonnet-4-5", DAY, ORDINARY, 10)
    assert found is not None


def test_ids_are_taken_as_they_stand_before_their_other_spellings() -> None:
    rows = (OwnPrice("claude-sonnet-4-5", units(1)), OwnPrice("claude-sonnet-4-5-20250929", units(2)))
    assert plain(book(*rows).unit("anthropic", "claude-sonnet-4-5-20250929", DAY)) == 2
    assert plain(book(*rows).unit("anthropic", "Claude-Sonnet-4-5", DAY)) == 1
    assert plain(book(rows[0]).unit("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", DAY)) == 1


def test_a_providers_own_row_comes_before_one_for_all() -> None:
    rows = (OwnPrice("m", units(1)), OwnPrice("m", units(2), provider="groq"))
    assert plain(book(*rows).unit("groq", "m", DAY)) == 2
    assert plain(book(*rows).unit("cerebras", "m", DAY)) == 1
    assert book(rows[1]).unit("cerebras", "m", DAY) is None


def test_prices_hold_from_their_day_on() -> None:
    rows = (OwnPrice("m", units(1), since=date(2026, 1, 1)), OwnPrice("m", units(2), since=date(2026, 9, 21)))
    assert plain(book(*rows).unit("x", "m", DAY)) == 2
    assert plain(book(*rows).unit("x", "m", DAY - 86400)) == 1
    assert book(*rows).unit("x", "m", 0.0) is None
    undated = book(*rows).unit("x", "m", None)
    assert undated is not None
    assert (undated.input, undated.dated) == (2, False)


def test_a_long_prompt_has_the_price_of_its_band() -> None:
    rows = (OwnPrice("m", units(1)), OwnPrice("m", units(2), above=200_000))
    assert [plain(book(*rows).unit("x", "m", DAY, ORDINARY, size)) for size in (0, 200_000, 200_001, None)] == [1, 1, 2, None]


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        (Terms(), 4),
        (Terms(tier="standard"), 4),
        (Terms(tier="batch"), 2),
        (Terms(tier="batch", geo="us"), 3),
        (Terms(tier="flex"), None),
        (Terms(tier="gold"), None),
    ],
)
def test_terms_without_a_row_have_no_price(terms: Terms, price: int | None) -> None:
    rows = (OwnPrice("m", units(4)), OwnPrice("m", units(2), terms="batch"), OwnPrice("m", units(3), terms="batch+us"))
    assert plain(book(*rows).unit("x", "m", DAY, terms, 10)) == price


def test_a_header_names_both_tables() -> None:
    assert str(book(OwnPrice("m", units(1)), OwnPrice("m", units(2), above=9))) == f"contract of 2026-10-01 (1 model); else {table_date()}"
    assert str(PriceBook()) == table_date()
