"""The doctor says what a recording holds, what can be decided from it, and what to record."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from seamaudit.audit import Examined, examine
from seamaudit.catalog.coverage import Coverage, unchecked
from seamaudit.catalog.load import load_catalog
from seamaudit.config import Settings
from seamaudit.errors import SeamauditError
from seamaudit.forensics.doctor import Diagnosis, Holding, Part, State, Survey, diagnosis, document
from seamaudit.forensics.doctor.advice import _BEYOND, advice
from seamaudit.layers.base import Unchecked
from seamaudit.trace import Exchange, Level, Need, Source, Times
from tests.builders import Story, answer, call, locus, result, say, stream
from tests.recordings import recorded

FIXTURES = Path(__file__).parents[2] / "fixtures"
RULES = load_catalog()


def surveyed(*exchanges: Exchange) -> Survey:
    survey = Survey()
    for exchange in exchanges:
        survey.feed(exchange)
    return survey


def diagnosed(exchanges: Iterable[Exchange], *undecided: Unchecked) -> Diagnosis:
    held = list(exchanges)
    coverage = Coverage()
    for exchange in held:
        coverage.add(exchange)
    return diagnosis(RULES, surveyed(*held), undecided, unchecked(RULES, coverage, undecided))


def state(found: Diagnosis, code: str) -> State:
    return next(check.state for check in found.checks if check.code == code)


def untold(exchange: Exchange, table: str, aspect: str = "", reason: str = "it was not to be seen") -> Unchecked:
    return Unchecked(exchange=exchange.id, thread="t1", app="app", locus=locus(), table=table, aspect=aspect, reason=reason)


def test_what_is_held_is_counted_of_the_calls_it_belongs_to() -> None:
    story = Story()
    held = surveyed(
        story.exchange(response=answer(stream=stream("anthropic", ["message_start", "message_stop"]))),
        story.exchange(response=answer(status=429, usage=None, stop="")),
        story.exchange(response=answer(usage=None), level=Level.MESSAGES, times=Times(), lacks={Need.USAGE: "none", Need.TIME: "none"}),
    ).holdings
    assert (held[Part.BODIES], held[Part.USAGE], held[Part.STREAMS]) == (Holding(2, 3), Holding(1, 2), Holding(1, 1))
    assert (held[Part.STARTS], held[Part.ENDS], held[Part.FIRST]) == (Holding(2, 3), Holding(2, 3), Holding(1, 1))


def test_what_nothing_could_hold_is_not_listed() -> None:
    assert not {Part.STREAMS, Part.FIRST, Part.RESULTS} & set(surveyed(Story().exchange(response=answer())).holdings)


def test_a_tool_call_is_answered_once_its_result_is_sent_in_its_conversation() -> None:
    story, other = Story(), Story(thread="t2")
    first = story.exchange(response=answer(call("toolu_1"), call("toolu_2"), call("srv_1", server=True)))
    second = story.exchange([say("user", "hi"), result("toolu_1")], answer())
    elsewhere = other.exchange([say("user", "hi"), result("toolu_2")], answer())
    assert surveyed(first, second, elsewhere).holdings[Part.RESULTS] == Holding(1, 2)


def test_threads_are_told_by_how_they_are_known() -> None:
    story = Story()
    declared = story.exchange(response=answer())
    inferred = [replace(declared, thread=replace(declared.thread, id="i", declared=False, basis=each)) for each in ("alone", "answer")]
    alone = replace(declared, thread=replace(declared.thread, id="a", declared=False, basis="alone"))
    assert surveyed(declared, *inferred, alone).threads == {"declared": 1, "inferred": 1, "alone": 1}


def test_a_rule_is_decided_in_part_or_blind_by_the_calls_it_is_about() -> None:
    story = Story()
    whole = story.exchange(response=answer())
    unpaid = story.exchange(response=answer(usage=None), lacks={Need.USAGE: "the response holds no usage"})
    assert state(diagnosed([whole]), "CO001") is State.DECIDED
    assert state(diagnosed([whole, unpaid]), "CO001") is State.PARTLY
    assert state(diagnosed([unpaid]), "CO001") is State.BLIND


def test_a_rule_that_sees_a_part_is_not_blind() -> None:
    story = Story()
    untold = {Need.CACHE_CONTRACT: "system prompt and tools are not recorded"}
    session = story.exchange(response=answer(), lacks=untold)
    unpaid = story.exchange(response=answer(usage=None), lacks=untold | {Need.USAGE: "the response holds no usage"})
    refused = story.exchange(response=answer(status=429, usage=None), lacks=untold)
    assert [state(diagnosed([each]), "CA019") for each in (session, unpaid, refused)] == [State.PARTLY, State.BLIND, State.BLIND]
    assert state(diagnosed([session]), "CA001") is State.BLIND


def test_a_refused_call_decides_no_rule_about_usage() -> None:
    story = Story()
    refused = story.exchange(response=answer(status=400, usage=None))
    unpaid = story.exchange(response=answer(usage=None), lacks={Need.USAGE: "the response holds no usage"})
    found = diagnosed([refused, unpaid])
    assert (state(found, "CO001"), state(found, "TP018")) == (State.BLIND, State.DECIDED)


def test_a_rule_about_streams_has_nothing_to_check_where_nothing_was_streamed() -> None:
    found = diagnosed([Story().exchange(response=answer())])
    assert state(found, "ST002") is State.IDLE
    assert found.decidable == 1.0


def test_a_call_that_lacks_two_things_is_undecided_once() -> None:
    story = Story()
    whole = story.exchange(response=answer())
    poor = story.exchange(response=answer(), lacks={Need.PROMPT: "no messages are recorded"})
    found = diagnosed([whole, poor], untold(poor, "pairing_faults"))
    check = next(check for check in found.checks if check.code == "TP001")
    assert (check.decided, check.undecided) == (1, 1)


def test_one_aspect_left_open_does_not_make_a_rule_blind_that_asks_others_too() -> None:
    call = Story().exchange(response=answer())
    open_aspect = untold(call, "usage_faults", "input_exceeds_body", "the recording does not hold the exact body")
    found = diagnosed([call], open_aspect)
    assert state(found, "CO005") is State.PARTLY
    fault = untold(call, "pairing_faults", "result_not_adjacent", "where this server wants results is not known")
    assert state(diagnosed([call], fault), "TP004") is State.BLIND


def test_decidable_is_the_mean_share_of_calls() -> None:
    story = Story()
    calls = [story.exchange(response=answer()), story.exchange(response=answer(), lacks={Need.TIME: "no wall-clock time is recorded"})]
    found = diagnosed(calls)
    asked = [check for check in found.checks if check.share is not None]
    half = [check for check in asked if check.share == 0.5]
    assert half
    assert {check.share for check in asked} == {0.5, 1.0}
    assert found.decidable == pytest.approx(1 - 0.5 * len(half) / len(asked))


def test_a_gap_says_what_it_silences_where_and_what_to_record() -> None:
    story = Story()
    call = story.exchange(response=answer(), lacks={Need.TIME: "no wall-clock time is recorded"}, format="vcr")
    (gap,) = diagnosed([call]).gaps
    assert (gap.reason, gap.calls, gap.formats) == ("no wall-clock time is recorded", 1, ("vcr",))
    assert {"RT002", "ST007", "CA014"} <= set(gap.blind)
    assert "when each request was sent" in gap.record


def examined(path: Path) -> Examined | None:
    try:
        return examine([str(path)], Settings())
    except SeamauditError:
        return None


def test_every_reason_that_fixtures_meet_is_answered_or_known_to_be_beyond_recording() -> None:
    """A reason nobody thought of would be printed as one that no recording helps against."""
    formats = sorted((FIXTURES / "formats").glob("*/*"))
    rules = [FIXTURES / code / "bad.jsonl" for code in ("TP004", "TP007", "ST003", "CO009", "LP005", "IN001", "CA001")]
    gaps = [gap for path in (*formats, *rules) if path.is_file() and (found := examined(path)) for gap in found.diagnosis.gaps]
    assert len({gap.reason for gap in gaps}) > 10
    unanswered = {gap.reason for gap in gaps if not gap.record}
    assert {reason for reason in unanswered if reason not in _BEYOND and not reason.startswith("the schema")} == set()


def test_advice_goes_by_reason_then_by_need() -> None:
    assert advice("where this server wants results is not known", [Need.PROMPT]) == ""
    assert "event by event" in advice("something new", [Need.STREAM, Need.CACHE_LIFE])
    assert "length" in advice("the messages were cut off at a length", [Need.PROMPT])
    assert advice("something new", []) == ""


def test_the_document_is_safe_to_print() -> None:
    story = Story()
    hostile = story.exchange(response=answer(), lacks={Need.TIME: "no \x1b[31mclock"})
    found, survey = diagnosed([hostile]), surveyed(hostile)
    told = document(found, survey, {0: "pairs"}, {0: 1}, [Source(0, "a\x1b]0;b.jsonl")], [])
    assert "\x1b" not in str(told)
    assert (told["calls"], told["files"][0]["calls"], told["levels"]) == (1, 1, {"A": 1})


def test_a_recorded_session_is_blind_where_no_request_is_recorded() -> None:
    found = examine([str(recorded("claude-code"))], Settings())
    assert found.survey.total.calls == 623
    assert found.survey.holdings[Part.USAGE] == Holding(594, 594)
    assert found.survey.holdings[Part.STREAMS].held == 0
    assert {"CA001", "ST002"} <= set(found.diagnosis.of(State.BLIND))
    assert {"CA014", "TP018"} <= set(found.diagnosis.of(State.DECIDED))


def test_recorded_wire_traffic_decides_everything_but_what_needs_time() -> None:
    found = examine([str(recorded("pairs", "coding-agent.jsonl"))], Settings())
    times = [check.code for check in found.diagnosis.checks if check.state is State.BLIND]
    (gap,) = [gap for gap in found.diagnosis.gaps if gap.blind]
    assert gap.reason == "no wall-clock time is recorded"
    assert list(gap.blind) == times
