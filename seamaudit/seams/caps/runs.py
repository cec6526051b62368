"""Steps with their bills, cut into runs and into stretches without a pause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from seamaudit.layers.cost import Spend
from seamaudit.layers.loop import AgentStep
from seamaudit.trace import Money


class Billed(NamedTuple):
    """A step and what it cost; None is unknown."""

    step: AgentStep
    tokens: int | None
    usd: int | None


Run = Sequence[Billed]
"""The steps of one run, or of a part of a thread, in order."""


def billed(steps: Iterable[AgentStep], bills: Iterable[Spend]) -> dict[str, list[Billed]]:
    """The steps of every thread in order, with their bills."""
    paid = {bill.exchange: (None if bill.input is None or bill.output is None else bill.input + bill.output, bill.usd) for bill in bills}
    threads: defaultdict[str, list[Billed]] = defaultdict(list)
    for step in steps:
        threads[step.thread].append(Billed(step, *paid.get(step.exchange, (None, None))))
    return threads


def runs(steps: Run) -> Iterator[Run]:
    """A thread's steps by run."""
    return _parts(steps, lambda before, step: step.run != before.run)


def stretches(steps: Run, pause: float) -> Iterator[Run]:
    """Steps by stretch: one ends where its prompt is not continued, where a time is unknown, and at a pause of so many seconds."""

    def breaks(before: AgentStep, step: AgentStep) -> bool:
        return not step.continues or before.at is None or step.at is None or step.at - before.at >= pause

    return _parts(steps, breaks)


def _parts(steps: Run, breaks: Callable[[AgentStep, AgentStep], bool]) -> Iterator[Run]:
    part: list[Billed] = []
    for each in steps:
        if part and breaks(part[-1].step, each.step):
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def seconds(run: Run) -> float | None:
    """From the beginning of its first call to that of its last; None where one is not known."""
    first, last = run[0].step.at, run[-1].step.at
    return None if first is None or last is None else max(0.0, last - first)


def whole(parts: Iterable[int | None]) -> int | None:
    """The sum, None where a part is not known."""
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def known(parts: Iterable[int | None]) -> int | None:
    """The sum of the parts that are known, None where none is."""
    given = [part for part in parts if part is not None]
    return sum(given) if given else None


def money(amount: int | None) -> Money | None:
    """An amount of picodollars as money."""
    return None if amount is None else Money(amount)
