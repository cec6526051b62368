"""The simulated cache: the provider's documented walk, and verdicts that never blame without a witness."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.layers.cache import CacheLayer, CacheRead, Verdict
from seamaudit.trace import Breakpoint, Exchange, Segment, Times, Usage
from tests.builders import START, Story, answer, calling, say
from tests.builders import call as server_call


def blocks(count: int, name: str = "b") -> list[Segment]:
    """Text blocks of equal length."""
    return [say("user" if n % 2 == 0 else "assistant", f"{name}{n:04d}" + "." * 394) for n in range(count)]


def usage(read: int, write: int, total: int | None = None) -> Usage:
    return Usage(input=read + write + 5 if total is None else total, cache_read=read, cache_write=write, cache_write_5m=write, output=9)


def ask(
    story: Story, prompt: list[Segment], marks: list[int], read: int, write: int, at: float | None = None, took: float = 2.0, **request: Any
) -> Exchange:
    points = tuple(Breakpoint(position, "5m") for position in marks)
    columns: dict[str, Any] = {}
    if at is not None:
        columns["times"] = Times(START + at, START + at + took / 2, START + at + took, took, START + at)
    return story.exchange(prompt, answer(usage=usage(read, write)), request={"breakpoints": points, **request}, **columns)


def verdicts(*exchanges: Exchange) -> list[Verdict]:
    layer = CacheLayer()
    return [fact.verdict for x in exchanges for fact in layer.feed(x) if isinstance(fact, CacheRead)]


@pytest.mark.parametrize(("growth", "verdict"), [(1, Verdict.EXACT), (19, Verdict.EXACT), (20, Verdict.COLD), (30, Verdict.COLD)])
def test_a_marker_looks_at_twenty_positions_its_own_first(growth: int, verdict: Verdict) -> None:
    story = Story()
    first = ask(story, blocks(15), [15], 0, 1500)
    hit = verdict is Verdict.EXACT
    second = ask(story, blocks(15 + growth), [15 + growth], 1500 if hit else 0, growth * 100 + (0 if hit else 1500))
    assert verdicts(first, second)[1] is verdict


def test_a_lower_marker_looks_further_down() -> None:
    story = Story()
    first = ask(story, blocks(15), [15], 0, 1500)
    second = ask(story, blocks(60), [20, 60], 1500, 4500)
    assert verdicts(first, second)[1] is Verdict.EXACT


def test_wide_parallel_calls_are_one_position_since_the_page_says_so() -> None:
    story = Story()
    start = blocks(15)
    wide = [calling(f"toolu_{n}", arguments=f'{{"n": {n}}}') for n in range(30)]
    first = ask(story, start, [15], 0, 1500, at=86400.0 * 30)
    second = ask(story, [*start, *wide, say("user", "go on")], [46], 1500, 900, at=86400.0 * 30 + 60)
    assert verdicts(first, second)[1] is Verdict.EXACT


@pytest.mark.parametrize(("gap", "verdict"), [(299, Verdict.EXACT), (301, Verdict.COLD)])
def test_a_life_runs_from_the_start_of_the_request_that_touched_the_entry(gap: float, verdict: Verdict) -> None:
    story = Story()
    read = 1500 if verdict is Verdict.EXACT else 0
    first = ask(story, blocks(15), [15], 0, 1500, at=0)
    second = ask(story, blocks(17), [17], read, 1700 - read, at=gap)
    assert verdicts(first, second)[1] is verdict


def test_a_read_refreshes_the_entry() -> None:
    story = Story()
    prompt = blocks(15)
    calls = [ask(story, prompt, [15], 0 if n == 0 else 1500, 1500 if n == 0 else 0, at=250.0 * n) for n in range(5)]
    assert verdicts(*calls) == [Verdict.COLD, *[Verdict.EXACT] * 4]


def test_an_entry_cannot_be_read_before_its_answer_began() -> None:
    story = Story()
    first = ask(story, blocks(15), [15], 0, 1500, at=0, took=8)
    second = ask(story, blocks(15), [15], 0, 1500, at=2)
    layer = CacheLayer()
    facts = [fact for x in (first, second) for fact in layer.feed(x) if isinstance(fact, CacheRead)]
    assert facts[1].verdict is Verdict.COLD
    assert facts[1].raced


def test_tool_choice_keys_the_messages_and_not_what_stands_before_them() -> None:
    story = Story()
    first = ask(story, blocks(15), [15], 0, 1500, params={"tool_choice": '{"type":"auto"}'})
    second = ask(story, blocks(16), [16], 0, 1600, params={"tool_choice": '{"type":"any"}'})
    layer = CacheLayer()
    facts = [fact for x in (first, second) for fact in layer.feed(x) if isinstance(fact, CacheRead)]
    assert facts[1].verdict is Verdict.COLD
    assert not facts[1].same_parameters


def test_a_read_that_ends_at_an_older_turn_is_the_providers() -> None:
    story = Story()
    calls = [
        ask(story, blocks(15), [15], 0, 1500),
        ask(story, blocks(17), [17], 1500, 200),
        ask(story, blocks(19), [19], 1500, 400),
    ]
    assert verdicts(*calls)[2] is Verdict.PROVIDER_SIDE


@pytest.mark.parametrize("read", [0, 1499, 1501, 1699])
def test_any_other_short_read_stays_unexplained(read: int) -> None:
    story = Story()
    calls = [
        ask(story, blocks(15), [15], 0, 1500),
        ask(story, blocks(17), [17], 1500, 200),
        ask(story, blocks(19), [19], read, 1900 - read),
    ]
    assert verdicts(*calls)[2] is Verdict.UNEXPLAINED


def test_an_implicit_cache_reads_whole_steps_of_the_shared_prefix() -> None:
    story = Story(provider="openai", platform="openai", api="openai.chat", host="api.openai.com", model="gpt-5.2")
    first = story.exchange(blocks(15), answer(usage=Usage(input=1500, cache_read=0, output=9)))
    second = story.exchange(blocks(17), answer(usage=Usage(input=1700, cache_read=1408, output=9)))
    third = story.exchange(blocks(19), answer(usage=Usage(input=1900, cache_read=1408, output=9)))
    assert verdicts(first, second, third) == [Verdict.COLD, Verdict.EXACT, Verdict.PROVIDER_SIDE]


@given(st.lists(st.integers(1, 18), min_size=1, max_size=8))
def test_an_append_only_thread_that_reads_what_was_written_is_exact(growths: list[int]) -> None:
    story = Story()
    calls, length = [ask(story, blocks(20), [20], 0, 2000)], 20
    for growth in growths:
        calls.append(ask(story, blocks(length + growth), [length + growth], length * 100, growth * 100))
        length += growth
    assert verdicts(*calls) == [Verdict.COLD, *[Verdict.EXACT] * len(growths)]


def test_a_refused_request_writes_nothing() -> None:
    story = Story()
    refused = story.exchange(blocks(15), answer(status=400, usage=None), request={"breakpoints": (Breakpoint(15, "5m"),)})
    after = ask(story, blocks(15), [15], 0, 1500)
    assert verdicts(refused, after) == [Verdict.COLD]


def reads(*exchanges: Exchange) -> list[CacheRead]:
    layer = CacheLayer()
    return [fact for x in exchanges for fact in layer.feed(x) if isinstance(fact, CacheRead)]


@pytest.mark.parametrize(("growth", "overlooked", "surely"), [(19, 0, False), (20, 20, False), (22, 22, False), (23, 23, True)])
def test_an_entry_out_of_sight_is_told_and_at_the_edge_not_for_sure(growth: int, overlooked: int, surely: bool) -> None:
    story = Story()
    last = reads(ask(story, blocks(15), [15], 0, 1500), ask(story, blocks(15 + growth), [15 + growth], 0, 3500))[1]
    assert (last.overlooked, last.overlooked_surely) == (overlooked, surely)


def test_the_nearest_marker_decides_what_is_in_sight() -> None:
    story = Story()
    last = reads(ask(story, blocks(15), [15], 0, 1500), ask(story, blocks(60), [30, 60], 1500, 4500))[1]
    assert last.overlooked == 0


@pytest.mark.parametrize(("day", "overlooked", "surely"), [(-60, 31, True), (0, 0, False), (30, 0, False)])
def test_a_run_of_calls_hides_an_entry_only_where_it_is_counted_one_by_one(day: int, overlooked: int, surely: bool) -> None:
    story, at = Story(), 86400.0 * day
    wide = [calling(f"toolu_{n}", arguments=f'{{"n": {n}}}') for n in range(30)]
    first = ask(story, blocks(15), [15], 0, 1500, at=at)
    last = reads(first, ask(story, [*blocks(15), *wide, say("user", "go on")], [46], 0, 2400, at=at + 60))[1]
    assert (last.overlooked, last.overlooked_surely) == (overlooked, surely)


def test_the_parameters_that_changed_are_named() -> None:
    story = Story()
    first = ask(story, blocks(15), [15], 0, 1500, params={"tool_choice": '{"type":"auto"}', "anthropic_beta": '["a"]'})
    last = reads(first, ask(story, blocks(16), [16], 0, 1600, params={"thinking": '{"type":"enabled"}', "anthropic_beta": '["b"]'}))[1]
    assert (last.flipped, last.same_parameters) == ("thinking, tool_choice", False)
    assert not last.flip_settled, "where thinking is rendered is not published for every model"


def test_a_sum_over_passes_is_no_prompt_that_the_next_turn_could_read() -> None:
    story = Story(provider="openai", platform="openai", api="openai.responses", host="api.openai.com", model="gpt-5.2")
    searched = answer(server_call(server=True), usage=Usage(input=12_000, cache_read=0, output=9))
    first = story.exchange(blocks(15), searched)
    second = story.exchange(blocks(17), answer(usage=Usage(input=1700, cache_read=0, output=9)))
    assert verdicts(first, second) == [Verdict.COLD, Verdict.COLD]
