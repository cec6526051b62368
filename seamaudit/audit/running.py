"""Layers at work: one instance for each scope, fed in order, and what they tell kept apart by where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import chain
from operator import attrgetter

from msgspec import Struct

from seamaudit.facts import Fact
from seamaudit.ingest.merge import cache_scope
from seamaudit.layers.base import Layer, Scope
from seamaudit.trace import Exchange

Making = Callable[[], Layer]


class Told(Struct, frozen=True):
    """Facts that a layer told at once. `order` is where one process would have heard them: while exchanges are fed or at the end, at which
    exchange (at the end, the one its layer began with), of which layer."""

    order: tuple[bool, int, int]
    facts: list[Fact]


_Owner = tuple[Scope, tuple[str, ...]]
"""Whose exchanges a layer is fed: a thread's, a cache's, or all."""


class Running:
    """Layers, one instance for each thread, each cache or the whole trace, as their scope says; `factories` are those to run, with their
    places among all."""

    def __init__(self, factories: Iterable[tuple[int, Making]]) -> None:
        self._factories = [(at, make, make().scope) for at, make in factories]
        self._begun: dict[_Owner, dict[int, tuple[int, Layer]]] = {}
        self._of_thread: dict[str, dict[tuple[str, ...], list[tuple[int, Layer]]]] = {}

    def run(self, exchanges: list[Exchange]) -> Iterator[Told]:
        """What the layers tell of the exchanges, in its order. Each is taken out of the list when its turn comes, and a thread's layers
        leave with the last of its own: what is held is bounded by the threads that overlap."""
        last = {exchange.thread.id: exchange.id for exchange in exchanges}
        ended: list[Told] = []
        exchanges.reverse()
        while exchanges:
            exchange = exchanges.pop()
            yield from self._fed(exchange)
            thread = exchange.thread.id
            if last[thread] == exchange.id:
                self._of_thread.pop(thread, None)
                ended += self._closed((Scope.THREAD, (thread,)))
        for owner in list(self._begun):
            ended += self._closed(owner)
        yield from sorted(ended, key=attrgetter("order"))

    def _fed(self, exchange: Exchange) -> Iterator[Told]:
        for at, layer in self._of(exchange):
            facts = list(layer.feed(exchange))
            if facts:
                yield Told((False, exchange.id, at), facts)

    def _closed(self, owner: _Owner) -> Iterator[Told]:
        for at, (since, layer) in self._begun.pop(owner, {}).items():
            facts = list(layer.close())
            if facts:
                yield Told((True, since, at), facts)

    def _of(self, exchange: Exchange) -> list[tuple[int, Layer]]:
        thread, cache = exchange.thread.id, cache_scope(exchange)
        known = self._of_thread.setdefault(thread, {})
        layers = known.get(cache)
        if layers is None:
            owners = {Scope.THREAD: (thread,), Scope.CACHE: cache, Scope.TRACE: ()}
            layers = known[cache] = [(at, self._layer(exchange, at, make, (scope, owners[scope]))) for at, make, scope in self._factories]
        return layers

    def _layer(self, exchange: Exchange, at: int, make: Making, owner: _Owner) -> Layer:
        begun = self._begun.setdefault(owner, {})
        if at not in begun:
            begun[at] = exchange.id, make()
        return begun[at][1]


def in_order(*told: Iterable[Told]) -> Iterator[Fact]:
    """Facts that were told apart, each part in its own order, as one process would have heard them."""
    return chain.from_iterable(each.facts for each in merge(*told, key=attrgetter("order")))
