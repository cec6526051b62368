"""Requests to a cache that is written at markers, and no marker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seamaudit.layers.cache.facts import UnmarkedRepeat
from seamaudit.layers.cache.state import Answered, size
from seamaudit.trace import Link

BAND: Final = 0.25
"""How far a count of tokens that is apportioned by bytes may be off: prose, JSON and code differ that much."""

LONGEST_MINIMUM: Final = 4096
"""What a prefix must reach where the model's own minimum is not settled: the longest that any is documented with."""


class Unmarked:
    """Remembers when each request's prefix could first have been read, had it been marked."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, float]] = {}

    def feed(self, call: Answered, settled: bool) -> Iterator[UnmarkedRepeat]:
        """The request's repeat, if nothing marks it, nothing was cached and the prefix is clearly long enough."""
        base = self._base(call)
        if call.started is not None and call.readable is not None:
            self._seen[call.exchange.id] = (call.started, call.readable)
        usage, request, contract = call.usage, call.exchange.request, call.contract
        if base is None or request.breakpoints or call.exchange.side or request.unsized or call.summed:
            return
        if usage.cache_read != 0 or usage.cache_write != 0:
            return
        total = usage.input or 0
        repeated = round(total * size(call.prefix, base.shared) / max(1, size(call.prefix, call.prefix.length)))
        least = LONGEST_MINIMUM if "minimum_tokens" in contract.uncertain else contract.minimum_tokens
        if repeated * (1 - BAND) < least:
            return
        yield UnmarkedRepeat(
            exchange=call.exchange.id,
            thread=call.exchange.thread.id,
            app=call.exchange.attribution.app,
            locus=call.exchange.locus,
            witness=(base.locus,),
            provider=call.exchange.provider,
            model=request.model,
            dated=call.exchange.times.dated,
            repeated=repeated,
            total=total,
            minimum=contract.minimum_tokens,
            base_exchange=base.exchange,
            settled=settled,
        )

    def _base(self, call: Answered) -> Link | None:
        """The request of this cache that this one repeats furthest, of those whose entry would be readable and alive."""
        links = [link for link in (call.exchange.previous, call.exchange.nearest) if link is not None and self._would_serve(call, link)]
        return max(links, key=lambda link: link.shared, default=None)

    def _would_serve(self, call: Answered, link: Link) -> bool:
        times = self._seen.get(link.exchange)
        if times is None or call.started is None:
            return False
        started, readable = times
        return readable <= call.started <= started + call.contract.ttl_seconds[call.contract.default_ttl]
