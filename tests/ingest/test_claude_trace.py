"""claude-trace logs: pairs with a clock, and side calls that are no turns of the conversation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seamaudit.trace import Exchange, Need
from tests.ingest.recordings import Read, told, written

START = 1748554707.33
SESSION = "11111111-2222-3333-4444-555555555555"
TOOLS = [{"name": "Read", "description": "reads", "input_schema": {"type": "object"}}]
LONG = "That depends on the policy of your plan, which I shall look up for you now."


def pair(at: float, body: dict[str, Any], answer: str | None = "ok", *, took: float = 2.0, **sent: Any) -> dict[str, Any]:
    """A row as the interceptor writes it: the request's time first, JSON answers in `body`, streams in `body_raw`."""
    headers = {"x-stainless-retry-count": "0", **sent.pop("headers", {})}
    url = "https://api.anthropic.com/v1/messages?beta=true"
    request = {"timestamp": START + at, "method": "POST", "url": url, "headers": headers, "body": body}
    logged = f"2025-05-29T21:38:{27.33 + at + took:06.3f}Z"
    if answer is None:
        return {"request": request, "response": None, "note": "ORPHANED_REQUEST - No matching response received", "logged_at": logged}
    response = {"timestamp": START + at + 0.5, "status_code": 200, "headers": {}, "body_raw": streamed(answer)}
    return {"request": request, "response": response, "logged_at": logged}


def streamed(answer: str) -> str:
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    opening = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4", "content": [], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": opening},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": answer}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def asked(*said: str, model: str = "claude-opus-4-20250514", tools: list[Any] | None = None, **members: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)]
    body = {"model": model, "max_tokens": 32000, "messages": messages, "stream": True, **members}
    return body | {"tools": TOOLS if tools is None else tools}


def read(tmp_path: Path, *rows: dict[str, Any]) -> list[Exchange]:
    read = Read(written(tmp_path / "log.jsonl", rows))
    assert read.reading.recognised == {0: "claude-trace"}
    return read.exchanges


def test_a_row_is_a_whole_exchange_with_its_times(tmp_path: Path) -> None:
    (exchange,) = read(tmp_path, pair(0, asked("hi")))
    assert (exchange.level, exchange.format, exchange.attribution.app) == ("A", "claude-trace", "claude-code")
    assert (exchange.provider, exchange.platform) == ("anthropic", "claude_api")
    assert exchange.usage is not None
    assert exchange.usage.output == 7
    assert exchange.times.started == START
    assert exchange.times.first_byte == START + 0.5
    assert exchange.times.ended == pytest.approx(START + 2, abs=0.01)
    assert exchange.attempt is not None
    assert exchange.attempt.number == 1
    assert {Need.PROMPT, Need.TIME, Need.USAGE, Need.STREAM, Need.TOOLS}.isdisjoint(exchange.lacks)


def test_rows_in_the_order_of_completion_are_sorted_by_their_start(tmp_path: Path) -> None:
    second = pair(3, asked("hi", LONG, "and?"))
    first, after = read(tmp_path, second, pair(0, asked("hi"), LONG, took=4))
    assert (first.locus.line, after.locus.line) == (2, 1)
    assert after.thread.id == first.thread.id
    assert told(after) == ["tool_definition", "user text", "assistant text", "user text"]


def test_a_request_without_an_answer_is_kept_as_such(tmp_path: Path) -> None:
    (exchange,) = read(tmp_path, pair(0, asked("hi"), None))
    assert exchange.response is None
    assert {Need.RESPONSE, Need.USAGE} <= exchange.lacks.keys()


def test_side_calls_are_no_turns(tmp_path: Path) -> None:
    user = {"metadata": {"user_id": f"user_abc_account__session_{SESSION}"}}
    exchanges = read(
        tmp_path,
        pair(0, asked("quota", tools=[], max_tokens=1, **user)),
        pair(1, asked("Name this", model="claude-3-5-haiku-20241022", tools=[], max_tokens=512, **user)),
        pair(2, asked("hi", **user), LONG),
        pair(3, asked("Name that", model="claude-3-5-haiku-20241022", tools=[], max_tokens=512, **user)),
        pair(4, asked("hi", LONG, "and?", **user)),
        pair(5, asked("hi", model="claude-haiku-4-5", **user)),
    )
    assert [exchange.side for exchange in exchanges] == ["probe", "title", "", "title", "", ""]
    main = [exchange for exchange in exchanges if exchange.thread.id == SESSION]
    assert [exchange.locus.line for exchange in main] == [3, 5]


def test_without_a_session_side_calls_stand_alone(tmp_path: Path) -> None:
    exchanges = read(
        tmp_path, pair(0, asked("quota", tools=[], max_tokens=1)), pair(2, asked("hi"), LONG), pair(4, asked("hi", LONG, "and?"))
    )
    assert exchanges[0].side == "probe"
    assert exchanges[1].thread.id == exchanges[2].thread.id != exchanges[0].thread.id


def test_a_retry_is_counted_by_the_client(tmp_path: Path) -> None:
    first, again = read(
        tmp_path,
        pair(0, asked("hi"), None),
        pair(1, asked("hi"), headers={"X-Stainless-Retry-Count": "1"} | {"x-stainless-retry-count": "1"}),
    )
    assert first.attempt is not None
    assert again.attempt is not None
    assert (first.attempt.number, again.attempt.number) == (1, 2)


def test_a_row_of_another_recorder_is_no_claude_trace(tmp_path: Path) -> None:
    row = pair(0, asked("hi"))
    other = {"request": {name: row["request"][name] for name in ("method", "url", "body")}, "response": row["response"]}
    assert Read(written(tmp_path / "a.jsonl", [other])).reading.recognised == {0: "pairs"}
