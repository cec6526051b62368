"""A person's own prices: what a contract, a gateway or a machine room asks, before what the bundled table knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.providers.models import bare, canonical
from seamaudit.providers.quotes import Quote
from seamaudit.providers.units import Terms, UnitPrices

TERMS: Final = ("batch", "fast", "flex", "priority", "us")
"""Terms that a price can be for, several joined by `+`; `us` is inference bound to the United States."""
_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (str.casefold, bare, canonical)
"""How ids are compared, the closest first."""


class OwnPrice(Struct, frozen=True):
    """The prices of one model: at one provider or (with "") everywhere, from a day on, under some terms, for requests of more than
    `above` input tokens."""

    model: str
    prices: UnitPrices
    provider: str = ""
    since: date | None = None
    terms: str = ""
    above: int = -1


class OwnPrices(Struct, frozen=True):
    """A price table, what it is called and the day it is of."""

    name: str
    of: date
    rows: tuple[OwnPrice, ...]

    def quote(self, provider: str, model: str, day: date, terms: Terms, *, dated: bool) -> Quote | None:
        """The prices of a model on a day; None where this table does not speak of it.

        A model it speaks of has no other price: under terms that stand in no row its price is not known.
        """
        rows = self._of(provider, model, day)
        if not rows:
            return None
        wanted = _spelled(terms)
        bands = ((row.above, replace(row.prices, dated=dated, basis="own")) for row in rows if row.terms == wanted)
        return Quote(tuple(sorted(bands, key=lambda band: band[0])))

    def __str__(self) -> str:
        """The table in words for a report's header."""
        return f"{self.name} of {self.of} ({self._models()})"

    def _models(self) -> str:
        count = len({row.model for row in self.rows})
        return f"{count} model{'' if count == 1 else 's'}"

    def _of(self, provider: str, model: str, day: date) -> Sequence[OwnPrice]:
        """The newest rows of the closest spelling, those of the provider before those of all."""
        for spelling in _SPELLINGS:
            name = spelling(model)
            named = [row for row in self.rows if name and spelling(row.model) == name and (row.since or date.min) <= day]
            rows = [row for row in named if row.provider == provider] or [row for row in named if not row.provider]
            if rows:
                newest = max(row.since or date.min for row in rows)
                return [row for row in rows if (row.since or date.min) == newest]
        return ()


def joined(terms: Iterable[str]) -> str:
    """Terms in the one spelling of a set of them."""
    return "+".join(sorted(set(terms)))


def _spelled(terms: Terms) -> str | None:
    """The terms of a call, None for words that nobody has a price for."""
    selection = terms.selection()
    return None if selection is None else joined((*selection.values(), *(("us",) if terms.us_only else ())))
