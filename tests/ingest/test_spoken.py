"""One spelling for what many recorders tell."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest.spoken import answer, conversation, stop, tools
from seamaudit.ingest.told import Failure, stop_word

CALL = {"type": "function", "id": "c1", "function": {"name": "f", "arguments": '{"x":1}'}}
ASKED = {"role": "user", "content": "hi"}
CALLED = {"role": "assistant", "content": "", "tool_calls": [CALL]}
ANSWERED = {"role": "tool", "tool_call_id": "c1", "content": "done"}


@pytest.mark.parametrize(
    "told",
    [
        [ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}, ANSWERED],
        [
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "done"}]}]},
        ],
        [
            {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
            {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "f", "arguments": {"x": 1}}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "done"}]},
        ],
        [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "f", "input": {"x": 1}}]},
            {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1", "output": {"type": "text", "value": "done"}}]},
        ],
        [
            {"content": "hi", "role": "user"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"x":1}', "id": "fc_1"},
            {"type": "function_call_output", "call_id": "c1", "output": "done"},
        ],
        [
            {"type": "human", "content": "hi"},
            {"type": "ai", "content": "", "tool_calls": [{"name": "f", "args": {"x": 1}, "id": "c1", "type": "tool_call"}]},
            {"type": "tool", "content": "done", "tool_call_id": "c1"},
        ],
        {
            "contents": [
                {"role": "user", "parts": [{"text": "hi"}]},
                {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "f", "args": {"x": 1}}}]},
                {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "f", "response": "done"}}]},
            ]
        },
        '[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\\"x\\":1}"}}]},'
        '{"role":"tool","tool_call_id":"c1","content":"done"}]',
    ],
)
def test_every_spelling_is_read_as_one(told: Any) -> None:
    assert conversation(told) == [ASKED, CALLED, ANSWERED]


def test_what_a_model_said_in_several_items_is_one_message() -> None:
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "think"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"x":1}'},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "wait"}]},
    ]
    whole = {"role": "assistant", "content": "wait", "reasoning_content": "think", "tool_calls": [CALL]}
    assert conversation([ASKED, *items]) == [ASKED, whole]
    assert answer({"output": items}) == whole


def test_a_providers_own_call_is_the_models_and_waits_for_no_result() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    told = conversation([ASKED, search, {"type": "message", "role": "assistant", "content": "well"}])
    assert told is not None
    assert [message["role"] for message in told] == ["user", "assistant"]
    assert [part["type"] for part in told[1]["content"]] == ["web_search_call", "text"]
    assert "tool_calls" not in told[1]


def test_results_of_one_message_are_messages_of_their_own() -> None:
    results = [{"type": "tool_result", "tool_use_id": id, "content": "x"} for id in ("c1", "c2")]
    told = conversation([{"role": "user", "content": [*results, {"type": "text", "text": "and?"}]}])
    assert told is not None
    assert [message["role"] for message in told] == ["tool", "tool", "user"]


@pytest.mark.parametrize("nothing", [None, "", [], {}, [None], [{}], {"role": "assistant"}])
def test_where_nothing_is_answered_there_is_no_answer(nothing: Any) -> None:
    assert answer(nothing) is None


@pytest.mark.parametrize("nothing", [None, "", [], 5, {"messages": []}])
def test_where_nothing_is_told_there_is_no_conversation(nothing: Any) -> None:
    assert not [message for message in conversation(nothing) or [] if message["content"]]


def test_what_came_of_a_call_is_the_first_choice() -> None:
    body = {"choices": [{"message": {"content": "a"}, "finish_reason": "length"}, {"message": {"content": "b"}}]}
    assert answer(body) == {"role": "assistant", "content": "a"}
    assert stop(body) == "length"
    assert answer({"candidates": [{"content": {"parts": [{"text": "a"}], "role": "model"}, "finishReason": "STOP"}]}) == {
        "role": "assistant",
        "content": "a",
    }


def test_tools_are_functions_whoever_defines_them() -> None:
    schema = {"type": "object", "properties": {}}
    spellings = [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}},
        {"name": "f", "description": "d", "input_schema": schema},
        {"type": "function", "name": "f", "description": "d", "parameters": schema},
        {"json_schema": '{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}}'},
    ]
    told = tools(spellings)
    assert told is not None
    assert all(each == told[0] for each in told)
    assert tools(None) is None
    assert tools([]) == []


@pytest.mark.parametrize(
    ("said", "api", "word"),
    [
        ("tool-calls", "openai.chat", "tool_calls"),
        ("stop", "anthropic.messages", "end_turn"),
        ("FinishReason.MAX_TOKENS", "gemini.generate", "MAX_TOKENS"),
        ("pause_turn", "anthropic.messages", "pause_turn"),
        ("length", "openai.responses", "incomplete"),
        ("whatever", "openai.chat", ""),
        ("stop", "unheard.of", ""),
    ],
)
def test_stop_words_are_the_providers(said: str, api: str, word: str) -> None:
    assert stop_word(said, api) == word


@pytest.mark.parametrize(
    ("text", "codes", "status", "code"),
    [
        ("Error code: 429 - {}", (), 429, ""),
        ("400 {...}", (), 400, ""),
        ("HTTP/1.1 503 Service Unavailable", (), 503, ""),
        ("took 500 ms", ("Timeout",), None, "Timeout"),
        ("", ("404",), 404, "404"),
        ("no words", ("a sentence with spaces",), None, ""),
    ],
)
def test_a_failure_is_a_status_and_a_code(text: str, codes: tuple[str, ...], status: int | None, code: str) -> None:
    failure = Failure.of(text, *codes)
    assert (failure.status, failure.code) == (status, code)
