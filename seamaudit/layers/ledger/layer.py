"""Keeps the ledger of a trace: waits for its end, since the rates are fitted to all of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.layers.ledger.fit import fit, media
from seamaudit.layers.ledger.scale import Scale
from seamaudit.layers.ledger.thread import Account
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange


class Ledger:
    """Keeps the ledger of every thread. Calls without usage and refused ones were billed nothing that is known: they have no entries."""

    scope = Scope.TRACE

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._threads: defaultdict[str, list[Exchange]] = defaultdict(list)

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """Nothing yet."""
        if exchange.usage is not None and not exchange.refused:
            self._threads[exchange.thread.id].append(exchange)
        return ()

    def close(self) -> Iterable[Fact]:
        """The rows of every thread."""
        calls = sorted((call for thread in self._threads.values() for call in thread), key=attrgetter("id"))
        if not calls:
            return
        scale = Scale(calls[0].request.prefix.tape)
        fitted = fit(calls, scale)
        scale.weigh(media(calls, scale, fitted))
        for thread in self._threads.values():
            yield from Account(thread, scale, fitted, self._prices).rows()
