"""What one call left in the cache, as its usage tells it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from seamaudit.providers.contracts import CacheContract, cache_contract
from seamaudit.trace import Exchange, Locus, Need, Prefix, Usage

DEPTH = 64
"""Earlier turns whose boundaries are known."""


class Call(Struct, frozen=True):
    """An answered exchange with its usage at hand: tokens read from the cache, written to it, and sent in all."""

    exchange: Exchange
    usage: Usage
    contract: CacheContract
    read: int
    written: int
    total: int

    @property
    def started(self) -> float | None:
        """When it was sent at the earliest."""
        return self.exchange.times.started

    @property
    def latest(self) -> float | None:
        """When it was sent at the latest: a client's clock tells when it could have been."""
        return self.exchange.times.ended or self.started


class Left(Struct):
    """What one request left: cached tokens, and for each entry among them (its end, the life it was written for); `short` says that it
    read less itself than it could have, `streamed` that it was sent with a stream."""

    exchange: int
    locus: Locus
    model: str
    prefix: Prefix
    tokens: int
    read: int
    total: int
    entries: tuple[tuple[int, float | None], ...]
    touched: float | None
    short: bool
    streamed: bool
    before: Left | None

    @property
    def life(self) -> float | None:
        """The life of the newest entry, which holds all of it."""
        return self.entries[-1][1]

    def chain(self) -> Iterator[Left]:
        """This and what was left before in the same unbroken conversation, newest first."""
        at: Left | None = self
        for _ in range(DEPTH):
            if at is None:
                return
            yield at
            at = at.before


def answered(exchange: Exchange) -> Call | None:
    """An answered exchange whose cache can be followed."""
    usage = exchange.usage
    if usage is None or exchange.refused or Need.CACHE_LIFE in exchange.lacks:
        return None
    if usage.input is None or usage.cache_read is None or usage.cache_write is None:
        return None
    contract = cache_contract(exchange.provider, exchange.request.model, exchange.platform, exchange.times.dated, exchange.api)
    return Call(exchange, usage, contract, usage.cache_read, usage.cache_write, usage.input) if contract else None


def left_by(call: Call, before: Left | None, short: bool) -> Left:
    """What a call leaves behind `before`, of which it refreshes the part it read."""
    hit = next((left for left in before.chain() if left.tokens == call.read), None) if before else None
    if hit is not None:
        hit.touched = call.started
    return Left(
        exchange=call.exchange.id,
        locus=call.exchange.locus,
        model=call.exchange.request.model,
        prefix=call.exchange.request.prefix,
        tokens=call.read + call.written,
        read=call.read,
        total=call.total,
        entries=tuple(_entries(call, before)),
        touched=call.started,
        short=short,
        streamed=call.exchange.request.streamed,
        before=before,
    )


def _entries(call: Call, before: Left | None) -> Iterator[tuple[int, float | None]]:
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
