"""Requests that a cache of responses would have answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.layers.base import Unchecked
from seamaudit.layers.repeats import IdenticalRequest, RepeatKnobs, Repeats
from seamaudit.providers.units import ORDINARY, Terms, UnitPrices
from seamaudit.trace import Answer, Exchange, Kind, Response, Segment, Times, Usage
from tests.builders import START, Story, answer, digest, say

ASKED = [say("system", "rules"), say("user", "When do you open?")]


class Flat:
    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        return UnitPrices(input=2, read=1, write=2, write_5m=2, write_1h=2, output=10)


def said(text: str, **columns: Any) -> Response:
    return answer(**{"answers": (Answer(Kind.TEXT, len(text), digest(text), ""),), "usage": Usage(input=600, output=4), **columns})


def sent(
    story: Story,
    at: float,
    response: Response | None = None,
    prompt: Sequence[Segment] = ASKED,
    took: float | None = 2.0,
    settings: str = "s",
    **columns: Any,
) -> Exchange:
    request = {"settings": settings, **columns.pop("request", {})}
    times = Times(started=START + at, ended=None if took is None else START + at + took)
    return story.exchange(prompt, response or said("At nine."), request=request, times=times, **columns)


def visitor(number: int, at: float, *arguments: Any, **columns: Any) -> Exchange:
    """A request of a thread of its own; ids rise with the number."""
    story = Story(thread=f"t{number}", tape=TAPE, count=number)
    return sent(story, at, *arguments, **columns)


TAPE = Story().tape


def repeats(*exchanges: Exchange, suite: str = "", kept: float = 86_400.0) -> list[IdenticalRequest]:
    layer = Repeats(Flat(), lambda exchange: suite, RepeatKnobs(kept))
    found = [*(fact for each in exchanges for fact in layer.feed(each)), *layer.close()]
    return [fact for fact in found if isinstance(fact, IdenticalRequest)]


def test_each_time_after_the_first_is_a_repeat_of_the_last_before_it() -> None:
    found = repeats(visitor(0, 0), visitor(1, 100), visitor(2, 300))
    assert [(fact.exchange, fact.times, fact.after, fact.same_answer) for fact in found] == [(1, 3, 98.0, True), (2, 3, 198.0, True)]
    assert [fact.witness[0].line for fact in found] == [1, 2]
    assert {(fact.wasted_tokens, fact.waste_usd) for fact in found} == {(604, 1240)}


def test_what_was_under_way_could_not_have_been_served() -> None:
    assert repeats(visitor(0, 0), visitor(1, 1.5)) == []
    assert len(repeats(visitor(0, 0), visitor(1, 1.5), visitor(2, 4))) == 1


def test_another_answer_is_told_as_such() -> None:
    (found,) = repeats(visitor(0, 0), visitor(1, 10, said("At ten.")))
    assert not found.same_answer


@pytest.mark.parametrize(
    "other",
    [
        {"settings": "another"},
        {"prompt": [*ASKED, say("user", "and close?")]},
        {"host": "other.example"},
        {"request": {"complete": False}},
        {"request": {"max_output": 1}},
        {"request": {"max_output": 0}},
        {"side": "probe"},
        {"response": said("At", stop="max_tokens")},
        {"response": said("", status=500)},
    ],
)
def test_what_is_no_answered_request_of_the_same_bytes_is_no_repeat(other: dict[str, Any]) -> None:
    assert repeats(visitor(0, 0), visitor(1, 10, **other)) == []


@pytest.mark.parametrize("missing", [{"took": None}, {"settings": ""}])
def test_a_call_of_which_a_part_is_not_recorded_cannot_be_compared_and_is_said(missing: dict[str, Any]) -> None:
    layer = Repeats(Flat(), lambda exchange: "")
    found = [fact for each in (visitor(0, 0, **missing), visitor(1, 10)) for fact in layer.feed(each)]
    assert [(fact.exchange, fact.table) for fact in found if isinstance(fact, Unchecked)] == [(0, "identical_requests")]
    assert list(layer.close()) == []


def test_an_answer_is_kept_for_so_long() -> None:
    assert len(repeats(visitor(0, 0), visitor(1, 62), kept=60)) == 1
    assert repeats(visitor(0, 0), visitor(1, 63), kept=60) == []


def test_what_its_own_thread_sends_again_at_once_is_a_wrappers_doing() -> None:
    story = Story()
    assert repeats(sent(story, 0), sent(story, 6)) == []
    story = Story()
    assert len(repeats(sent(story, 0), sent(story, 60))) == 1


def test_an_eval_suite_repeats_its_cases_on_purpose() -> None:
    assert repeats(visitor(0, 0), visitor(1, 10), suite="eval") == []


def test_what_is_not_counted_or_priced_is_unknown() -> None:
    (found,) = repeats(visitor(0, 0), visitor(1, 10, said("At nine.", usage=None)))
    assert (found.wasted_tokens, found.waste_usd) == (None, None)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9), st.integers(0, 1)), max_size=8))
def test_the_first_of_equal_requests_is_never_a_repeat(calls: list[tuple[int, int, int]]) -> None:
    rows = [visitor(n, at, said("At nine."), ASKED[: 1 + kind], took) for n, (at, took, kind) in enumerate(calls)]
    found = {fact.exchange for fact in repeats(*rows)}
    for kind in (0, 1):
        same = [(at, at + took, n) for n, (at, took, k) in enumerate(calls) if k == kind]
        wanted = {n for at, _, n in same if any(end <= at for _, end, _ in same)}
        assert found & {n for *_, n in same} == wanted
