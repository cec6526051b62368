"""Long-context tiers: a prompt that passes one is billed as a whole at the dearer price."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.cost import Cost, TierCrossing
from seamaudit.providers.units import ORDINARY, Terms, UnitPrices
from seamaudit.trace import Usage
from tests.builders import Story, answer

LOW = UnitPrices(input=10, read=1, write=12, write_5m=12, write_1h=20, output=50)
HIGH = LOW.times(5, 1)


class Tiered:
    """Prices that rise beyond so many input tokens."""

    def __init__(self, above: int, **high: Any) -> None:
        self._above, self._high = above, replace(HIGH, **high)

    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        return None if input_tokens is None else self._high if input_tokens > self._above else LOW


def crossed(prices: Tiered, **usage: Any) -> list[Fact]:
    call = Story().exchange(response=answer(usage=Usage(**{"output": 5, **usage})))
    return [fact for fact in Cost(prices).feed(call) if isinstance(fact, TierCrossing)]


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_what_is_beyond_the_threshold_crosses_it_and_nothing_else(above: int, size: int) -> None:
    found = crossed(Tiered(above), input=size)
    assert len(found) == (size > above)
    for fact in found:
        assert isinstance(fact, TierCrossing)
        assert (fact.above, fact.input) == (above, size)
        assert fact.usd == 50 * size + 5 * 250
        assert fact.premium_usd == fact.usd - 10 * size - 5 * 50
        assert fact.premium_usd < fact.usd


def test_cached_tokens_count_for_the_threshold_and_have_their_own_premium() -> None:
    (fact,) = crossed(Tiered(100), input=150, cache_read=140, cache_write=0, output=0)
    assert isinstance(fact, TierCrossing)
    assert fact.premium_usd == 10 * 40 + 140 * 4


def test_prices_of_another_day_or_a_gateways_list_make_it_less_sure() -> None:
    for sure, prices in (("high", Tiered(1)), ("medium", Tiered(1, dated=False)), ("medium", Tiered(1, basis="list"))):
        (fact,) = crossed(prices, input=9)
        assert isinstance(fact, TierCrossing)
        assert fact.confidence == sure


def test_without_a_size_or_a_price_nothing_is_said() -> None:
    assert crossed(Tiered(1)) == []
    assert crossed(Tiered(1, output=None), input=9) == []
