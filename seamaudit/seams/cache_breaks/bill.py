"""What a break cost, and what a longer life would have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.layers.cache import CacheRead
from seamaudit.layers.usage_cache import UsageRead
from seamaudit.providers.prices import PriceBook, UnitPrices
from seamaudit.seams.cache_breaks.facts import CacheBreak, Cause
from seamaudit.trace import Money

HOUR = 3600.0
"""The longest life that can be written."""


Read = CacheRead | UsageRead


def unit_of(prices: PriceBook, read: Read) -> UnitPrices | None:
    """The unit prices of a read's day, model and length."""
    return prices.unit(read.provider, read.model, read.dated, input_tokens=read.total)


def price_of_miss(unit: UnitPrices | None, read: Read, tokens: int) -> Money | None:
    """What the missed tokens cost above a cache read: those written again at the write price, the others at the base price."""
    if unit is None or unit.input is None or unit.read is None:
        return None
    written = min(tokens, read.written)
    if written and unit.write_5m is None:
        return None
    write = unit.write_1h if read.written_1h * 2 > read.written and unit.write_1h is not None else unit.write_5m
    return Money(written * max(0, (write or 0) - unit.read) + (tokens - written) * max(0, unit.input - unit.read))


def hour_keeps(gap: float | None, life: float | None) -> bool:
    """Whether what expired after `gap` seconds would still have been there, had it been written for an hour."""
    return gap is not None and life is not None and life < HOUR and gap <= HOUR


class _Hour(Struct, frozen=True):
    """An app's bill had it written for an hour what it wrote for less."""

    keeps: int
    saves: Money | None
    costs: Money | None


def with_hours(rows: Sequence[CacheBreak], reads: Iterable[Read], prices: PriceBook) -> Iterator[CacheBreak]:
    """The breaks in their order; each expiry says what a life of an hour would have done for its app.

    An hour keeps what expired within one. It costs the difference in price on every token that is still written.
    """
    expired: dict[str, list[CacheBreak]] = defaultdict(list)
    for row in rows:
        if row.cause is Cause.EXPIRED:
            expired[row.app].append(row)
    if not expired:
        yield from rows
        return
    kept = {row.exchange: row.wasted_tokens for found in expired.values() for row in found if row.hour_keeps}
    extra: dict[str, list[Money | None]] = defaultdict(list)
    for read in reads:
        short = read.written - read.written_1h - kept.get(read.exchange, 0)
        if read.app in expired and short > 0:
            extra[read.app].append(_extra(unit_of(prices, read), short))
    hours = {app: _hour([row for row in found if row.hour_keeps], extra[app]) for app, found in expired.items()}
    for row in rows:
        hour = hours.get(row.app) if row.cause is Cause.EXPIRED else None
        if hour is None:
            yield row
        else:
            yield replace(row, hour_keeps_tokens=hour.keeps, hour_saves_usd=hour.saves, hour_costs_usd=hour.costs)


def _extra(unit: UnitPrices | None, tokens: int) -> Money | None:
    if unit is None or unit.write_1h is None or unit.write_5m is None:
        return None
    return Money(tokens * (unit.write_1h - unit.write_5m))


def _hour(kept: Sequence[CacheBreak], extra: Sequence[Money | None]) -> _Hour:
    return _Hour(sum(row.wasted_tokens for row in kept), _sum([row.waste_usd for row in kept]), _sum(extra))


def _sum(parts: Sequence[Money | None]) -> Money | None:
    known = [part for part in parts if part is not None]
    return Money(sum(known)) if len(known) == len(parts) else None
