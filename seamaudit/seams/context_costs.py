"""What a growing context costs: large results that are sent again, and threads whose transcript drives the bill."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, NamedTuple

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.context import ContextTurn, LargeResult
from seamaudit.layers.cost import Spend
from seamaudit.layers.loop import LoopEpisode
from seamaudit.providers.units import Prices
from seamaudit.trace import Money, Need


@fact("resent_results", needs=(Need.PROMPT, Need.USAGE))
class ResentResult(Fact, frozen=True, kw_only=True):
    """A large tool result and what sending it again cost. Stands where it was first sent."""

    tool: Annotated[str, "The tool's name; empty where the recording has none."]
    size: Annotated[int, "Its tokens, by its bytes' part of what its call added."]
    window: Annotated[int | None, "The model's window at the time, in tokens; unknown for models of which it is not written down."]
    share: Annotated[float | None, "Its part of the window."]
    sent: Annotated[int, "Calls that sent it again."]
    resent_tokens: Annotated[int, "Tokens of it that they sent."]
    resent_usd: Annotated[Money | None, "What that cost: a read, as far as the call's cache reached it; unknown without prices."]
    bill_share: Annotated[float | None, "The part of the thread's bill that this is; unknown without prices."]


@fact("thread_growths", needs=(Need.PROMPT, Need.USAGE))
class ThreadGrowth(Fact, frozen=True, kw_only=True):
    """What a thread costs with a cache that never misses: how much of it is for what was sent again, and how it grows. Caches that miss are
    told elsewhere. Only calls of known price count.

    It stands where the thread's longest loop is told, else at the large result that was sent again most, since those are the likely
    causes; else at its last call.
    """

    calls: Annotated[int, "Its calls of known price."]
    usd: Annotated[Money, "What they cost."]
    cached_usd: Annotated[Money, "What they cost where a cache serves all that the turn before had sent, if the model has one."]
    resent_usd: Annotated[Money, "The part of that for what was sent again."]
    resent_share: Annotated[float, "That part as a number from 0 to 1."]
    second_half: Annotated[float | None, "What the second half of the calls costs, in costs of the first; unknown where that is nothing."]
    second_work: Annotated[float | None, "The same of new input and output tokens."]
    excess: Annotated[float | None, "The first by the second: above 1 the transcript's growth makes calls dearer."]


class ContextCosts:
    """Joins what a context holds with what its calls were billed."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """Every large result with the bill of its later calls, then every thread with what was sent again."""
        threads: defaultdict[str, list[Spend]] = defaultdict(list)
        for row in facts.rows(Spend):
            if row.priced:
                threads[row.thread].append(row)
        for result in sorted(facts.rows(LargeResult), key=lambda row: (row.exchange, row.locus)):
            yield _resent(result, threads.get(result.thread, []))
        growths = {row.exchange: row.growth for row in facts.rows(ContextTurn)}
        causes = _causes(facts)
        for thread, calls in threads.items():
            told = causes.get(thread) or calls[-1]
            yield _growth(told, [self._apart(call, growths.get(call.exchange)) for call in calls], calls)

    def _apart(self, call: Spend, growth: int | None) -> _Apart:
        """A call whose prompt does not go on from the turn before is new as a whole."""
        total = max(0, call.input or 0)
        new = total if growth is None else min(max(0, growth), total)
        unit = self._prices.unit(call.provider, call.model, call.at, input_tokens=total)
        whole = (unit.input if unit else None) or 0
        read = unit.read if unit is not None and unit.read is not None else whole
        return _Apart((total - new) * read, new * whole + (call.output_usd or 0), new + max(0, call.output or 0))


class _Apart(NamedTuple):
    """What a call pays, in picodollars, for what was sent again and for the rest, and the tokens of the rest."""

    again: int
    fresh: int
    tokens: int


def _causes(facts: FactBase) -> Mapping[str, Fact]:
    """What made each thread's transcript grow most, as far as that is told."""
    results = sorted(facts.rows(LargeResult), key=lambda row: row.size * row.sent)
    loops = sorted(facts.rows(LoopEpisode), key=lambda row: row.steps)
    return {row.thread: row for row in (*results, *loops)}


def _growth(told: Fact, parts: Sequence[_Apart], calls: Sequence[Spend]) -> ThreadGrowth:
    resent = sum(part.again for part in parts)
    cached = resent + sum(part.fresh for part in parts)
    second_half = _ratio([part.again + part.fresh for part in parts])
    work = _ratio([part.tokens for part in parts])
    return ThreadGrowth(
        exchange=told.exchange,
        thread=told.thread,
        app=told.app,
        locus=told.locus,
        witness=(calls[0].locus, calls[-1].locus),
        calls=len(calls),
        usd=Money(sum(call.usd or 0 for call in calls)),
        cached_usd=Money(cached),
        resent_usd=Money(resent),
        resent_share=resent / cached if cached else 0.0,
        second_half=second_half,
        second_work=work,
        excess=second_half / work if second_half is not None and work else None,
    )


def _ratio(parts: Sequence[int]) -> float | None:
    """The sum of the second half by that of the first; what stands in the middle is in neither."""
    half = len(parts) // 2
    first = sum(parts[:half])
    return sum(parts[len(parts) - half :]) / first if first else None


def _resent(result: LargeResult, calls: Sequence[Spend]) -> ResentResult:
    low = bisect_right(calls, result.exchange, key=_id)
    later = calls[low : bisect_right(calls, result.last_exchange, key=_id)]
    bill = sum(call.usd or 0 for call in calls)
    paid = Money(sum(_price(result, call) for call in later)) if calls else None
    return ResentResult(
        exchange=result.exchange,
        thread=result.thread,
        app=result.app,
        locus=result.locus,
        tool=result.tool,
        size=result.size,
        window=result.window,
        share=result.share,
        sent=result.sent,
        resent_tokens=result.size * result.sent,
        resent_usd=paid,
        bill_share=paid / bill if paid is not None and bill else None,
    )


def _id(row: Spend) -> int:
    return row.exchange


def _price(result: LargeResult, call: Spend) -> int:
    """What a call paid for the result: its cache reads the front of the prompt, the rest is billed as a whole."""
    read = max(0, call.cache_read or 0)
    rest = max(0, (call.input or 0) - read)
    behind = min(rest, max(0, min(result.size, result.offset - read)))
    ahead = min(read, result.size - behind)
    at_rest = behind * ((call.input_usd or 0) + (call.cache_write_usd or 0)) // rest if rest else 0
    return at_rest + (ahead * (call.cache_read_usd or 0) // read if read else 0)
