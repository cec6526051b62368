"""Unit prices: what one token costs under the terms of a call. All amounts are integer picodollars; None is unknown, never 0."""

from __future__ import annotations

from typing import Final, Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

Basis = Literal["provider", "list", "own"]

_STANDARD: Final = frozenset({"", "standard", "default", "auto", "on_demand", "not_available", "global"})
_TIERS: Final = {
    "batch": ("processing", "batch"),
    "flex": ("service_tier", "flex"),
    "priority": ("service_tier", "priority"),
    "fast": ("service_tier", "fast"),
}


class Terms(Struct, frozen=True):
    """What of a call changes its prices, in the provider's own words: service tier (or `batch`), speed and place of inference."""

    tier: str = ""
    speed: str = ""
    geo: str = ""

    @property
    def us_only(self) -> bool:
        """Whether inference was bound to the United States, for a premium."""
        return self.geo.lower() == "us"

    def selection(self) -> dict[str, str] | None:
        """The price variant these terms name, empty for ordinary terms; None for words that no table has prices for."""
        tier, speed, geo = self.tier.lower(), self.speed.lower(), self.geo.lower()
        if tier not in _STANDARD | _TIERS.keys() or speed not in _STANDARD | {"fast"} or geo not in _STANDARD | {"us"}:
            return None
        chosen = [_TIERS[tier]] if tier in _TIERS else []
        if speed == "fast":
            chosen.append(("speed", "fast"))
        return dict(chosen)


ORDINARY: Final = Terms()


class UnitPrices(Struct, frozen=True):
    """Picodollars per token; None where the table has no price.

    `write` is for a write whose life the recording does not tell, None where lives differ in price; `write_5m` for the provider's
    shortest life. `search` is picodollars per web search. `surcharged`: the provider adds fees the table does not fix (per request, per
    citation), so that a bill by tokens alone would be too low. `dated` says that the prices are those of the call's day, not merely the
    newest; `basis` whose they are: the provider's own, the maker's list price, or a price file's.
    """

    input: int | None
    read: int | None
    write: int | None
    write_5m: int | None
    write_1h: int | None
    output: int | None
    search: int | None = None
    surcharged: bool = False
    dated: bool = True
    basis: Basis = "provider"

    def times(self, top: int, bottom: int) -> UnitPrices:
        """All token prices times a fraction; what is unknown stays unknown."""

        def scaled(price: int | None) -> int | None:
            return None if price is None else price * top // bottom

        return replace(
            self,
            input=scaled(self.input),
            read=scaled(self.read),
            write=scaled(self.write),
            write_5m=scaled(self.write_5m),
            write_1h=scaled(self.write_1h),
            output=scaled(self.output),
        )


class Prices(Protocol):
    """Where unit prices come from; see `prices.PriceBook`."""

    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        """The unit prices of one call, or None where they are not known."""
        ...
