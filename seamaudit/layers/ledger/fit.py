"""Fits rates to what calls reported: tokens a byte by model and texture, and tokens of media."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from seamaudit.layers.ledger.scale import NO_RATES, ONE, Rates, Scale, Texture, stretches
from seamaudit.trace import Exchange

_ROUNDS = 8
"""Rounds after which rates of textures that are fitted in turn have settled."""
_SHARE = 0.5
"""A point tells of a texture that at least this share of its bytes has."""
_ENOUGH = 4
"""Points that a rate of its own takes."""


class _Point(NamedTuple):
    sizes: tuple[int, ...]
    tokens: int


def fit(calls: Sequence[Exchange], scale: Scale) -> dict[str, Rates]:
    """The rates of every model, fitted to what its calls reported.

    Two turns of which the later repeats the whole of the earlier pin the tokens between them, whatever a provider adds to both; where
    a model has none, whole prompts have to do. Medians by bytes are taken: what a few turns added unrecorded moves them little. A
    texture has a rate of its own where enough points consist of it.
    """
    by_id = {call.id: call for call in calls}
    pinned: defaultdict[str, list[_Point]] = defaultdict(list)
    whole: defaultdict[str, list[_Point]] = defaultdict(list)
    for call in calls:
        model, parts = call.request.model, stretches(call.request.prefix)
        between = _between(call, by_id, scale)
        if between:
            pinned[model].append(between)
        elif not scale.unsized(parts) and (total := _input(call)) and any(sizes := scale.bytes(parts)):
            whole[model].append(_Point(sizes, total))
    return {model: _fitted(pinned.get(model) or whole[model]) for model in {*pinned, *whole}}


def media(calls: Sequence[Exchange], scale: Scale, fitted: Mapping[str, Rates]) -> dict[tuple[bool, int], int]:
    """The tokens of every position whose bytes say nothing: what the first call that sent it has beyond its text, and beyond what the
    turn before had already. Calls come in their order."""
    known: dict[tuple[bool, int], int] = {}
    beyond: dict[int, int] = {}
    for call in calls:
        parts, total = stretches(call.request.prefix), _input(call)
        if total is None:
            continue
        unsized = scale.unsized(parts)
        new = [place for place in unsized if place not in known]
        text = _weight(scale.bytes(parts), fitted.get(call.request.model, NO_RATES))
        left = total - text - sum(known.get(place, 0) for place in unsized)
        before = beyond.get(call.previous.exchange, 0) if call.previous else 0
        share, odd = divmod(max(0, left - before), len(new)) if new else (0, 0)
        known.update({place: share + (number < odd) for number, place in enumerate(new)})
        beyond[call.id] = max(0, before if new else left)
    return known


def _between(call: Exchange, calls: Mapping[int, Exchange], scale: Scale) -> _Point | None:
    """What a turn added to the one before; None where it did more than add, or added media."""
    link = call.previous
    before = calls.get(link.exchange) if link else None
    if before is None or link is None or link.shared < link.prefix.length or before.request.model != call.request.model:
        return None
    now, then = stretches(call.request.prefix), stretches(link.prefix)
    if len(scale.unsized(now)) != len(scale.unsized(then)):
        return None
    sizes = tuple(new - old for new, old in zip(scale.bytes(now), scale.bytes(then), strict=True))
    tokens = (_input(call) or 0) - (_input(before) or 0)
    return _Point(sizes, tokens) if sum(sizes) > 0 and tokens > 0 else None


def _fitted(points: Sequence[_Point]) -> Rates:
    """One rate for all, then each texture in turn by the points that mostly consist of it, less what the others weigh."""
    one = _median((point.tokens, sum(point.sizes)) for point in points)
    rates = [one] * len(Texture)
    telling = {kind: [point for point in points if point.sizes[kind] >= _SHARE * sum(point.sizes)] for kind in Texture}
    for _ in range(_ROUNDS):
        for kind, some in telling.items():
            if len(some) >= _ENOUGH:
                rates[kind] = 0
                rates[kind] = _median((point.tokens - _weight(point.sizes, rates), point.sizes[kind]) for point in some)
    return Rates(*rates)


def _weight(sizes: Sequence[int], rates: Sequence[int]) -> int:
    return sum(size * rate for size, rate in zip(sizes, rates, strict=True)) >> 20


def _median(points: Iterable[tuple[int, int]]) -> int:
    """The tokens a byte that half of the bytes have at most, of points of tokens and bytes."""
    ordered = sorted(((ONE * max(0, tokens) // size, size) for tokens, size in points if size > 0), key=itemgetter(0))
    half, passed = sum(size for _, size in ordered) / 2, 0
    for rate, size in ordered:
        passed += size
        if passed >= half:
            return min(rate, ONE)
    return 0


def _input(call: Exchange) -> int | None:
    return call.usage.input if call.usage else None
