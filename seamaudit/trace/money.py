"""Money is an integer count of picodollars: a thousandth of the cheapest billed token still is a whole number."""

from __future__ import annotations

from typing import NewType

Money = NewType("Money", int)

PICO_PER_USD = 10**12

MOST_USD = 10**6
"""The dearest call that is believed."""


def from_usd(dollars: object) -> Money | None:
    """A price as a recording notes it, in US dollars; None for what is no price."""
    if not isinstance(dollars, int | float) or isinstance(dollars, bool) or not 0 <= dollars < MOST_USD:
        return None
    return Money(round(dollars * PICO_PER_USD))


def to_usd(amount: int) -> float:
    """Dollars for showing; never for adding up."""
    return amount / PICO_PER_USD
