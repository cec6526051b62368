"""What a token costs: unit prices as of the day of a call.

Prices come from the table bundled with genai-prices (MIT), imported at the first look-up; nothing is ever fetched. A unit price is an
integer count of picodollars per token (US$ 1 per million tokens is 1,000,000). What the table does not know is None, never 0.

Whose price: a provider's own, where the table has it. A gateway of unknown making sets its own prices; where the model id is a closed
model's (`models.maker_of`) the maker's list price is used and marked `basis="list"`. Open weights at an unknown gateway have no price.

What the table lacks, and what is done about it, stands in `quotes`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from importlib.metadata import version

from seamaudit.providers.bills import cost
from seamaudit.providers.own import OwnPrices
from seamaudit.providers.quotes import Quote, quote
from seamaudit.providers.units import ORDINARY, Prices, Terms, UnitPrices

__all__ = ["ORDINARY", "PriceBook", "Prices", "Terms", "UnitPrices", "cost", "table_date"]


class PriceBook:
    """Looks unit prices up once for each provider, model, day and terms. A call without a time gets the prices of `as_of` (today).

    What a model costs by one's `own` table comes before the bundled one.
    """

    def __init__(self, as_of: date | None = None, own: OwnPrices | None = None) -> None:
        self._own = own
        self._as_of = datetime.combine(as_of or datetime.now(UTC).date(), time(), UTC)
        self._quotes: dict[tuple[str, str, Terms, date, bool], Quote] = {}

    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        """The unit prices of `model` at `provider`, or None where they are not known.

        `when` is in seconds since the epoch. `input_tokens`, cached ones included, chooses the context tier: a request that passes the
        threshold is dearer as a whole. Models that cost more at some hours have no price without a time.
        """
        moment = _moment(when)
        at = moment or self._as_of
        own = self._own.quote(provider, model, at.date(), terms, dated=moment is not None) if self._own else None
        if own is not None:
            return own.at(input_tokens)
        quoted = self._quote(provider, model, terms, at.date(), at, moment is not None)
        if quoted.hourly:
            if moment is None:
                return None
            quoted = self._quote(provider, model, terms, at.replace(second=0, microsecond=0), at, dated=True)
        return quoted.at(input_tokens)

    def __str__(self) -> str:
        """The tables in words for a report's header."""
        return f"{self._own}; else {table_date()}" if self._own else table_date()

    def _quote(self, provider: str, model: str, terms: Terms, slot: date, at: datetime, dated: bool) -> Quote:
        key = (provider, model, terms, slot, dated)
        quoted = self._quotes.get(key)
        if quoted is None:
            quoted = self._quotes[key] = quote(provider, model, at, terms, dated)
        return quoted


def table_date() -> str:
    """The price table in words for a report's header: its version and the newest price change in it that has come into force."""
    from genai_prices.data import providers
    from genai_prices.types import StartDateConstraint

    today = datetime.now(UTC).date()
    starts = (
        dated.constraint.start_date
        for provider in providers
        for model in provider.models
        for dated in (model.prices if isinstance(model.prices, list) else ())
        if isinstance(dated.constraint, StartDateConstraint)
    )
    newest = max((start for start in starts if start <= today), default=None)
    return f"genai-prices {version('genai-prices')}" + (f", newest change {newest}" if newest else "")


def _moment(when: float | None) -> datetime | None:
    if when is None:
        return None
    try:
        return datetime.fromtimestamp(when, UTC)
    except (OverflowError, ValueError, OSError):
        return None
