"""Refusals in real recordings, where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.layers.refusals import WindowExceeded
from seamaudit.layers.tools.facts import PairFault, PairingFault
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


def test_with_the_row_put_back_that_parted_call_and_result_the_refusal_is_joined_to_it(tmp_path: Path) -> None:
    rows = recorded("pi", "before-compaction.jsonl").read_text("utf-8").split("\n")
    quoted = json.loads(rows[868])["message"]["content"][0]["text"]
    parting = next(line for line in quoted.split("\n") if line.startswith("{") and '"bashExecution"' in line)
    session = tmp_path / "session.jsonl"
    session.write_text("\n".join([*rows[:798], parting, *rows[798:]]), "utf-8")
    facts = measured(session)
    (misplaced,) = [row for row in facts.rows(PairingFault) if row.fault is PairFault.RESULT_NOT_ADJACENT]
    (refused,) = facts.rows(RefusedTurn)
    assert (misplaced.locus.line, [place.line for place in misplaced.witness], misplaced.refused) == (800, [798], True)
    assert (refused.locus.line, refused.cause, refused.fault) == (849, Cause.PAIRING_FAULT, PairFault.RESULT_NOT_ADJACENT)
    assert [place.line for place in refused.witness] == [800, 798]
    codes = [finding.code for finding in audit([str(session)], Settings()).findings]
    assert (codes.count("TP004"), codes.count("TP018")) == (1, 0)
