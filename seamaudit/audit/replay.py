"""The replay: every call through every layer, then over every seam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    running: dict[tuple[int, tuple[str, ...]], Layer] = {}
    by_scope = [(index, factory, factory().scope) for index, factory in enumerate(factories)]
    counts: dict[str, Counter[str]] = {"formats": Counter(), "levels": Counter(), "clocks": Counter()}
    threads: set[str] = set()
    holes: list[Hole] = []
    for exchange in merge(list(drafts(inputs, facts, holes)), facts.add, holes):
        coverage.add(exchange)
        threads.add(exchange.thread.id)
        counts["formats"][exchange.format] += 1
        counts["levels"][exchange.level.value] += 1
        counts["clocks"][exchange.clock.value] += 1
        for index, factory, scope in by_scope:
            key = (index, _scope_key(exchange, scope))
            layer = running.get(key)
            if layer is None:
                layer = running[key] = factory()
            facts.extend(layer.feed(exchange))
    for layer in running.values():
        facts.extend(layer.close())
    for seam in joins:
        facts.extend(list(seam.join(facts)))
    return Replayed(facts, coverage, coverage.total, len(threads), *(dict(sorted(count.items())) for count in counts.values()))


def drafts(inputs: Inputs, facts: FactBase, holes: list[Hole]) -> Iterator[Draft]:
    """The drafts; faults go straight to the facts, holes to their list."""
    for item in inputs.reading.read(inputs.discovery.sources):
        if isinstance(item, Draft):
            yield item
        elif isinstance(item, InputFault):
            facts.add(item)
        else:
            holes.append(item)


def _scope_key(exchange: Exchange, scope: Scope) -> tuple[str, ...]:
    if scope is Scope.THREAD:
        return (exchange.thread.id,)
    return cache_scope(exchange) if scope is Scope.CACHE else ()
