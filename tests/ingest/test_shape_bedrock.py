"""Converse bodies: cache points between blocks, and binary streams that were kept as text."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest.formats.base import Rejected
from seamaudit.ingest.formats.bedrock import BedrockConverse
from seamaudit.trace import ArgumentState, Breakpoint, Kind
from tests.ingest.bodies import asked, kinds, pointers, resolve, segments, sent_back, streamed, told
from tests.ingest.test_sse import frame

SHAPE = BedrockConverse()
PATH = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
TOOL = {"toolSpec": {"name": "ls", "inputSchema": {"json": {}}}}
CALL = {"toolUse": {"toolUseId": "t1", "name": "ls", "input": {"a": 1}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "two files"}], "status": "error"}}


def said(*content: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": list(content)}


def body(*messages: Any, **given: Any) -> dict[str, Any]:
    return {"messages": list(messages or [said({"text": "hi"})])} | given


def test_the_prompt_and_its_cache_points() -> None:
    sent = body(
        said({"text": "hi"}, POINT),
        said({"text": "let me see"}, CALL, role="assistant"),
        said(RESULT, HOUR, {"text": "go on"}),
        system=[{"text": "be brief"}, POINT, {"text": "be kind"}],
        toolConfig={"tools": [TOOL, HOUR, {"systemTool": {"name": "nova_grounding"}}], "toolChoice": {"any": {}}},
        inferenceConfig={"maxTokens": 7},
    )
    request = asked(SHAPE, sent, PATH)
    assert pointers(request) == [
        "/toolConfig/tools/0", "/toolConfig/tools/2", "/system/0", "/system/2", "/messages/0/content/0", "/messages/1/content/0",
        "/messages/1/content/1", "/messages/2/content/0", "/messages/2/content/2",
    ]  # fmt: skip
    assert all(resolve(sent, pointer) is not None for pointer in pointers(request))
    assert request.breakpoints == (Breakpoint(1, "1h"), Breakpoint(3, "5m"), Breakpoint(5, "5m"), Breakpoint(8, "1h"))
    assert segments(request)[7].is_error
    assert (request.model, request.max_output, request.forced_tool) == ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 7, True)
    assert request.offered == {"ls", "nova_grounding"}


def test_a_cache_point_that_leads_a_message_marks_what_stands_before_it() -> None:
    request = asked(SHAPE, body(said({"text": "a"}), said(POINT, {"text": "b"})))
    assert request.breakpoints == (Breakpoint(1, "5m"),)
    assert pointers(request) == ["/messages/0/content/0", "/messages/1/content/1"]
    assert asked(SHAPE, body(said(POINT, {"text": "b"}))).breakpoints == ()


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"image": {"format": "png", "source": {"bytes": "x"}}}, Kind.IMAGE),
        ({"document": {"name": "d", "source": {"text": "facts"}}}, Kind.DOCUMENT),
        ({"reasoningContent": {"reasoningText": {"text": "hm"}}}, Kind.THINKING),
        ({"guardContent": {"text": {"text": "x"}}}, Kind.TEXT),
        ({"toolUse": {"toolUseId": "t", "name": "n", "input": {}, "type": "server_tool_use"}}, Kind.SERVER_TOOL_CALL),
        ({"toolResult": {"toolUseId": "t", "content": [], "type": "nova_code_interpreter_result"}}, Kind.SERVER_TOOL_RESULT),
        ({"video": {"format": "mp4"}}, Kind.OTHER),
        ({}, Kind.OTHER),
        (3, Kind.OTHER),
    ],
)
def test_blocks(block: Any, kind: Kind) -> None:
    assert kinds(asked(SHAPE, body(said(block)))) == [kind]


@pytest.mark.parametrize("messages", [None, "hi", {"role": "user"}, [3]])
def test_a_body_without_messages_is_none(messages: Any) -> None:
    with pytest.raises(Rejected, match="unknown_body"):
        asked(SHAPE, {"messages": messages})


# --- responses ------------------------------------------------------------------------------------------------------------


def reply(*content: Any, stop: str = "end_turn", **usage: Any) -> dict[str, Any]:
    counted = {"inputTokens": 3, "outputTokens": 9, "totalTokens": 12} | usage
    return {"output": {"message": said(*content, role="assistant")}, "stopReason": stop, "usage": counted}


def test_an_answer_is_the_segment_it_becomes() -> None:
    call = {"toolUse": CALL["toolUse"] | {"type": "tool_use"}}
    answer = SHAPE.response(reply({"text": "let me see"}, call, stop="tool_use"), "/b", 200)
    assert sent_back(answer, asked(SHAPE, body(said({"text": "let me see"}, CALL, role="assistant"))))
    (read,) = answer.calls
    assert (read.id, read.pointer, read.state) == ("t1", "/b/output/message/content/1", ArgumentState.PARSED)


def test_usage_is_total_and_split_by_life() -> None:
    lives = [{"ttl": "5m", "inputTokens": 4}, {"ttl": "1h", "inputTokens": 6}]
    usage = SHAPE.response(reply({"text": "x"}, cacheReadInputTokens=100, cacheWriteInputTokens=10, cacheDetails=lives), "", 200).usage
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.cache_write, usage.cache_write_5m, usage.cache_write_1h) == (113, 100, 10, 4, 6)
    plain = SHAPE.response(reply({"text": "x"}, cacheWriteInputTokens=10), "", 200).usage
    assert plain is not None
    assert (plain.cache_write, plain.cache_write_5m) == (10, None)


def test_a_last_call_under_max_tokens_is_cut() -> None:
    assert SHAPE.response(reply(CALL, stop="max_tokens"), "", 200).calls[0].state is ArgumentState.CUT


def test_a_refusal_has_no_code_in_its_body() -> None:
    answer = SHAPE.response({"message": "secret"}, "", 400)
    assert (answer.error_type, answer.complete) == ("", True)
    assert "secret" not in repr(answer)


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"output": None}, {"output": {"message": {"content": [3]}}}])
def test_any_payload_is_read(payload: Any) -> None:
    assert SHAPE.response(payload, "", 200).calls == ()


# --- streams --------------------------------------------------------------------------------------------------------------

START = frame("messageStart", {"role": "assistant"})
TEXT = "".join(frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}}) for piece in ("let me", " see")) + frame(
    "contentBlockStop", {"contentBlockIndex": 0}
)
OPEN_CALL = frame("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t1", "name": "ls"}}})
ARGUMENTS = [frame("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": piece}}}) for piece in ('{"a"', ":1}")]
CLOSE_CALL = frame("contentBlockStop", {"contentBlockIndex": 1})
STOP = frame("messageStop", {"stopReason": "tool_use"})
METADATA = frame("metadata", {"usage": {"inputTokens": 3, "outputTokens": 9, "totalTokens": 12}})


def test_a_whole_stream() -> None:
    answer = streamed(SHAPE, "".join([START, TEXT, OPEN_CALL, *ARGUMENTS, CLOSE_CALL, STOP, METADATA]))
    assert told(answer) == [
        ("messageStart", None, "", 1),
        ("contentBlockDelta", 0, "text", 2),
        ("contentBlockStop", 0, "", 1),
        ("contentBlockStart", 1, "toolUse", 1),
        ("contentBlockDelta", 1, "toolUse", 2),
        ("contentBlockStop", 1, "", 1),
        ("messageStop", None, "tool_use", 1),
        ("metadata", None, "", 1),
    ]
    assert sent_back(answer, asked(SHAPE, body(said({"text": "let me see"}, CALL, role="assistant"))))
    assert (answer.stop, answer.complete, answer.calls[0].state) == ("tool_use", True, ArgumentState.PARSED)
    assert answer.usage is not None
    assert answer.usage.input == 3


@pytest.mark.parametrize(
    ("frames", "state"),
    [
        ([OPEN_CALL], ArgumentState.CUT),
        ([OPEN_CALL, ARGUMENTS[0]], ArgumentState.CUT),
        ([OPEN_CALL, ARGUMENTS[0], CLOSE_CALL, STOP], ArgumentState.INVALID),
        ([OPEN_CALL, ARGUMENTS[0], CLOSE_CALL, frame("messageStop", {"stopReason": "max_tokens"})], ArgumentState.CUT),
        ([OPEN_CALL, CLOSE_CALL, STOP], ArgumentState.EMPTY),
    ],
)
def test_the_state_of_arguments(frames: list[str], state: ArgumentState) -> None:
    assert streamed(SHAPE, START + "".join(frames)).calls[0].state is state


def test_usage_may_be_missing_from_a_whole_stream() -> None:
    answer = streamed(SHAPE, START + TEXT + STOP)
    assert (answer.complete, answer.usage) == (True, None)


def test_an_exception_comes_under_its_name() -> None:
    answer = streamed(SHAPE, START + frame("throttlingException", {"message": "secret"}, kind="exception"))
    assert told(answer)[-1] == ("throttlingException", None, "", 1)
    assert answer.stream is not None
    assert answer.stream.error_type == "throttlingException"
    assert "secret" not in repr(answer)


def test_a_stream_without_any_frame_is_not_decodable() -> None:
    stream = streamed(SHAPE, "\x00\x00\ufffd binary").stream
    assert stream is not None
    assert not stream.decodable
    whole = streamed(SHAPE, START + STOP).stream
    assert whole is not None
    assert whole.decodable


def test_reasoning_is_put_together() -> None:
    pieces = [{"text": "h"}, {"text": "m"}, {"signature": "s"}]
    deltas = "".join(frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": piece}}) for piece in pieces)
    whole = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
    assert sent_back(streamed(SHAPE, START + deltas + STOP), asked(SHAPE, body(said(whole, role="assistant"))))
