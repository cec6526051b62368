"""LangSmith runs: which are calls, where their counts stand, and whose session a session is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seamaudit.trace import Need
from tests.ingest.recordings import Read, told, written


def run(id: str = "r1", **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "trace_id": "t1",
        "run_type": "llm",
        "parent_run_id": None,
        "start_time": "2026-05-28T20:26:40",
        "end_time": "2026-05-28T20:26:42",
        "inputs": {"messages": [{"role": "user", "content": "hi"}]},
        "outputs": {"choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]},
        "session_id": "the-project",
        "extra": {"metadata": {"ls_provider": "anthropic", "ls_model_name": "claude-sonnet-4-5"}},
    } | more


def read(folder: Path, *runs: Any) -> Read:
    return Read(written(folder / "runs.jsonl", runs))


@pytest.mark.parametrize(
    "counted",
    [
        {"outputs": {"content": "hello", "usage_metadata": {"input_tokens": 10, "input_token_details": {"cache_read": 4}}}},
        {"outputs": {"content": "hello", "usage": {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4}}}},
        {"prompt_tokens": 10, "completion_tokens": 2, "prompt_token_details": {"cache_read": 4}},
    ],
)
def test_counts_stand_in_the_message_the_body_or_the_row(tmp_path: Path, counted: dict[str, Any]) -> None:
    (exchange,) = read(tmp_path, run(**counted)).exchanges
    assert exchange.usage is not None
    assert (exchange.usage.input, exchange.usage.cache_read, exchange.usage.plain) == (10, 4, 6)


def test_the_lowest_call_is_the_call(tmp_path: Path) -> None:
    rows = [run("a"), run("b", run_type="chain", parent_run_id="a"), run("c", parent_run_id="b"), run("d", run_type="tool")]
    assert [draft.duplicate_key for draft in read(tmp_path, *rows).drafts] == ["langsmith/c"]


def test_a_runs_session_is_its_project_and_no_conversation(tmp_path: Path) -> None:
    metadata = {"ls_provider": "openai", "session_id": "the-thread"}
    found = read(tmp_path, run("a"), run("b", extra={"metadata": metadata})).exchanges
    assert [exchange.thread.conversation for exchange in found] == ["t1", "the-thread"]


def test_a_failed_run_keeps_its_status_and_not_its_words(tmp_path: Path) -> None:
    (exchange,) = read(tmp_path, run(error="RateLimitError(\"Error code: 429 - {'message': 'secret'}\")", outputs=None)).exchanges
    assert exchange.response is not None
    assert (exchange.refused, exchange.response.status) == (True, 429)
    (broken,) = read(tmp_path, run(error="GeneratorExit()", outputs=None)).exchanges
    assert Need.RESPONSE in broken.lacks


def test_the_first_token_is_an_event_where_it_is_no_column(tmp_path: Path) -> None:
    events = [{"name": "start", "time": "2026-05-28T20:26:40"}, {"name": "new_token", "time": "2026-05-28T20:26:41"}]
    (exchange,) = read(tmp_path, run(events=events)).exchanges
    assert (exchange.times.first_byte, exchange.times.started) == (1_780_000_001, 1_780_000_000)
    assert told(exchange) == ["user text"]
