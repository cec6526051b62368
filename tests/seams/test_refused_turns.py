"""Refusals joined to what caused them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seamaudit.facts import FactBase
from seamaudit.layers.refusals import Overrun, Refusals, WindowExceeded
from seamaudit.layers.tools import Tools
from seamaudit.layers.tools.facts import PairFault
from seamaudit.providers.refusals import RefusalKind
from seamaudit.seams.refused_turns import Cause, RefusedTurn, RefusedTurns
from seamaudit.trace import Exchange, Level, Refusal, Response, Usage
from tests.builders import Story, answer, calling, result, say

OPEN = [say("user", "hi"), calling("toolu_1"), say("user", "well?")]
WHOLE = [say("user", "hi"), calling("toolu_1"), result("toolu_1")]
UNANSWERED = Refusal(RefusalKind.CALL_WITHOUT_RESULT, "/messages/1", ("toolu_1",))


def refused(refusal: Refusal, **columns: Any) -> Response:
    return answer(status=400, usage=None, error_type="invalid_request_error", refusal=refusal, **columns)


def measured(exchanges: Sequence[Exchange]) -> FactBase:
    facts = FactBase()
    for layer in (Tools(), Refusals()):
        facts.extend([*(fact for each in exchanges for fact in layer.feed(each)), *layer.close()])
    facts.extend(list(RefusedTurns().join(facts)))
    return facts


def turns(*exchanges: Exchange) -> list[RefusedTurn]:
    return list(measured(exchanges).rows(RefusedTurn))


def test_a_refusal_is_joined_to_the_fault_with_the_id_it_names() -> None:
    story = Story()
    (found,) = turns(story.exchange(OPEN, refused(UNANSWERED)))
    assert (found.cause, found.fault, found.caused_by, found.confidence) == (Cause.PAIRING_FAULT, PairFault.ORPHANED_CALL, 0, "high")
    assert found.locus.pointer == "/request/body/messages/1"


def test_later_refusals_with_the_same_complaint_are_the_same_turn() -> None:
    story = Story()
    (found,) = turns(*(story.exchange(OPEN, refused(UNANSWERED)) for _ in range(3)))
    assert (found.exchange, found.refusals, found.caused_by) == (0, 3, 0)


def test_a_prompt_in_order_does_not_hold_the_cause() -> None:
    (found,) = turns(Story().exchange(WHOLE, refused(UNANSWERED)))
    assert (found.cause, found.fault, found.caused_by) == (Cause.NOT_RECORDED, None, None)


def test_a_fault_of_another_call_is_not_the_cause() -> None:
    (found,) = turns(Story().exchange(OPEN, refused(Refusal(RefusalKind.CALL_WITHOUT_RESULT, "", ("toolu_2",)))))
    assert found.cause is Cause.NOT_RECORDED


def test_where_no_id_is_named_the_kind_decides_and_less_surely() -> None:
    (found,) = turns(Story().exchange(OPEN, refused(Refusal(RefusalKind.CALL_WITHOUT_RESULT))))
    assert (found.cause, found.confidence) == (Cause.PAIRING_FAULT, "medium")


def test_reasoning_is_blamed_on_the_place_that_is_named_or_on_the_request() -> None:
    story = Story()
    named = story.exchange(WHOLE, refused(Refusal(RefusalKind.REASONING_CHANGED, "/messages/1/content/0")))
    unnamed = story.exchange(WHOLE, refused(Refusal(RefusalKind.REASONING_ALONE)))
    stored = story.exchange(WHOLE, refused(Refusal(RefusalKind.SIGNATURE_INVALID, "/messages/1")), level=Level.MESSAGES)
    assert [each.cause for each in turns(named, unnamed, stored)] == [Cause.NAMED_PLACE, Cause.IN_REQUEST, Cause.NOT_RECORDED]


def test_an_answer_the_window_cut_counts_what_was_used() -> None:
    story = Story()
    cut = story.exchange(WHOLE, answer(stop="model_context_window_exceeded", usage=Usage(input=190, output=10)))
    full = story.exchange(WHOLE, refused(Refusal(RefusalKind.WINDOW_EXCEEDED, tokens=210, limit=200)))
    found = measured([cut, full]).rows(WindowExceeded)
    assert [(each.outcome, each.tokens, each.limit) for each in found] == [(Overrun.CUT, 200, None), (Overrun.REFUSED, 210, 200)]
