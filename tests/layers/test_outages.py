"""Outage windows, and conversations that went elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.layers.outages import Failover, Failovers, Outage, Outages
from seamaudit.providers.prices import PriceBook
from seamaudit.trace import Clock, Exchange, ThreadRef, Times, Usage
from tests.builders import START, Story, answer, say
from tests.measured import measured
from tests.recordings import recorded

OTHER = {"provider": "openai", "host": "api.openai.com", "api": "openai.chat", "model": "gpt-5.2"}


def at(
    seconds: float, status: int = 529, conversation: str = "c1", *, declared: bool = True, elsewhere: bool = False, **columns: Any
) -> Exchange:
    """A call of a conversation, to the first service or to the other one."""
    story = Story(**(OTHER if elsewhere else {}))
    usage = Usage(input=1000, cache_read=0, output=10) if status == 200 else None
    made = story.exchange(
        [say("user", "hi")], answer(status=status, usage=usage), times=Times(started=START + seconds, dated=START), **columns
    )
    return replace(made, id=int(seconds), thread=ThreadRef(conversation, conversation, declared, "declared" if declared else "alone"))


def outages(*exchanges: Exchange) -> list[Outage]:
    return [each for each in _fed(Outages(), exchanges) if isinstance(each, Outage)]


def failovers(*exchanges: Exchange) -> list[Failover]:
    return [each for each in _fed(Failovers(PriceBook(date(2026, 11, 1))), exchanges) if isinstance(each, Failover)]


def _fed(layer: Outages | Failovers, exchanges: Iterable[Exchange]) -> list[Any]:
    return [*(fact for each in exchanges for fact in layer.feed(each)), *layer.close()]


class TestOutages:
    def test_failures_of_one_service_make_one_window(self) -> None:
        (found,) = outages(at(0), at(100, 503, "c2"), at(399), at(500, 200))
        assert (found.failed, found.conversations, found.span, found.status, found.answered_again) == (3, 2, 399.0, 529, True)
        assert (found.exchange, len(found.witness)) == (0, 2)

    def test_five_minutes_without_a_failure_end_it(self) -> None:
        assert [each.failed for each in outages(at(0), at(300), at(601), at(602))] == [2, 2]

    @pytest.mark.parametrize("status", [400, 401, 404, 408, 429])
    def test_what_the_caller_did_is_no_outage(self, status: int) -> None:
        assert outages(at(0, status), at(1, status)) == []

    def test_another_service_is_a_fallback_for_the_conversations_that_failed(self) -> None:
        (found,) = outages(at(0), at(1, 200, elsewhere=True), at(2, 200, "c2", elsewhere=True))
        assert found.fallbacks == 1

    def test_where_conversations_are_not_declared_any_answer_may_be_one(self) -> None:
        (found,) = outages(at(0, declared=False), at(1, 200, "c2", elsewhere=True))
        assert found.fallbacks == 1

    def test_calls_beside_the_conversation_are_none(self) -> None:
        (found,) = outages(at(0), at(1, 200, elsewhere=True, side="title"))
        assert found.fallbacks == 0

    def test_tries_of_one_prompt_are_one_request(self) -> None:
        story = Story()
        calls = [
            story.exchange([say("user", said)], answer(status=529, usage=None), times=Times(started=START + number))
            for number, said in enumerate(("hi", "hi", "hi there", "hi there"))
        ]
        (found,) = outages(*calls)
        assert (found.failed, found.requests) == (4, 2)

    def test_one_request_may_be_the_cause_of_its_own_500s(self) -> None:
        assert [outages(*calls)[0].shared for calls in ((at(0, 500), at(1, 500)), (at(0, 500), at(1, 500, "c2")), (at(0, 500), at(1)))] == [
            False,
            True,
            True,
        ]

    def test_without_a_clock_nothing_is_told(self) -> None:
        assert outages(at(0, clock=Clock.SEQUENCE), at(90, clock=Clock.SEQUENCE)) == []


class TestFailovers:
    def test_a_stay_is_counted_from_the_first_answer_and_from_when_the_first_service_is_back(self) -> None:
        calls = [
            at(0, 200),
            at(10),
            at(20, 200, elsewhere=True),
            at(30, 200, "c2"),
            at(40, 200, elsewhere=True),
            at(50, 200, elsewhere=True),
        ]
        (found,) = failovers(*calls)
        assert (found.exchange, found.calls, found.late_calls, found.lasted, found.returned, found.confidence) == (
            20,
            3,
            2,
            30.0,
            False,
            "high",
        )
        assert (found.provider, found.status, found.to_provider, found.cold_tokens) == ("anthropic", 529, "openai", 1000)

    def test_the_same_tokens_are_priced_at_both_services(self) -> None:
        (found,) = failovers(at(0), at(1, 200, elsewhere=True))
        # 1000 in and 10 out: gpt-5.2 at $1.75 and $14 a million, claude-sonnet-4-5 at $3 and $15.
        assert (found.usd, found.first_usd) == (1_890_000_000, 3_150_000_000)

    def test_a_price_that_is_not_known_is_not_zero(self) -> None:
        without = replace(at(1, 200, elsewhere=True), response=answer(usage=None))
        (found,) = failovers(at(0), without)
        assert (found.usd, found.first_usd, found.cold_tokens) == (None, None, None)

    def test_asking_the_first_service_again_ends_it_even_in_vain(self) -> None:
        (found,) = failovers(at(0), at(1, 200, elsewhere=True), at(2))
        assert (found.returned, found.calls, found.late_calls) == (True, 1, 0)

    @pytest.mark.parametrize("status", [400, 404, 413, 422])
    def test_a_request_that_is_wrong_is_no_failover(self, status: int) -> None:
        assert failovers(at(0, status), at(1, 200, elsewhere=True)) == []

    def test_an_answer_in_between_or_a_long_pause_is_none(self) -> None:
        assert failovers(at(0), at(1, 200), at(2, 200, elsewhere=True)) == []
        assert failovers(at(0), at(601, 200, elsewhere=True)) == []

    def test_conversations_that_are_not_declared_are_not_joined(self) -> None:
        assert failovers(at(0, declared=False), at(1, 200, declared=False, elsewhere=True)) == []


def test_one_session_met_an_outage_that_it_had_no_way_around() -> None:
    facts = measured(recorded("claude-code"))
    long = [row for row in facts.rows(Outage) if row.span >= 60]
    assert [(row.locus.line, row.failed, row.requests, round(row.span), row.status, row.fallbacks) for row in long] == [
        (13, 14, 2, 250, 529, 0)
    ]
    assert facts.rows(Failover) == ()


@pytest.mark.parametrize("folder", ["pairs", "pi"])
def test_recordings_without_an_outage_have_none(folder: str) -> None:
    facts = measured(recorded(folder))
    assert (list(facts.rows(Outage)), list(facts.rows(Failover))) == ([], [])
