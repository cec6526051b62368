"""Counterfactuals of the cache layer: the same content in another layout, served by the same contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.layers.cache import CacheLayer, Calls, Laid, Sent, Served, simulate
from seamaudit.layers.cache.edits import AddMarks, Edit, HoldUntil, Live, MarkBefore, MoveBehind, Region, SortTools, SpellAlike, WarmUp
from seamaudit.layers.cache.implicit import ImplicitCache
from seamaudit.trace import Breakpoint, Exchange, Kind, Segment, Usage, Zone
from tests.builders import START, Story, answer, say, segment
from tests.layers.test_cache import ask, blocks


def sent(*exchanges: Exchange) -> Sent:
    calls = Calls()
    layer = CacheLayer(calls=calls)
    for exchange in exchanges:
        list(layer.feed(exchange))
    return Sent(calls.caches[0])


def laid(*exchanges: Exchange) -> list[Laid]:
    return sent(*exchanges).requests


def served(requests: Sequence[Laid], *edits: Edit) -> list[tuple[int | None, int | None]]:
    """(read, written) of each request."""
    return [(one.usage.cache_read, one.usage.cache_write) for one in simulate(requests, edits)]


def rules(size: int = 8000) -> Segment:
    return segment(Kind.TEXT, "r" * size, role="system", zone=Zone.SYSTEM)


def passage(number: int, size: int = 800) -> Segment:
    return segment(Kind.TEXT, f"{number:04d}" + "p" * (size - 4), role="system", zone=Zone.SYSTEM)


def test_without_edits_it_predicts_what_was_reported() -> None:
    story = Story()
    calls = [ask(story, blocks(20), [20], 0, 2000), ask(story, blocks(25), [25], 2000, 500), ask(story, blocks(30), [30], 2500, 500)]
    assert served(laid(*calls)) == [(0, 2000), (2000, 500), (2500, 500)]


@given(st.lists(st.integers(1, 18), min_size=1, max_size=6), st.integers(0, 5))
def test_no_edit_changes_what_is_sent(growths: list[int], moved: int) -> None:
    story = Story()
    calls, length = [ask(story, blocks(20), [20], 0, 2000)], 20
    for growth in growths:
        calls.append(ask(story, blocks(length + growth), [length + growth], length * 100, growth * 100))
        length += growth
    requests = laid(*calls)
    regions = {request.call.exchange.id: Region(moved, moved + 2, 30, 10, b"k") for request in requests}
    edits = (MoveBehind(regions), SortTools(), SpellAlike(), Live("1h"))
    for before, after in zip(simulate(requests), simulate(requests, edits), strict=True):
        assert after.usage.input == before.usage.input == before.exchange.usage.input  # type: ignore[union-attr]
        assert (after.usage.cache_read or 0) + (after.usage.cache_write or 0) <= (after.usage.input or 0)


@st.composite
def threads(draw: st.DrawFn, **provider: str) -> list[Exchange]:
    """Threads that begin alike, take turns, pause, race, and read what nothing recorded wrote."""
    story, now, lengths, out = Story(**provider), 0.0, {}, []
    for _ in range(draw(st.integers(2, 12))):
        thread = draw(st.sampled_from("abc"))
        lengths[thread] = length = lengths.get(thread, 8) + draw(st.integers(1, 9))
        shared = draw(st.sampled_from([3, 8, 8, 8]))
        prompt = [*blocks(shared), *blocks(length, thread)[shared:]]
        marks = sorted({draw(st.sampled_from([0, 3, 8])), length} - {0})
        read = draw(st.sampled_from([0, 0, 300, 800, 1100]))
        now += draw(st.sampled_from([0.5, 20.0, 290.0, 400.0, 4000.0, 90_000.0]))
        out.append(ask(story, prompt, marks, min(read, 100 * length), 100 * length - min(read, 100 * length), at=now, took=4.0))
    return out


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """An edit of some of the first twelve requests, or of all."""
    some = draw(st.sets(st.integers(0, 11), max_size=4))
    start = draw(st.integers(0, 9))
    regions = {each: Region(start, start + draw(st.integers(1, 3)), draw(st.sampled_from([0, 40])), 0, b"k") for each in some}
    hold = HoldUntil({each: START + draw(st.sampled_from([30.0, 900.0])) for each in some})
    marks = AddMarks({each: [start + 1, start + 4] for each in some})
    ways: list[Edit] = [MoveBehind(regions), marks, MarkBefore(dict.fromkeys(some, start + 1)), WarmUp(dict.fromkeys(some, start)), hold]
    return draw(st.sampled_from([*ways, Live("1h"), SortTools(), SpellAlike()]))


@given(threads(), st.lists(edits(), min_size=1, max_size=2))
def test_what_an_edit_does_not_reach_need_not_be_replayed(exchanges: list[Exchange], edited: list[Edit]) -> None:
    plain = sent(*exchanges)
    whole = simulate(plain.requests, edited, plain.outside)
    assert [(one.exchange.id, one.usage) for one in plain.edited(edited)] == [(one.exchange.id, one.usage) for one in whole]


GPT = {"provider": "openai", "platform": "openai", "api": "openai.chat", "host": "api.openai.com", "model": "gpt-5.2"}


def reads(cache: ImplicitCache, *exchanges: Exchange) -> list[int | None]:
    return [cache.serve(request.call, request.tokens().__getitem__).cache_read for request in laid(*exchanges)]


@given(threads(**GPT))
def test_what_no_request_can_read_any_more_need_not_be_held(exchanges: list[Exchange]) -> None:
    assert reads(ImplicitCache(many=0), *exchanges) == reads(ImplicitCache(), *exchanges)


@pytest.mark.parametrize(("pause", "read"), [(290.0, 1920), (310.0, 0)])
def test_what_can_still_be_read_is_held_while_others_are_let_go(pause: float, read: int) -> None:
    story = Story(**GPT)
    times = (("old", 0.0), ("a", 1000.0), ("b", 1000.0 + pause / 2), ("a", 1000.0 + pause))
    exchanges = [ask(story, blocks(20, name), [], 0, 2000, at=at) for name, at in times]
    cache = ImplicitCache(many=0)
    assert reads(cache, *exchanges) == [0, 0, 0, read]


def rag(count: int) -> list[Laid]:
    """Requests with passages of their own in the marked system prompt: each writes all of it."""
    story = Story()
    prompts = [[rules(), passage(n), say("user", f"q{n}" + "?" * 398)] for n in range(count)]
    return laid(*(ask(story, prompt, [2], 0, 2200) for prompt in prompts))


def test_a_block_moved_behind_the_markers_leaves_the_rest_to_be_read() -> None:
    regions = {n: Region(1, 2) for n in range(4)}
    (_, written), *later = served(rag(4), MoveBehind(regions))
    assert written == pytest.approx(2000, rel=0.01)
    assert later == [(written, 0)] * 3


def test_a_block_of_which_only_the_middle_moves_keeps_its_ends() -> None:
    regions = {n: Region(1, 2, 300, 300, b"k") for n in range(4)}
    (_, written), *later = served(rag(4), MoveBehind(regions))
    assert written == pytest.approx(2155, rel=0.01), "600 of the 775 bytes of text stay"
    assert later == [(written, 0)] * 3


def test_the_marker_in_front_of_the_moving_block_writes_what_will_be_read() -> None:
    (_, written), *later = served(rag(4), MarkBefore(dict.fromkeys(range(4), 1)))
    assert later == [(written, 0)] * 3


def tools(*names: str) -> list[Segment]:
    return [segment(Kind.TOOL_DEFINITION, f"{name}" + "t" * 900, zone=Zone.TOOLS, name=name) for name in names]


def test_sorted_tools_are_the_same_prefix() -> None:
    story = Story()
    orders = (["a", "b"], ["b", "a"], ["a", "b"])
    calls = [ask(story, [*tools(*order), rules(), say("user", "q")], [3], 0, 1500) for order in orders]
    assert [read for read, _ in served(laid(*calls), SortTools())] == [0, 1500, 1500]


def test_keys_in_one_order_are_the_same_prefix() -> None:
    story = Story()
    spelled = [rules(), segment(Kind.TEXT, "r" * 8000, role="system", zone=Zone.SYSTEM, ordered=b"other" + bytes(11))]
    calls = [ask(story, [block, say("user", "q")], [1], 0, 1500) for block in spelled]
    assert [read for read, _ in served(laid(*calls))] == [0, 0]
    assert [read for read, _ in served(laid(*calls), SpellAlike())] == [0, 1500]


def test_a_marker_beside_the_last_finds_what_lay_out_of_sight() -> None:
    story = Story()
    calls = [ask(story, blocks(15), [15], 0, 1500), ask(story, blocks(60), [60], 0, 6000)]
    assert served(laid(*calls))[1] == (0, 6000)
    assert served(laid(*calls), AddMarks({1: [15]}))[1] == (1500, 4500)


def test_no_more_markers_than_the_provider_takes() -> None:
    story = Story()
    request = laid(ask(story, blocks(60), [10, 20, 30, 60], 0, 6000))[0]
    (edited,) = AddMarks({0: [40]}).apply([request])
    assert [mark.position for mark in edited.marks] == [20, 30, 40, 60]


def test_an_hour_outlives_a_pause_and_five_minutes_do_not() -> None:
    story = Story()
    calls = [ask(story, blocks(15), [15], 0, 1500, at=0), ask(story, blocks(17), [17], 0, 1700, at=1000)]
    assert served(laid(*calls))[1] == (0, 1700)
    hour = simulate(laid(*calls), (Live("1h"),))
    assert [(one.usage.cache_read, one.usage.cache_write_1h) for one in hour] == [(0, 1500), (1500, 200)]


def fan_out() -> list[Laid]:
    story = Story()
    return laid(*(ask(story, blocks(15), [15], 0, 1500, at=float(n), took=20) for n in range(3)))


def test_a_fan_out_that_waits_reads_what_the_first_wrote() -> None:
    assert served(fan_out()) == [(0, 1500)] * 3
    assert served(fan_out(), HoldUntil({1: START + 10, 2: START + 10})) == [(0, 1500), (1500, 0), (1500, 0)]


def test_what_is_warmed_up_is_written_once_ahead_and_read_by_all() -> None:
    warmed = simulate(fan_out(), (WarmUp({0: 15}),))
    assert [one.exchange.id < 0 for one in warmed] == [True, False, False, False]
    assert [(one.usage.cache_read, one.usage.cache_write) for one in warmed] == [(0, 1500), *[(1500, 0)] * 3]


def test_a_prefix_below_the_minimum_is_not_cached_where_it_stands_now_either() -> None:
    story = Story()
    prompts = [[rules(800), passage(n, 4000), say("user", f"q{n}")] for n in range(3)]
    requests = laid(*(ask(story, prompt, [2], 0, 1200) for prompt in prompts))
    assert served(requests, MoveBehind({n: Region(1, 2) for n in range(3)})) == [(0, 0)] * 3


def test_what_was_written_before_the_recording_began_is_known_by_its_reads() -> None:
    story = Story()
    plain = sent(ask(story, blocks(20), [10, 20], 1000, 1000), ask(story, blocks(25), [10, 25], 2000, 500))
    assert served(plain.requests) == [(0, 2000), (2000, 500)]
    assert plain.outside == {0: 10}
    assert [(one.usage.cache_read, one.usage.cache_write) for one in plain.served] == [(1000, 1000), (2000, 500)]


TEXTS = {"a": b"same beginning " * 400 + b"monday", "b": b"same beginning " * 400 + b"friday"}


def test_an_unmarked_cache_shares_the_beginning_of_a_block_where_its_text_is_at_hand() -> None:
    story = Story(**GPT)
    calls = []
    for name in ("a", "b"):
        block = segment(Kind.TEXT, TEXTS[name].decode(), role="system", zone=Zone.SYSTEM)
        calls.append(story.exchange([block, say("user", name)], answer(usage=Usage(input=1500, cache_read=0, output=9))))
    texts = {one.id: text for one, text in zip(calls[0].request.prefix.segments(0, 1), [TEXTS["a"]], strict=True)}
    texts |= {one.id: text for one, text in zip(calls[1].request.prefix.segments(0, 1), [TEXTS["b"]], strict=True)}
    requests = laid(*calls)

    def read(served: list[Served]) -> list[Any]:
        return [one.usage.cache_read for one in served]

    assert read(simulate(requests)) == [0, 0]
    assert read(simulate(requests, (), None, texts.get)) == [0, 1408]


def test_an_automatic_marker_counts_like_any_other() -> None:
    story = Story()
    call = ask(story, blocks(20), [], 0, 2000, breakpoints=(Breakpoint(20, "5m", automatic=True),))
    assert served(laid(call)) == [(0, 2000)]
