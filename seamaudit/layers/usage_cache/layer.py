"""One thread's cache, followed from usage to usage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.layers.usage_cache.facts import UsageRead, UsageVerdict
from seamaudit.layers.usage_cache.state import Call, Left, answered, left_by
from seamaudit.trace import Exchange, Level

_ANEW = frozenset({UsageVerdict.INTENDED, UsageVerdict.REWOUND, UsageVerdict.MODEL_SWITCH, UsageVerdict.NO_BASE})
"""After these nothing that was left before can be read again."""


class UsageCache:
    """Follows the cache of one thread from usage to usage. Calls beside the conversation take no part."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._left: dict[int, Left] = {}
        self._open: tuple[UsageRead, Left] | None = None

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One UsageRead for each answered request; a miss that may be the provider's waits for the next, which bears it out or not."""
        if exchange.level is not Level.MESSAGES or exchange.side:
            return
        base = self._left.get(exchange.previous.exchange) if exchange.previous else None
        call = answered(exchange)
        if call is None:
            if base is not None and not exchange.intended and _shared(exchange, base) == base.prefix.length:
                self._left[exchange.id] = base
            return
        yield from self._settled(call, base)
        seen = _compared(call, base)
        before = None if seen.verdict in _ANEW else base
        self._left[exchange.id] = left = left_by(call, before, short=seen.reported < seen.available)
        if seen.verdict is UsageVerdict.PROVIDER_SIDE:
            self._open = seen, left
        else:
            yield seen

    def close(self) -> Iterable[Fact]:
        """The last miss, if nothing came that bears it out."""
        if self._open is not None:
            yield replace(self._open[0], verdict=UsageVerdict.UNEXPLAINED)

    def _settled(self, call: Call, base: Left | None) -> Iterator[UsageRead]:
        """The miss of the request before: the provider's if this one reads all that it left, and so goes on from it."""
        if self._open is None:
            return
        (seen, left), self._open = self._open, None
        alone = base is left and call.read == left.tokens
        yield seen if alone else replace(seen, verdict=UsageVerdict.UNEXPLAINED)


def _compared(call: Call, base: Left | None) -> UsageRead:
    exchange = call.exchange
    alive = _alive(call, base) if base else None
    verdict = _verdict(call, base, alive) if base else UsageVerdict.NO_BASE
    return UsageRead(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        witness=(base.locus,) if base else (),
        provider=exchange.provider,
        model=exchange.request.model,
        model_before=base.model if base else "",
        dated=exchange.times.dated,
        verdict=verdict,
        available=base.tokens if base else 0,
        reported=call.read,
        written=call.written,
        written_1h=call.usage.cache_write_1h or 0,
        total=call.total,
        lost=_lost(call, base, verdict) if base else 0,
        shrank=base is not None and call.total < base.total,
        base_exchange=base.exchange if base else -1,
        gap=_gap(call.started, base) if base else None,
        life=base.life if base else None,
        alive=alive,
    )


def _verdict(call: Call, base: Left, alive: bool | None) -> UsageVerdict:
    if call.read >= base.tokens:
        return UsageVerdict.EXACT if call.read == base.tokens else UsageVerdict.MORE
    if call.exchange.intended:
        return UsageVerdict.INTENDED
    if _shared(call.exchange, base) < base.prefix.length:
        return UsageVerdict.REWOUND
    if call.exchange.request.model != base.model:
        return UsageVerdict.MODEL_SWITCH
    if alive is False:
        return UsageVerdict.EXPIRED
    if call.exchange.request.streamed != base.streamed and call.read in _own(call, base):
        return UsageVerdict.FALLBACK
    served = alive is True and not base.short and call.total >= base.total and call.read in _boundaries(base)
    return UsageVerdict.PROVIDER_SIDE if served else UsageVerdict.UNEXPLAINED


def _own(call: Call, base: Left) -> set[int]:
    """What a request can find whose turn before was sent the other way: what the last of its own kind left, or the head of all."""
    own = next((left.tokens for left in base.chain() if left.streamed == call.exchange.request.streamed), 0)
    return {own, min((end for left in base.chain() for end in (left.read, left.tokens) if end), default=0)} - {0}


def _boundaries(base: Left) -> set[int]:
    """Where earlier entries of the conversation end, without the lowest: what lies below it, tools and system, is not recorded, and a
    change behind them looks the same."""
    ends = {end for left in base.chain() for end in (left.read, left.tokens) if end}
    return ends - {min(ends, default=0)}


def _shared(exchange: Exchange, base: Left) -> int:
    link = exchange.previous
    return link.shared if link and link.exchange == base.exchange else exchange.request.prefix.shared_with(base.prefix)


def _gap(at: float | None, base: Left) -> float | None:
    return None if at is None or base.touched is None else at - base.touched


def _alive(call: Call, base: Left) -> bool | None:
    lives = call.contract.ttl_seconds.values()
    earliest, latest = _gap(call.started, base), _gap(call.latest, base)
    if earliest is None or latest is None:
        return None
    if earliest > (base.life or max(lives)):
        return False
    return True if latest <= (base.life or min(lives)) else None


def _lost(call: Call, base: Left, verdict: UsageVerdict) -> int:
    kept = call.read
    if verdict is UsageVerdict.EXPIRED and call.started is not None:
        kept = max(kept, *(end for left in base.chain() for end in _living(left, call.started)), 0)
    return max(0, min(base.tokens, call.total) - kept)


def _living(left: Left, now: float) -> Iterator[int]:
    """Entries that outlive the newest: of one request's writes some may be for an hour."""
    if left.touched is not None:
        yield from (end for end, life in left.entries if life is not None and now - left.touched <= life)
