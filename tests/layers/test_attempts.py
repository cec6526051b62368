"""Intents: the same prompt tried again, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.layers.attempts import Attempts, Intent, Outcome
from seamaudit.providers.prices import PriceBook
from seamaudit.trace import Exchange, Need, Refusal, Response, Segment, Times, Try, Usage
from tests.builders import Story, answer, say

PRICES = PriceBook()
ASKED = [say("user", "hi")]
LATER = [*ASKED, say("assistant", "hello"), say("user", "more")]


def intents(exchanges: Sequence[Exchange]) -> list[Intent]:
    layer = Attempts(PRICES)
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


def test_a_refusal_that_names_a_block_points_at_it_and_at_the_request_that_first_sent_it() -> None:
    story = Story()
    asked = [replace(each, array="messages", path="/content/0") for each in LATER]
    first = story.exchange(asked[:1], answer())
    refusal = replace(answer(status=400, usage=None), refusal=Refusal("reasoning_changed", "/messages/0/content/0"))
    tries = [story.exchange(asked, refusal) for _ in range(3)]
    (found,) = intents([first, *tries, story.exchange([*asked, *asked], answer())])
    assert found.witness == (tries[0].place(0), first.locus, tries[1].locus, tries[2].locus)


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


def told(story: Story, retries: int, call: str = "") -> Exchange:
    return refused(story, attempt=Try(retries=retries, call=call))


@pytest.mark.parametrize(
    ("counts", "factors"),
    [
        ([0, 1, 2], (1, 3, 1)),
        ([0, 0, 0], (3, 1, 1)),
        ([0, 1, 0, 1], (2, 2, 1)),
        ([0, 0, 1, 1, 2, 2] * 3, (3, 3, 2)),
        ([0, 1, 1], (1, 2, 2)),
    ],
)
def test_the_sdks_count_tells_who_tried_again(counts: list[int], factors: tuple[int, int, int]) -> None:
    story = Story()
    (found,) = intents([told(story, count) for count in counts])
    assert (found.app_tries, found.sdk_tries, found.gateway_tries) == factors
    assert found.multipliers == sum(factor > 1 for factor in factors)


def test_the_id_of_a_call_tells_a_gateway_from_an_application() -> None:
    story = Story()
    (one,) = intents([told(story, 0, "a"), told(story, 0, "a")])
    (two,) = intents([told(story, 0, "a"), told(story, 0, "b")])
    assert (one.app_tries, one.gateway_tries, two.app_tries, two.gateway_tries) == (1, 2, 2, 1)


def test_a_gateways_own_count_is_a_factor_and_adds_calls_that_nobody_recorded() -> None:
    story = Story()
    tries = [refused(story, attempt=Try(retries=count, forwarded=3)) for count in (0, 1)]
    (found,) = intents([*tries, story.exchange(ASKED, answer(), attempt=Try(retries=2, forwarded=1))])
    assert (found.tries, found.calls) == (3, 7)
    assert (found.app_tries, found.sdk_tries, found.gateway_tries, found.multipliers) == (1, 3, 3, 2)


def test_without_the_sdks_count_tries_are_one_factor_whoever_made_them() -> None:
    story = Story()
    (found,) = intents([refused(story, attempt=Try(forwarded=2)), story.exchange(ASKED, answer(), attempt=Try(forwarded=2))])
    assert (found.calls, found.app_tries, found.gateway_tries, found.multipliers) == (4, None, 2, 2)


def test_one_try_without_a_count_leaves_the_factors_unknown() -> None:
    story = Story()
    (found,) = intents([told(story, 0), refused(story)])
    assert (found.app_tries, found.multipliers) == (None, None)


def after(story: Story, waits: Sequence[float], **columns: Any) -> list[Exchange]:
    started, out = 0.5, []
    for wait in [0.0, *waits]:
        started += wait
        out.append(refused(story, times=Times(started=started, ended=started), **columns))
    return out


@pytest.mark.parametrize(
    ("waits", "spread"),
    [
        ([0.5, 1.0, 2.0], True),
        ([1.1, 1.1, 1.1], False),
        ([30.5, 30.5, 30.5], True),
        ([0.01, 0.04, 0.02, 0.05], False),
        ([1.1, 1.1], None),
        ([1.1, 1.1, 7200.0], None),
    ],
)
def test_waits_that_stay_short_and_equal_are_no_backoff(waits: list[float], spread: bool | None) -> None:
    (found,) = intents(after(Story(), waits))
    assert found.spread is spread
    assert found.shortest_wait == pytest.approx(min(waits))


def test_a_try_before_the_asked_wait_is_over_is_hasty() -> None:
    (early,) = intents(after(Story(), [1.0, 1.5], attempt=Try(retry_after=20.0)))
    (kept,) = intents(after(Story(), [20.0, 19.9], attempt=Try(retry_after=20.0)))
    assert (early.hasty, kept.hasty) == (2, 0)


def test_only_the_very_same_body_is_refused_again() -> None:
    def tries(*settings: str, status: int = 400) -> int:
        story = Story()
        (found,) = intents([refused(story, status=status, request={"settings": each}) for each in settings])
        return found.refused_again

    assert tries("a", "a", "a") == 2
    assert tries("a", "b", "a") == 0
    assert tries("a", "a", status=529) == 0
    assert tries("", "") == 0


def test_duplicates_cost_what_was_billed_and_a_call_that_broke_off_may_have_been() -> None:
    story = Story()
    broke = answer(usage=Usage(input=1000, cache_read=0, cache_write=0, output=10), error_type="overloaded_error")
    (billed,) = intents([refused(story), story.exchange(ASKED, broke), story.exchange(ASKED, answer())])
    # claude-sonnet-4-5: $3 and $15 a million
    assert (billed.failed, billed.failed_tokens, billed.failed_usd) == (2, 1010, 3_150_000_000)
    (free,) = intents([refused(story), story.exchange(ASKED, answer())])
    assert free.failed_usd == 0
    (unknown,) = intents(
        [refused(story), story.exchange(ASKED, answer(usage=None, error_type="api_error")), story.exchange(ASKED, answer())]
    )
    assert unknown.failed_usd is None
