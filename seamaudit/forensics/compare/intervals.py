"""Intervals of rates: how far a share of few calls may be from the share of many."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

Z: Final = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""


class Interval(NamedTuple):
    """The lower and the upper bound of a 95 % interval."""

    low: float
    high: float

    @property
    def decides(self) -> bool:
        """Whether it says on which side of zero the truth is."""
        return self.low > 0 or self.high < 0


def share(hits: int, of: int) -> Interval:
    """Wilson's score interval of a share (E. B. Wilson 1927, without continuity correction); of nothing, anything is possible."""
    if of <= 0:
        return Interval(0.0, 1.0)
    p, square = hits / of, Z * Z
    middle = (p + square / (2 * of)) / (1 + square / of)
    half = Z / (1 + square / of) * math.sqrt(p * (1 - p) / of + square / (4 * of * of))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def difference(hits: int, of: int, hits_before: int, of_before: int) -> Interval:
    """Newcombe's interval of the difference between two shares, now less before (R. G. Newcombe 1998, method 10)."""
    now, before = share(hits, of), share(hits_before, of_before)
    p, q = (hits / of if of else 0.0), (hits_before / of_before if of_before else 0.0)
    low = p - q - math.hypot(p - now.low, before.high - q)
    high = p - q + math.hypot(now.high - p, q - before.low)
    return Interval(low, high)
