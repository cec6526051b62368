"""Money is an integer count of picodollars: a thousandth of the cheapest billed token still is a whole number."""

from __future__ import annotations

from typing import NewType

Money = NewType("Money", int)

PICO_PER_USD = 10**12


def to_usd(amount: int) -> float:
    """Dollars for showing; never for adding up."""
    return amount / PICO_PER_USD
