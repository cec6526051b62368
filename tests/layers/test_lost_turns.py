"""The lost turns layer: an answer that no recorded call gave is missing, if a model gave it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.layers.lost_turns import LONG, LostTurn, LostTurns
from seamaudit.trace import Answer, Exchange, Kind, Response, Segment
from tests.builders import Story, answer, call, calling, digest, result, say, segment

ASK = say("user", "what is there?")
FIRST, SECOND, THIRD = "toolu_0000000001", "toolu_0000000002", "toolu_0000000003"
LONG_TEXT = "x" * LONG


def told(*exchanges: Exchange) -> list[tuple[str, str, int]]:
    layer = LostTurns()
    rows = [row for exchange in exchanges for row in layer.feed(exchange)]
    return [(str(row.sign), row.confidence, row.lost) for row in (*rows, *layer.close()) if isinstance(row, LostTurn)]


def gave(id: str) -> Response:
    return answer(call(id), stop="tool_use")


def said(piece: Segment) -> Response:
    return answer(answers=(Answer(Kind.TEXT, piece.length, piece.ordered, ""),))


def turn(id: str) -> list[Segment]:
    return [calling(id), result(id)]


def test_a_call_with_a_providers_id_that_nobody_gave_is_missing() -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    third = story.exchange([ASK, *turn(FIRST), *turn(SECOND)], gave(THIRD))
    assert told(first, third) == [("call", "medium", 1)]


def test_a_whole_conversation_misses_nothing() -> None:
    story = Story()
    calls = [story.exchange([ASK], gave(FIRST)), story.exchange([ASK, *turn(FIRST)], gave(SECOND))]
    assert told(*calls, story.exchange([ASK, *turn(FIRST), *turn(SECOND)], answer())) == []


def test_a_call_that_is_logged_later_is_not_missing() -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    third = story.exchange([ASK, *turn(FIRST), *turn(SECOND)], gave(THIRD))
    assert told(first, third, Story(tape=story.tape).exchange([ASK, *turn(FIRST)], gave(SECOND))) == []


def test_a_call_that_was_asked_for_is_not_missing_whatever_it_answered() -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    third = story.exchange([ASK, *turn(FIRST), *turn(SECOND)], gave(THIRD))
    refused = Story(tape=story.tape).exchange([ASK, *turn(FIRST)], answer(status=529, usage=None))
    assert told(first, third, refused) == []


@pytest.mark.parametrize("id", ["auto_load_0001", "toolu_1", "call_00000000001"])
def test_an_id_of_another_form_is_the_applications_own(id: str) -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    assert told(first, story.exchange([ASK, *turn(FIRST), *turn(id)], gave(THIRD))) == []


def test_a_call_that_was_never_answered_shows_nothing() -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    assert told(first, story.exchange([ASK, *turn(FIRST), calling(SECOND), say("user", "stop")], gave(THIRD))) == []


def test_signed_reasoning_is_sure() -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    thought = segment(Kind.THINKING, "hm", role="assistant", signature=digest("signed"))
    unsigned = replace(thought, signature=b"")
    assert told(first, story.exchange([ASK, *turn(FIRST), thought, say("user", "go on")], gave(THIRD))) == [("signature", "high", 1)]
    again = Story()
    first = again.exchange([ASK], gave(FIRST))
    assert told(first, again.exchange([ASK, *turn(FIRST), unsigned, say("user", "go on")], gave(THIRD))) == []


def spoken(*texts: str) -> list[Segment]:
    return [piece for text in texts for piece in (say("user", f"and {text[:9]}?"), say("assistant", text))]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([LONG_TEXT + "1", LONG_TEXT + "2"], [("text", "low", 2)] * 2),
        ([LONG_TEXT + "1"], []),
        (["Understood.", "Very well."], []),
        ([LONG_TEXT + "1", "Understood."], []),
    ],
)
def test_text_shows_it_where_several_long_ones_are_missing(texts: list[str], found: list[Any]) -> None:
    story, hello = Story(), say("assistant", "hello")
    first = story.exchange([ASK], said(hello))
    assert told(first, story.exchange([ASK, hello, *spoken(*texts), say("user", "bye")], answer())) == found


def test_nothing_is_missing_where_the_answer_before_is_not_known_again() -> None:
    """A client that changes what it was answered may have written the other turns, too."""
    story = Story()
    first = story.exchange([ASK], gave("toolu_0000000009"))
    assert told(first, story.exchange([ASK, *turn(FIRST), *turn(SECOND)], gave(THIRD))) == []


def test_a_history_that_was_rewritten_or_not_recorded_whole_is_no_evidence() -> None:
    for changes in ({"intended": "compaction"}, {"previous": None}):
        story = Story()
        first = story.exchange([ASK], gave(FIRST))
        later = story.exchange([ASK, *turn(FIRST), *turn(SECOND)], gave(THIRD))
        assert told(first, replace(later, **changes)) == []
    for request in ({"complete": False}, {"scattered": True}):
        story = Story()
        first = story.exchange([ASK], gave(FIRST))
        assert told(first, story.exchange([ASK, *turn(FIRST), *turn(SECOND)], gave(THIRD), request=request)) == []
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    assert told(first, story.exchange([say("user", "other"), *turn(FIRST), *turn(SECOND)], gave(THIRD))) == []


def test_a_turn_is_missing_once_however_many_requests_repeat_it() -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    third = story.exchange([ASK, *turn(FIRST), *turn(SECOND)], gave(THIRD))
    branch = replace(third, id=7, locus=third.locus.at("/x"))
    assert told(first, third, branch) == [("call", "medium", 1)]


def test_a_call_without_a_response_is_read_too() -> None:
    story = Story()
    first = story.exchange([ASK], gave(FIRST))
    assert told(first, story.exchange([ASK, *turn(FIRST), *turn(SECOND)], None)) == [("call", "medium", 1)]
