"""What loops cost: the exchanges that a loop spent, at the price they were billed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.cost import Spend
from seamaudit.layers.loop import LoopEpisode, LoopExchange, LoopKind
from seamaudit.seams.base import claimed
from seamaudit.trace import Money, Need


@fact("loop_spend", needs=(Need.PROMPT,))
class LoopSpend(Fact, frozen=True, kw_only=True):
    """A loop and what it cost. Columns are those of `loops`, and the bill."""

    kind: Annotated[LoopKind, "What comes again."]
    tool: Annotated[str, "The tool's name; of a cycle the names in their order, from the one that sorts first."]
    period: Annotated[int, "Calls in one round: 1 but for cycles."]
    repeats: Annotated[int, "Whole rounds."]
    steps: Annotated[int, "Calls in all."]
    wasted_steps: Annotated[int, "Calls after the first round."]
    wasted_tokens: Annotated[int | None, "Input and output of the exchanges that made these and no other calls; unknown where a part is."]
    waste_usd: Annotated[Money | None, "What these exchanges cost; unknown where a price is."]
    failed: Annotated[bool, "Whether every call failed."]


class LoopCosts:
    """Joins loops with spend."""

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One LoopSpend for each episode. An exchange is one loop's waste only: the first's that claims it, less what other
        seams claim of it already."""
        loops = sorted(facts.rows(LoopEpisode), key=lambda loop: loop.exchange)
        if not loops:
            return
        dollars, tokens = claimed(facts, "waste_usd"), claimed(facts, "wasted_tokens")
        bills = {spend.exchange: _rest(spend.usd, dollars[spend.exchange]) for spend in facts.rows(Spend)}
        made: dict[tuple[str, int], list[LoopExchange]] = defaultdict(list)
        taken: set[int] = set()
        for row in facts.rows(LoopExchange):
            if row.exchange not in taken:
                made[row.thread, row.episode].append(row)
                taken.add(row.exchange)
        for loop in loops:
            rows = made[loop.thread, loop.episode]
            known = loop.wasted_tokens is not None  # what made a call and is not recorded cost something, too
            yield LoopSpend(
                exchange=loop.exchange,
                thread=loop.thread,
                app=loop.app,
                locus=loop.locus,
                witness=loop.witness,
                kind=loop.kind,
                tool=loop.tool,
                period=loop.period,
                repeats=loop.repeats,
                steps=loop.steps,
                wasted_steps=loop.wasted_steps,
                wasted_tokens=_sum([_rest(row.tokens, tokens[row.exchange]) for row in rows]) if known else None,
                waste_usd=_money([bills.get(row.exchange) for row in rows]) if known else None,
                failed=loop.failed,
            )


def _rest(whole: int | None, taken: int) -> int | None:
    return None if whole is None else max(0, whole - taken)


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _money(parts: Sequence[int | None]) -> Money | None:
    total = _sum(parts)
    return None if total is None else Money(total)
