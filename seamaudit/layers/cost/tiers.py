"""Requests that passed a long-context price tier: the whole of them is billed at the dearer price, not what is beyond the threshold."""

from __future__ import annotations

from collections.abc import Iterator

from seamaudit.layers.cost.facts import TierCrossing
from seamaudit.providers.billing import Billed, rebilled, terms
from seamaudit.providers.bills import Bill
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange, Money


def crossings(exchange: Exchange, made: Billed, book: Prices) -> Iterator[TierCrossing]:
    """A TierCrossing where the prompt's length made the call dearer than its usage costs in the lowest tier."""
    usage, bill, prices = exchange.usage, made.bill, made.prices
    if usage is None or usage.input is None or bill is None or prices is None:
        return
    of = terms(exchange, usage)
    lowest = book.unit(exchange.provider, made.model, exchange.times.dated, of, 0)
    below = rebilled(exchange, usage, lowest) if lowest and lowest != prices else None
    if not isinstance(below, Bill) or below.total >= bill.total:
        return
    yield TierCrossing(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus.at(exchange.response.at) if exchange.response else exchange.locus,
        provider=exchange.provider,
        model=made.model,
        input=usage.input,
        above=_threshold(exchange, made, book, usage.input),
        premium_usd=Money(bill.total - below.total),
        usd=bill.total,
        confidence="high" if prices.dated and prices.basis != "list" else "medium",
    )


def _threshold(exchange: Exchange, made: Billed, book: Prices, size: int) -> int:
    """The most input tokens at which the call would have had lower prices: where its own tier begins, found by halving."""
    usage = exchange.usage
    assert usage is not None
    of = terms(exchange, usage)
    low, high = 0, size
    while high - low > 1:
        middle = (low + high) // 2
        if book.unit(exchange.provider, made.model, exchange.times.dated, of, middle) == made.prices:
            high = middle
        else:
            low = middle
    return low
