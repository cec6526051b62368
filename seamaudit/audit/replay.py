"""The replay: every call through every layer, then over every seam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from seamaudit.audit.inputs import Inputs
from seamaudit.audit.parallel import Crew
from seamaudit.audit.running import Making, Running, Told, in_order
from seamaudit.audit.stack import Stack
from seamaudit.catalog.coverage import Coverage
from seamaudit.facts import Fact, FactBase
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import InputFault
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.merge import merge
from seamaudit.layers.base import Scope
from seamaudit.rows import Rows
from seamaudit.seams.base import Seam
from seamaudit.spool import Spool
from seamaudit.trace import Exchange, Hole


class Replayed(Struct, frozen=True):
    """A run's facts before anything is judged, and what they were measured on."""

    facts: FactBase
    coverage: Coverage
    exchanges: int
    threads: int
    formats: Mapping[str, int]
    levels: Mapping[str, int]
    clocks: Mapping[str, int]


def replay(inputs: Inputs, factories: Sequence[Making], joins: Sequence[Seam], stack: Stack | None = None) -> Replayed:
    """Read and merge the sources, feed every exchange to the layers of its scopes, then join.

    `stack` is what the first of the `factories` are of, so that other processes can make them, too.
    """
    facts = FactBase()
    coverage = Coverage()
    counts: dict[str, Counter[str]] = {"formats": Counter(), "levels": Counter(), "clocks": Counter()}
    threads: set[str] = set()
    called = list(exchanges(inputs, facts))
    for exchange in called:
        coverage.add(exchange)
        threads.add(exchange.thread.id)
        counts["formats"][exchange.format] += 1
        counts["levels"][exchange.level.value] += 1
        counts["clocks"][exchange.clock.value] += 1
    if inputs.crew is not None and stack is not None:
        facts.extend(_together(inputs.crew, stack, called, factories, inputs.intern))
    else:
        for told in Running(enumerate(factories)).run(called):
            facts.extend(told.facts)
    for seam in joins:
        facts.extend(list(seam.join(facts)))
    return Replayed(facts, coverage, coverage.total, len(threads), *(dict(sorted(count.items())) for count in counts.values()))


def _together(crew: Crew, stack: Stack, exchanges: list[Exchange], factories: Sequence[Making], intern: Interner) -> Iterator[Fact]:
    """What the layers tell: those of threads in other processes, which need nothing of each other; all others here, meanwhile."""
    elsewhere = crew.replay(stack, exchanges, intern)
    running = Running((at, make) for at, make in enumerate(factories) if make().scope is not Scope.THREAD)
    here = Rows[Told](Spool())
    for told in running.run(exchanges):
        here.add(told)
    return in_order(here, *elsewhere)


def exchanges(inputs: Inputs, facts: FactBase) -> Iterator[Exchange]:
    """The calls, read and merged; what is told of inputs and copies goes to the facts."""
    holes: list[Hole] = []
    return merge(list(drafts(inputs, facts, holes)), facts.add, holes)


def drafts(inputs: Inputs, facts: FactBase, holes: list[Hole]) -> Iterator[Draft]:
    """The drafts; faults go straight to the facts, holes to their list."""
    for item in inputs.found():
        if isinstance(item, Draft):
            yield item
        elif isinstance(item, InputFault):
            facts.add(item)
        else:
            holes.append(item)
