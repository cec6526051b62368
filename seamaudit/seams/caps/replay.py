"""Where a guard would have stopped a run. It sees what it would see then: the calls made before, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct

from seamaudit.seams.caps.facts import Cap
from seamaudit.seams.caps.runs import Run
from seamaudit.trace import Money
from seamaudit.trace.money import from_usd

UNKNOWN: Final = -1
"""A guard on dollars that cannot tell, since the recording does not hold what calls cost."""


class Limits(Struct, frozen=True):
    """Caps on a run, None for those that are not declared: model calls, equal tool calls, picodollars."""

    steps: int | None = None
    repeats: int | None = None
    usd: Money | None = None


class CapKnobs(Struct, frozen=True):
    """Declared caps on a run, and what tells runs apart from runaways.

    `max_steps`: model calls; `max_repeats`: the same tool call with the same arguments; `budget_usd`: US dollars. A suggestion is `factor`
    times the steps (dollars) that a `share` of the runs does not pass, and takes `least_runs`: among fewer, the largest is all there is.
    `pause`: seconds without a call that end a stretch of unattended work, `least_hours` the shortest stretch that is told.
    """

    max_steps: int | None = None
    max_repeats: int | None = None
    budget_usd: float | None = None
    share: float = 0.95
    factor: float = 1.5
    least_runs: int = 20
    pause: float = 3600.0
    least_hours: float = 1.0

    @property
    def limits(self) -> Limits:
        """The declared caps."""
        return Limits(self.max_steps, self.max_repeats, None if self.budget_usd is None else from_usd(self.budget_usd))


def refusals(run: Run, limits: Limits) -> Iterator[tuple[Cap, int]]:
    """Every cap that a run passed, with the index of the first call that would have been refused; UNKNOWN where that cannot be told."""
    if limits.steps is not None and len(run) > limits.steps:
        yield Cap.STEPS, limits.steps
    if limits.repeats is not None:
        most = limits.repeats
        yield from _within(Cap.REPEATS, (at + 1 for at, each in enumerate(run) if each.step.repeats > most), run)
    if limits.usd is not None:
        budget = limits.usd
        spent = accumulate(each.usd or 0 for each in run)
        yield from _within(Cap.SPEND, (at + 1 for at, sum_ in enumerate(spent) if sum_ >= budget), run, [each.usd for each in run])


def _within(cap: Cap, refused: Iterable[int], run: Run, needed: Sequence[int | None] = ()) -> Iterator[tuple[Cap, int]]:
    """The first call that is refused, where there is one; the last call leaves nothing to refuse."""
    at = next(iter(refused), len(run))
    if at < len(run):
        yield cap, at
    elif None in needed[:-1]:
        yield cap, UNKNOWN


def suggested(values: Sequence[int], knobs: CapKnobs) -> int | None:
    """A cap for runs like these, None where they are too few. What is usual is rounded up to a whole."""
    if len(values) < knobs.least_runs:
        return None
    return -int(-ranked(values, knobs.share) * knobs.factor // 1)


def ranked(values: Sequence[int], share: float) -> int:
    """The least value that a share of all values does not pass (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
