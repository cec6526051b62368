from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.providers.bills import Bill, Missing, bill, cost
from seamaudit.providers.units import UnitPrices
from seamaudit.trace import Usage

# Claude Opus 5: 5 / 25 / 6.25 / 10 / 0.50 dollars per million.
OPUS = UnitPrices(
    input=5_000_000, read=500_000, write=None, write_5m=6_250_000, write_1h=10_000_000, output=25_000_000, search=10_000_000_000
)
TOKENS = st.integers(0, 2_000_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    plain, read, short, long, output = (draw(TOKENS) for _ in range(5))
    written = short + long
    return Usage(
        input=plain + read + written, cache_read=read, cache_write=written, cache_write_5m=short, cache_write_1h=long, output=output
    )


def made(usage: Usage, prices: UnitPrices = OPUS) -> Bill:
    result = bill(usage, prices)
    assert isinstance(result, Bill)
    return result


def test_a_bill_by_hand() -> None:
    usage = Usage(input=110_003, cache_read=100_000, cache_write=10_000, cache_write_5m=8_000, cache_write_1h=2_000, output=500)
    parts = made(usage)
    assert (parts.plain, parts.cache_read, parts.cache_write, parts.output) == (15_000_000, 50_000_000_000, 70_000_000_000, 12_500_000_000)
    assert cost(usage, OPUS) == 132_515_000_000  # $ 0.132515


@given(usages())
def test_parts_sum_to_the_bill(usage: Usage) -> None:
    parts = made(usage)
    assert parts.total == parts.plain + parts.cache_read + parts.cache_write + parts.output + parts.fees
    assert parts.total == cost(usage, OPUS)


@given(usages(), usages())
def test_two_calls_cost_the_sum_of_both(one: Usage, other: Usage) -> None:
    fields = ("input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output")
    both = Usage(**{name: getattr(one, name) + getattr(other, name) for name in fields})
    assert made(both).total == made(one).total + made(other).total


@given(usages(), st.sampled_from(["input", "read", "write_5m", "write_1h", "output"]))
def test_an_unknown_price_never_becomes_nothing(usage: Usage, name: str) -> None:
    counted = {
        "input": usage.plain,
        "read": usage.cache_read,
        "write_5m": usage.cache_write_5m,
        "write_1h": usage.cache_write_1h,
        "output": usage.output,
    }
    blind = replace(OPUS, **{name: None})
    assert bill(usage, blind) == (Missing.PRICE if counted[name] else bill(usage, OPUS))
    assert (cost(usage, blind) is None) is bool(counted[name])


@given(usages(), st.sampled_from(["input", "output"]))
def test_an_unknown_count_never_becomes_nothing(usage: Usage, name: str) -> None:
    unknown: dict[str, Any] = {name: None}
    blind = replace(usage, **unknown)
    assert bill(blind, OPUS) is Missing.COUNT
    assert cost(blind, OPUS) is None


def test_a_write_of_unknown_life_has_no_price_where_lives_differ() -> None:
    usage = Usage(input=1000, cache_write=900, output=1)
    assert bill(usage, OPUS) is Missing.PRICE
    assert made(usage, replace(OPUS, write=6_250_000)).cache_write == 900 * 6_250_000


def test_a_split_that_is_not_the_sum_is_no_split() -> None:
    usage = Usage(input=1000, cache_write=900, cache_write_5m=100, cache_write_1h=100, output=1)
    assert bill(usage, OPUS) is Missing.PRICE


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input=10, cache_read=20, output=1),  # more read than there was
        Usage(input=-5, output=1),
        Usage(input=5, cache_read=-1, output=1),
        Usage(input=5, output=-1),
        Usage(input=5, output=1, placeholder_output=True),
        Usage(),
    ],
)
def test_counts_that_cannot_be_make_no_bill(usage: Usage) -> None:
    assert bill(usage, OPUS) is Missing.COUNT


@pytest.mark.parametrize(
    "recorded", [{"prompt_tokens_details.audio_tokens": 3}, {"input_tokens_details.cache_write_tokens_details.ttl_12h_tokens": 3}]
)
def test_tokens_of_another_price_make_no_bill(recorded: dict[str, int]) -> None:
    assert bill(Usage(input=5, output=1, recorded=recorded), OPUS) is Missing.PRICE
    assert isinstance(bill(Usage(input=5, output=1, recorded=dict.fromkeys(recorded, 0)), OPUS), Bill)


def test_searches_are_billed_apart() -> None:
    usage = Usage(input=0, output=0, recorded={"server_tool_use.web_search_requests": 3})
    assert made(usage).fees == 30_000_000_000  # $ 0.03
    assert bill(usage, replace(OPUS, search=None)) is Missing.PRICE


def test_passes_that_are_listed_and_not_counted_make_no_bill() -> None:
    own = {"input_tokens": 30, "output_tokens": 5, "iterations.0.input_tokens": 10, "iterations.0.output_tokens": 3}
    whole = {**own, "iterations.1.input_tokens": 20, "iterations.1.output_tokens": 2}
    with_advisor = {**whole, "iterations.2.input_tokens": 900, "iterations.2.output_tokens": 40}
    assert isinstance(bill(Usage(input=30, output=5, recorded=whole), OPUS), Bill)
    assert bill(Usage(input=30, output=5, recorded=with_advisor), OPUS) is Missing.COUNT


def test_fees_nobody_knows_make_no_bill() -> None:
    assert bill(Usage(input=1, output=1), replace(OPUS, surcharged=True)) is Missing.PRICE
