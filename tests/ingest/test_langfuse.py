"""Langfuse exports: which observations are calls, and what the counts of an integration mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seamaudit.trace import Convention, Need
from tests.ingest.recordings import DATA, Read, at_hand, told, written

FILES = (
    ("agno-2025-06-11", [(163, 20), (663, 225)]),
    ("beeai-2025-08-01", [(1195, None), (1988, None), (2359, None)]),
    ("google-gemini-2025-08-01", [(6, 2055)]),
    ("openai-agents-2025-09-30", [(55, 15), (85, 29)]),
    ("pydantic-ai-tools-2025-12-04", [(265, 73), (417, 53), (502, 14), (131, 69)]),
)


def observation(id: str = "o1", **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "traceId": "t1",
        "parentObservationId": None,
        "type": "GENERATION",
        "startTime": "2026-05-28T20:26:40.000Z",
        "endTime": "2026-05-28T20:26:42.000Z",
        "model": "claude-sonnet-4-5",
        "input": [{"role": "user", "content": "hi"}],
        "output": {"role": "assistant", "content": "hello"},
        "usageDetails": {"input": 10, "output": 2},
    } | more


def read(folder: Path, *rows: Any) -> Read:
    path = folder / "trace.json"
    path.write_text(json.dumps({"trace": {"id": "t1"}, "observations": rows}, indent=1))
    return Read(path)


@pytest.mark.parametrize(
    ("details", "total", "convention"),
    [
        ({"input": 100, "input_cache_read": 900, "output": 5, "total": 1005}, 1000, Convention.EXCLUSIVE),
        ({"input": 1000, "prompt_details.cache_read": 900, "output": 5, "total": 1005}, 1000, Convention.INCLUSIVE),
        ({"input": 5, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 95, "output": 5}, 1000, Convention.EXCLUSIVE),
        ({"input": 1000, "input_cache_read": 900, "output": 5}, 1000, Convention.UNKNOWN),
        ({}, None, None),
    ],
)
def test_the_total_says_what_input_means(tmp_path: Path, details: dict[str, int], total: int | None, convention: Convention | None) -> None:
    (exchange,) = read(tmp_path, observation(usageDetails=details)).exchanges
    assert (exchange.usage and exchange.usage.input, exchange.usage and exchange.usage.convention) == (total, convention)
    assert (Need.USAGE in exchange.lacks) is (total is None)


def test_a_mark_on_the_time_line_is_no_call(tmp_path: Path) -> None:
    found = read(tmp_path, observation("a"), observation("b", input=None, output=None, usageDetails={}))
    assert [draft.duplicate_key for draft in found.drafts] == ["langfuse/t1/a"]


def test_an_error_keeps_its_status_and_not_its_words(tmp_path: Path) -> None:
    failed = observation(level="ERROR", statusMessage="Error code: 400 - {'error': {'message': 'secret'}}", output=None, usageDetails={})
    (exchange,) = read(tmp_path, failed).exchanges
    assert exchange.response is not None
    assert (exchange.refused, exchange.response.status, exchange.response.error_type) == (True, 400, "")


def test_an_observation_that_was_exported_twice_is_one_call(tmp_path: Path) -> None:
    row = {
        "id": "o1",
        "trace_id": "t1",
        "parent_observation_id": None,
        "type": "GENERATION",
        "start_time": "2026-05-28 20:26:40.000000",
        "provided_model_name": "m",
        "input": '[{"role":"user","content":"hi"}]',
        "output": "hello",
        "usage_details": {"input": 3},
    }
    found = Read(written(tmp_path / "a.jsonl", [row]), written(tmp_path / "b.jsonl", [row]))
    assert (len(found.exchanges), len(found.copies)) == (1, 1)
    assert found.exchanges[0].times.started == 1_780_000_000
    assert told(found.exchanges[0]) == ["user text"]


@at_hand("langfuse")
@pytest.mark.parametrize(("name", "used"), FILES)
def test_recorded_traces_are_read_as_they_stand(name: str, used: list[tuple[int, int | None]]) -> None:
    path = DATA / "langfuse" / f"{name}.trace.json"
    document = json.loads(path.read_text())
    generations = {each["id"]: each for each in document["observations"] if each["type"] == "GENERATION"}
    above = {each["parentObservationId"] for each in generations.values()}
    calls = [each for id, each in generations.items() if id not in above and (each["input"] or each["output"] or each["usageDetails"])]
    exchanges = Read(path).exchanges
    assert [(each.usage.input, each.usage.output) for each in exchanges if each.usage] == used
    assert len(exchanges) == len(calls)
    assert sum(each.usage.input or 0 for each in exchanges if each.usage) == sum(each["usageDetails"].get("input", 0) for each in calls)
    assert {exchange.thread.conversation for exchange in exchanges} == {document["trace"]["sessionId"] or document["trace"]["id"]}
    assert sum(exchange.recorded_cost or 0 for exchange in exchanges) / 1e12 == pytest.approx(
        sum(each["costDetails"].get("total", 0) for each in calls)
    )


@at_hand("langfuse")
def test_recorded_calls_find_their_results() -> None:
    for name, calls in (("openai-agents-2025-09-30", 1), ("pydantic-ai-tools-2025-12-04", 3)):
        exchanges = Read(DATA / "langfuse" / f"{name}.trace.json").exchanges
        made = {call.id for exchange in exchanges for call in (exchange.response.calls if exchange.response else ())}
        results = {each.split()[-1] for exchange in exchanges for each in told(exchange) if "tool_result" in each}
        assert len(results) == calls
        assert results <= made


@at_hand("langfuse")
def test_a_response_that_ends_with_calls_is_no_contradiction() -> None:
    exchanges = Read(DATA / "langfuse" / "openai-agents-2025-09-30.trace.json").exchanges
    assert [(each.api, each.response and each.response.stop) for each in exchanges] == [("openai.responses", "completed")] * 2


def test_a_normal_end_beside_calls_is_the_recorders_word(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = {"choices": [{"message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "stop"}]}
    (exchange,) = read(tmp_path, observation(output=body)).exchanges
    assert exchange.response is not None
    assert ([each.id for each in exchange.response.calls], exchange.response.stop) == (["c1"], "")
