"""Recorded dollars against recomputed ones: where they differ, and which other price would explain the recorded amount."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from seamaudit.layers.cost.checks import CostKnobs
from seamaudit.layers.cost.facts import CostDifference, Why
from seamaudit.providers.billing import Billed, names, rebilled, terms
from seamaudit.providers.bills import Bill
from seamaudit.providers.units import ORDINARY, Prices, Terms, UnitPrices
from seamaudit.trace import Exchange, Money, Usage
from seamaudit.trace.money import PICO_PER_USD

_CENT: Final = PICO_PER_USD // 100
_MICRO: Final = PICO_PER_USD // 10**6
_TERMS: Final = (ORDINARY, Terms(tier="batch"), Terms(tier="flex"), Terms(tier="priority"), Terms(speed="fast"), Terms(geo="us"))
_SIZES: Final = (0, 10**9)
"""Prompt sizes below and above every threshold of price."""
_HALF: Final = frozenset({"anthropic", "openai", "google"})
"""Who bills batches at half the price, whether the table has that for the day or not
(https://platform.claude.com/docs/en/build-with-claude/batch-processing, https://developers.openai.com/api/docs/guides/batch)."""
_GUESSES: Final = frozenset({Why.UNEXPLAINED, Why.OUTPUT_LOWER_BOUND, Why.FEES, Why.UNPRICED})


def differences(
    exchange: Exchange, billed: Billed, book: Prices, knobs: CostKnobs, *, spent: int, fees_unknown: bool
) -> Iterator[CostDifference]:
    """A CostDifference where the recording notes a price for the call and its usage costs something else.

    `spent` is what the thread had cost before, in picodollars; `fees_unknown` says that fees come on top of the bill.
    """
    recorded, usage = exchange.recorded_cost, exchange.usage
    if recorded is None or usage is None or exchange.refused:
        return
    found = _Gap(exchange, usage, recorded, billed, book, spent).why(knobs, fees_unknown)
    if found is None:
        return
    made = billed.bill
    yield CostDifference(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        provider=exchange.provider,
        platform=exchange.platform,
        model=billed.model,
        day=_day(exchange.times.dated),
        recorded=recorded,
        recomputed=made.total if made else None,
        difference=Money(recorded - made.total) if made else None,
        why=found,
        confidence="medium" if found in _GUESSES else "high",
    )


class _Gap:
    """One call's recorded cost beside its bill."""

    def __init__(self, exchange: Exchange, usage: Usage, recorded: Money, billed: Billed, book: Prices, spent: int) -> None:
        self._exchange = exchange
        self._usage = usage
        self._recorded = recorded
        self._billed = billed
        self._book = book
        self._spent = spent

    def why(self, knobs: CostKnobs, fees_unknown: bool) -> Why | None:
        """What explains the gap, None where there is none worth a word. What another price gives exactly comes before a guess."""
        made = self._billed.bill
        if made is None:
            return None if any(map(self._is_recorded, self._by_life())) else Why.UNPRICED
        gap = self._recorded - made.total
        if abs(gap) <= max(knobs.cost_floor * PICO_PER_USD, knobs.cost_share * made.total):
            return None
        if self._recorded == 0:
            return Why.NOTHING_RECORDED
        if self._rounded(gap):
            return Why.ROUNDING
        exact = next((why for why, total in self._otherwise(made) if self._is_recorded(total)), None)
        if exact is not None:
            return exact
        if gap > 0 and self._usage.output_is_lower_bound:
            return Why.OUTPUT_LOWER_BOUND
        return Why.FEES if gap > 0 and fees_unknown else Why.UNEXPLAINED

    def _is_recorded(self, total: int) -> bool:
        return abs(self._recorded - total) <= max(_MICRO, total // 1000)

    def _rounded(self, gap: int) -> bool:
        """Whether the gap is what the recorder's last decimal place leaves open; no place is coarser than a cent."""
        place = _CENT
        while place > 1 and self._recorded % place:
            place //= 10
        return 2 * abs(gap) <= place

    def _otherwise(self, made: Bill) -> Iterator[tuple[Why, int]]:
        """What the call would have cost otherwise, and what would have been other."""
        if self._spent:
            yield Why.RUNNING_TOTAL, self._spent + made.total
        if self._billed.prices is not None:
            yield from self._by_part(made, self._billed.prices)
        if self._exchange.provider in _HALF:
            yield Why.TIER, made.total // 2
        yield from self._by_look_up()

    def _by_part(self, made: Bill, prices: UnitPrices) -> Iterator[tuple[Why, int]]:
        """One part of the usage at another price of the same model, or left out, or counted again as plain input."""
        read, written, total = self._usage.cache_read or 0, self._usage.cache_write or 0, made.total
        whole = prices.input or 0
        reads = (whole, 0, prices.write_5m)
        writes = (whole, 0, prices.write_5m, prices.write_1h)
        yield from ((Why.READ_PRICE, total - made.cache_read + read * price) for price in reads if read and price is not None)
        yield from ((Why.WRITE_PRICE, total - made.cache_write + written * price) for price in writes if written and price is not None)
        if read and written:
            uncached = total - made.cache_read - made.cache_write
            yield from ((Why.CACHE_PRICES, uncached + (read + written) * price) for price in (whole, 0))
        yield from ((Why.COUNTED_TWICE, total + tokens * whole) for tokens in (read, written, read + written) if tokens)
        yield Why.OUTPUT_PRICE, total - made.output
        yield Why.OUTPUT_PRICE, total + (self._usage.reasoning or 0) * (prices.output or 0)

    def _by_look_up(self) -> Iterator[tuple[Why, int]]:
        """The whole usage at prices for other terms, another size, another day or another model."""
        own, size, when = terms(self._exchange, self._usage), self._usage.input, self._exchange.times.dated
        model = self._billed.model
        asked = {self._exchange.request.model, *names(self._exchange)} - {model, ""}
        for other in _TERMS:
            yield from self._priced(Why.TIER, model, when, other, size)
        for other_size in _SIZES:
            yield from self._priced(Why.CONTEXT_TIER, model, when, own, other_size)
        yield from self._priced(Why.PRICE_DATE, model, None, own, size)
        for name in sorted(asked):
            yield from self._priced(Why.OTHER_MODEL, name, when, own, size)

    def _priced(self, why: Why, model: str, when: float | None, of: Terms, size: int | None) -> Iterator[tuple[Why, int]]:
        prices = self._book.unit(self._exchange.provider, model, when, of, size)
        made = rebilled(self._exchange, self._usage, prices) if prices is not None else None
        if isinstance(made, Bill):
            yield why, made.total

    def _by_life(self) -> Iterator[int]:
        """What the call costs if all its cache writes are of one life: what a recording that does not tell them apart leaves open."""
        prices, written = self._billed.prices, self._usage.cache_write
        if prices is None or not written:
            return
        for five, hour in ((written, 0), (0, written)):
            made = rebilled(self._exchange, replace(self._usage, cache_write_5m=five, cache_write_1h=hour), prices)
            if isinstance(made, Bill):
                yield made.total


def _day(moment: float | None) -> str:
    try:
        return "" if moment is None else datetime.fromtimestamp(moment, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return ""
