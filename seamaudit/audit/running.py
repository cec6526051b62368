"""Layers at work: one instance for each scope, fed in order, and what they tell kept apart by where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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


class Running:
    """Layers, one instance for each thread, each cache or the whole trace, as their scope says; `factories` are those to run, with their
    places among all."""

    def __init__(self, factories: Iterable[tuple[int, Making]]) -> None:
        self._factories = [(at, make, make().scope) for at, make in factories]
        self._running: dict[tuple[int, tuple[str, ...]], tuple[int, int, Layer]] = {}
        self._together: dict[tuple[str, tuple[str, ...]], tuple[tuple[int, Layer], ...]] = {}

    def feed(self, exchange: Exchange) -> Iterator[Told]:
        """What the layers tell of the next exchange, where they do."""
        for at, layer in self._of(exchange):
            facts = list(layer.feed(exchange))
            if facts:
                yield Told((False, exchange.id, at), facts)

    def close(self) -> Iterator[Told]:
        """What only the end can tell."""
        for since, at, layer in self._running.values():
            yield Told((True, since, at), list(layer.close()))

    def _of(self, exchange: Exchange) -> tuple[tuple[int, Layer], ...]:
        key = exchange.thread.id, cache_scope(exchange)
        layers = self._together.get(key)
        if layers is None:
            layers = self._together[key] = tuple(self._begun(exchange, at, make, scope, *key) for at, make, scope in self._factories)
        return layers

    def _begun(self, exchange: Exchange, at: int, make: Making, scope: Scope, thread: str, cache: tuple[str, ...]) -> tuple[int, Layer]:
        whose = {Scope.THREAD: (thread,), Scope.CACHE: cache}.get(scope, ())
        if (at, whose) not in self._running:
            self._running[at, whose] = exchange.id, at, make()
        return at, self._running[at, whose][-1]


def in_order(told: Iterable[Told]) -> Iterator[Fact]:
    """Facts that were told apart, as one process would have heard them."""
    return chain.from_iterable(each.facts for each in sorted(told, key=attrgetter("order")))
