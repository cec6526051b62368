"""Refusals in real recordings, where they are at hand."""

from __future__ import annotations

from seamaudit.layers.refusals import WindowExceeded
from seamaudit.seams.refused_turns import Cause, RefusedTurn
from tests.measured import measured
from tests.recordings import recorded


def test_a_stored_session_that_is_in_order_does_not_hold_the_cause_of_its_refusal() -> None:
    (found,) = measured(recorded("pi", "before-compaction.jsonl")).rows(RefusedTurn)
    assert (found.locus.line, found.kind, found.cause) == (848, "call_without_result", Cause.NOT_RECORDED)


def test_a_request_on_the_wire_holds_the_cause_of_its_refusal() -> None:
    facts = measured(recorded("pairs", "cassettes.jsonl"))
    assert [(row.locus.line, str(row.kind), row.cause) for row in facts.rows(RefusedTurn)] == [(508, "reasoning_alone", Cause.IN_REQUEST)]
    assert [(row.locus.line, row.tokens, row.limit) for row in facts.rows(WindowExceeded)] == [
        (742, 3333404, 200000),
        (744, None, None),
        (746, None, None),
        (747, None, None),
    ]
