"""Markers on prefixes that are too short to be cached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from seamaudit.layers.cache.facts import ShortPrefix
from seamaudit.layers.cache.state import Answered, size
from seamaudit.layers.cache.unmarked import BAND

SHORTEST_MINIMUM: Final = 512
"""What a prefix must stay below where the model's own minimum is not settled: the shortest that any is documented with."""


class Short:
    """Gathers requests whose last marker stands below the minimum."""

    def __init__(self) -> None:
        self._found: list[ShortPrefix] = []

    def feed(self, call: Answered, settled: bool) -> None:
        """Take a request: nothing read, nothing written, and the marked part too short by any reading of its size."""
        usage, request, contract = call.usage, call.exchange.request, call.contract
        if not request.breakpoints or call.exchange.side or request.unsized or usage.cache_read != 0 or usage.cache_write != 0:
            return
        total, last = usage.input or 0, max(mark.position for mark in request.breakpoints)
        marked = round(total * size(call.prefix, last) / max(1, size(call.prefix, call.prefix.length)))
        least = SHORTEST_MINIMUM if "minimum_tokens" in contract.uncertain else contract.minimum_tokens
        if not total or min(total, marked * (1 + BAND)) >= least:
            return
        self._found.append(
            ShortPrefix(
                exchange=call.exchange.id,
                thread=call.exchange.thread.id,
                app=call.exchange.attribution.app,
                locus=call.exchange.locus,
                provider=call.exchange.provider,
                model=request.model,
                marked=marked,
                total=total,
                minimum=contract.minimum_tokens,
                times=1,
                confidence="high" if settled else "medium",
            )
        )

    def close(self) -> Iterator[ShortPrefix]:
        """What was found, each with how often its app did it."""
        times = Counter((row.app, row.model) for row in self._found)
        return (replace(row, times=times[row.app, row.model]) for row in self._found)
