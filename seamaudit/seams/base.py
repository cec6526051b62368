"""The face every seam has, and what several ask of the bill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from seamaudit.facts import REGISTRY, Fact, FactBase
from seamaudit.layers.cost import Spend
from seamaudit.trace import Money


class Seam(Protocol):
    """A join: reads facts of several layers, gives the facts of the boundary between them."""

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """All facts of this seam, in the order of their exchanges."""
        ...


def claimed(facts: FactBase, column: str) -> Counter[int]:
    """By exchange, what earlier seams' facts claim as waste in `column` (`waste_usd`, `wasted_tokens`).

    Each wasted token is claimed once: a seam that claims a whole exchange leaves out what is claimed of it already. Only facts
    that price their waste claim any; a layer's count is no claim.
    """
    out: Counter[int] = Counter()
    for table in REGISTRY:
        if {"waste_usd", column}.issubset(table.fact.__struct_fields__):
            for row in facts.table(table.name):
                out[row.exchange] += getattr(row, column) or 0
    return out


def paid(facts: FactBase, rows: Iterable[Fact]) -> dict[int, Money | None]:
    """What the calls that some rows are about were billed, by exchange; None where that is not known."""
    asked = {row.exchange for row in rows}
    return {spend.exchange: spend.usd for spend in facts.rows(Spend) if spend.exchange in asked} if asked else {}


def within(waste: Money | None, paid: Money | None) -> Money | None:
    """No more waste than a call cost: unknown where either is."""
    return None if waste is None or paid is None else min(waste, paid)
