"""Runs: what an agent does from one word of a person to the next, counted call by call as a guard would."""

from __future__ import annotations

from collections import Counter

from seamaudit.layers.loop.facts import AgentStep
from seamaudit.trace import Exchange, Zone


class Runs:
    """Counts the steps of one thread's runs. `spoke` tells that a person said something: the next call begins a run."""

    def __init__(self) -> None:
        self._run = -1
        self._step = 0
        self._begins = True
        self._made: Counter[tuple[str, bytes]] = Counter()

    def spoke(self) -> None:
        """A person said something."""
        self._begins = True

    def step(self, exchange: Exchange) -> AgentStep | None:
        """The step that a call is, None where the provider refused it: a guard would let it be tried again."""
        if exchange.refused:
            return None
        if self._begins:
            self._begins = False
            self._run += 1
            self._step = 0
            self._made.clear()
        self._step += 1
        link = exchange.previous
        return AgentStep(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            run=self._run,
            step=self._step,
            at=exchange.times.started if exchange.times.started is not None else exchange.times.dated,
            continues=link is not None and link.shared > exchange.request.prefix.zone_end(Zone.SYSTEM),
            repeats=self._repeats(exchange),
        )

    def _repeats(self, exchange: Exchange) -> int:
        """How often the most repeated of a response's calls was made in this run; calls that are made at once count once."""
        calls = exchange.response.calls if exchange.response else ()
        made = {(call.name, call.arguments) for call in calls if call.arguments and not call.server}
        self._made.update(made)
        return max((self._made[call] for call in made), default=0)
