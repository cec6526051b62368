"""Which thread to walk: the one a person names, else the one with the most to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct

from seamaudit.errors import UsageError
from seamaudit.facts import FactBase
from seamaudit.findings import Finding, Severity
from seamaudit.layers.cost import Spend
from seamaudit.trace import Exchange, Money


class Summary(Struct, frozen=True):
    """A thread in a list: its calls, its models, what it cost as far as is known, and the codes of what shows there."""

    thread: str
    conversation: str
    calls: int
    models: tuple[str, ...]
    usd: Money | None
    codes: tuple[str, ...]


class Choice(Struct, frozen=True):
    """A chosen thread's exchanges, and of how many threads it is one."""

    exchanges: tuple[Exchange, ...]
    threads: int
    named: bool


def summaries(exchanges: Iterable[Exchange], facts: FactBase, findings: Iterable[Finding]) -> list[Summary]:
    """All threads, those with the dearest first."""
    spent: defaultdict[str, list[Money | None]] = defaultdict(list)
    for row in facts.rows(Spend):
        spent[row.thread].append(row.usd)
    codes: defaultdict[str, set[str]] = defaultdict(set)
    for finding in findings:
        for case in finding.cases:
            codes[case.thread].add(finding.code)
    found = []
    for thread, calls in _threads(exchanges).items():
        known = [usd for usd in spent[thread] if usd is not None]
        models = tuple(sorted({call.request.model for call in calls if call.request.model}))
        total = Money(sum(known)) if known else None
        found.append(Summary(thread, calls[0].thread.conversation, len(calls), models, total, tuple(sorted(codes[thread]))))
    return sorted(found, key=lambda each: (-(each.usd or 0), -each.calls, each.thread))


def choose(exchanges: Iterable[Exchange], findings: Iterable[Finding], name: str = "") -> Choice:
    """The thread called `name` (its id or its conversation, or how these begin), else the one whose findings weigh most.

    Raises UsageError where no thread is called so, or several are.
    """
    threads = _threads(exchanges)
    if not threads:
        raise UsageError("there is no thread to walk", "The recording holds no call to a model.")
    if name:
        return Choice(tuple(_named(threads, name)), len(threads), named=True)
    weights = _weights(findings)
    best = max(threads, key=lambda thread: (*weights.get(thread, (0, 0)), len(threads[thread])))
    return Choice(tuple(threads[best]), len(threads), named=False)


def _threads(exchanges: Iterable[Exchange]) -> dict[str, list[Exchange]]:
    threads: defaultdict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        threads[exchange.thread.id].append(exchange)
    return dict(threads)


def _named(threads: Mapping[str, Sequence[Exchange]], name: str) -> Sequence[Exchange]:
    if name in threads:
        return threads[name]
    spellings = {thread: (thread, calls[0].thread.conversation) for thread, calls in threads.items()}
    exact = [thread for thread, (_, conversation) in spellings.items() if conversation == name]
    found = exact or [thread for thread, spelled in spellings.items() if any(each.startswith(name) for each in spelled)]
    if len(found) == 1:
        return threads[found[0]]
    if found:
        raise UsageError(f"{len(found)} threads are called {name!r}", f"Name one of them whole: {', '.join(sorted(found)[:8])}.")
    close = get_close_matches(name, [each for spelled in spellings.values() for each in spelled], 1)
    raise UsageError(f"no thread is called {name!r}", f"Did you mean {close[0]!r}?" if close else "--list shows all threads.")


def _weights(findings: Iterable[Finding]) -> dict[str, tuple[int, int]]:
    """How severe the worst finding of a thread is, and what its findings claim there."""
    weights: dict[str, tuple[int, int]] = {}
    for finding in findings:
        rank = finding.severity.rank if finding.severity > Severity.INFO else 0
        for case in finding.cases:
            worst, claimed = weights.get(case.thread, (0, 0))
            weights[case.thread] = max(worst, rank), claimed + (case.waste.usd or 0)
    return weights
