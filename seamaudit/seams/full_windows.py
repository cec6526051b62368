"""Windows that stay full: threads that end there, in conversations that do not go on with less."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.context import PhaseEnd, WindowPhase
from seamaudit.layers.cost import Spend
from seamaudit.trace import Need


@fact("full_windows", needs=(Need.PROMPT, Need.USAGE))
class FullWindow(Fact, frozen=True, kw_only=True):
    """A thread at its fullest call, half a window or more, after which its conversation holds no call with less."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    window: Annotated[int, "The model's window at the time, in tokens."]
    used: Annotated[int, "Input and output tokens of the call."]
    share: Annotated[float, "Used of the window."]
    growth: Annotated[int | None, "Median growth of the calls before it, in tokens; unknown where there are too few."]
    calls_left: Annotated[int | None, "Calls that fit at this pace."]
    confidence: Annotated[Literal["high", "low"], "Low where a beta or a gateway leaves the window's size open."]


class FullWindows:
    """Joins the last phases of threads with the conversations they belong to: a compacted history may go on as a thread of its own."""

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """The phases that nothing ended."""
        phases = [row for row in facts.rows(WindowPhase) if row.ended is PhaseEnd.OPEN]
        if not phases:
            return
        conversations, threads, last = {}, {}, {}
        for spend in facts.rows(Spend):
            conversations[spend.exchange], threads[spend.exchange] = spend.conversation, spend.thread
            if not spend.side:
                last[spend.conversation] = spend.exchange
        for row in phases:
            after = last.get(conversations.get(row.exchange, ""), row.exchange)
            if after <= row.exchange or threads[after] == row.thread:
                yield FullWindow(
                    exchange=row.exchange,
                    thread=row.thread,
                    app=row.app,
                    locus=row.locus,
                    witness=row.witness,
                    provider=row.provider,
                    model=row.model,
                    window=row.window,
                    used=row.used,
                    share=row.share,
                    growth=row.growth,
                    calls_left=row.calls_left,
                    confidence=row.confidence,
                )
