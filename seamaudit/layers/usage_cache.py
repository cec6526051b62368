"""The cache as usage alone tells it: for recordings whose prompts lack the system prompt and the tools.

Between two turns of one thread a provider that writes at markers reads what the turn before had read and written:
read[n+1] = read[n] + write[n]. What falls short of that is told apart by what stood between: time, another model, a prompt begun anew or
rewound. A life runs from the start of the request that last touched an entry, and is the one that was written (platform.claude.com
prompt-caching). What is left is the provider's where the read ends at an earlier turn's boundary, and unexplained elsewhere: a client may
have changed what the recording does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.providers.contracts import CacheContract, cache_contract
from seamaudit.trace import Exchange, Level, Locus, Need, Prefix, Usage


class UsageVerdict(StrEnum):
    """How the reported read compares with what the turn before had left."""

    NO_BASE = "no_base"
    EXACT = "exact"
    MORE = "more"
    EXPIRED = "expired"
    MODEL_SWITCH = "model_switch"
    INTENDED = "intended"
    REWOUND = "rewound"
    PROVIDER_SIDE = "provider_side"
    UNEXPLAINED = "unexplained"


@fact("usage_reads", needs=(Need.USAGE, Need.CACHE_LIFE))
@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRead(Fact):
    """One answered request of a recording without whole prompts, against what the turn before had left in the cache."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    model_before: Annotated[str, "The model of the turn before; empty for none."]
    dated: Annotated[float | None, "When, for prices; unknown where the recording has no time."]
    verdict: Annotated[UsageVerdict, "The reported read against what was left."]
    available: Annotated[int, "Tokens the turn before left: what it read and what it wrote."]
    reported: Annotated[int, "Tokens the provider said it read."]
    written: Annotated[int, "Tokens the provider said it wrote."]
    written_1h: Annotated[int, "Of these, tokens written for an hour."]
    total: Annotated[int, "All input tokens."]
    lost: Annotated[int, "Tokens that were left, sent again and not read; where they expired only in part, those that did."]
    shrank: Annotated[bool, "Fewer tokens were sent than the turn before, so that not all of its prompt can be in this one."]
    base_exchange: Annotated[int, "The id of the turn before; -1 for none."]
    gap: Annotated[float | None, "Seconds since the start of the request that last touched what was left; unknown without a clock."]
    life: Annotated[float | None, "Seconds it was written for; unknown where that was not in the recording."]
    alive: Annotated[bool | None, "Within that life, whenever the request was really sent; unknown at its edge."]


class UsageCache:
    """Follows the cache of one thread from usage to usage. Calls beside the conversation take no part."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._left: dict[int, _Left] = {}
        self._open: tuple[UsageRead, _Left] | None = None

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One UsageRead for each answered request; one that is unexplained waits for the next, which may explain it."""
        if exchange.level is not Level.MESSAGES or exchange.side:
            return
        base = self._left.get(exchange.previous.exchange) if exchange.previous else None
        call = _answered(exchange)
        if call is None:
            if base is not None and not exchange.intended and _shared(exchange, base) == base.prefix.length:
                self._left[exchange.id] = base
            return
        yield from self._settled(call, base)
        seen = _compared(call, base)
        self._left[exchange.id] = left = _left(call, base, seen)
        if seen.verdict is UsageVerdict.UNEXPLAINED and not seen.shrank:
            self._open = seen, left
        else:
            yield seen

    def close(self) -> Iterable[Fact]:
        """The last request, if it is unexplained."""
        if self._open is not None:
            yield self._open[0]

    def _settled(self, call: _Call, base: _Left | None) -> Iterator[UsageRead]:
        """The unexplained request before: if this one reads what that one should have, to the token, it was there all the time."""
        if self._open is None:
            return
        (seen, left), self._open = self._open, None
        continues = base is left and not call.exchange.intended and _shared(call.exchange, left) == left.prefix.length
        served_late = continues and seen.reported < seen.available == call.read
        yield replace(seen, verdict=UsageVerdict.PROVIDER_SIDE) if served_late else seen


DEPTH = 64
"""Earlier turns whose boundaries are known."""


@dataclass(frozen=True, slots=True)
class _Call:
    exchange: Exchange
    usage: Usage
    contract: CacheContract
    read: int
    written: int
    total: int

    @property
    def started(self) -> float | None:
        return self.exchange.times.started

    @property
    def latest(self) -> float | None:
        """When it was sent at the latest: a client's clock tells when it could have been."""
        return self.exchange.times.ended or self.started


