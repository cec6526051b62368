"""What an explicit cache is not told: prefixes that repeat unmarked, and writes that were already on their way."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.layers.cache import CacheLayer, CacheWrite, ShortPrefix, UnmarkedRepeat
from seamaudit.trace import Breakpoint, Exchange, Times, Usage
from tests.builders import START, Story, answer, call
from tests.layers.test_cache import ask, blocks


def plain(story: Story, count: int, at: float, tokens: int = 4000, **columns: Any) -> Exchange:
    times = Times(START + at, START + at + 1, START + at + 2, 2.0, START + at)
    said = answer(usage=Usage(input=tokens, cache_read=0, cache_write=0, output=9))
    return story.exchange(blocks(count), said, times=times, **columns)


def repeats(*exchanges: Exchange) -> list[UnmarkedRepeat]:
    layer = CacheLayer()
    return [fact for x in exchanges for fact in layer.feed(x) if isinstance(fact, UnmarkedRepeat)]


def test_a_long_beginning_that_comes_again_unmarked_is_counted() -> None:
    story = Story()
    (found,) = repeats(plain(story, 10, 0), plain(story, 20, 60, tokens=6000))
    assert (found.repeated, found.total, found.minimum, found.base_exchange) == (3000, 6000, 1024, 0)


@pytest.mark.parametrize(("tokens", "count"), [(1100, 0), (1360, 0), (1370, 1)])
def test_nothing_is_said_within_the_band_around_the_minimum(tokens: int, count: int) -> None:
    story = Story()
    assert len(repeats(plain(story, 10, 0, tokens=tokens), plain(story, 10, 60, tokens=tokens))) == count


@pytest.mark.parametrize(("gap", "count"), [(0.5, 0), (1, 1), (300, 1), (301, 0)])
def test_only_what_an_entry_would_have_served_counts(gap: float, count: int) -> None:
    story = Story()
    assert len(repeats(plain(story, 10, 0), plain(story, 10, gap))) == count


def test_a_marked_request_a_cached_one_and_one_beside_the_conversation_are_none() -> None:
    story = Story()
    first = plain(story, 10, 0)
    marked = plain(story, 10, 10, request={"breakpoints": (Breakpoint(10, "5m"),)})
    unknown = story.exchange(blocks(10), answer(usage=Usage(input=4000, output=9)))
    assert repeats(first, marked, unknown, plain(story, 10, 20, side="title")) == []


def test_the_usage_of_an_answer_with_server_tools_is_a_sum_and_measures_nothing() -> None:
    story = Story()
    said = answer(call(server=True), usage=Usage(input=60_000, cache_read=0, cache_write=0, output=9))
    assert repeats(plain(story, 10, 0), replace(plain(story, 10, 60), response=said)) == []
    said = answer(call(server=True), usage=Usage(input=60_000, cache_read=0, cache_write=60_000, output=9))
    assert writes(story.exchange(blocks(10), said, request={"breakpoints": (Breakpoint(10, "5m"),)})) == []


def writes(*exchanges: Exchange) -> list[CacheWrite]:
    layer = CacheLayer()
    for exchange in exchanges:
        list(layer.feed(exchange))
    return [fact for fact in layer.close() if isinstance(fact, CacheWrite)]


@pytest.mark.parametrize(("start", "raced"), [(0.4, 1500), (0.99, 1500), (1.0, 0), (30, 0)])
def test_a_write_races_until_the_first_answer_has_begun(start: float, raced: int) -> None:
    story = Story()
    first = ask(story, blocks(15), [15], 0, 1500, at=0)
    second = ask(story, blocks(18), [15, 18], 0 if raced else 1500, 1800 if raced else 300, at=start)
    found = writes(first, second)
    assert [write.raced for write in found] == [0, raced]
    assert found[1].witness == ((first.locus,) if raced else ())


def test_three_at_once_wait_for_the_first_answer_not_for_the_second() -> None:
    story = Story()
    first = ask(story, blocks(15), [15], 0, 1500, at=0)
    second = ask(story, blocks(15), [15], 0, 1500, at=0.9)
    third = ask(story, blocks(15), [15], 1500, 0, at=1.2)
    assert [(write.raced, write.reads) for write in writes(first, second, third)] == [(0, 0), (1500, 1)]


def short(*exchanges: Exchange) -> list[ShortPrefix]:
    layer = CacheLayer()
    for exchange in exchanges:
        list(layer.feed(exchange))
    return [fact for fact in layer.close() if isinstance(fact, ShortPrefix)]


def marked(story: Story, tokens: int, at: int, **request: Any) -> Exchange:
    said = answer(usage=Usage(input=tokens, cache_read=0, cache_write=0, output=9))
    return story.exchange(blocks(10), said, request={"breakpoints": (Breakpoint(at, "5m"),), **request})


@pytest.mark.parametrize(
    ("tokens", "at", "found"),
    [(1023, 10, 1), (1024, 10, 0), (1600, 5, 1), (1700, 5, 0), (9000, 10, 0)],
    ids=["all of it", "just long enough", "clearly too short", "within the band", "long and not cached"],
)
def test_a_marked_prefix_is_too_short_only_where_no_estimate_could_save_it(tokens: int, at: int, found: int) -> None:
    assert len(short(marked(Story(), tokens, at))) == found


def test_what_is_not_settled_is_measured_by_the_shortest_minimum() -> None:
    assert [len(short(marked(Story(model="claude-sonnet-4-6"), tokens, 10))) for tokens in (900, 511)] == [0, 1]


def test_each_says_how_often_its_app_did_it_and_images_have_no_length() -> None:
    story = Story()
    asked = [marked(story, 600, 10), marked(story, 600, 10), marked(story, 600, 10, unsized=1)]
    assert [row.times for row in short(*asked)] == [2, 2]
