"""Contents that were put into a cache by a call of their own, and that requests name: Gemini's `cachedContents`.

Every request that names one reads all of it, at whatever place of the prompt; its life is the one it was made with, an hour by default,
and no read makes it longer (ai.google.dev caching). What it holds is not in the request.
"""

from __future__ import annotations

from typing import Final

from seamaudit.layers.cache.explicit import Replayed
from seamaudit.layers.cache.facts import Verdict
from seamaudit.layers.cache.state import Answered, Extent
from seamaudit.trace import Exchange, Link

NAMES: Final = ("cachedContent", "cached_content")


def held_by(exchange: Exchange) -> str:
    """The content a request names, "" for none."""
    params = exchange.request.params
    return next((params[name] for name in NAMES if name in params), "")


class HeldContents:
    """Remembers how long each content is, from the first request that names it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Exchange, Extent]] = {}

    def replay(self, call: Answered, name: str) -> tuple[tuple[Link, Extent] | None, Replayed]:
        """The first request that named the same content, and what the request should have read."""
        read = call.usage.cache_read or 0
        known = self._known.get(name)
        if known is None:
            if read:
                self._known[name] = call.exchange, _extent(call, read)
            return None, Replayed(0, Verdict.MORE_THAN_PREDICTED if read else Verdict.COLD, None)
        first, extent = known
        verdict = Verdict.EXACT if read == extent.tokens else Verdict.MORE_THAN_PREDICTED if read > extent.tokens else Verdict.UNEXPLAINED
        return (Link(first.id, first.locus, first.request.prefix, 0, first.times.started), extent), Replayed(extent.tokens, verdict, None)


def _extent(call: Answered, tokens: int) -> Extent:
    lives = call.contract.ttl_seconds
    return Extent(
        position=0,
        tokens=tokens,
        read=tokens,
        size=0,
        life=lives.get("held", lives[call.contract.default_ttl]),
        touched=call.started,
        readable=None,
        params="",
        before=-1,
        chained=False,
        locus=call.exchange.locus,
    )
