"""Turns of a prompt, read whole or continued."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.trace import Kind, Segment, Zone
from seamaudit.trace.turns import Before, Side, Transcript, turns_of
from tests.builders import Story, calling, result, say, segment

PIECES = (
    say("user", "hi"),
    say("assistant", "hello"),
    say("system", "note"),
    calling("a"),
    calling("b"),
    result("a"),
    result("b"),
    segment(Kind.SERVER_TOOL_CALL, "search", role="assistant", call_id="s"),
)
CLOCKS = tuple(segment(Kind.TEXT, f"it is {hour}", role="system", zone=Zone.SYSTEM) for hour in range(3))

prompts = st.lists(st.tuples(st.integers(0, 3), st.lists(st.sampled_from(PIECES), max_size=12)), min_size=1, max_size=6)


def test_sides_alternate_and_messages_are_counted() -> None:
    prompt = [say("user", "hi"), say("user", "there"), calling("a"), replace(calling("b"), starts=False), result("a"), say("user", "go")]
    turns = list(turns_of(prompt))
    assert [(turn.side, turn.start, turn.messages) for turn in turns] == [(Side.CALLER, 0, 2), (Side.MODEL, 2, 1), (Side.CALLER, 4, 2)]
    assert [item.segment.call_id for item in turns[1].calls] == ["a", "b"]


def test_what_stands_before_a_result_is_kept() -> None:
    (turn,) = turns_of([result("a"), say("user", "x"), result("b"), say("system", "y"), result("c")])
    assert [item.before for item in turn.results] == [Before.NOTHING, Before.CONTENT, Before.SYSTEM]


def test_tool_definitions_between_messages_are_nobodys_turn() -> None:
    found = list(turns_of([calling("a"), segment(Kind.TOOL_DEFINITION, "late", zone=Zone.TOOLS, role=""), calling("b")]))
    assert [len(turn.calls) for turn in found] == [2]


@given(prompts)
def test_a_continued_transcript_equals_one_read_whole(sent: list[tuple[int, list[Segment]]]) -> None:
    story = Story()
    continued = Transcript()
    for clocks, pieces in sent:
        prefix = story.prefix([*CLOCKS[:clocks], *pieces])
        continued.advance(prefix)
        whole = Transcript()
        whole.advance(prefix)
        assert (continued.turns, continued.first) == (whole.turns, whole.first)
        for id in ("a", "b"):
            assert continued.calls_of(id) == whole.calls_of(id)
            assert continued.results_of(id) == whole.results_of(id)
        assert continued.is_hosted("s") == whole.is_hosted("s")


@given(prompts)
def test_a_link_to_the_last_prompt_changes_nothing(sent: list[tuple[int, list[Segment]]]) -> None:
    story = Story()
    linked, alone = Transcript(), Transcript()
    for clocks, pieces in sent:
        exchange = story.exchange([*CLOCKS[:clocks], *pieces] or [PIECES[0]])
        linked.advance(exchange.request.prefix, exchange.previous.shared if exchange.previous else 0)
        alone.advance(exchange.request.prefix)
        assert linked.turns == alone.turns


def test_a_longer_prompt_is_read_from_its_last_turn() -> None:
    story = Story()
    transcript = Transcript()
    prompt: list[Segment] = [say("user", "hi"), calling("a"), result("a")]
    transcript.advance(story.prefix(prompt))
    assert transcript.advance(story.prefix([*prompt, say("assistant", "done"), say("user", "more")])) == (2, 3)
