"""Messages that are in one prompt of a thread and not in the next, although later ones are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from seamaudit.layers.context.facts import CutKind
from seamaudit.layers.context.held import Step
from seamaudit.trace import Kind, Segment, Tape
from seamaudit.trace.prefix import common_prefix
from seamaudit.trace.turns import Side, side_of

_NOTE: Final = 4
"""Blocks in which something may be said in the place of what is gone."""
_KEPT: Final = 2
"""Blocks after the gap that show that the history goes on there; one is enough where there is no other."""


class Gap(NamedTuple):
    """Blocks that are gone, and blocks that came in their place."""

    gone: Sequence[Segment]
    noted: int


def gap(tape: Tape, step: Step) -> Gap | None:
    """What left the middle or the beginning of a history, None where nothing did.

    A whole exchange of words has to be gone: of what a person or a tool said and of what the model did. Reasoning, reminders and single
    answers come and go.
    """
    if not step.gone or not step.came:
        return None
    before, now = [tape.ordered[id] for id in step.gone], [tape.ordered[id] for id in step.came]
    for noted in range(min(_NOTE + 1, len(now))):
        missing = before.index(now[noted]) if now[noted] in before else 0
        if missing and _goes_on(before[missing:], now[noted:]):
            moved = set(now)
            gone = [tape.segments[id] for id in step.gone[:missing] if tape.ordered[id] not in moved]
            return Gap(gone, noted) if _is_exchange(gone) else None
    return None


def kind_of(found: Gap, step: Step, intended: str) -> CutKind:
    """How the messages left."""
    if intended:
        return CutKind.COMPACTION
    if found.noted:
        return CutKind.MARKED
    return CutKind.SILENT if step.same_head else CutKind.SYSTEM


def _goes_on(before: Sequence[bytes], now: Sequence[bytes]) -> bool:
    kept = common_prefix(before[: len(now)], now[: len(before)])
    return kept >= min(_KEPT, len(before))


def _is_exchange(gone: Sequence[Segment]) -> bool:
    sides = {side_of(segment) for segment in gone if segment.kind not in (Kind.THINKING, Kind.TOOL_DEFINITION)}
    return sides == {Side.MODEL, Side.CALLER}
