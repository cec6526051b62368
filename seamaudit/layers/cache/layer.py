"""One cache, replayed: every request of one provider, account and model, in order."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.layers.cache import implicit
from seamaudit.layers.cache.explicit import ExplicitCache, Replayed
from seamaudit.layers.cache.facts import CacheRead
from seamaudit.layers.cache.held import HeldContents, held_by
from seamaudit.layers.cache.layout import Calls
from seamaudit.layers.cache.short import Short
from seamaudit.layers.cache.state import Answered, Extent, Older, Texts, flipped, no_text
from seamaudit.layers.cache.unmarked import Unmarked
from seamaudit.providers.contracts import CacheContract, CacheMode, cache_contract
from seamaudit.trace import Exchange, Link, Need

UNSETTLING = frozenset({"mode", "platform", "ttl"})
"""Contract fields that, left open by the documents, leave a broken read open too; the others only matter at their edges."""


class CacheLayer:
    """Replays a cache by the contract of the day and compares what it predicts with what was reported.

    `text_of` gives the texts of segments: a cache that nobody marks shares the beginning of a block, too. `calls` is filled with what was
    replayed, for those who want to know what else could have been.
    """

    scope = Scope.CACHE

    def __init__(self, text_of: Texts = no_text, calls: Calls | None = None) -> None:
        self._text_of = text_of
        self._kept = None if calls is None else calls.cache()
        self._explicit = ExplicitCache()
        self._unmarked = Unmarked()
        self._short = Short()
        self._held = HeldContents()
        self._extents: dict[int, Extent] = {}

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One CacheRead for each answered request whose prompt and usage are known, and what it repeats that nobody marks."""
        call = _answered(exchange)
        if call is None:
            return
        held = held_by(exchange)
        if held:
            base, replayed = self._held.replay(call, held)
            yield replace(_read(call, base, replayed), extends=base is not None)
            return
        base = self._base(exchange)
        before = base[0].exchange if base else -1
        older = Older(base[1] if base and base[0].shared >= base[1].position else None, self._extents)
        if call.contract.mode is CacheMode.EXPLICIT:
            self._short.feed(call, settled(call.contract))
            yield from self._unmarked.feed(call, settled(call.contract))
        if call.contract.mode is CacheMode.IMPLICIT_STEP:
            replayed = Replayed(*implicit.replay(call, base, older, self._text_of))
        else:
            replayed = self._explicit.replay(call, older, before)
        if self._kept is not None:
            self._kept.append(call)
        if replayed.left is not None:
            self._extents[exchange.id] = replayed.left
        yield _read(call, base, replayed)

    def close(self) -> Iterable[Fact]:
        """What each request wrote, now that its reads are known, and what was marked in vain."""
        yield from self._explicit.writes()
        yield from self._short.close()

    def _base(self, exchange: Exchange) -> tuple[Link, Extent] | None:
        for link in (exchange.previous, exchange.nearest):
            if link is not None and link.exchange in self._extents:
                return link, self._extents[link.exchange]
        return None


def _answered(exchange: Exchange) -> Answered | None:
    usage, request = exchange.usage, exchange.request
    if exchange.refused or usage is None or usage.input is None or Need.CACHE_CONTRACT in exchange.lacks:
        return None
    if not request.complete and not held_by(exchange):
        return None
    contract = cache_contract(exchange.provider, request.model, exchange.platform, exchange.times.dated, exchange.api)
    return Answered(_without_answer(exchange), usage, contract) if contract else None


def _without_answer(exchange: Exchange) -> Exchange:
    """The call as caches are replayed for it, which is kept for counterfactuals: what it said is most of what it weighs."""
    response = exchange.response
    assert response is not None  # whose usage it has
    ran = tuple(call for call in response.calls if call.server)
    return replace(exchange, response=replace(response, answers=(), calls=ran, stream=None))


def _read(call: Answered, base: tuple[Link, Extent] | None, replayed: Replayed) -> CacheRead:
    exchange, usage, previous = call.exchange, call.usage, call.exchange.previous
    link, extent = base if base else (None, None)
    left = replayed.left
    flips = flipped(extent.params, call.params()) if extent else []
    alive = None
    if extent is not None and extent.touched is not None and call.started is not None:
        alive = call.started - extent.touched <= extent.life
    raced = extent is not None and extent.readable is not None and call.started is not None and call.started < extent.readable
    return CacheRead(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        witness=(extent.locus,) if extent else (),
        provider=exchange.provider,
        model=exchange.request.model,
        mode=call.contract.mode,
        dated=exchange.times.dated,
        verdict=replayed.verdict,
        predicted=replayed.predicted,
        reported=usage.cache_read or 0,
        written=usage.cache_write or 0,
        written_1h=usage.cache_write_1h or 0,
        total=usage.input or 0,
        extends=previous is not None and previous.shared == previous.prefix.length,
        base_exchange=link.exchange if link else -1,
        base_available=_servable(extent, call.contract),
        base_position=extent.position if extent else 0,
        base_bytes=extent.size if extent else 0,
        alive=alive,
        raced=raced,
        intended=exchange.intended,
        started=call.started,
        left=_servable(left, call.contract),
        life=left.life if left else None,
        rested=replayed.rested,
        previous=previous.exchange if previous else -1,
        same_parameters=not flips,
        flipped=", ".join(flips),
        flip_settled=not any(f"invalidates.{name}" in call.contract.uncertain for name in flips),
        overlooked=replayed.overlooked,
        overlooked_surely=replayed.overlooked_surely,
        settled=settled(call.contract),
        documented="mode" not in call.contract.uncertain,
    )


def settled(contract: CacheContract) -> bool:
    """Whether the documents leave nothing open that a broken read hangs on."""
    return not contract.uncertain & UNSETTLING


def _servable(extent: Extent | None, contract: CacheContract) -> int:
    """Tokens of what a request left that can be read."""
    tokens = extent.tokens if extent else 0
    return implicit.stepped(tokens, contract) if contract.mode is CacheMode.IMPLICIT_STEP else tokens
