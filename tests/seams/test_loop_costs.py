"""The bill of loops: what was spent going round, claimed once, and unknown where a part of it is."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from seamaudit.facts import FactBase
from seamaudit.ingest.outcome import text_digest
from seamaudit.layers.cost import Cost, Spend
from seamaudit.layers.loop import Loop, LoopEpisode, LoopExchange
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.loop_costs import LoopCosts, LoopSpend
from seamaudit.trace import Exchange, Segment
from tests.builders import Story, answer, call, calling, result, say

PRICES = PriceBook()


def thread(tools: Sequence[str], name: str = "t1", start: int = 0, **columns: object) -> list[Exchange]:
    """A thread that calls these tools one by one; each tool gives one result."""
    story = Story(thread=name, count=start, **columns)  # type: ignore[arg-type]
    prompt: list[Segment] = [say("user", "do it")]
    exchanges = []
    for number, tool in enumerate([*tools, ""]):
        calls = [call(f"c{number}", tool)] if tool else []
        exchanges.append(story.exchange(prompt, answer(*calls)))
        prompt = [*prompt, calling(f"c{number}", tool), result(f"c{number}", tool, outcome=text_digest(tool))]
    return exchanges


def base(*threads: Sequence[Exchange]) -> FactBase:
    facts = FactBase()
    for exchanges in threads:
        for layer in (Loop(), Cost(PRICES)):
            for exchange in exchanges:
                facts.extend(layer.feed(exchange))
            facts.extend(layer.close())
    return facts


def joined(facts: FactBase) -> list[LoopSpend]:
    return [row for row in LoopCosts().join(facts) if isinstance(row, LoopSpend)]


def test_a_loop_costs_what_its_exchanges_cost_after_the_first_round() -> None:
    facts = base(thread(["read_a", "read_a", "read_a", "read_b"]))
    (row,) = joined(facts)
    spent = {spend.exchange: spend.usd for spend in facts.rows(Spend)}
    assert row.waste_usd == (spent[1] or 0) + (spent[2] or 0) > 0
    assert (row.tool, row.repeats, row.steps, row.wasted_steps, row.wasted_tokens, row.exchange) == ("read_a", 3, 3, 2, 50, 2)


def test_loops_of_several_threads_are_told_in_the_order_of_their_exchanges() -> None:
    facts = base(thread(["read_a"] * 3, "t1", start=10), thread(["read_a", "read_b"] * 3, "t2"))
    assert [(row.thread, row.exchange, row.kind) for row in joined(facts)] == [("t2", 5, "cycle"), ("t1", 12, "repeated")]


def test_an_exchange_is_claimed_once() -> None:
    facts = base(thread(["read_a"] * 4))
    (loop,), copies = facts.rows(LoopEpisode), list(facts.rows(LoopExchange))
    facts.add(replace(loop, episode=7))
    facts.extend(replace(copy, episode=7) for copy in copies)
    first, second = joined(facts)
    assert (first.wasted_tokens, second.wasted_tokens, second.waste_usd) == (75, 0, 0)


def test_the_price_is_unknown_where_one_is() -> None:
    (row,) = joined(base(thread(["read_a"] * 3, model="nobody-sells-this")))
    assert (row.waste_usd, row.wasted_tokens) == (None, 50)


def test_tokens_and_price_are_unknown_where_a_usage_is() -> None:
    exchanges = thread(["read_a"] * 3)
    exchanges[2] = replace(exchanges[2], response=replace(exchanges[2].response or answer(), usage=None))
    (row,) = joined(base(exchanges))
    assert (row.waste_usd, row.wasted_tokens) == (None, None)


def test_a_loop_whose_making_is_not_recorded_costs_an_unknown_sum() -> None:
    exchanges = thread(["read_a"] * 3)
    (row,) = joined(base(exchanges[3:]))
    assert (row.wasted_steps, row.waste_usd, row.wasted_tokens) == (2, None, None)
