"""Batch files: what was asked, what came back, and what never ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.trace import Clock, Level, Need
from tests.ingest.recordings import Read, told, written
from tests.ingest.test_truth import FOLDER

BATCH = FOLDER / "batch"


def test_requests_are_calls_whose_results_stand_elsewhere() -> None:
    for name, count in (("input.jsonl", 3), ("requests.json", 3)):
        exchanges = Read(BATCH / name).exchanges
        assert len(exchanges) == count
        assert {exchange.level for exchange in exchanges} == {Level.WIRE}
        assert {exchange.lacks[Need.USAGE] for exchange in exchanges} == {"the results stand in another file"}
        assert {exchange.clock for exchange in exchanges} == {Clock.NONE}
    assert [len(told(exchange)) for exchange in Read(BATCH / "input.jsonl").exchanges] == [3, 7, 9]


def test_results_are_calls_whose_requests_stand_elsewhere() -> None:
    exchanges = Read(BATCH / "output.jsonl").exchanges
    assert [(each.usage.input, each.usage.cache_read, each.usage.service_tier) for each in exchanges if each.usage] == [
        (1180, 0, "batch"),
        (1262, 1024, "batch"),
        (1310, 1152, "batch"),
    ]
    assert [[call.id for call in each.response.calls] for each in exchanges if each.response] == [
        ["call_oslo", "call_bergen"],
        [],
        ["call_tromso"],
    ]
    assert {each.response.calls[0].pointer for each in exchanges if each.response and each.response.calls} == {
        "/response/body/choices/0/message/tool_calls/0"
    }
    assert all(Need.PROMPT in exchange.lacks and Need.RESPONSE not in exchange.lacks for exchange in exchanges)


def test_results_of_anthropic_that_never_ran_are_passed_over() -> None:
    found = Read(BATCH / "results.jsonl")
    succeeded, errored = found.exchanges
    assert sum(found.reading.passed_over.values()) == 2
    assert succeeded.usage is not None
    assert (succeeded.usage.input, succeeded.usage.cache_read) == (1100, 1000)
    assert errored.response is not None
    assert (errored.refused, errored.response.status, errored.response.error_type) == (True, 400, "invalid_request_error")


def test_a_batch_is_clean() -> None:
    report = audit([str(BATCH)], Settings())
    assert [(finding.code, finding.message) for finding in report.findings if finding.code != "TP018"] == []


def row(**more: Any) -> dict[str, Any]:
    return {"id": "batch_req_1", "custom_id": "a", "response": None, "error": None} | more


def test_an_error_line_is_a_call_that_failed(tmp_path: Path) -> None:
    refused = {"status_code": 400, "request_id": "r", "body": {"error": {"code": "invalid_value", "message": "secret"}}}
    rows = [
        row(error={"code": "server_error", "message": "secret"}),
        row(id="batch_req_2", response=refused),
        row(id="x"),
        row(response={"status_code": 200, "body": {"data": []}}),
    ]
    found = Read(written(tmp_path / "errors.jsonl", rows))
    assert [(each.response.status, each.response.error_type) for each in found.exchanges if each.response] == [
        (None, "server_error"),
        (400, "invalid_value"),
    ]
    assert [fault.cause for fault in found.faults] == ["not_an_exchange"]
    assert sum(found.reading.passed_over.values()) == 1
