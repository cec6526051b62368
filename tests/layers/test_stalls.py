"""Threads that stop for a tool and never go on."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.base import Unchecked
from seamaudit.layers.stalls import Stall, Stalls
from seamaudit.trace import Exchange, Level, Need, Times
from tests.builders import START, Story, answer, call, calling, locus, result, say

ASKED = [say("user", "hi")]
ANSWERED = [*ASKED, calling("toolu_1"), result("toolu_1")]


def at(exchange: Exchange, minutes: float, source: int = 0) -> Exchange:
    """The exchange at another time, in another file."""
    started = START + 60 * minutes
    return replace(exchange, times=Times(started=started, ended=started + 5), locus=replace(locus(exchange.id + 1), source=source))


def healthy(minutes: float, source: int = 0, name: str = "look") -> list[Exchange]:
    """A thread that asks for a tool, gets its result and ends."""
    story = Story(thread=f"well at {minutes}", count=100)
    asks = story.exchange(ASKED, answer(call(name=name), stop="tool_use"))
    return [at(asks, minutes, source), at(story.exchange(ANSWERED, answer()), minutes + 1, source)]


def asking(**columns: Any) -> Exchange:
    """A thread that asks for a tool at the beginning of the trace."""
    response = columns.pop("response", answer(call(), stop="tool_use"))
    return at(Story(level=columns.pop("level", Level.WIRE)).exchange(ASKED, response, **columns), 0)


def told(*exchanges: Exchange) -> list[Fact]:
    layer = Stalls()
    return [*(fact for exchange in exchanges for fact in layer.feed(exchange)), *layer.close()]


def test_a_thread_that_never_goes_on_is_a_stall() -> None:
    (found,) = told(asking(), *healthy(20))
    assert isinstance(found, Stall)
    assert (found.exchange, found.tool, found.calls, found.waited) == (0, "look", 1, 21 * 60)


def test_a_thread_that_goes_on_is_none() -> None:
    assert told(*healthy(0), *healthy(20)) == []


def test_time_in_another_file_does_not_count() -> None:
    assert told(asking(), *healthy(20, source=1)) == []


def test_a_tool_that_is_never_answered_may_be_the_answer() -> None:
    assert told(asking(), *healthy(20, name="other")) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"side": "subagent"},
        {"request": {"forced_tool": True}},
        {"response": answer(call(server=True))},
        {"response": answer()},
        {"response": answer(call(), stop="max_tokens")},
        {"response": answer(call(), stop="tool_use", complete=False)},
        {"response": answer(call(), stop="tool_use", status=529)},
        {"lacks": {Need.TIME: "no wall-clock time is recorded"}},
    ],
)
def test_what_does_not_wait_for_the_application_is_none(columns: dict[str, Any]) -> None:
    assert told(asking(**columns), *healthy(20)) == []


def test_a_conversation_that_goes_on_in_another_thread_is_none() -> None:
    asks = asking()
    later = Story(thread="t2", count=50).exchange(ASKED, answer())
    other = at(replace(later, thread=replace(later.thread, conversation=asks.thread.conversation)), 5)
    assert told(asks, other, *healthy(20)) == []


def test_a_transcript_is_not_checked() -> None:
    (found,) = told(asking(level=Level.MESSAGES), *healthy(20))
    assert isinstance(found, Unchecked)
    assert found.table == "stalls"
