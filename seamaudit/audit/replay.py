"""The replay: every call through every layer, then over every seam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seamaudit.audit.inputs import Inputs
from seamaudit.catalog.coverage import Coverage
from seamaudit.facts import FactBase
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import InputFault
from seamaudit.ingest.merge import cache_scope, merge
from seamaudit.layers.base import Layer, Scope
from seamaudit.seams.base import Seam
from seamaudit.trace import Exchange, Hole


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run's facts before anything is judged, and what they were measured on."""

    facts: FactBase
    coverage: Coverage
    exchanges: int
    threads: int
    formats: Mapping[str, int]
    levels: Mapping[str, int]
    clocks: Mapping[str, int]


def replay(inputs: Inputs, factories: Sequence[Callable[[], Layer]], joins: Sequence[Seam]) -> Replayed:
    """Read and merge the sources, feed every exchange to the layers of its scopes, then join."""
    facts = FactBase()
    coverage = Coverage()
    stack = _Stack(factories)
    counts: dict[str, Counter[str]] = {"formats": Counter(), "levels": Counter(), "clocks": Counter()}
    threads: set[str] = set()
    holes: list[Hole] = []
    for exchange in merge(list(drafts(inputs, facts, holes)), facts.add, holes):
        coverage.add(exchange)
        threads.add(exchange.thread.id)
        counts["formats"][exchange.format] += 1
        counts["levels"][exchange.level.value] += 1
        counts["clocks"][exchange.clock.value] += 1
        for layer in stack.of(exchange):
            facts.extend(layer.feed(exchange))
    for layer in stack.running():
        facts.extend(layer.close())
    for seam in joins:
        facts.extend(list(seam.join(facts)))
    return Replayed(facts, coverage, coverage.total, len(threads), *(dict(sorted(count.items())) for count in counts.values()))


class _Stack:
    """The layers of a run: one instance for each thread, each cache or the whole trace, as its scope says."""

    def __init__(self, factories: Sequence[Callable[[], Layer]]) -> None:
        self._by_scope = [(index, factory, factory().scope) for index, factory in enumerate(factories)]
        self._running: dict[tuple[int, tuple[str, ...]], Layer] = {}
        self._together: dict[tuple[str, tuple[str, ...]], tuple[Layer, ...]] = {}

    def of(self, exchange: Exchange) -> tuple[Layer, ...]:
        """The layers an exchange is fed to, in the stack's order."""
        key = exchange.thread.id, cache_scope(exchange)
        layers = self._together.get(key)
        if layers is None:
            layers = self._together[key] = tuple(
                self._started(index, factory, _scope_key(scope, *key)) for index, factory, scope in self._by_scope
            )
        return layers

    def running(self) -> Iterable[Layer]:
        """All layers, in the order in which they were first fed."""
        return self._running.values()

    def _started(self, index: int, factory: Callable[[], Layer], key: tuple[str, ...]) -> Layer:
        layer = self._running.get((index, key))
        if layer is None:
            layer = self._running[index, key] = factory()
        return layer


def drafts(inputs: Inputs, facts: FactBase, holes: list[Hole]) -> Iterator[Draft]:
    """The drafts; faults go straight to the facts, holes to their list."""
    for item in inputs.reading.read(inputs.discovery.sources):
        if isinstance(item, Draft):
            yield item
        elif isinstance(item, InputFault):
            facts.add(item)
        else:
            holes.append(item)


def _scope_key(scope: Scope, thread: str, cache: tuple[str, ...]) -> tuple[str, ...]:
    if scope is Scope.THREAD:
        return (thread,)
    return cache if scope is Scope.CACHE else ()
