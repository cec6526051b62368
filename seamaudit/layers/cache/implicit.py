"""Caches that nobody marks: the longest shared prefix, rounded down to a step."""

from __future__ import annotations

from collections.abc import Sequence

from seamaudit.layers.cache.facts import Verdict
from seamaudit.layers.cache.state import Answered, Extent, size
from seamaudit.providers.contracts import CacheContract
from seamaudit.trace import Link


def stepped(tokens: float, contract: CacheContract) -> int:
    """Tokens rounded down to the step; 0 below the minimum (developers.openai.com prompt-caching)."""
    floor = int(tokens) // contract.step * contract.step
    return floor if floor >= contract.minimum_tokens else 0


def replay(call: Answered, base: tuple[Link, Extent] | None, older: Sequence[Extent]) -> tuple[int, Verdict, Extent]:
    """Predicted read, the verdict on the reported one, and what the request left behind. Best effort: the provider promises no hit."""
    predicted = 0
    if base is not None:
        link, extent = base
        share = 1.0 if link.shared >= extent.position else size(call.prefix, link.shared) / max(extent.size, 1)
        predicted = stepped(extent.tokens * share, call.contract)
    verdict = _judged(predicted, call, older)
    return predicted, verdict, _extent(call, base[0].exchange if base else -1, bool(older))


def _judged(predicted: int, call: Answered, older: Sequence[Extent]) -> Verdict:
    reported, step = call.usage.cache_read or 0, call.contract.step
    if not predicted and not reported:
        return Verdict.COLD
    if predicted == reported:
        return Verdict.EXACT
    if abs(predicted - reported) <= step:
        return Verdict.WITHIN_STEP
    if reported > predicted:
        return Verdict.MORE_THAN_PREDICTED
    served = any(reported in (extent.read, stepped(extent.tokens, call.contract)) for extent in older if reported)
    return Verdict.PROVIDER_SIDE if served else Verdict.UNEXPLAINED


def _extent(call: Answered, before: int, chained: bool) -> Extent:
    lives = call.contract.ttl_seconds
    named = call.exchange.request.params.get("prompt_cache_retention", "").strip('"')
    return Extent(
        position=call.prefix.length,
        tokens=call.usage.input or 0,
        read=call.usage.cache_read or 0,
        size=size(call.prefix, call.prefix.length),
        life=lives.get(named, lives[call.contract.default_ttl]),
        touched=call.started,
        readable=call.readable,
        params=call.params(),
        before=before,
        chained=chained,
        locus=call.exchange.locus,
    )
