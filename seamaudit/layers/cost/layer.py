"""Bills exchanges one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.layers.cost.checks import CostKnobs, faults, undecided
from seamaudit.layers.cost.facts import Spend, Unpriced
from seamaudit.layers.cost.gaps import gaps
from seamaudit.providers.bills import Bill, Missing, bill
from seamaudit.providers.hosts import UNKNOWN
from seamaudit.providers.models import canonical
from seamaudit.providers.units import Prices, Terms, UnitPrices
from seamaudit.trace import Exchange, Money, Usage


class Cost:
    """Bills a thread's exchanges one by one, in order."""

    scope = Scope.THREAD

    def __init__(self, prices: Prices, knobs: CostKnobs = CostKnobs()) -> None:  # noqa: B008 - frozen
        self._prices = prices
        self._knobs = knobs
        self._spent: Money | None = None

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One Spend; a UsageGap where usage is missing; UsageFaults where it cannot be right."""
        yield self._spend(exchange)
        usage = exchange.usage
        if usage is None:
            yield from gaps(exchange)
        else:
            yield from faults(exchange, usage, self._knobs)
            yield from undecided(exchange)

    def close(self) -> Iterable[Fact]:
        """Nothing more: a bill does not wait for the end."""
        return ()

    def _spend(self, exchange: Exchange) -> Spend:
        usage = exchange.usage or Usage()
        model, prices, outcome = self._billed(exchange)
        made = outcome if isinstance(outcome, Bill) else None
        if made is not None:
            self._spent = Money((self._spent or 0) + made.total)
        return Spend(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus.at(exchange.response.at) if exchange.response else exchange.locus,
            provider=exchange.provider,
            platform=exchange.platform,
            model=model,
            input=usage.input,
            cache_read=usage.cache_read,
            cache_write=usage.cache_write,
            output=None if usage.placeholder_output else usage.output,
            usd=made.total if made else None,
            input_usd=made.plain if made else None,
            cache_read_usd=made.cache_read if made else None,
            cache_write_usd=made.cache_write if made else None,
            output_usd=made.output if made else None,
            fees_unknown=_has_unknown_fees(exchange),
            priced=made is not None,
            unpriced_reason=outcome if isinstance(outcome, Unpriced) else None,
            basis=prices.basis if prices else None,
            dated=prices.dated if prices else None,
            cumulative_usd=self._spent,
        )

    def _billed(self, exchange: Exchange) -> tuple[str, UnitPrices | None, Bill | Unpriced]:
        """The model that was billed, its unit prices, and the bill or why there is none."""
        models = _models(exchange)
        usage = exchange.usage
        if exchange.refused:
            return models[0], None, Unpriced.REFUSED
        if usage is None:
            return models[0], None, Unpriced.NO_USAGE
        terms = _terms(exchange, usage)
        for model in models:
            prices = self._prices.unit(exchange.provider, model, exchange.times.dated, terms, usage.input)
            if prices is not None:
                return model, prices, _outcome(exchange, usage, prices)
        return models[0], None, self._why_unpriced(exchange, usage, models)

    def _why_unpriced(self, exchange: Exchange, usage: Usage, models: tuple[str, ...]) -> Unpriced:
        ordinary = (self._prices.unit(exchange.provider, model, exchange.times.dated, input_tokens=usage.input or 0) for model in models)
        if any(prices is not None for prices in ordinary):
            return Unpriced.USAGE_INCOMPLETE if usage.input is None else Unpriced.UNKNOWN_TERMS
        return Unpriced.UNKNOWN_PROVIDER if exchange.provider == UNKNOWN else Unpriced.UNKNOWN_MODEL


def _models(exchange: Exchange) -> tuple[str, ...]:
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


def _one_model(asked: str, answered: str) -> bool:
    one, other = sorted((canonical(asked), canonical(answered)), key=len)
    return one == other or (one != "" and other.startswith(one + "-"))


_NO_FEE: Final = frozenset({"tool_search", "mcp"})


def _has_unknown_fees(exchange: Exchange) -> bool:
    """Whether a tool of the provider's ran for a fee that the usage does not count. Anthropic's counts its web searches."""
    response = exchange.response
    if response is None or exchange.api == "anthropic.messages":
        return False
    return any(call.server and call.name not in _NO_FEE for call in response.calls)


def _terms(exchange: Exchange, usage: Usage) -> Terms:
    params = exchange.request.params
    return Terms(tier=usage.service_tier, speed=_word(params.get("speed")), geo=_word(params.get("inference_geo")))


def _word(literal: str | None) -> str:
    """A parameter's value, kept as a JSON literal, where it is a string."""
    try:
        value = json.loads(literal or '""')
    except ValueError:
        return literal or ""
    return value if isinstance(value, str) else ""


def _outcome(exchange: Exchange, usage: Usage, prices: UnitPrices) -> Bill | Unpriced:
    markers = {marker.ttl for marker in exchange.request.breakpoints}
    if markers and (usage.cache_read is None or usage.cache_write is None):
        return Unpriced.USAGE_INCOMPLETE
    made = bill(_with_lives(usage, markers), prices)
    if isinstance(made, Bill):
        return made
    return Unpriced.UNKNOWN_PRICE_PART if made is Missing.PRICE else Unpriced.USAGE_INCOMPLETE


def _with_lives(usage: Usage, markers: set[str]) -> Usage:
    """The usage with writes told apart by life where its own split is missing and all of the request's markers ask for one life."""
    if not usage.cache_write or usage.cache_write_5m is not None or usage.cache_write_1h is not None:
        return usage
    if markers == {"5m"}:
        return replace(usage, cache_write_5m=usage.cache_write, cache_write_1h=0)
    if markers == {"1h"}:
        return replace(usage, cache_write_5m=0, cache_write_1h=usage.cache_write)
    return usage
