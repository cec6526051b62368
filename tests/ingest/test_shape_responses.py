"""Responses bodies: items, what the provider holds, streams of typed events."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest.formats.base import Rejected
from seamaudit.ingest.formats.openai_responses import OpenAIResponses
from seamaudit.trace import ArgumentState, Breakpoint, Kind, Zone
from tests.ingest.bodies import asked, kinds, pointers, resolve, segments, sent_back, sse_text, streamed, told

SHAPE = OpenAIResponses()
USER = {"role": "user", "content": "hi"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "ls", "arguments": '{"a":1}'}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "two files"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
TEXT = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "yes"}]}


def body(*items: Any, **given: Any) -> dict[str, Any]:
    return {"model": "gpt-5.2", "input": list(items or [USER])} | given


def test_the_prompt_is_tools_then_instructions_then_input() -> None:
    sent = body(
        {"role": "developer", "content": "be kind"},
        USER,
        REASONING,
        CALL,
        OUTPUT,
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "data:x"}],
        },
        instructions="be brief",
        tools=[{"type": "function", "name": "ls", "parameters": {}}, {"type": "web_search"}],
    )
    request = asked(SHAPE, sent)
    assert pointers(request) == [
        "/tools/0", "/tools/1", "/instructions", "/input/0/content", "/input/1/content", "/input/2", "/input/3", "/input/4",
        "/input/5/content/0", "/input/5/content/1",
    ]  # fmt: skip
    assert all(resolve(sent, pointer) is not None for pointer in pointers(request))
    assert [segment.zone for segment in segments(request)][2:5] == [Zone.SYSTEM, Zone.SYSTEM, Zone.MESSAGES]
    assert kinds(request)[5:] == [Kind.THINKING, Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.TEXT, Kind.IMAGE]
    assert request.offered == {"ls", "web_search"}
    assert request.complete


def test_an_input_may_be_a_text() -> None:
    request = asked(SHAPE, {"model": "m", "input": "hi"})
    assert pointers(request) == ["/input"]
    assert request.prefix.digests() == asked(SHAPE, body()).prefix.digests()


@pytest.mark.parametrize(
    ("given", "complete"),
    [
        ({"previous_response_id": "resp_1"}, False),
        ({"conversation": "conv_1"}, False),
        ({"previous_response_id": None}, True),
        ({"input": [{"type": "item_reference", "id": "msg_1"}, USER]}, False),
        ({"prompt": {"id": "pmpt_1"}}, False),
    ],
)
def test_what_the_provider_holds_is_not_in_the_recording(given: Any, complete: bool) -> None:
    assert asked(SHAPE, body() | given).complete is complete


def test_a_stored_prompt_may_offer_any_tool() -> None:
    assert asked(SHAPE, body(prompt={"id": "pmpt_1"})).offered is None


@pytest.mark.parametrize(
    ("item", "kind", "call_id"),
    [
        ({"type": "custom_tool_call", "call_id": "c", "name": "sh", "input": "ls"}, Kind.TOOL_CALL, "c"),
        ({"type": "custom_tool_call_output", "call_id": "c", "output": "x"}, Kind.TOOL_RESULT, "c"),
        ({"type": "local_shell_call", "call_id": "c", "action": {"command": ["ls"]}}, Kind.TOOL_CALL, "c"),
        ({"type": "web_search_call", "id": "ws_1", "action": {}}, Kind.SERVER_TOOL_CALL, "ws_1"),
        ({"type": "tool_search_call", "call_id": None, "id": "t", "execution": "server", "arguments": {}}, Kind.SERVER_TOOL_CALL, "t"),
        ({"type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": {}}, Kind.TOOL_CALL, "c"),
        ({"type": "compaction", "encrypted_content": "x"}, Kind.OTHER, ""),
        ({"type": "novelty"}, Kind.OTHER, ""),
    ],
)
def test_items_and_whose_they_are(item: Any, kind: Kind, call_id: str) -> None:
    (segment,) = segments(asked(SHAPE, body(item)))
    assert (segment.kind, segment.call_id) == (kind, call_id)


def test_tools_that_come_later() -> None:
    later = {"type": "function", "name": "later", "defer_loading": True}
    request = asked(SHAPE, body(tools=[later, {"type": "tool_search"}]))
    assert (pointers(request)[0], request.deferred) == ("/tools/1", True)
    assert asked(SHAPE, body({"type": "additional_tools", "role": "developer", "tools": []}, USER)).deferred


def test_breakpoints() -> None:
    part = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}
    request = asked(SHAPE, body({"role": "user", "content": [part, {"type": "input_text", "text": "b"}]}, instructions="x"))
    assert request.breakpoints == (Breakpoint(2, "30m"),)


@pytest.mark.parametrize("given", [3, {"role": "user"}, [3], ["x"], [None]])
def test_an_input_of_another_kind_is_refused(given: Any) -> None:
    with pytest.raises(Rejected, match="unknown_body"):
        asked(SHAPE, {"model": "m", "input": given})


# --- responses ------------------------------------------------------------------------------------------------------------


def answered(*output: Any, status: str = "completed", **given: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "model": "gpt-5.2", "status": status, "output": list(output), "error": None} | given


@pytest.mark.parametrize(
    "returned",
    [
        [REASONING, TEXT, CALL],
        [
            {"type": "reasoning", "encrypted_content": "gAAA", "summary": [], "content": None},
            {"role": "assistant", "content": "yes"},
            CALL | {"id": "fc_1", "status": "completed"},
        ],
    ],
)
def test_an_answer_is_the_segment_it_becomes(returned: Any) -> None:
    text = TEXT | {"content": [{"type": "output_text", "text": "yes", "annotations": [], "logprobs": []}], "phase": "final_answer"}
    answer = SHAPE.response(answered(REASONING | {"content": []}, text, CALL | {"id": "fc_1", "status": "completed"}), "/b", 200)
    assert sent_back(answer, asked(SHAPE, body(USER, *returned)))
    assert [each.pointer for each in answer.answers] == ["/b/output/0", "/b/output/1/content/0", "/b/output/2"]
    assert [(call.id, call.pointer, call.server) for call in answer.calls] == [("call_1", "/b/output/2", False)]
    assert answer.stop == "completed"


def test_a_stored_reasoning_item_is_its_id() -> None:
    one, two = (asked(SHAPE, body({"type": "reasoning", "id": id, "summary": []})) for id in ("rs_1", "rs_2"))
    assert one.prefix.digests() != two.prefix.digests()


def test_an_incomplete_response_cuts_its_last_call() -> None:
    given = answered(CALL, CALL | {"arguments": '{"a"'}, status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    answer = SHAPE.response(given, "", 200)
    assert answer.stop == "max_output_tokens"
    assert [call.state for call in answer.calls] == [ArgumentState.PARSED, ArgumentState.CUT]


def test_usage() -> None:
    given = {
        "input_tokens": 3000, "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 9}, "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 3005,
    }  # fmt: skip
    usage = SHAPE.response(answered(TEXT, usage=given, service_tier="flex"), "", 200).usage
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.cache_write, usage.reasoning, usage.service_tier) == (3000, 1024, 9, 3, "flex")
    assert SHAPE.response(answered(TEXT, usage=None), "", 200).usage is None


def test_a_refusal_gives_its_code_and_no_text() -> None:
    answer = SHAPE.response({"error": {"code": "context_length_exceeded", "type": "x", "message": "secret"}}, "", 400)
    assert answer.error_type == "context_length_exceeded"
    assert "secret" not in repr(answer)


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"output": None}, {"output": [None, 3, {}, {"role": "user"}]}])
def test_any_payload_is_read(payload: Any) -> None:
    assert SHAPE.response(payload, "", 200).calls == ()


# --- streams --------------------------------------------------------------------------------------------------------------


def event(kind: str, **given: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}"} | given


CREATED = event("created", response=answered(status="in_progress", usage=None))
STREAMED_CALL = [
    event("output_item.added", output_index=0, item=CALL | {"arguments": "", "status": "in_progress"}),
    event("function_call_arguments.delta", output_index=0, delta='{"a"'),
    event("function_call_arguments.delta", output_index=0, delta=":1}"),
    event("output_item.done", output_index=0, item=CALL | {"status": "completed"}),
]
USAGE = {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}


@pytest.mark.parametrize("output", [[CALL], []])
def test_a_whole_stream(output: Any) -> None:
    completed = event("completed", response=answered(*output, usage=USAGE))
    answer = streamed(SHAPE, sse_text(CREATED, *STREAMED_CALL, completed, named=True))
    assert told(answer) == [
        ("created", None, "", 1),
        ("output_item.added", 0, "function_call", 1),
        ("function_call_arguments.delta", 0, "", 2),
        ("output_item.done", 0, "function_call", 1),
        ("completed", None, "completed", 1),
    ]
    assert sent_back(answer, asked(SHAPE, body(CALL)))
    assert (answer.stop, answer.complete, answer.calls[0].state) == ("completed", True, ArgumentState.PARSED)
    assert answer.usage is not None
    assert answer.usage.input == 9


@pytest.mark.parametrize(
    ("count", "state"), [(1, ArgumentState.CUT), (2, ArgumentState.CUT), (3, ArgumentState.PARSED), (4, ArgumentState.PARSED)]
)
def test_a_cut_stream(count: int, state: ArgumentState) -> None:
    answer = streamed(SHAPE, sse_text(CREATED, *STREAMED_CALL[:count]))
    assert (answer.calls[0].state, answer.complete, answer.stop, answer.usage) == (state, False, "", None)


def test_text_is_put_together_where_its_end_is_missing() -> None:
    added = event("output_item.added", output_index=0, item=TEXT | {"content": []})
    parts = [event("output_text.delta", output_index=0, content_index=0, delta=piece) for piece in ("y", "es")]
    assert sent_back(streamed(SHAPE, sse_text(CREATED, added, *parts)), asked(SHAPE, body({"role": "assistant", "content": "yes"})))


def test_how_a_stream_ends() -> None:
    incomplete = event("incomplete", response=answered(status="incomplete", incomplete_details={"reason": "content_filter"}))
    assert told(streamed(SHAPE, sse_text(CREATED, incomplete)))[-1] == ("incomplete", None, "content_filter", 1)
    failed = event("failed", response=answered(status="failed", error={"code": "server_error", "message": "secret"}))
    answer = streamed(SHAPE, sse_text(CREATED, failed))
    assert told(answer)[-1] == ("failed", None, "failed", 1)
    assert answer.stream is not None
    assert (answer.stream.error_type, answer.stop) == ("server_error", "failed")
    broken = streamed(SHAPE, sse_text(CREATED, {"type": "error", "code": "rate_limit_exceeded", "message": "secret"}))
    assert told(broken)[-1] == ("error", None, "rate_limit_exceeded", 1)
    assert not broken.complete
    assert "secret" not in repr((answer, broken))
