"""What usage alone tells of a cache: every shortfall has a cause, or says that it has none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.layers.usage_cache import UsageCache, UsageRead, UsageVerdict
from seamaudit.trace import Clock, Exchange, Level, Need, Segment, Times, Usage
from tests.builders import START, Story, answer, say

OTHER = "claude-opus-4-5-20251101"


@dataclass
class Thread:
    """A session on level B that grows by a message a turn; `ask` says what usage reports."""

    story: Story = field(default_factory=lambda: Story(level=Level.MESSAGES))
    prompt: list[Segment] = field(default_factory=lambda: [say("user", "0")])
    fed: list[Exchange] = field(default_factory=list)
    now: float = 0.0

    def ask(
        self, read: int, write: int, gap: float = 10.0, *, hour: int = 0, took: float = 2.0, grow: bool = True, **columns: Any
    ) -> Thread:
        """The next call, `gap` seconds after the last one began; `hour` of the `write` tokens are written for an hour."""
        self.now += gap
        started = START + self.now
        used = Usage(
            input=read + write + 10, cache_read=read, cache_write=write, cache_write_5m=write - hour, cache_write_1h=hour, output=5
        )
        columns = {"times": Times(started, None, started + took, took, started), **columns}
        if columns.pop("split", True) is False:
            used = Usage(input=read + write + 10, cache_read=read, cache_write=write, output=5)
        self.fed.append(self.story.exchange(self.prompt, answer(usage=used), lacks={Need.CACHE_CONTRACT: "no system prompt"}, **columns))
        if grow:
            self.prompt = [*self.prompt, say("assistant", f"a{len(self.fed)}"), say("user", f"u{len(self.fed)}")]
        return self

    def fail(self) -> Thread:
        """A try that is refused."""
        self.fed.append(self.story.exchange(self.prompt, answer(status=529, usage=None)))
        return self

    @property
    def reads(self) -> list[UsageRead]:
        layer = UsageCache()
        found = [*(fact for each in self.fed for fact in layer.feed(each)), *layer.close()]
        return [fact for fact in found if isinstance(fact, UsageRead)]

    @property
    def last(self) -> UsageRead:
        return self.reads[-1]

    @property
    def verdicts(self) -> list[UsageVerdict]:
        return [read.verdict for read in self.reads]


def test_a_turn_reads_what_the_turn_before_read_and_wrote() -> None:
    thread = Thread().ask(0, 20_000).ask(20_000, 500).ask(20_500, 700)
    assert thread.verdicts == [UsageVerdict.NO_BASE, UsageVerdict.EXACT, UsageVerdict.EXACT]
    assert thread.last.lost == 0


def test_a_longer_read_is_nobodys_loss() -> None:
    assert Thread().ask(0, 20_000).ask(20_400, 100).last.verdict is UsageVerdict.MORE


@pytest.mark.parametrize(("hour", "gap", "alive"), [(0, 300, True), (0, 301, False), (20_000, 301, True), (20_000, 3601, False)])
def test_the_life_is_the_one_that_was_written(hour: int, gap: float, alive: bool) -> None:
    last = Thread().ask(0, 20_000, hour=hour).ask(0, 20_500, gap, took=0.0).last
    assert last.verdict is (UsageVerdict.UNEXPLAINED if alive else UsageVerdict.EXPIRED)
    assert (last.gap, last.life, last.lost) == (gap, 3600.0 if hour else 300.0, 20_000)


def test_a_read_refreshes_and_its_own_write_decides_the_newest_life() -> None:
    thread = Thread().ask(0, 20_000).ask(20_000, 500, 250).ask(20_500, 500, 250).ask(21_000, 500, 250)
    assert set(thread.verdicts[1:]) == {UsageVerdict.EXACT}


def test_a_mixed_prefix_expires_in_parts() -> None:
    """What was written for an hour is still served; only the rest is lost to the pause."""
    last = Thread().ask(0, 20_000, hour=15_000).ask(15_000, 5_500, 900).last
    assert (last.verdict, last.lost) == (UsageVerdict.EXPIRED, 5_000)


def test_a_pause_is_not_blamed_for_what_outlived_it() -> None:
    last = Thread().ask(0, 20_000, hour=15_000).ask(0, 20_500, 900).last
    assert (last.verdict, last.lost) == (UsageVerdict.EXPIRED, 5_000)


def test_at_the_edge_of_a_life_nothing_is_certain() -> None:
    """The client's clock says when the call can have begun; the call may have been sent later."""
    last = Thread().ask(0, 20_000).ask(20_000, 9_000).ask(20_000, 9_500, 290, took=60).last
    assert (last.alive, last.verdict) == (None, UsageVerdict.UNEXPLAINED)


