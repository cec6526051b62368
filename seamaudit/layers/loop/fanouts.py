"""Fan-outs: calls made in parallel of which some failed, and whether anybody took that up before the model called the task done."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from seamaudit.layers.loop.effects import acts, undoes
from seamaudit.layers.loop.nature import name_words
from seamaudit.layers.loop.steps import Step
from seamaudit.providers.contracts import StopKind
from seamaudit.providers.endings import stop_kind
from seamaudit.trace import Exchange, Kind

_DELEGATES: Final = frozenset(["agent", "subagent", "task", "delegate", "dispatch", "worker", "spawn", "handoff", "researcher"])
"""Words of the names of tools that hand work to another agent."""


class Fanout(Struct, frozen=True):
    """Calls made in parallel: how many, and those that failed although their failure counts."""

    calls: int
    failed: tuple[Step, ...]


class Fanouts:
    """Keeps the fan-outs of one task whose failures nobody has taken up: a later call of the same tool, one that takes something back,
    or a word of the model's about trouble does."""

    def __init__(self) -> None:
        self._round: list[Step] = []
        self._open: list[Fanout] = []

    def take(self, step: Step) -> None:
        """The next step of the task."""
        if self._round and self._round[0].round != step.round:
            self._settle()
        self._round.append(step)
        if undoes(step.tool):
            self._open.clear()
        self._open = [each for each in self._open if all(failed.tool != step.tool for failed in each.failed)]

    def _settle(self) -> None:
        made, self._round = self._round, []
        failed = tuple(step for step in made if step.failed and _counts(step.tool))
        if failed and not all(step.failed for step in made):
            self._open.append(Fanout(len(made), failed))

    def forget(self) -> None:
        """Someone spoke: what came before is in their hands."""
        self._round.clear()
        self._open.clear()

    def passed_over(self, exchange: Exchange) -> Iterator[Fanout]:
        """The fan-outs whose failures the task ends without."""
        self._settle()
        response = exchange.response
        if not self._open or response is None or exchange.refused:
            return
        if any(answer.troubled for answer in response.answers):
            self._open.clear()
        texts = any(answer.kind is Kind.TEXT for answer in response.answers)
        if texts and not response.calls and stop_kind(exchange, response) is StopKind.NORMAL:
            yield from self._open
            self._open.clear()


@lru_cache(maxsize=4096)
def _counts(tool: str) -> bool:
    """Whether a failed call of a tool leaves something undone: it acts, or it hands work on. A search that found nothing does not."""
    return acts(tool) or not _DELEGATES.isdisjoint(name_words(tool))
