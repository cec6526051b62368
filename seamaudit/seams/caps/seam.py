"""Joins the steps of runs with their bills and replays caps over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from seamaudit.facts import Fact, FactBase
from seamaudit.layers.base import Unchecked
from seamaudit.layers.cost import Spend
from seamaudit.layers.loop import AgentStep, LoopExchange
from seamaudit.seams.base import claimed
from seamaudit.seams.caps.facts import AgentRun, Cap, CapPassed, CapSuggestion, Stretch, Unattended
from seamaudit.seams.caps.replay import UNKNOWN, CapKnobs, Limits, ranked, refusals, suggested
from seamaudit.seams.caps.runs import Run, billed, known, money, runs, seconds, stretches, whole
from seamaudit.trace import Money


class Caps:
    """Tells every run, what went on by itself for hours, and where declared caps would have stopped a run.

    It claims what other seams left: it has to come after them.
    """

    def __init__(self, knobs: CapKnobs = CapKnobs()) -> None:
        self._knobs = knobs
        self._limits = knobs.limits

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """Runs, suggestions by app, stretches without a person, then the caps that were passed."""
        threads = billed(facts.rows(AgentStep), facts.rows(Spend))
        told = [(run, _told(run)) for steps in threads.values() for run in runs(steps)]
        told.sort(key=lambda each: each[1].exchange)
        yield from (row for _, row in told)
        suggestions = list(_suggestions(told, self._knobs))
        yield from suggestions
        for steps in threads.values():
            yield from self._unattended(steps)
        yield from self._passed([run for run, _ in told], {row.app: row for row in suggestions}, _Rest(facts))

    def _unattended(self, steps: Run) -> Iterator[Unattended]:
        for stretch in stretches(steps, self._knobs.pause):
            parts = list(runs(stretch))
            if len(parts) > 1:
                yield from self._long(Stretch.THREAD, stretch)
            for part in parts:
                yield from self._long(Stretch.RUN, part)

    def _long(self, kind: Stretch, run: Run) -> Iterator[Unattended]:
        hours = (seconds(run) or 0.0) / 3600
        if hours < self._knobs.least_hours:
            return
        first, last = run[0].step, run[-1].step
        yield Unattended(
            exchange=last.exchange,
            thread=last.thread,
            app=last.app,
            locus=last.locus,
            witness=(first.locus,),
            kind=kind,
            hours=hours,
            calls=len(run),
            tokens=known(each.tokens for each in run),
            usd=money(known(each.usd for each in run)),
        )

    def _passed(self, all_runs: Sequence[Run], suggestions: dict[str, CapSuggestion], rest: _Rest) -> Iterator[Fact]:
        for run in all_runs:
            for cap, at in refusals(run, self._limits):
                if at == UNKNOWN:
                    yield _undecided(run, cap)
                else:
                    yield self._stopped(run, cap, at, suggestions[run[0].step.app], rest)

    def _stopped(self, run: Run, cap: Cap, at: int, suggestion: CapSuggestion, rest: _Rest) -> CapPassed:
        refused, saved = run[at].step, run[at:]
        wasted_tokens, waste_usd = rest.of(saved)
        counted = {Cap.STEPS: self._limits.steps, Cap.REPEATS: self._limits.repeats}
        return CapPassed(
            exchange=refused.exchange,
            thread=refused.thread,
            app=refused.app,
            locus=refused.locus,
            witness=(run[0].step.locus, run[at - 1].step.locus),
            cap=cap,
            limit=counted.get(cap),
            limit_usd=self._limits.usd if cap is Cap.SPEND else None,
            steps=len(run),
            refused_step=refused.step,
            spent_usd=money(known(each.usd for each in run[:at])),
            saved_calls=len(saved),
            saved_tokens=known(each.tokens for each in saved),
            saved_usd=money(known(each.usd for each in saved)),
            unpriced_calls=sum(each.usd is None for each in run),
            wasted_tokens=wasted_tokens,
            waste_usd=money(waste_usd),
            suggested_steps=suggestion.suggested_steps,
            suggested_usd=suggestion.suggested_usd,
        )


class _Rest:
    """What of calls is left to claim: each is claimed once, whatever caps it is past, and what others claim of it is theirs."""

    def __init__(self, facts: FactBase) -> None:
        self._tokens, self._usd = claimed(facts, "wasted_tokens"), claimed(facts, "waste_usd")
        self._taken = {row.exchange for row in facts.rows(LoopExchange)}

    def of(self, run: Run) -> tuple[int | None, int | None]:
        """Tokens and picodollars that are left of some calls, which are then taken."""
        free = [each for each in run if each.step.exchange not in self._taken]
        self._taken.update(each.step.exchange for each in free)
        tokens = known(_less(each.tokens, self._tokens[each.step.exchange]) for each in free)
        return tokens, known(_less(each.usd, self._usd[each.step.exchange]) for each in free)


def _less(whole: int | None, taken: int) -> int | None:
    return None if whole is None else max(0, whole - taken)


def _told(run: Run) -> AgentRun:
    first, last = run[0].step, run[-1].step
    return AgentRun(
        exchange=last.exchange,
        thread=last.thread,
        app=last.app,
        locus=last.locus,
        witness=(first.locus,),
        run=last.run,
        steps=len(run),
        seconds=seconds(run),
        tokens=whole(each.tokens for each in run),
        usd=money(whole(each.usd for each in run)),
    )


def _suggestions(told: Iterable[tuple[Run, AgentRun]], knobs: CapKnobs) -> Iterator[CapSuggestion]:
    by_app: defaultdict[str, list[tuple[Run, AgentRun]]] = defaultdict(list)
    for run, row in told:
        by_app[row.app].append((run, row))
    for some in by_app.values():
        rows = [row for _, row in some]
        steps, prices = [row.steps for row in rows], [row.usd for row in rows if row.usd is not None]
        longest = max(rows, key=lambda row: row.steps)
        cap, budget = suggested(steps, knobs), money(suggested(prices, knobs))
        steps_stop, steps_saved = _stops([run for run, _ in some], None if cap is None else Limits(steps=cap))
        usd_stop, usd_saved = _stops([run for run, _ in some], None if budget is None else Limits(usd=budget))
        yield CapSuggestion(
            exchange=longest.exchange,
            thread=longest.thread,
            app=longest.app,
            locus=longest.locus,
            runs=len(rows),
            median_steps=ranked(steps, 0.5),
            usual_steps=ranked(steps, knobs.share),
            most_steps=longest.steps,
            suggested_steps=cap,
            steps_stop=steps_stop,
            steps_saved=steps_saved,
            usual_usd=money(ranked(prices, knobs.share)) if prices else None,
            most_usd=max(prices, default=None),
            suggested_usd=budget,
            usd_stop=usd_stop,
            usd_saved=usd_saved,
        )


def _stops(all_runs: Iterable[Run], cap: Limits | None) -> tuple[int | None, Money | None]:
    """How many runs a cap stops, and the dollars that saves: none where it stops none, unknown where it stops what has no price."""
    if cap is None:
        return None, None
    stopped = [run[at:] for run in all_runs for _, at in refusals(run, cap) if at != UNKNOWN]
    return len(stopped), money(known(each.usd for run in stopped for each in run) if stopped else 0)


def _undecided(run: Run, cap: Cap) -> Unchecked:
    step = next(each.step for each in run if each.usd is None)
    return Unchecked(
        exchange=step.exchange,
        thread=step.thread,
        app=step.app,
        locus=step.locus,
        table="caps_passed",
        aspect=cap,
        reason="what a call of the run cost is not known",
    )
