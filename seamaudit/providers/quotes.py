"""Quotes: a model's prices on a day as the bundled table of genai-prices has them, with its gaps closed or owned up to.

Known gaps of the table, and what is done about them:

- An id with a vendor's prefix is not found: prefixes are stripped.
- Mythos 5 and 5.1 are missing: they cost what Fable 5 and 5.1 do.
- A batch, tier or speed that is not modelled costs the standard price without a word: equal to standard counts as unknown.
- A missing cache price costs plain input without a word: it is None here, except where a cache does not charge for writes (OpenAI's
  before GPT-5.6) and they are plain input indeed.
- Prices that hang on the hour of the day have no date: they are taken to have come with the model's newest dated price.
- US-only inference at Anthropic costs 1.1 times as much: applied here. Audio tokens and 12-hour writes have no unit price here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from seamaudit.providers.contracts import cache_contract
from seamaudit.providers.hosts import UNKNOWN
from seamaudit.providers.models import bare, canonical, maker_of
from seamaudit.providers.units import Basis, Terms, UnitPrices
from seamaudit.trace.money import PICO_PER_USD

if TYPE_CHECKING:
    from decimal import Decimal

    from genai_prices.types import ModelPrice, PriceCalculation, TieredPrices

_GAPS: Final = {"claude-mythos-5": "claude-fable-5", "claude-mythos-5-1": "claude-fable-5-1"}
"""Models the table lacks, and the model that costs the same (https://platform.claude.com/docs/en/about-claude/pricing)."""

_Bands = tuple[tuple[int, UnitPrices], ...]

_US_PREMIUM: Final = (11, 10)
_SURCHARGES: Final = ("requests_kcount", "output_citation_mtok", "output_reasoning_mtok")
_OWN: Final[Basis] = "provider"
_LIST: Final[Basis] = "list"
_PER_MILLION: Final = 10**6
_PER_THOUSAND: Final = 10**3


class Quote(Struct, frozen=True):
    """A model's prices: one band a context tier, each from more than so many input tokens on; none where nothing is known.

    `hourly`: they change with the hour of the day, so that they hold for a minute.
    """

    bands: _Bands = ()
    hourly: bool = False

    def at(self, input_tokens: int | None) -> UnitPrices | None:
        """The band the whole request falls into; None where there are several and its size is not known."""
        if len(self.bands) > 1 and input_tokens is None:
            return None
        size = input_tokens or 0
        return next((prices for above, prices in reversed(self.bands) if size > above), None)


class _Asked(Struct, frozen=True):
    """What of a question shapes the unit prices beside the table: `two_lives` where writes of different lives differ in price."""

    dated: bool
    basis: Basis
    writes_free: bool
    two_lives: bool


def quote(provider: str, model: str, at: datetime, terms: Terms, dated: bool) -> Quote:
    """The prices of `model` at `provider` at a time; `dated` says that the time is the call's own."""
    for seller, name, basis in _candidates(provider, model):
        found = _look_up(seller, name, at, {})
        if found is not None:
            hourly, at = _by_the_hour(found, at)
            found = _look_up(seller, name, at, {}) or found
            own = any(found.model is listed for listed in found.provider.models)
            asked = _Asked(dated, basis if own else _LIST, _writes_free(model, at), maker_of(model) == "anthropic")
            return Quote(_on_terms(_bands(found, asked), seller, name, at, terms, asked), hourly)
    return Quote()


def _by_the_hour(found: PriceCalculation, at: datetime) -> tuple[bool, datetime]:
    """Whether the model's prices change with the hour on that day, and the time to ask for.

    The table's hours are not dated. They are taken to have come with its newest dated price: before that day an hour outside them is
    asked for.
    """
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    listed = found.model.prices
    constraints = [price.constraint for price in listed] if isinstance(listed, list) else []
    hours = [one for one in constraints if isinstance(one, TimeOfDateConstraint)]
    starts = [one.start_date for one in constraints if isinstance(one, StartDateConstraint)]
    if not hours or not starts or at.date() >= max(starts):
        return bool(hours), at
    day = (at.replace(hour=hour, minute=0) for hour in range(24))
    quiet = next((time for time in day if not any(one.active(time) for one in hours)), None)
    return (True, at) if quiet is None else (False, quiet)


def _on_terms(ordinary: _Bands, seller: str, name: str, at: datetime, terms: Terms, asked: _Asked) -> _Bands:
    """The prices under the terms of a call. Special terms that leave every price as it is are terms the table does not know."""
    selection = terms.selection()
    if selection is None or (terms.us_only and seller != "anthropic"):
        return ()
    bands = ordinary
    if selection:
        special = _look_up(seller, name, at, selection)
        bands = _bands(special, asked) if special else ordinary
        if bands == ordinary:
            return ()
    return tuple((above, prices.times(*_US_PREMIUM)) for above, prices in bands) if terms.us_only else bands


def _writes_free(model: str, at: datetime) -> bool:
    """Whether writing to the model's cache costs plain input: known of OpenAI's models before the charge came."""
    if maker_of(model) != "openai":
        return False
    contract = cache_contract("openai", model, "openai", at.timestamp())
    return contract is not None and not contract.write_charged


def _candidates(provider: str, model: str) -> Iterator[tuple[str, str, Basis]]:
    """Where to look, in order: (the table's provider, model id, whose price that is)."""
    seller, basis = (provider, _OWN) if provider != UNKNOWN else (maker_of(model), _LIST)
    if seller and bare(model):
        for name in dict.fromkeys(_names(seller, model)):
            yield seller, name, basis


def _names(seller: str, model: str) -> Iterator[str]:
    """The spellings to try. On Bedrock the region before an id has its own price, so nothing but an ARN's head is taken off."""
    raw = model.strip().lower().replace("%3a", ":")
    if seller == "aws":
        yield raw.rpartition("/")[2]
        return
    yield raw
    yield bare(model)
    maker, name = maker_of(model), canonical(model)
    if seller == "openrouter" and maker:
        yield f"{maker}/{_dotted(name)}"
    elif maker == "anthropic":
        # Its snapshots of a model never differed in price; other makers' have, so an unknown snapshot of theirs has no price.
        yield name
        if name in _GAPS:
            yield _GAPS[name]


def _dotted(name: str) -> str:
    """`claude-haiku-4-5` in the spelling `claude-haiku-4.5`."""
    head, dash, minor = name.rpartition("-")
    return f"{head}.{minor}" if dash and minor.isdigit() and head[-1:].isdigit() else name


def _look_up(seller: str, name: str, at: datetime, context: dict[str, str]) -> PriceCalculation | None:
    from genai_prices import Usage, calc_price

    try:
        found = calc_price(
            Usage(input_tokens=1), model_ref=name, provider_id=seller, genai_request_timestamp=at, price_context=context or None
        )
    except (LookupError, ValueError):
        return None
    return found if found.provider.id == seller else None


def _bands(found: PriceCalculation, asked: _Asked) -> _Bands:
    """The prices of one look-up, a band for each context tier the table knows."""
    from genai_prices.types import TieredPrices

    price = found.model_price
    starts = {tier.start for value in vars(price).values() if isinstance(value, TieredPrices) for tier in value.tiers}
    return tuple((above, _unit_prices(price, above, asked)) for above in (-1, *sorted(starts)))


def _unit_prices(price: ModelPrice, above: int, asked: _Asked) -> UnitPrices:
    plain = _pico(price.input_mtok, above, _PER_MILLION)
    five = _pico(price.cache_write_5m_mtok, above, _PER_MILLION)
    if five is None:
        five = _pico(price.cache_write_mtok, above, _PER_MILLION)
    if five is None and asked.writes_free:
        five = plain
    hour = _pico(price.cache_write_1h_mtok, above, _PER_MILLION)
    return UnitPrices(
        input=plain,
        read=_pico(price.cache_read_mtok, above, _PER_MILLION),
        write=five if five == hour or (hour is None and not asked.two_lives) else None,
        write_5m=five,
        write_1h=hour,
        output=_pico(price.output_mtok, above, _PER_MILLION),
        search=_pico(price.web_searches_kcount, above, _PER_THOUSAND),
        surcharged=any(getattr(price, name) is not None for name in _SURCHARGES),
        dated=asked.dated,
        basis=asked.basis,
    )


def _pico(price: Decimal | TieredPrices | None, above: int, unit: int) -> int | None:
    """Picodollars each of a price for `unit` many, in the tier of a request of more than `above` input tokens."""
    from genai_prices.types import TieredPrices

    if isinstance(price, TieredPrices):
        price = next((tier.price for tier in reversed(price.tiers) if tier.start <= above), price.base)
    return None if price is None else int((price * (PICO_PER_USD // unit)).to_integral_value())