def test_an_unknown_life_is_not_guessed() -> None:
    between = Thread().ask(0, 20_000, split=False).ask(0, 20_500, 1800).last
    beyond = Thread().ask(0, 20_000, split=False).ask(0, 20_500, 3700).last
    assert (between.life, between.verdict) == (None, UsageVerdict.UNEXPLAINED)
    assert beyond.verdict is UsageVerdict.EXPIRED


def test_without_a_clock_nothing_expires() -> None:
    thread = Thread().ask(0, 20_000, times=Times(), clock=Clock.SEQUENCE).ask(0, 20_500, times=Times(), clock=Clock.SEQUENCE)
    assert (thread.last.verdict, thread.last.gap) == (UsageVerdict.UNEXPLAINED, None)


def test_one_read_that_stays_where_it_was_is_the_providers() -> None:
    thread = Thread().ask(0, 16_000).ask(16_000, 8_000).ask(24_000, 3_000).ask(24_000, 4_000).ask(28_000, 500)
    assert (thread.verdicts[3], thread.reads[3].lost) == (UsageVerdict.PROVIDER_SIDE, 3_000)


def test_only_if_the_next_turn_goes_on_from_it() -> None:
    last = Thread().ask(0, 16_000).ask(16_000, 8_000).ask(24_000, 3_000).ask(24_000, 4_000).last
    assert last.verdict is UsageVerdict.UNEXPLAINED


def test_two_chains_that_take_turns_are_not_the_providers() -> None:
    """Requests of two kinds, each of which reads what its own kind wrote: a fallback without a stream, and back."""
    thread = Thread().ask(33_000, 16_000).ask(33_000, 32_000).ask(49_000, 17_000).ask(65_000, 3_000).ask(66_000, 5_000).ask(71_000, 500)
    assert set(thread.verdicts[1:-1]) == {UsageVerdict.UNEXPLAINED}


def test_a_read_of_the_lowest_boundary_may_be_the_clients() -> None:
    """Tools and system end there and are not recorded: a hidden change behind them looks the same."""
    thread = Thread().ask(16_000, 2_000).ask(18_000, 8_000).ask(16_000, 12_000).ask(28_000, 500)
    assert thread.verdicts[2] is UsageVerdict.UNEXPLAINED


def test_a_boundary_of_no_turn_is_unexplained() -> None:
    assert Thread().ask(0, 16_000).ask(16_000, 8_000).ask(20_123, 4_500).last.verdict is UsageVerdict.UNEXPLAINED


def test_a_prompt_that_shrank_is_not_the_providers() -> None:
    last = Thread().ask(0, 16_000).ask(16_000, 8_000).ask(24_000, 5_000).ask(24_000, 2_000).last
    assert (last.verdict, last.shrank) == (UsageVerdict.UNEXPLAINED, True)


@pytest.mark.parametrize("why", ["compaction", "microcompaction"])
def test_a_prompt_begun_anew_on_purpose_is_no_break(why: str) -> None:
    thread = Thread().ask(0, 90_000)
    thread.prompt = [say("user", "a summary")]
    assert thread.ask(16_000, 3_000, intended=why).last.verdict is UsageVerdict.INTENDED


def test_a_rewind_is_no_break() -> None:
    thread = Thread().ask(0, 20_000).ask(20_000, 9_000)
    thread.prompt = [*thread.prompt[:-3], say("assistant", "a1"), say("user", "another way")]
    assert thread.ask(20_000, 400).last.verdict is UsageVerdict.REWOUND


