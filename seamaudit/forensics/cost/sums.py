"""Sums over calls that never take unknown for zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from seamaudit.layers.cost import Spend
from seamaudit.providers.billing import Unpriced


class Amount(Struct, frozen=True):
    """A sum of tokens or picodollars: None where nothing of it is known, `at_least` where a part of it is not."""

    value: int | None
    at_least: bool = False

    @classmethod
    def of(cls, values: Iterable[int | None], at_least: bool = False) -> Amount:
        """The sum of what is known; of no values it is zero."""
        every = list(values)
        known = [value for value in every if value is not None]
        if every and not known:
            return cls(None)
        return cls(sum(known), at_least or len(known) < len(every))


class Sums(Struct, frozen=True):
    """Sums over calls. `input` is what the cache neither read nor wrote, so that the four kinds of token add up to `total`."""

    calls: int
    input: Amount
    output: Amount
    cache_write: Amount
    cache_read: Amount
    total: Amount
    usd: Amount

    @classmethod
    def over(cls, rows: Iterable[Spend]) -> Sums:
        """The sums over calls that were not refused: a refused call has no tokens and costs nothing."""
        billed = [row for row in rows if not refused(row)]
        short = any(row.output_is_lower_bound for row in billed)
        parts = (
            Amount.of(map(_plain, billed)),
            Amount.of((row.output for row in billed), short),
            Amount.of(_cached(billed, [row.cache_write for row in billed])),
            Amount.of(_cached(billed, [row.cache_read for row in billed])),
        )
        return cls(len(billed), *parts, _together(parts), Amount.of(map(paid, billed), short or any(row.fees_unknown for row in billed)))


def refused(row: Spend) -> bool:
    """Whether the provider refused the call."""
    return row.unpriced_reason is Unpriced.REFUSED


def paid(row: Spend) -> int | None:
    """What a call cost in picodollars: by the price table, else what its recording notes; None where neither knows."""
    return row.recorded_usd if row.usd is None else row.usd


def by_recording(row: Spend) -> bool:
    """Whether only the recording knows what the call cost."""
    return row.usd is None and row.recorded_usd is not None


def _plain(row: Spend) -> int | None:
    """Input that the cache neither read nor wrote; unknown where the counts contradict each other."""
    if row.input is None:
        return None
    plain = row.input - (row.cache_read or 0) - (row.cache_write or 0)
    return plain if plain >= 0 else None


def _cached(rows: Sequence[Spend], counts: Iterable[int | None]) -> list[int | None]:
    """A provider that counts its input and says nothing of a cache used none that it bills apart."""
    return [0 if count is None and row.input is not None else count for row, count in zip(rows, counts, strict=True)]


def _together(parts: Sequence[Amount]) -> Amount:
    known = [part.value for part in parts if part.value is not None]
    if not known:
        return Amount(None)
    return Amount(sum(known), len(known) < len(parts) or any(part.at_least for part in parts))
