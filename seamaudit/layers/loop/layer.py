"""The layer: follows the steps of one thread, task by task, and tells where they go round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope, incomplete
from seamaudit.layers.loop.effects import Effects, Repeat
from seamaudit.layers.loop.episodes import Episode, LoopKnobs, episodes
from seamaudit.layers.loop.facts import LoopEpisode, LoopExchange, LoopKind, PartialFanout, RepeatedEffect
from seamaudit.layers.loop.fanouts import Fanout, Fanouts
from seamaudit.layers.loop.nature import Nature, nature
from seamaudit.layers.loop.runs import Runs
from seamaudit.layers.loop.steps import Maker, Spoke, Step, StepReader
from seamaudit.trace import Exchange

JUDGED: Final = ("loop_spend", "caps_passed", "unattended")
"""The tables that rules speak of and seams make of this layer's."""
COMPACTION: Final = "compaction"
"""What an exchange calls a prompt that was rewritten as a summary of itself."""


class Loop:
    """Collects the steps of one thread. An episode is told when a user speaks, when the history is rewritten on purpose or
    broken by a lost record, or at the end."""

    scope = Scope.THREAD

    def __init__(self, knobs: LoopKnobs = LoopKnobs()) -> None:
        self._knobs = knobs
        self._reader = StepReader()
        self._steps: list[Step] = []
        self._effects = Effects()
        self._fanouts = Fanouts()
        self._runs = Runs()
        self._before: Step | None = None
        self._thread = ""
        self._app = ""
        self._told = 0

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """What the prompt shows of earlier calls; then who makes the next."""
        self._thread, self._app = exchange.thread.id, exchange.attribution.app
        if not exchange.request.complete:
            yield from incomplete(exchange, JUDGED)
        elif exchange.request.prefix.length:
            if exchange.intended or exchange.after_hole:
                yield from self.close()
            for step in self._reader.read(exchange):
                if isinstance(step, Spoke):
                    self._effects.forget()
                    self._fanouts.forget()
                    yield from self.close()
                    if step.by_person and exchange.intended != COMPACTION:  # a summary of the same run is new, too
                        self._runs.spoke()
                elif nature(step.tool) is not Nature.THINKS:  # a thought between two calls is neither a step nor a change
                    self._fanouts.take(step)
                    yield from self._again(step)
                    self._steps.append(step)
            for fanout in self._fanouts.passed_over(exchange):
                yield self._passed_over(fanout, exchange)
            yield from self._counted(exchange)
        self._reader.note(exchange)

    def close(self) -> Iterable[Fact]:
        """The episodes of the steps so far; what comes after is a new task."""
        steps, self._steps = self._steps, []
        for episode in episodes(steps, self._knobs):
            yield from self._facts(episode)
            self._told += 1

    def _counted(self, exchange: Exchange) -> Iterator[Fact]:
        step = self._runs.step(exchange)
        if step is not None:
            yield step

    def _again(self, step: Step) -> Iterator[Fact]:
        before, self._before = self._before, step
        repeat = self._effects.take(step)
        if repeat is not None:
            yield self._repeated(repeat, retried=repeat.first is before)

    def _repeated(self, repeat: Repeat, retried: bool) -> RepeatedEffect:
        first, again = repeat
        return RepeatedEffect(
            exchange=again.exchange,
            thread=self._thread,
            app=self._app,
            locus=again.locus,
            witness=(first.locus,),
            tool=again.tool,
            same_result=first.outcome == again.outcome if first.outcome and again.outcome else None,
            retried=retried,
        )

    def _passed_over(self, fanout: Fanout, exchange: Exchange) -> PartialFanout:
        first = fanout.failed[0]
        return PartialFanout(
            exchange=first.exchange,
            thread=self._thread,
            app=self._app,
            locus=first.locus,
            witness=(exchange.locus,),
            tool=first.tool,
            calls=fanout.calls,
            failed=len(fanout.failed),
        )

    def _facts(self, episode: Episode) -> Iterator[Fact]:
        first, second, last = episode.steps[0], episode.steps[1], episode.steps[-1]
        wasted = episode.steps[episode.period :]
        spent = _spent(wasted)
        yield LoopEpisode(
            exchange=last.exchange,
            thread=self._thread,
            app=self._app,
            locus=last.locus,
            witness=(first.locus, second.locus, last.locus),
            kind=episode.kind,
            tool=_tool(episode),
            episode=self._told,
            period=episode.period,
            repeats=len(episode.steps) // episode.period,
            steps=len(episode.steps),
            first_exchange=first.exchange,
            last_exchange=last.exchange,
            wasted_steps=len(wasted),
            wasted_tokens=_total(wasted, spent),
            failed=all(step.failed for step in episode.steps),
        )
        for maker in spent:
            yield LoopExchange(
                exchange=maker.exchange, thread=self._thread, app=self._app, locus=maker.locus, episode=self._told, tokens=maker.tokens
            )


def _tool(episode: Episode) -> str:
    """The tool, or the round's tools turned so that a cycle has one name wherever it was entered."""
    if episode.kind is not LoopKind.CYCLE:
        return episode.steps[0].tool
    names = [step.tool for step in episode.steps[: episode.period]]
    return " → ".join(min(names[at:] + names[:at] for at in range(len(names))))


def _spent(steps: Iterable[Step]) -> list[Maker]:
    """The exchanges that made these calls and no others, in order: one that did something else as well is not wasted."""
    makers = [step.maker for step in steps if step.maker is not None]
    made = Counter(maker.exchange for maker in makers)
    first = {maker.exchange: maker for maker in reversed(makers)}
    return [maker for exchange, maker in sorted(first.items()) if made[exchange] == maker.calls]


def _total(steps: Iterable[Step], spent: Iterable[Maker]) -> int | None:
    """The tokens of these exchanges, None where not all are known."""
    tokens = [maker.tokens for maker in spent]
    if any(step.maker is None for step in steps) or None in tokens:
        return None
    return sum(count for count in tokens if count is not None)
