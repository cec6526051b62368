"""Lays the billed classes of one call over the positions of its prompt, front to back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from msgspec import Struct

from seamaudit.layers.ledger.facts import Billing
from seamaudit.layers.ledger.scale import Rates, Scale, Stretch
from seamaudit.providers.units import UnitPrices
from seamaudit.trace import Usage


class Share(Struct, frozen=True):
    """A class of a call's tokens, and picodollars for each, None where not known."""

    billing: Billing
    tokens: int
    price: int | None


class Whole(Struct, frozen=True):
    """Positions of a stretch that are billed in one class from end to end."""

    share: Share
    stretch: Stretch


class Part(Struct, frozen=True):
    """Tokens of one position, or with no position tokens that no recorded position holds, billed in one class."""

    share: Share
    tokens: int
    heads: bool = False
    at: int = -1


def shares(usage: Usage, prices: UnitPrices | None) -> tuple[Share, ...]:
    """The classes of a call's input in the order in which they cover its prompt; none where its input is not known.

    Writes for an hour stand before writes for five minutes (platform.claude.com prompt-caching, mixing TTLs).
    """
    if usage.input is None:
        return ()
    plain, read, written = usage.plain, usage.cache_read or 0, usage.cache_write or 0
    short, long = usage.cache_write_5m or 0, usage.cache_write_1h or 0
    if plain is None or min(plain, read, written, short, long) < 0:
        return (Share(Billing.UNKNOWN, max(0, usage.input), None),)
    told = short + long == written
    parts = (
        Share(Billing.READ, read, prices.read if prices else None),
        Share(Billing.WRITE_1H, long if told else 0, prices.write_1h if prices else None),
        Share(Billing.WRITE_5M, short if told else 0, prices.write_5m if prices else None),
        Share(Billing.WRITE, 0 if told else written, prices.write if prices else None),
        Share(Billing.PLAIN, plain, prices.input if prices else None),
    )
    return tuple(share for share in parts if share.tokens)


def spread(parts: Sequence[Stretch], classes: Sequence[Share], scale: Scale, rates: Rates) -> Iterator[Whole | Part]:
    """Every token of the classes once: first what no position holds, then the positions in wire order.

    Where positions weigh more than was billed, the foremost are not billed.
    """
    ahead = sum(share.tokens for share in classes) - scale.tokens(parts, rates)
    stop = -ahead
    for share in classes:
        start, stop = stop, stop + share.tokens
        unheld = min(stop, 0) - start
        if unheld > 0:
            yield Part(share, unheld)
        yield from _covered(parts, share, start, stop, scale, rates)


def _covered(parts: Sequence[Stretch], share: Share, start: int, stop: int, scale: Scale, rates: Rates) -> Iterator[Whole | Part]:
    """The positions between two offsets in tokens from the prompt's first position."""
    passed = 0
    for heads, low, high in parts:
        base = scale.upto(heads, low, rates)
        weight = scale.upto(heads, high, rates) - base
        from_, to = max(start - passed, 0), min(stop - passed, weight)
        if from_ < to:
            yield from _cut(share, (heads, low, high), base + from_, base + to, scale, rates)
        passed += weight


def _cut(share: Share, stretch: Stretch, from_: int, to: int, scale: Scale, rates: Rates) -> Iterator[Whole | Part]:
    """What of a stretch lies between two counts of tokens along its tape: a part of a position, whole positions, a part of the next."""
    heads, low, high = stretch

    def upto(at: int) -> int:
        return scale.upto(heads, at, rates)

    first = low + bisect_left(range(low, high + 1), from_, key=upto)
    last = low + bisect_right(range(low, high + 1), to, key=upto) - 1
    if first > last:
        yield Part(share, to - from_, heads, last)
        return
    if upto(first) > from_:
        yield Part(share, upto(first) - from_, heads, first - 1)
    if first < last:
        yield Whole(share, (heads, first, last))
    if upto(last) < to:
        yield Part(share, to - upto(last), heads, last)
