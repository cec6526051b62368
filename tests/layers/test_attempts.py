"""Intents: the same prompt tried again, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.layers.attempts import Attempts, Intent, Outcome
from seamaudit.trace import Exchange, Need, Response, Segment, Times, Try
from tests.builders import Story, answer, say

ASKED = [say("user", "hi")]
LATER = [*ASKED, say("assistant", "hello"), say("user", "more")]


def intents(exchanges: Sequence[Exchange]) -> list[Intent]:
    layer = Attempts()
    found = [*(fact for each in exchanges for fact in layer.feed(each)), *layer.close()]
    return [fact for fact in found if isinstance(fact, Intent)]


def refused(story: Story, prompt: list[Segment] = ASKED, status: int = 529, **columns: Any) -> Exchange:
    return story.exchange(prompt, answer(status=status, usage=None, error_type="overloaded_error"), **columns)


def test_a_call_that_succeeds_at_once_is_no_fact() -> None:
    story = Story()
    assert intents([story.exchange(ASKED, answer()), story.exchange(LATER, answer())]) == []


def test_tries_with_one_prompt_are_one_intent() -> None:
    story = Story()
    (found,) = intents([refused(story), refused(story, status=503), story.exchange(ASKED, answer()), story.exchange(LATER, answer())])
    assert (found.tries, found.failed, found.outcome) == (3, 2, Outcome.SUCCEEDED)
    assert (found.status, found.error) == (503, "overloaded_error")
    assert (found.exchange, found.last_exchange, found.span) == (0, 2, 120.0)
    assert [place.line for place in found.witness] == [2, 3]


def test_an_intent_the_thread_goes_on_without_was_given_up() -> None:
    story = Story()
    (found,) = intents([refused(story), story.exchange(LATER, answer())])
    assert (found.tries, found.outcome) == (1, Outcome.GIVEN_UP)


def test_what_the_client_says_of_waiting_adds_up() -> None:
    story = Story()
    tries = [
        refused(story, attempt=Try(number=1, limit=3, wait=0.5)),
        refused(story, attempt=Try(number=2, limit=3, wait=1.5, retry_after=7.0)),
        refused(story, attempt=Try(number=3, limit=3)),
    ]
    (found,) = intents(tries)
    assert (found.waited, found.asked, found.limit, found.outcome) == (2.0, 7.0, 3, Outcome.GIVEN_UP)


def test_an_intent_whose_end_is_not_recorded_is_open() -> None:
    story = Story()
    (found,) = intents([refused(story, attempt=Try(number=1, limit=10)), refused(story, attempt=Try(number=2, limit=10))])
    assert (found.outcome, found.tries) == (Outcome.OPEN, 2)


def test_a_numbering_that_begins_anew_is_another_intent() -> None:
    story = Story()
    numbers = (1, 2, 3, 1, 2)
    found = intents([refused(story, attempt=Try(number=number, limit=10)) for number in numbers])
    assert [(each.tries, each.outcome) for each in found] == [(3, Outcome.GIVEN_UP), (2, Outcome.OPEN)]


def test_unknown_waits_and_times_stay_unknown() -> None:
    story = Story()
    (found,) = intents([refused(story, times=Times()), story.exchange(ASKED, answer(), times=Times())])
    assert (found.waited, found.asked, found.span, found.limit) == (None, None, None, None)


def test_an_answer_that_was_not_recorded_is_no_failure() -> None:
    story = Story()
    silent = [story.exchange(ASKED, None, lacks={Need.RESPONSE: "requests alone are recorded"}) for _ in range(3)]
    assert intents(silent) == []


@pytest.mark.parametrize("response", [None, Response(at="", complete=False)])
def test_a_try_that_broke_off_failed(response: Response | None) -> None:
    story = Story()
    broken = story.exchange(ASKED, response, attempt=Try(number=1), lacks={Need.RESPONSE: "the call broke off"})
    (found,) = intents([broken, story.exchange(ASKED, answer())])
    assert (found.failed, found.status, found.outcome) == (1, None, Outcome.SUCCEEDED)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6))
def test_every_failure_belongs_to_one_intent(failures: list[int]) -> None:
    story, prompt, fed = Story(), list(ASKED), list[Exchange]()
    for turn, count in enumerate(failures):
        fed += [refused(story, prompt) for _ in range(count)]
        fed.append(story.exchange(prompt, answer()))
        prompt = [*prompt, say("assistant", f"a{turn}"), say("user", f"u{turn}")]
    found = intents(fed)
    assert [each.failed for each in found] == [count for count in failures if count]
    assert all(each.tries == each.failed + 1 and each.outcome is Outcome.SUCCEEDED for each in found)
