"""Answers as their reader sees them: counts that are not final, turns that say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.facts import Fact
from seamaudit.layers.answers import Answers, EmptyAnswer, OutputCount, ProvisionalCount
from seamaudit.trace import Answer, Exchange, Kind, Need, Segment, Usage
from tests.builders import Story, answer, call, calling, digest, result, say

ASKED = [say("user", "hi"), calling("toolu_1"), result("toolu_1")]


def told(exchange: Exchange) -> list[Fact]:
    layer = Answers()
    return [*layer.feed(exchange), *layer.close()]


def silent(prompt: list[Segment] = ASKED, **columns: Any) -> list[Fact]:
    """What is told of an answer that holds nothing."""
    return told(Story().exchange(prompt, answer(**columns)))


def test_nothing_said_after_results_is_an_empty_answer() -> None:
    (found,) = silent()
    assert isinstance(found, EmptyAnswer)
    assert (found.stop, found.output, found.text_after) == ("end_turn", 5, False)


def test_what_stands_behind_the_results_is_told() -> None:
    (found,) = silent([*ASKED, say("user", "go on")])
    assert isinstance(found, EmptyAnswer)
    assert found.text_after


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "pause_turn", "stop_sequence", "tool_use", "", "unheard_of"])
def test_only_a_turn_the_model_ended_itself_is_empty(stop: str) -> None:
    assert silent(stop=stop) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"complete": False},
        {"status": 400},
        {"answers": (Answer(Kind.THINKING, 40, digest("thought"), ""),)},
        {"usage": Usage(input=20, output=300)},
    ],
)
def test_an_answer_that_may_hold_something_is_not_empty(columns: dict[str, Any]) -> None:
    assert silent(**columns) == []


def test_a_call_is_an_answer() -> None:
    assert told(Story().exchange(ASKED, answer(call(), stop="tool_use"))) == []


def test_hidden_reasoning_says_nothing() -> None:
    assert len(silent(usage=Usage(input=20, output=300, reasoning=298))) == 1


@pytest.mark.parametrize("prompt", [[say("user", "hi")], [*ASKED, say("assistant", "found"), say("user", "thanks")]])
def test_silence_is_told_only_where_results_were_sent(prompt: list[Segment]) -> None:
    assert silent(prompt) == []


def test_prewarming_is_no_empty_answer() -> None:
    assert told(Story().exchange(ASKED, answer(), request={"max_output": 0})) == []


def test_an_answer_that_is_not_recorded_is_not_judged() -> None:
    assert told(Story().exchange(ASKED, answer(), lacks={Need.RESPONSE: "requests alone are recorded"})) == []


SAID = (Answer(Kind.TEXT, 40, digest("said"), ""),)


def test_a_final_count_is_no_fact() -> None:
    assert silent(answers=SAID) == []


@pytest.mark.parametrize(
    ("columns", "count", "confidence"),
    [
        ({"placeholder_output": True}, OutputCount.PLACEHOLDER, "high"),
        ({"output_is_lower_bound": True}, OutputCount.LOWER_BOUND, "medium"),
    ],
)
def test_a_count_that_is_not_final_is_told(columns: dict[str, Any], count: OutputCount, confidence: str) -> None:
    (found,) = silent(answers=SAID, usage=Usage(input=20, output=2, **columns))
    assert isinstance(found, ProvisionalCount)
    assert (found.count, found.output, found.ended, found.confidence) == (count, 2, True, confidence)


def test_an_answer_that_broke_off_has_no_final_count() -> None:
    (found,) = silent(answers=SAID, complete=False, usage=Usage(input=20, output=2, placeholder_output=True))
    assert isinstance(found, ProvisionalCount)
    assert not found.ended
