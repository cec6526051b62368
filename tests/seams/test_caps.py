"""Caps over runs by hand: who spoke, what is unknown, what others claim, and what goes on by itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.facts import FactBase
from seamaudit.ingest.outcome import text_digest
from seamaudit.layers.base import Unchecked
from seamaudit.layers.cost import Cost, Spend
from seamaudit.layers.loop import AgentStep, Loop
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.caps import AgentRun, Cap, CapKnobs, CapPassed, Caps, CapSuggestion, Unattended
from seamaudit.seams.loop_costs import LoopCosts, LoopSpend
from seamaudit.trace import Exchange, Money, Segment, to_usd
from tests.builders import Story, answer, call, calling, result, say

PRICES = PriceBook()
STEP = Money(20 * 3_000_000 + 5 * 15_000_000)
"""What a call of a Story costs: 20 tokens in, 5 out, of Claude Sonnet 4.5."""


def thread(runs: Sequence[Sequence[str]], name: str = "t1", start: int = 0, **columns: object) -> list[Exchange]:
    """A thread whose runs call these tools one by one and then answer; each tool gives one result."""
    story = Story(thread=name, count=start, **columns)  # type: ignore[arg-type]
    prompt: list[Segment] = []
    exchanges = []
    for number, tools in enumerate(runs):
        prompt = [*prompt, say("user", f"do {number}")]
        for at, tool in enumerate(tools):
            id = f"c{number}.{at}"
            exchanges.append(story.exchange(prompt, answer(replace(call(id, tool), arguments=tool.encode()))))
            prompt = [*prompt, calling(id, tool, tool), result(id, tool, outcome=text_digest(f"{tool} {number} {at}"))]
        exchanges.append(story.exchange(prompt, answer()))
        prompt = [*prompt, say("assistant", f"done {number}")]
    return exchanges


def base(*threads: Sequence[Exchange]) -> FactBase:
    facts = FactBase()
    for exchanges in threads:
        for layer in (Loop(), Cost(PRICES)):
            for exchange in exchanges:
                facts.extend(layer.feed(exchange))
            facts.extend(layer.close())
    return facts


def joined(facts: FactBase, **caps: object) -> FactBase:
    out = FactBase()
    out.extend(Caps(CapKnobs(**caps)).join(facts))  # type: ignore[arg-type]
    return out


def test_a_word_of_a_person_begins_a_run() -> None:
    facts = base(thread([["a", "b"], ["c"], []]))
    assert [(row.run, row.step) for row in facts.rows(AgentStep)] == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (2, 1)]
    assert [(row.run, row.steps, row.usd) for row in joined(facts).rows(AgentRun)] == [(0, 3, 3 * STEP), (1, 2, 2 * STEP), (2, 1, STEP)]


def test_a_cap_is_one_runs_and_not_the_threads() -> None:
    facts = base(thread([["a"] * 3, ["b"] * 5]))
    (row,) = joined(facts, max_steps=4).rows(CapPassed)
    assert (row.cap, row.steps, row.refused_step, row.exchange, row.saved_calls) == (Cap.STEPS, 6, 5, 8, 2)


def test_equal_calls_are_counted_within_a_run() -> None:
    facts = base(thread([["a", "b", "a", "b", "a", "c"], ["a", "a"]]))
    (row,) = joined(facts, max_repeats=2).rows(CapPassed)
    assert (row.cap, row.limit, row.refused_step, row.exchange) == (Cap.REPEATS, 2, 6, 5)


def test_a_refused_call_is_no_step() -> None:
    exchanges = thread([["a", "b", "c"]])
    exchanges[1] = replace(exchanges[1], response=answer(status=429, usage=None))
    assert [row.step for row in base(exchanges).rows(AgentStep)] == [1, 2, 3]


def test_a_summary_of_a_run_begins_none() -> None:
    story = Story()
    first = story.exchange([say("user", "do it")], answer(call("c1")))
    second = story.exchange([say("user", "a summary of all that was done")], answer(), intended="compaction")
    assert [(row.run, row.step) for row in base([first, second]).rows(AgentStep)] == [(0, 1), (0, 2)]


def test_words_in_the_message_of_results_are_the_harness() -> None:
    story = Story()
    prompt = [say("user", "do it")]
    first = story.exchange(prompt, answer(call("c1")))
    prompt += [calling("c1"), result("c1"), say("user", "nine steps are left", starts=False)]
    second = story.exchange(prompt, answer(call("c2")))
    prompt += [calling("c2"), result("c2"), say("user", "stop that")]
    third = story.exchange(prompt, answer())
    assert [(row.run, row.step) for row in base([first, second, third]).rows(AgentStep)] == [(0, 1), (0, 2), (1, 1)]


def test_what_is_not_priced_comes_on_top() -> None:
    exchanges = thread([["a", "b", "c", "d"]])
    exchanges[3] = replace(exchanges[3], response=replace(exchanges[3].response or answer(), usage=None))
    (row,) = joined(base(exchanges), max_steps=2).rows(CapPassed)
    assert (row.spent_usd, row.saved_usd, row.saved_calls, row.unpriced_calls) == (2 * STEP, 2 * STEP, 3, 1)
    (run,) = joined(base(exchanges)).rows(AgentRun)
    assert run.usd is None


def test_a_budget_that_nobody_can_count_is_not_checked() -> None:
    facts = joined(base(thread([["a", "b"]], model="nobody-sells-this")), budget_usd=to_usd(STEP))
    assert not facts.rows(CapPassed)
    assert [(row.table, row.aspect) for row in facts.rows(Unchecked)] == [("caps_passed", "dollars")]


def test_what_a_loop_claims_is_not_claimed_again() -> None:
    story = Story()
    prompt: list[Segment] = [say("user", "do it")]
    exchanges = []
    for number in range(6):
        exchanges.append(story.exchange(prompt, answer(call(f"c{number}", "read_a"))))
        prompt = [*prompt, calling(f"c{number}", "read_a"), result(f"c{number}", "a", outcome=text_digest("a"))]
    facts = base([*exchanges, story.exchange(prompt, answer())])
    facts.extend(LoopCosts().join(facts))
    (loop,) = facts.rows(LoopSpend)
    (row,) = joined(facts, max_steps=3).rows(CapPassed)
    assert (row.saved_usd, row.waste_usd) == (4 * STEP, STEP)
    assert (loop.waste_usd or 0) + (row.waste_usd or 0) <= sum(spend.usd or 0 for spend in facts.rows(Spend))


@given(
    st.lists(st.lists(st.sampled_from("ab"), max_size=6), min_size=1, max_size=6), st.integers(1, 5), st.integers(1, 5), st.integers(1, 9)
)
def test_no_more_is_claimed_than_was_spent_after_a_refusal(runs: list[list[str]], steps: int, repeats: int, calls: int) -> None:
    facts = base(thread(runs))
    rows = joined(facts, max_steps=steps, max_repeats=repeats, budget_usd=to_usd(calls * STEP)).rows(CapPassed)
    spent = sum(row.usd or 0 for row in facts.rows(Spend))
    assert sum(row.waste_usd or 0 for row in rows) <= spent
    for row in rows:
        assert (row.spent_usd or 0) + (row.saved_usd or 0) == row.steps * STEP
        assert row.saved_calls == row.steps - row.refused_step + 1 > 0


def test_caps_are_suggested_by_what_runs_usually_take() -> None:
    usual = [thread([["a"] * (1 + number % 4)], f"t{number}", start=10 * number) for number in range(39)]
    (row,) = joined(base(*usual, thread([["a"] * 30], "last", start=1000))).rows(CapSuggestion)
    assert (row.runs, row.median_steps, row.usual_steps, row.most_steps) == (40, 3, 5, 31)
    assert (row.suggested_steps, row.steps_stop, row.steps_saved) == (8, 1, 23 * STEP)
    assert (row.suggested_usd, row.usd_stop, row.usd_saved) == (5 * STEP * 3 // 2, 1, 23 * STEP)


def test_what_a_suggestion_saves_is_unknown_without_prices() -> None:
    usual = [thread([["a"]], f"t{number}", start=10 * number, model="nobody-sells-this") for number in range(39)]
    (row,) = joined(base(*usual, thread([["a"] * 9], "last", start=1000, model="nobody-sells-this"))).rows(CapSuggestion)
    assert (row.suggested_steps, row.steps_stop, row.steps_saved, row.suggested_usd) == (3, 1, None, None)


def test_few_runs_suggest_nothing() -> None:
    (row,) = joined(base(thread([["a"]] * 19))).rows(CapSuggestion)
    assert (row.suggested_steps, row.suggested_usd, row.usual_steps) == (None, None, 2)
    assert (row.steps_stop, row.steps_saved, row.usd_stop, row.usd_saved) == (None, None, None, None)


@pytest.mark.parametrize(("gap", "told"), [(600.0, [("run", 1.5, 10)]), (4000.0, []), (300.0, [])])
def test_hours_without_a_person_or_a_pause_are_told(gap: float, told: list[tuple[str, float, int]]) -> None:
    exchanges = thread([["a"] * 9])
    later = [replace(each, times=replace(each.times, started=1e9 + at * gap)) for at, each in enumerate(exchanges)]
    assert [(row.kind, row.hours, row.calls) for row in joined(base(later)).rows(Unattended)] == told


def test_words_at_every_hour_are_no_persons() -> None:
    exchanges = thread([["a"]] * 10)
    later = [replace(each, times=replace(each.times, started=1e9 + at * 900)) for at, each in enumerate(exchanges)]
    assert [(row.kind, row.calls) for row in joined(base(later)).rows(Unattended)] == [("thread", 20)]


def test_questions_that_have_nothing_in_common_are_no_stretch() -> None:
    story = Story()
    exchanges = [story.exchange([say("user", f"is {number} a prime?")], answer()) for number in range(200)]
    assert not joined(base(exchanges)).rows(Unattended)
