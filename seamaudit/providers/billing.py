"""Which model's prices a call is billed at, under which terms, and what that comes to."""

from __future__ import annotations

import json
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.providers.bills import Bill, Missing, bill
from seamaudit.providers.hosts import UNKNOWN
from seamaudit.providers.models import canonical
from seamaudit.providers.units import Prices, Terms, UnitPrices
from seamaudit.trace import Exchange, Usage


class Unpriced(StrEnum):
    """Why an exchange has no price."""

    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_PROVIDER = "unknown_provider"
    UNKNOWN_TERMS = "unknown_terms"
    UNKNOWN_PRICE_PART = "unknown_price_part"
    USAGE_INCOMPLETE = "usage_incomplete"
    NO_USAGE = "no_usage"
    REFUSED = "refused"


class Billed(Struct, frozen=True):
    """A call's bill: the model that was billed, its unit prices where they are known, and the bill or why there is none."""

    model: str
    prices: UnitPrices | None
    outcome: Bill | Unpriced

    @property
    def bill(self) -> Bill | None:
        """The bill, None where there is none."""
        return self.outcome if isinstance(self.outcome, Bill) else None

    @property
    def unpriced(self) -> Unpriced | None:
        """Why there is no bill, None where there is one."""
        return self.outcome if isinstance(self.outcome, Unpriced) else None


def billed(exchange: Exchange, book: Prices) -> Billed:
    """The bill of one call."""
    models = names(exchange)
    usage = exchange.usage
    if exchange.refused:
        return Billed(models[0], None, Unpriced.REFUSED)
    if usage is None:
        return Billed(models[0], None, Unpriced.NO_USAGE)
    of = terms(exchange, usage)
    for model in models:
        prices = book.unit(exchange.provider, model, exchange.times.dated, of, usage.input)
        if prices is not None:
            return Billed(model, prices, _outcome(exchange, usage, prices))
    return Billed(models[0], None, _why_unpriced(exchange, usage, models, book))


def rebilled(exchange: Exchange, usage: Usage, prices: UnitPrices) -> Bill | Missing:
    """What the call's usage costs at these prices."""
    return bill(with_lives(exchange, usage), prices)


def with_lives(exchange: Exchange, usage: Usage) -> Usage:
    """The usage with writes told apart by life where its own split is missing and all of the request's markers ask for one life."""
    if not usage.cache_write or usage.cache_write_5m is not None or usage.cache_write_1h is not None:
        return usage
    markers = {marker.ttl for marker in exchange.request.breakpoints}
    if markers == {"5m"}:
        return replace(usage, cache_write_5m=usage.cache_write, cache_write_1h=0)
    if markers == {"1h"}:
        return replace(usage, cache_write_5m=0, cache_write_1h=usage.cache_write)
    return usage


def names(exchange: Exchange) -> tuple[str, ...]:
    """The ids to look prices up by, best first.

    The answer's model is what was billed. The request's is tried too where it names the same model (an alias, an undated id). On Azure a
    request names a deployment, which may be called anything; on Bedrock only the request's id tells the region, which has its price.
    """
    asked = exchange.request.model
    answered = exchange.response.model if exchange.response else ""
    if not answered or not asked:
        return (answered or asked,)
    if exchange.provider == "aws":
        return (asked,)
    if exchange.provider == "azure" or not _one_model(asked, answered):
        return (answered,)
    return (answered, asked) if answered != asked else (asked,)


def terms(exchange: Exchange, usage: Usage) -> Terms:
    """What of the call changes its prices."""
    params = exchange.request.params
    return Terms(tier=usage.service_tier, speed=_word(params.get("speed")), geo=_word(params.get("inference_geo")))


def _why_unpriced(exchange: Exchange, usage: Usage, models: tuple[str, ...], book: Prices) -> Unpriced:
    ordinary = (book.unit(exchange.provider, model, exchange.times.dated, input_tokens=usage.input or 0) for model in models)
    if any(prices is not None for prices in ordinary):
        return Unpriced.USAGE_INCOMPLETE if usage.input is None else Unpriced.UNKNOWN_TERMS
    return Unpriced.UNKNOWN_PROVIDER if exchange.provider == UNKNOWN else Unpriced.UNKNOWN_MODEL


def _one_model(asked: str, answered: str) -> bool:
    one, other = sorted((canonical(asked), canonical(answered)), key=len)
    return one == other or (one != "" and other.startswith(one + "-"))


def _word(literal: str | None) -> str:
    """A parameter's value, kept as a JSON literal, where it is a string."""
    if not literal:
        return ""
    try:
        value = json.loads(literal)
    except ValueError:
        return literal
    return value if isinstance(value, str) else ""


def _outcome(exchange: Exchange, usage: Usage, prices: UnitPrices) -> Bill | Unpriced:
    if exchange.request.breakpoints and (usage.cache_read is None or usage.cache_write is None):
        return Unpriced.USAGE_INCOMPLETE
    made = rebilled(exchange, usage, prices)
    if isinstance(made, Bill):
        return made
    return Unpriced.UNKNOWN_PRICE_PART if made is Missing.PRICE else Unpriced.USAGE_INCOMPLETE
