"""What fills a window, what is cut from a history and what only looks like it, and how long large results are sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.base import Unchecked
from seamaudit.layers.context import Context, ContextTurn, Cut, LargeResult, PhaseEnd, WindowPhase
from seamaudit.trace import Exchange, Kind, Level, Refusal, Segment, Usage, Zone
from tests.builders import Story, answer, call, calling, result, say, segment

F = TypeVar("F", bound=Fact)


def facts(cls: type[F], exchanges: Iterable[Exchange]) -> list[F]:
    layer = Context()
    told = [fact for exchange in exchanges for fact in layer.feed(exchange)]
    return [fact for fact in (*told, *layer.close()) if isinstance(fact, cls)]


def used(tokens: int, output: int = 5) -> dict[str, Usage]:
    return {"usage": Usage(input=tokens, output=output)}


def talk(count: int, start: int = 0) -> list[Segment]:
    """Questions with their answers."""
    return [piece for n in range(start, start + count) for piece in (say("user", f"question {n}"), say("assistant", f"answer {n}"))]


def rounds(count: int) -> list[Segment]:
    """A task with calls and their results."""
    return [say("user", "do it"), *(piece for n in range(count) for piece in (calling(f"c{n}"), result(f"c{n}", f"found {n}")))]


def sent(*prompts: Sequence[Segment], **columns: object) -> list[Exchange]:
    """A thread that sends these prompts, the last with `columns`."""
    story = Story()
    return [story.exchange(prompt, answer(), **(columns if prompt is prompts[-1] else {})) for prompt in prompts]  # type: ignore[arg-type]


class TestCuts:
    def test_a_window_of_the_last_messages_loses_the_first_without_a_word(self) -> None:
        history = talk(4)
        (cut,) = facts(Cut, sent([*history, say("user", "more")], [*history[2:], say("user", "more"), *talk(1, 5)]))
        assert (cut.kind, cut.messages, cut.calls, cut.first, cut.exchange) == ("silent", 2, 0, True, 1)

    def test_rounds_of_calls_cut_from_the_middle_are_counted(self) -> None:
        history = rounds(5)
        (cut,) = facts(Cut, sent(history, [history[0], *history[5:], calling("c9"), result("c9")]))
        assert (cut.kind, cut.messages, cut.calls, cut.first) == ("silent", 4, 2, False)
        assert cut.bytes == sum(piece.length for piece in history[1:5])

    def test_a_window_that_slides_cuts_every_time(self) -> None:
        prompts = [talk(9)[at : at + 7] for at in range(0, 10, 2)]
        assert [cut.messages for cut in facts(Cut, sent(*prompts))] == [2] * 4

    def test_what_the_client_declares_is_a_compaction(self) -> None:
        history = talk(5)
        now = [say("user", "a summary"), *history[4:], say("user", "more")]
        (cut,) = facts(Cut, sent([*history, say("user", "more")], now, intended="compaction"))
        assert cut.kind == "compaction"

    def test_a_note_in_the_place_of_what_is_gone_tells_the_model(self) -> None:
        history = talk(5)
        (cut,) = facts(Cut, sent(history, [say("user", "(4 messages are left out)"), *history[4:], say("user", "more")]))
        assert (cut.kind, cut.messages) == ("marked", 4)

    def test_a_system_prompt_that_changes_with_it_may_hold_a_summary(self) -> None:
        heads = [segment(Kind.TEXT, text, role="system", zone=Zone.SYSTEM) for text in ("rules", "rules, and what was said so far")]
        history = talk(5)
        (cut,) = facts(Cut, sent([heads[0], *history], [heads[1], *history[4:], say("user", "more")]))
        assert cut.kind == "system"

    def test_a_clock_in_the_system_prompt_hides_no_cut(self) -> None:
        heads = [segment(Kind.TEXT, f"it is {hour}", role="system", zone=Zone.SYSTEM) for hour in (1, 2, 3)]
        history = talk(5)
        prompts = [[heads[0], *history], [heads[1], *history, *talk(1, 5)], [heads[2], *history, *talk(2, 5)]]
        assert facts(Cut, sent(*prompts)) == []

    @pytest.mark.parametrize(
        ("before", "now"),
        [
            (talk(4), talk(6)),
            (talk(4), [*talk(2), *talk(3, 10)]),
            (talk(4), talk(2, 10)),
            ([*talk(3), say("user", "a slip")], [*talk(3), say("user", "a better word")]),
            (rounds(4), [*rounds(1), calling("c1"), result("c1", "(cleared)"), *rounds(4)[5:], calling("c9")]),
            (
                [*talk(2), segment(Kind.THINKING, "hm", role="assistant"), say("assistant", "yes"), *talk(1, 3)],
                [*talk(2), say("assistant", "yes"), *talk(1, 3), say("user", "more")],
            ),
            ([say("user", "(it is raining)"), *talk(3)], [*talk(3), say("user", "more")]),
            (
                [say("user", "do it"), calling("a"), calling("b"), result("a"), result("b"), *talk(2)],
                [say("user", "do it"), calling("b"), result("b"), calling("a"), result("a"), *talk(2), say("user", "more")],
            ),
        ],
        ids=["grows", "rewinds", "starts anew", "says it again", "clears", "drops thoughts", "drops a reminder", "sorts"],
    )
    def test_this_is_no_cut(self, before: list[Segment], now: list[Segment]) -> None:
        assert [cut.kind for cut in facts(Cut, sent(before, now)) if cut.kind == "silent"] == []

    def test_a_part_of_the_history_sent_beside_it_is_no_cut(self) -> None:
        history = talk(5)
        prompts = [history, [*history[4:], say("user", "sum that up")], [*history, *talk(1, 5)]]
        assert facts(Cut, sent(*prompts)) == []

    def test_a_lost_record_hides_what_became_of_the_messages(self) -> None:
        history = talk(5)
        assert facts(Cut, sent(history, [*history[4:], say("user", "more")], after_hole=True)) == []

    def test_a_prompt_that_is_not_all_there_is_not_checked(self) -> None:
        (exchange,) = sent(talk(1), request={"complete": False})
        assert {row.table for row in facts(Unchecked, [exchange])} == {
            "history_cuts", "full_windows", "resent_results", "thread_growths",
        }  # fmt: skip

    @given(st.lists(st.integers(0, 5), min_size=2, max_size=14), st.data())
    def test_only_what_is_gone_is_told_as_gone(self, words: list[int], data: st.DataObject) -> None:
        """Any history, any part of it sent on: what a cut counts was in the first prompt and is not in the second."""
        history = [say("user" if at % 2 else "assistant", str(word)) for at, word in enumerate(words)]
        kept = data.draw(st.lists(st.sampled_from(range(len(history))), unique=True).map(sorted))
        now = [history[at] for at in kept] + [say("user", "more")]
        for cut in facts(Cut, sent(history, now)):
            assert 2 <= cut.messages <= len(history) - len({piece.ordered for piece in now} & {piece.ordered for piece in history})


class TestTurns:
    def test_a_call_is_told_with_what_it_holds_and_how_it_grew(self) -> None:
        story = Story()
        head = [
            segment(Kind.TOOL_DEFINITION, "look", zone=Zone.TOOLS, role="system"),
            segment(Kind.TEXT, "be brief", role="system", zone=Zone.SYSTEM),
        ]
        prompt = [*head, say("user", "do it"), calling("c1"), result("c1", "found it")]
        first = story.exchange(prompt[:3], answer(**used(1000)))
        second = story.exchange(prompt, answer(**used(1400, 100)))
        one, two = facts(ContextTurn, [first, second])
        assert (one.window, one.used, one.share, one.growth) == (200_000, 1005, 1005 / 200_000, None)
        assert (two.used, two.growth, two.tool_bytes, two.system_bytes) == (1500, 400, 4, 8)
        assert (two.user_bytes, two.model_bytes, two.result_bytes) == (5, prompt[3].length, prompt[4].length)

    def test_the_window_is_unknown_where_the_model_is_or_more_was_used(self) -> None:
        unknown = Story(model="nobody-knows-this").exchange(talk(1), answer(**used(10)))
        larger = Story().exchange(talk(1), answer(**used(600_000)))
        assert [(row.window, row.share) for row in facts(ContextTurn, [unknown])] == [(None, None)]
        assert [(row.window, row.share) for row in facts(ContextTurn, [larger])] == [(None, None)]

    @given(st.lists(st.lists(st.sampled_from([*rounds(3), *talk(3)]), max_size=6), min_size=1, max_size=5))
    def test_bytes_are_those_of_the_prompt_however_it_changes(self, prompts: list[list[Segment]]) -> None:
        exchanges = sent(*[[say("user", "hi"), *prompt] for prompt in prompts])
        for row, exchange in zip(facts(ContextTurn, exchanges), exchanges, strict=True):
            assert row.user_bytes + row.model_bytes + row.result_bytes == exchange.request.prefix.size()


class TestPhases:
    def test_a_phase_is_told_by_its_fullest_call_with_its_pace(self) -> None:
        story = Story()
        exchanges = [story.exchange(talk(n + 1), answer(**used(150_000 + 5_000 * n))) for n in range(8)]
        (phase,) = facts(WindowPhase, exchanges)
        assert (phase.used, phase.growth, phase.calls_left, phase.ended, phase.exchange) == (185_005, 5_000, 2, PhaseEnd.OPEN, 7)

    def test_a_context_that_shrinks_ends_it(self) -> None:
        story = Story()
        exchanges = [story.exchange(talk(n + 1), answer(**used(size))) for n, size in enumerate((150_000, 30_000, 40_000))]
        assert [(phase.used, phase.ended) for phase in facts(WindowPhase, exchanges)] == [(150_005, PhaseEnd.SHRUNK)]

    def test_a_refusal_for_length_ends_it(self) -> None:
        story = Story()
        refused = answer(status=400, usage=None, refusal=Refusal("window_exceeded"))
        exchanges = [story.exchange(talk(1), answer(**used(190_000))), story.exchange(talk(2), refused)]
        assert [phase.ended for phase in facts(WindowPhase, exchanges)] == [PhaseEnd.REFUSED]

    def test_half_an_empty_window_is_no_news(self) -> None:
        assert facts(WindowPhase, [Story().exchange(talk(1), answer(**used(90_000)))]) == []

    def test_a_size_that_the_documents_leave_open_lowers_confidence(self) -> None:
        early = replace(Story().exchange(talk(1), answer(**used(150_000))))
        early = replace(early, times=replace(early.times, dated=1760000000.0))
        assert [phase.confidence for phase in facts(WindowPhase, [early])] == ["low"]


class TestLargeResults:
    PROMPT = (say("user", "do it"), calling("c1", "look", length=100), result("c1", "x", length=10_000))

    def grown(self, *more: tuple[Sequence[Segment], int], first: int = 1_000) -> list[Exchange]:
        """A call, then its result of 10,000 tokens beside an answer of 20 bytes, then more prompts with their tokens."""
        story = Story()
        exchanges = [story.exchange([say("user", "do it")], answer(call("c1"), **used(first)))]
        for prompt, tokens in ((self.PROMPT, first + 10_100), *more):
            exchanges.append(story.exchange(prompt, answer(**used(tokens))))
        return exchanges

    def test_a_result_weighs_its_part_of_what_its_call_added(self) -> None:
        (row,) = facts(LargeResult, self.grown())
        assert (row.tool, row.size, row.offset, row.share, row.sent) == ("look", 10_000, 11_100, 10_000 / 200_000, 0)

    def test_it_is_followed_as_long_as_it_is_sent(self) -> None:
        prompts = [([*self.PROMPT, *talk(n)], 12_000 + n) for n in (1, 2, 3)]
        (row,) = facts(LargeResult, self.grown(*prompts, ([*talk(4, 9)], 100), ([*talk(5, 9)], 110)))
        assert (row.sent, row.exchange, row.last_exchange) == (3, 1, 4)

    def test_it_moves_ahead_where_what_stood_before_it_is_gone(self) -> None:
        (row,) = facts(LargeResult, self.grown(([self.PROMPT[2], say("user", "more", length=100)], 10_100), first=50_000))
        assert (row.sent, row.offset) == (1, 10_000)

    def test_a_small_one_and_one_beside_pictures_are_not(self) -> None:
        small = [self.PROMPT[0], self.PROMPT[1], result("c1", "x", length=10), say("user", "more", length=10_000)]
        seen = [*self.PROMPT, segment(Kind.IMAGE, "a picture", unsized=True)]
        for prompt in (small, seen):
            story = Story()
            exchanges = [story.exchange(prompt[:1], answer(**used(1_000))), story.exchange(prompt, answer(**used(20_000)))]
            assert facts(LargeResult, exchanges) == []

    def test_the_first_prompt_tells_only_where_all_of_it_is_recorded(self) -> None:
        (row,) = facts(LargeResult, [Story().exchange(self.PROMPT, answer(**used(10_105)))])
        assert row.size == 10_000
        partly = Story(level=Level.MESSAGES).exchange(self.PROMPT, answer(**used(10_105)))
        assert facts(LargeResult, [partly]) == []

    def test_a_refused_call_sends_nothing(self) -> None:
        exchanges = self.grown(([*self.PROMPT, *talk(1)], 11_200), ([*self.PROMPT, *talk(2)], 11_300))
        exchanges[2] = replace(exchanges[2], response=answer(status=529, usage=None))
        assert [row.sent for row in facts(LargeResult, exchanges)] == [1]
