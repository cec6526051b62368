"""Breaks of recordings that tell usage alone: priced as they are, for the layer has told their causes apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal

from seamaudit.layers.usage_cache import UsageRead, UsageVerdict
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.cache_breaks.bill import hour_keeps, price_of_miss, unit_of
from seamaudit.seams.cache_breaks.facts import CacheBreak, Cause, Origin
from seamaudit.seams.cache_breaks.knobs import BreakKnobs

CAUSES: Final[Mapping[UsageVerdict, tuple[Cause, Origin]]] = {
    UsageVerdict.EXPIRED: (Cause.EXPIRED, Origin.UNKNOWN),
    UsageVerdict.MODEL_SWITCH: (Cause.MODEL, Origin.CLIENT),
    UsageVerdict.FALLBACK: (Cause.PARAMETER, Origin.CLIENT),
    UsageVerdict.PROVIDER_SIDE: (Cause.PROVIDER_SIDE, Origin.PROVIDER),
    UsageVerdict.UNEXPLAINED: (Cause.UNEXPLAINED, Origin.UNKNOWN),
}

STREAM = "stream"
"""The parameter that such recordings tell of: no part of a key by itself, but clients that give it up change others with it."""

BAD_DAY = 0.1
"""The share of warm reads that a provider missed on the worst recorded day; where more fall short, something else may be at work."""

FEW = 10
"""Warm reads below which a share says nothing."""


def followed(reads: Collection[UsageRead], prices: PriceBook, knobs: BreakKnobs) -> Iterator[CacheBreak]:
    """One row for each read that fell short for a reason a person may want to know, or for none that is recorded."""
    warm = Counter(read.thread for read in reads if read.verdict in (UsageVerdict.EXACT, UsageVerdict.PROVIDER_SIDE))
    missed = Counter(read.thread for read in reads if read.verdict is UsageVerdict.PROVIDER_SIDE)
    for read in reads:
        if read.verdict in CAUSES and _is_break(read, knobs):
            often = warm[read.thread] >= FEW and missed[read.thread] > BAD_DAY * warm[read.thread]
            yield _break(read, prices, often)


def _is_break(read: UsageRead, knobs: BreakKnobs) -> bool:
    """Whether enough was lost. A switch of models is to blame only for what was still alive."""
    if read.verdict is UsageVerdict.MODEL_SWITCH and not read.alive:
        return False
    return read.lost >= knobs.usage_min_tokens and read.lost > read.available * knobs.min_share


def _break(read: UsageRead, prices: PriceBook, often: bool) -> CacheBreak:
    cause, origin = CAUSES[read.verdict]
    certain = cause in (Cause.EXPIRED, Cause.MODEL)
    confidence: Literal["high", "medium", "low"] = "high" if certain else "low" if often else "medium"
    return CacheBreak(
        exchange=read.exchange,
        thread=read.thread,
        app=read.app,
        locus=read.locus,
        witness=read.witness,
        provider=read.provider,
        model=read.model,
        cause=cause,
        origin=origin,
        proof="proven" if certain else "inferred",
        confidence=confidence,
        same_thread=True,
        zone=None,
        block="",
        role="",
        edit=None,
        tool="",
        tools_added=0,
        tools_removed=0,
        rewritten_tokens=read.lost,
        shared_tokens=read.reported,
        wasted_tokens=read.lost,
        waste_usd=price_of_miss(unit_of(prices, read), read, read.lost),
        parameter=STREAM if cause is Cause.PARAMETER else "",
        model_before=read.model_before if cause is Cause.MODEL else "",
        gap=read.gap,
        life=read.life,
        hour_keeps=cause is Cause.EXPIRED and not read.shrank and hour_keeps(read.gap, read.life),
        hour_keeps_tokens=None,
        hour_saves_usd=None,
        hour_costs_usd=None,
        was=None,
        now=None,
        diverges_at=None,
    )
