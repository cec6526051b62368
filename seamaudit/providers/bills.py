"""The bill of one call: its usage times unit prices, part by part. A bill with an unknown part is no bill: unknown is not zero."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from seamaudit.providers.units import UnitPrices
from seamaudit.trace import Money, Usage

SEARCHES: Final = "server_tool_use.web_search_requests"
"""Where Anthropic's usage counts web searches, which are billed apart."""
LONG_WRITES: Final = "ttl_12h_tokens"
"""The end of the field in which OpenAI counts writes for 12 hours, whose price the table does not have."""


class Missing(StrEnum):
    """Why there is no bill: a price is not known, or a count is not recorded or cannot be."""

    PRICE = "price"
    COUNT = "count"


class Bill(Struct, frozen=True):
    """What a call cost, in picodollars: input at the base rate, cache reads, cache writes, output, and fees apart from tokens."""

    plain: Money
    cache_read: Money
    cache_write: Money
    output: Money
    fees: Money

    @property
    def total(self) -> Money:
        """The sum of the parts."""
        return Money(self.plain + self.cache_read + self.cache_write + self.output + self.fees)


def bill(usage: Usage, prices: UnitPrices) -> Bill | Missing:
    """The bill for a usage, or what is missing for one.

    A cache count of None is a count the provider does not report: its tokens are plain input. Whether it should have reported one is the
    caller's to know. A price that is not known is no matter where nothing was counted.
    """
    counts = _counts(usage)
    if counts is None:
        return Missing.COUNT
    plain, read, output = counts
    parts = (
        _part(plain, prices.input),
        _part(read, prices.read),
        _writes(usage, prices),
        _part(output, prices.output),
        _part(usage.recorded.get(SEARCHES, 0), prices.search),
    )
    if any(part is None for part in parts) or prices.surcharged or not _priced_by_text(usage):
        return Missing.PRICE
    return Bill(*(Money(part or 0) for part in parts))


def cost(usage: Usage, prices: UnitPrices) -> Money | None:
    """What a usage costs in picodollars, None where a part of it is not known."""
    made = bill(usage, prices)
    return made.total if isinstance(made, Bill) else None


def _counts(usage: Usage) -> tuple[int, int, int] | None:
    """Plain input, cache reads and output; None where one is not known, or they contradict each other or leave passes out."""
    plain, read, output = usage.plain, usage.cache_read or 0, usage.output
    if plain is None or output is None or usage.placeholder_output or _leaves_out_passes(usage):
        return None
    return (plain, read, output) if min(plain, read, usage.cache_write or 0, output) >= 0 else None


def _leaves_out_passes(usage: Usage) -> bool:
    """Whether Anthropic's list of passes holds more than the counts beside it, which leave out compaction, fallbacks and advisors.

    Those passes may have run on another model, so that the list cannot be billed at this one's prices
    (https://platform.claude.com/docs/en/build-with-claude/compaction).
    """
    listed = {name: count for name, count in usage.recorded.items() if name.startswith("iterations.")}
    total = usage.recorded.get("output_tokens", 0) + usage.recorded.get("input_tokens", 0)
    passes = sum(count for name, count in listed.items() if name.endswith((".output_tokens", ".input_tokens")))
    return bool(listed) and passes != total


def _writes(usage: Usage, prices: UnitPrices) -> int | None:
    written, short, long = usage.cache_write or 0, usage.cache_write_5m, usage.cache_write_1h
    if short is None or long is None or short + long != written:
        return _part(written, prices.write)
    five, hour = _part(short, prices.write_5m), _part(long, prices.write_1h)
    return None if five is None or hour is None else five + hour


def _part(tokens: int, price: int | None) -> int | None:
    """Tokens at a price; nothing costs nothing, whatever the price."""
    if tokens == 0:
        return 0
    return None if price is None else tokens * price


def _priced_by_text(usage: Usage) -> bool:
    """Whether all tokens are of kinds that unit prices are for: not audio, not written for 12 hours."""
    return not any(count > 0 and ("audio" in name or name.endswith(LONG_WRITES)) for name, count in usage.recorded.items())