def test_another_model_has_a_cache_of_its_own() -> None:
    thread = Thread().ask(0, 20_000)
    thread.story.model = OTHER
    last = thread.ask(0, 20_500).last
    assert (last.verdict, last.model_before, last.alive) == (UsageVerdict.MODEL_SWITCH, "claude-sonnet-4-5-20250929", True)


def test_failed_tries_do_not_come_between_two_turns() -> None:
    assert Thread().ask(0, 20_000).fail().fail().ask(20_000, 500).verdicts == [UsageVerdict.NO_BASE, UsageVerdict.EXACT]


def test_calls_beside_the_conversation_take_no_part() -> None:
    thread = Thread().ask(0, 20_000, side="subagent").ask(0, 20_000, side="title")
    assert thread.reads == []


def test_whole_requests_are_replayed_elsewhere() -> None:
    thread = Thread(Story(level=Level.WIRE)).ask(0, 20_000).ask(20_000, 500)
    assert thread.reads == []


def test_a_cache_without_a_contract_is_not_followed() -> None:
    story = Story(level=Level.MESSAGES)
    one = story.exchange(
        [say("user", "hi")],
        answer(usage=Usage(input=10, cache_read=0, cache_write=5, output=1)),
        lacks={Need.CACHE_LIFE: "no cache contract is known for this provider or model"},
    )
    assert list(UsageCache().feed(one)) == []


@given(st.lists(st.tuples(st.integers(1, 9_000), st.integers(1, 299)), min_size=1, max_size=12))
def test_a_thread_that_only_grows_in_time_is_exact(turns: list[tuple[int, int]]) -> None:
    thread, left = Thread().ask(0, 16_000, took=0.0), 16_000
    for write, gap in turns:
        thread.ask(left, write, gap, took=0.0)
        left += write
    assert set(thread.verdicts[1:]) == {UsageVerdict.EXACT}


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 60_000), st.integers(0, 8_000), st.booleans()), min_size=1, max_size=12))
def test_no_more_is_lost_than_was_left_and_sent_again(turns: list[tuple[int, int, int, bool]]) -> None:
    thread = Thread()
    for read, write, gap, long in turns:
        thread.ask(read, write, gap, hour=write if long else 0)
    reads = thread.reads
    assert len(reads) == len(turns)
    assert all(0 <= each.lost <= max(0, min(each.available, each.total) - each.reported) for each in reads)
    assert [each.exchange for each in reads] == sorted(each.exchange for each in reads)


def whole(thread: Thread, read: int, write: int, **columns: Any) -> Thread:
    """A call whose answer came without a stream, as after a fallback."""
    return thread.ask(read, write, request={"streamed": False}, **columns)


def streamed(thread: Thread, read: int, write: int, **columns: Any) -> Thread:
    return thread.ask(read, write, request={"streamed": True}, **columns)


def test_two_kinds_of_requests_that_take_turns_read_what_their_own_kind_left() -> None:
    thread = streamed(streamed(Thread(), 0, 30_000), 30_000, 2_000)
    whole(thread, 30_000, 5_000)
    streamed(thread, 32_000, 6_000)
    whole(thread, 35_000, 6_000)
    verdicts = [read.verdict for read in thread.reads]
    assert verdicts[2:] == [UsageVerdict.FALLBACK] * 3
    assert [read.lost for read in thread.reads[2:]] == [2_000, 3_000, 3_000]


def test_a_read_that_no_turn_of_its_kind_explains_is_no_fallback() -> None:
    thread = streamed(streamed(Thread(), 0, 30_000), 30_000, 2_000)
    assert whole(thread, 31_000, 5_000).last.verdict is UsageVerdict.UNEXPLAINED
    assert whole(streamed(Thread(), 0, 30_000), 0, 31_000).last.verdict is UsageVerdict.UNEXPLAINED


def test_the_same_reads_of_one_kind_stay_unexplained() -> None:
    thread = streamed(streamed(streamed(Thread(), 0, 30_000), 30_000, 2_000), 30_000, 5_000)
    assert streamed(thread, 32_000, 6_000).last.verdict is UsageVerdict.UNEXPLAINED
