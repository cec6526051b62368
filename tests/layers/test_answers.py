"""Answers as their reader sees them: counts that are not final, turns that say nothing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.answers import Answers, CutCarried, EmptyAnswer, OutputCount, ProvisionalCount
from seamaudit.layers.answers.facts import FormBreak, FormFault
from seamaudit.layers.base import Unchecked
from seamaudit.providers.endings import Blame
from seamaudit.trace import Answer, Conformance, Exchange, Kind, Level, Need, Segment, Usage
from tests.builders import Story, answer, call, calling, digest, result, say, stream

ASKED = [say("user", "hi"), calling("toolu_1"), result("toolu_1")]


def told(exchange: Exchange) -> list[Fact]:
    layer = Answers(lambda segment: None)
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


HALF = say("assistant", "half a")
ASK = [say("user", "hi")]
CUT = (Answer(Kind.TEXT, 40, HALF.ordered, ""),)


def carried(follow: list[Segment], said: bytes | None = b"thanks, and now a letter", **columns: Any) -> list[Fact]:
    """What is told of a cut answer when the next request brings `follow`; `said` is the text of every segment."""
    story = Story()
    layer = Answers(lambda segment: said)
    response = answer(*columns.pop("calls", ()), **{"stop": "max_tokens", "answers": CUT, **columns})
    first = story.exchange(ASK, response, request={"max_output": 100})
    second = story.exchange([*ASK, *follow], answer(answers=SAID))
    return [*layer.feed(first), *layer.feed(second), *layer.close()]


def test_a_cut_answer_sent_on_as_whole_is_told() -> None:
    (found,) = carried([HALF, say("user", "now a letter")])
    assert isinstance(found, CutCarried)
    assert (found.exchange, found.cut_by, found.stop, found.limit) == (0, "length", "max_tokens", 100)
    assert [place.line for place in found.witness] == [2]


def test_a_dead_stream_cuts_as_well() -> None:
    (found,) = carried([HALF, say("user", "now a letter")], stop="", complete=False, stream=stream("anthropic", ["message_start"]))
    assert isinstance(found, CutCarried)
    assert found.cut_by == "stream"


@pytest.mark.parametrize("said", [b"Please continue.", b"You were cut off", b"Write the rest", b"Weiter!", "\u7ee7\u7eed".encode()])
def test_a_turn_that_asks_for_the_rest_takes_nothing_for_whole(said: bytes) -> None:
    assert carried([HALF, say("user", "more")], said) == []


@pytest.mark.parametrize(
    "follow",
    [
        [HALF],
        [say("assistant", "another text"), say("user", "now a letter")],
        [HALF, say("assistant", "and the rest"), say("user", "now a letter")],
        [say("user", "again")],
        [HALF, calling("toolu_1"), result("toolu_1")],
    ],
)
def test_an_answer_that_is_not_sent_on_as_it_was_is_not_told(follow: list[Segment]) -> None:
    assert carried(follow) == []


@pytest.mark.parametrize("columns", [{"stop": "end_turn"}, {"calls": (call(),)}, {"status": 400}, {"complete": False, "stop": ""}])
def test_an_answer_that_was_not_cut_is_not_told(columns: dict[str, Any]) -> None:
    calls = columns.pop("calls", ())
    assert [fact for fact in carried([HALF, say("user", "now a letter")], **columns, calls=calls) if isinstance(fact, CutCarried)] == []


def test_a_turn_whose_text_is_gone_is_not_checked() -> None:
    (found,) = carried([HALF, say("user", "now a letter")], None)
    assert isinstance(found, Unchecked)
    assert found.table == "carried_cuts"


@pytest.mark.parametrize(
    ("level", "stop", "checked"), [(Level.MESSAGES, "", False), (Level.MESSAGES, "end_turn", True), (Level.WIRE, "", True)]
)
def test_where_no_stop_reason_is_recorded_no_cut_is_known(level: Level, stop: str, checked: bool) -> None:
    found = told(replace(Story().exchange(ASK, answer(answers=SAID, stop=stop)), level=level))
    assert [fact.table for fact in found if isinstance(fact, Unchecked)] == ([] if checked else ["carried_cuts"])


class TestForms:
    """Answers that do not have the form their request declares."""

    def told(self, found: Conformance | None, stop: str = "end_turn", **columns: Any) -> list[Fact]:
        exchange = Story().exchange([say("user", "hi")], replace(answer(stop=stop, **columns), conforms=found))
        return list(Answers(lambda _: None).feed(exchange))

    @pytest.mark.parametrize(
        ("keyword", "fault"),
        [("json", FormFault.NOT_JSON), ("fence", FormFault.FENCED), ("required", FormFault.VIOLATES_SCHEMA)],
    )
    def test_the_models_own_faults(self, keyword: str, fault: FormFault) -> None:
        (fact,) = self.told(Conformance("invalid", keyword, "/required/name" if keyword == "required" else ""))
        assert isinstance(fact, FormBreak)
        assert (fact.fault, fact.blame) == (fault, Blame.MODEL)
        assert fact.where == ("/required/name" if keyword == "required" else "/")

    def test_what_a_limit_cut_is_the_limits(self) -> None:
        (fact,) = self.told(Conformance("invalid", "json"), stop="max_tokens")
        assert isinstance(fact, FormBreak)
        assert (fact.fault, fact.blame) == (FormFault.CUT, Blame.LIMIT)

    def test_what_a_dead_stream_cut_is_the_transports(self) -> None:
        (fact,) = self.told(Conformance("invalid", "json"), stop="", stream=stream("anthropic", ["message_start"]), complete=False)
        assert isinstance(fact, FormBreak)
        assert (fact.fault, fact.blame) == (FormFault.CUT, Blame.TRANSPORT)

    def test_refusals_pauses_and_what_fits_are_no_fact(self) -> None:
        broken = Conformance("invalid", "json")
        assert self.told(broken, stop="refusal") == self.told(broken, stop="pause_turn") == []
        assert self.told(Conformance("valid")) == self.told(None) == []

    def test_what_could_not_be_validated_is_unchecked(self) -> None:
        (fact,) = self.told(Conformance("unchecked", reason="the schema refers to another document"))
        assert isinstance(fact, Unchecked)
        assert (fact.table, fact.reason) == ("form_breaks", "the schema refers to another document")
