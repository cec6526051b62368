"""Episodes: where a thread's steps go round without anything new."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from seamaudit.ingest.outcome import text_digest
from seamaudit.layers.loop.facts import LoopKind
from seamaudit.layers.loop.nature import Nature, nature
from seamaudit.layers.loop.steps import Step

NOTHING_FOUND: Final = frozenset(
    text_digest(text + end)
    for text in ("", "[]", "{}", "null", "None", "0", '{"results":[]}', '{"results": []}', "No results", "No results found", "No matches",
                 "No matches found", "No files found", "Nothing found", "Not found")
    for end in ("", ".")
)  # fmt: skip
"""Results that say that there is nothing."""

_SILENCE: Final = text_digest("")


class LoopKnobs(Struct, frozen=True):
    """When steps that come again are a loop.

    `min_repeats` equal calls, or equally failing ones, are: what tracelint's R4, tool-loop-guard and agent-strace's error-retry-loop
    take. `min_rounds` whole rounds of `longest_period` calls at most make a cycle; pisama looks for periods up to 5, and plans of
    agents are seldom longer than 8. `min_rewordings` calls in a row whose arguments share `min_alike` of their words (Jaccard) and
    whose results are equal are one question in other words; one more than of equal calls, because each of them is a new try.
    """

    min_repeats: int = 3
    min_rounds: int = 3
    longest_period: int = 8
    min_rewordings: int = 4
    min_alike: float = 0.5


class Episode(Struct, frozen=True):
    """Steps that went round: `period` of them are one round. `start` is the first one's index."""

    start: int
    kind: LoopKind
    period: int
    steps: tuple[Step, ...]


Found = tuple[LoopKind, int, Sequence[int]]
"""The kind, the period and the indices of an episode's steps."""


def episodes(steps: Sequence[Step], knobs: LoopKnobs) -> list[Episode]:
    """The episodes in the steps of one task, by their first step. No step belongs to two: a cycle is told as one, not as its calls'
    repetitions."""
    rounds = list(_rounds(steps, knobs))
    found: list[Found] = [
        (LoopKind.CYCLE, period, span) for period, span in rounds if _leads_nowhere(steps[span.start : span.start + period])
    ]
    taken = {at for _, span in rounds for at in span}
    for kind in (_repeats, _rewordings):
        more = list(kind(steps, taken, knobs))
        taken.update(at for _, _, indices in more for at in indices)
        found += more
    made = (Episode(indices[0], kind, period, tuple(steps[at] for at in indices)) for kind, period, indices in found)
    return sorted(made, key=lambda episode: episode.start)


# --- cycles ----------------------------------------------------------------------------------------------------------


def _rounds(steps: Sequence[Step], knobs: LoopKnobs) -> Iterator[tuple[int, range]]:
    """The period and the span of stretches in which each step equals the one a period before it; of several periods the one that
    explains most, then the shortest."""
    reach = {period: _reach(steps, period, knobs.min_rounds) for period in range(1, knobs.longest_period + 1)}
    at = 0
    while at < len(steps):
        period = max(reach, key=lambda period: (reach[period][at], -period), default=1)
        size = reach[period][at] if period in reach else 0
        if size and period > 1:
            yield period, range(at, at + size)
        at += max(1, size)


def _reach(steps: Sequence[Step], period: int, rounds: int) -> list[int]:
    """For each step how many steps from it on go round with this period; 0 where they are fewer than `rounds` whole rounds."""
    equal = [0] * (len(steps) + 1)
    for at in range(len(steps) - period - 1, -1, -1):
        same = steps[at].same
        if same is not None and same == steps[at + period].same:
            equal[at] = equal[at + 1] + 1
    return [size + period if size >= (rounds - 1) * period else 0 for size in equal]


def _leads_nowhere(round: Sequence[Step]) -> bool:
    """Whether a round that comes again shows that nothing came of it: a round of acknowledged changes may be work, and one that waits
    is waiting."""
    if any(step.waits for step in round):
        return False
    return any(step.failed or nature(step.tool) is not Nature.WRITES for step in round)


# --- one call again --------------------------------------------------------------------------------------------------


def _repeats(steps: Sequence[Step], taken: Container[int], knobs: LoopKnobs) -> Iterator[Found]:
    """One call with one result, again and again, until its result or something else changes."""
    runs: dict[tuple[str, bytes], list[int]] = {}
    for at, step in enumerate(steps):
        call = (step.tool, step.arguments)
        if not step.failed and not nature(step.tool).changes_nothing:
            ended = {other: run for other, run in runs.items() if other != call}
            runs = {other: run for other, run in runs.items() if other == call}
            yield from _long_enough(steps, ended.values(), knobs)
        run = runs.get(call)
        if run and steps[run[0]].same != step.same:
            yield from _long_enough(steps, [runs.pop(call)], knobs)
        if at not in taken and step.same is not None and not _may_come_again(step):
            runs.setdefault(call, []).append(at)
    yield from _long_enough(steps, runs.values(), knobs)


def _may_come_again(step: Step) -> bool:
    """Whether a step is no sign of a loop however often it comes: it waits, or it did something once more."""
    return step.waits or (not step.failed and nature(step.tool) is Nature.WRITES)


def _long_enough(steps: Sequence[Step], runs: Iterable[Sequence[int]], knobs: LoopKnobs) -> Iterator[Found]:
    for run in runs:
        if len(run) >= knobs.min_repeats:
            yield LoopKind.ERROR if steps[run[0]].failed else LoopKind.REPEATED, 1, run


# --- one question in other words -------------------------------------------------------------------------------------


def _rewordings(steps: Sequence[Step], taken: Container[int], knobs: LoopKnobs) -> Iterator[Found]:
    """Calls in a row of one tool, each made after the result of the one before was seen, whose words vary and whose results do not."""
    run: list[int] = []
    for at, step in enumerate(steps):
        before = [steps[earlier] for earlier in run[-knobs.min_rewordings :]]
        goes_on = at not in taken and bool(before) and _asks_again(before, step, knobs)
        if not goes_on:
            yield from _reworded(run, knobs)
            run = []
        if goes_on or (at not in taken and _comes_back_empty(step)):
            run.append(at)
    yield from _reworded(run, knobs)


def _reworded(run: Sequence[int], knobs: LoopKnobs) -> Iterator[Found]:
    if len(run) >= knobs.min_rewordings:
        yield LoopKind.REWORDED, 1, run


def _comes_back_empty(step: Step) -> bool:
    """Whether an equal result says that a step brought nothing new: it failed, it searched, or it found nothing. That different
    changes are acknowledged in equal words says nothing."""
    if step.same is None or step.waits:
        return False
    what = nature(step.tool)
    if step.failed or what is Nature.SEARCHES:
        return True
    if what is Nature.UNKNOWN:
        return step.outcome in NOTHING_FOUND and step.outcome != _SILENCE
    return what is Nature.READS and step.outcome in NOTHING_FOUND


def _asks_again(before: Sequence[Step], step: Step, knobs: LoopKnobs) -> bool:
    """Whether a step goes on with a run, of which `before` holds the last steps."""
    last = before[-1]
    if (step.tool, step.outcome, step.failed) != (last.tool, last.outcome, last.failed) or step.round == last.round or step.waits:
        return False
    return bool(step.arguments) and step.arguments != last.arguments and any(_alike(step, one) >= knobs.min_alike for one in before)


def _alike(left: Step, right: Step) -> float:
    """The share of all words of two calls' arguments that stand in both."""
    both = left.words | right.words
    return len(left.words & right.words) / len(both) if both else 0.0