@dataclass(slots=True)
class _Left:
    """What one request left: cached tokens, and for each entry among them (its end, the life it was written for)."""

    exchange: int
    locus: Locus
    model: str
    prefix: Prefix
    tokens: int
    read: int
    total: int
    entries: tuple[tuple[int, float | None], ...]
    touched: float | None
    before: _Left | None

    @property
    def life(self) -> float | None:
        """The life of the newest entry, which holds all of it."""
        return self.entries[-1][1]

    def chain(self) -> Iterator[_Left]:
        """This and what was left before in the same unbroken conversation, newest first."""
        at: _Left | None = self
        for _ in range(DEPTH):
            if at is None:
                return
            yield at
            at = at.before


def _answered(exchange: Exchange) -> _Call | None:
    usage = exchange.usage
    if usage is None or exchange.refused or Need.CACHE_LIFE in exchange.lacks:
        return None
    if usage.input is None or usage.cache_read is None or usage.cache_write is None:
        return None
    contract = cache_contract(exchange.provider, exchange.request.model, exchange.platform, exchange.times.dated, exchange.api)
    return _Call(exchange, usage, contract, usage.cache_read, usage.cache_write, usage.input) if contract else None


def _compared(call: _Call, base: _Left | None) -> UsageRead:
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


def _verdict(call: _Call, base: _Left, alive: bool | None) -> UsageVerdict:
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
    served = alive is True and call.total >= base.total and call.read in _boundaries(base)
    return UsageVerdict.PROVIDER_SIDE if served else UsageVerdict.UNEXPLAINED


def _boundaries(base: _Left) -> set[int]:
    """Where earlier entries of the conversation end, without the lowest: what lies below it, tools and system, is not recorded, and a
    change behind them looks the same."""
    ends = {end for left in base.chain() for end in (left.read, left.tokens) if end}
    return ends - {min(ends, default=0)}


def _shared(exchange: Exchange, base: _Left) -> int:
    link = exchange.previous
    return link.shared if link and link.exchange == base.exchange else exchange.request.prefix.shared_with(base.prefix)


def _gap(at: float | None, base: _Left) -> float | None:
    return None if at is None or base.touched is None else at - base.touched


def _alive(call: _Call, base: _Left) -> bool | None:
    lives = call.contract.ttl_seconds.values()
    earliest, latest = _gap(call.started, base), _gap(call.latest, base)
    if earliest is None or latest is None:
        return None
    if earliest > (base.life or max(lives)):
        return False
    return True if latest <= (base.life or min(lives)) else None


def _lost(call: _Call, base: _Left, verdict: UsageVerdict) -> int:
    kept = call.read
    if verdict is UsageVerdict.EXPIRED and call.started is not None:
        kept = max(kept, *(end for left in base.chain() for end in _living(left, call.started)), 0)
    return max(0, min(base.tokens, call.total) - kept)


def _living(left: _Left, now: float) -> Iterator[int]:
    """Entries that outlive the newest: of one request's writes some may be for an hour."""
    if left.touched is not None:
        yield from (end for end, life in left.entries if life is not None and now - left.touched <= life)


_ANEW = frozenset({UsageVerdict.INTENDED, UsageVerdict.REWOUND, UsageVerdict.MODEL_SWITCH, UsageVerdict.NO_BASE})


def _left(call: _Call, base: _Left | None, seen: UsageRead) -> _Left:
    before = None if seen.verdict in _ANEW else base
    hit = next((left for left in before.chain() if left.tokens == call.read), None) if before else None
    if hit is not None:
        hit.touched = call.started
    return _Left(
        exchange=call.exchange.id,
        locus=call.exchange.locus,
        model=call.exchange.request.model,
        prefix=call.exchange.request.prefix,
        tokens=call.read + call.written,
        read=call.read,
        total=call.total,
        entries=tuple(_entries(call, before)),
        touched=call.started,
        before=before,
    )


def _entries(call: _Call, before: _Left | None) -> Iterator[tuple[int, float | None]]:
    """What was read, then what was written: for an hour first, then for five minutes (prompt-caching, mixing lives)."""
    known = (life for left in (before.chain() if before else ()) for end, life in left.entries if end == call.read)
    yield call.read, next(known, None)
    end, lives = call.read, call.contract.ttl_seconds
    parts = {"1h": call.usage.cache_write_1h, "5m": call.usage.cache_write_5m}
    for name, tokens in parts.items():
        if tokens:
            end += tokens
            yield end, lives.get(name)
    if end < call.read + call.written:
        yield call.read + call.written, None
