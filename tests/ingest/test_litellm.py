"""LiteLLM's logs: what is a provider call, whose it is, and what was redacted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seamaudit.trace import Level, Need
from tests.ingest.recordings import Read, written


def payload(**more: Any) -> dict[str, Any]:
    return {
        "id": "r1",
        "trace_id": "t1",
        "call_type": "acompletion",
        "response_cost": 0.5,
        "status": "success",
        "custom_llm_provider": "anthropic",
        "model": "anthropic/claude-sonnet-4-5",
        "model_group": "sonnet",
        "startTime": 1_780_000_000.0,
        "endTime": 1_780_000_002.0,
        "completionStartTime": 1_780_000_001.0,
        "messages": [{"role": "user", "content": "hi"}],
        "response": {
            "id": "chatcmpl-1",
            "choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 5,
                "total_tokens": 1005,
                "prompt_tokens_details": {"cached_tokens": 800},
                "cache_creation_input_tokens": 150,
                "cache_read_input_tokens": 800,
            },
        },
        "model_parameters": {},
    } | more


def read(folder: Path, *rows: Any) -> Read:
    return Read(written(folder / "log.jsonl", rows))


def test_counts_and_stop_words_are_translated_back(tmp_path: Path) -> None:
    (exchange,) = read(tmp_path, payload()).exchanges
    assert exchange.usage is not None
    assert exchange.response is not None
    assert (exchange.usage.input, exchange.usage.cache_read, exchange.usage.cache_write, exchange.usage.plain) == (1000, 800, 150, 50)
    assert (exchange.provider, exchange.api, exchange.request.model, exchange.response.stop) == (
        "anthropic",
        "anthropic.messages",
        "claude-sonnet-4-5",
        "end_turn",
    )
    assert exchange.request.offered == frozenset()


def test_retries_and_fallbacks_share_a_trace(tmp_path: Path) -> None:
    error = {"error_code": "529", "error_class": "InternalServerError", "error_message": "Overloaded: secret"}
    failed = payload(id="r0", status="failure", response={}, error_information=error, response_cost=0, startTime=1_779_999_990.0)
    first, second = read(tmp_path, failed, payload(model_id="d2")).exchanges
    assert first.response is not None
    assert (first.response.status, first.response.error_type, first.recorded_cost) == (529, "InternalServerError", None)
    assert first.thread.conversation == second.thread.conversation == "t1"
    assert second.recorded_cost == 500_000_000_000


def test_what_was_redacted_is_said_to_be(tmp_path: Path) -> None:
    (exchange,) = read(tmp_path, payload(messages="redacted-by-litellm", response="redacted-by-litellm", prompt_tokens=7)).exchanges
    assert (exchange.level, exchange.lacks[Need.PROMPT], exchange.lacks[Need.RESPONSE]) == (
        Level.COUNTERS,
        "the messages were redacted",
        "the answer was redacted",
    )
    assert exchange.usage is not None
    assert exchange.usage.input == 7


def test_only_a_stream_has_a_first_byte(tmp_path: Path) -> None:
    times = [exchange.times.first_byte for exchange in read(tmp_path, payload(), payload(id="r2", stream=True)).exchanges]
    assert times == [None, 1_780_000_001.0]


def test_rows_that_are_no_calls_are_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, payload(), payload(call_type="aembedding"), payload(cache_hit=True), {"call_type": "x"})
    assert (len(found.drafts), sum(found.reading.passed_over.values())) == (1, 2)
    assert [fault.cause for fault in found.faults] == ["not_an_exchange"]


def test_no_tools_beside_calls_are_tools_that_were_not_recorded(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = {"choices": [{"message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    (exchange,) = read(tmp_path, payload(response=body)).exchanges
    assert exchange.request.offered is None
    assert Need.TOOLS in exchange.lacks
