"""Gemini bodies: parts in either spelling, calls without ids, streams without a terminal event."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest.formats.base import Rejected
from seamaudit.ingest.formats.gemini import GeminiGenerate
from seamaudit.trace import ArgumentState, Kind, Zone
from tests.ingest.bodies import asked, kinds, pointers, resolve, segments, sent_back, sse_text, streamed, told

SHAPE = GeminiGenerate()
PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
STREAM = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
CALL = {"functionCall": {"name": "ls", "args": {"a": 1}}}
RESULT = {"functionResponse": {"name": "ls", "response": {"result": "two files"}}}


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def body(*contents: Any, **given: Any) -> dict[str, Any]:
    return {"contents": list(contents or [said({"text": "hi"})])} | given


def test_the_prompt_is_tools_then_system_then_contents() -> None:
    sent = body(
        said({"text": "hi"}),
        said({"text": "hm", "thought": True}, CALL, role="model"),
        said(RESULT),
        tools=[{"functionDeclarations": [{"name": "ls"}, {"name": "cat"}]}, {"googleSearch": {}}],
        systemInstruction={"parts": [{"text": "be brief"}, {"text": "be kind"}]},
        generationConfig={"maxOutputTokens": 7, "thinkingConfig": {"thinkingBudget": 1}, "temperature": 1},
        toolConfig={"functionCallingConfig": {"mode": "ANY"}},
    )
    request = asked(SHAPE, sent, PATH)
    assert pointers(request) == [
        "/tools/0/functionDeclarations/0", "/tools/0/functionDeclarations/1", "/tools/1/googleSearch", "/systemInstruction/parts/0",
        "/systemInstruction/parts/1", "/contents/0/parts/0", "/contents/1/parts/0", "/contents/1/parts/1", "/contents/2/parts/0",
    ]  # fmt: skip
    assert all(resolve(sent, pointer) is not None for pointer in pointers(request))
    assert kinds(request)[5:] == [Kind.TEXT, Kind.THINKING, Kind.TOOL_CALL, Kind.TOOL_RESULT]
    assert segments(request)[3].zone is Zone.SYSTEM
    call, result = segments(request)[7:]
    assert (call.call_id, call.name, call.role, result.call_id, result.name) == ("", "ls", "model", "", "ls")
    assert (request.model, request.max_output, request.forced_tool, request.streamed) == ("gemini-2.5-flash", 7, True, False)
    assert request.offered == {"ls", "cat", "googleSearch"}
    assert request.params["thinkingConfig"] == '{"thinkingBudget":1}'


def test_spelling_makes_no_difference() -> None:
    camel = {"functionCall": {"name": "ls", "args": {}}, "thoughtSignature": "a+/b=="}
    snake = {"thought_signature": "a-_b", "function_call": {"id": "made-up", "name": "ls"}}
    one, two = (asked(SHAPE, body(said(part, role="model"))) for part in (camel, snake))
    assert one.prefix.digests() == two.prefix.digests()
    assert segments(two)[0].call_id == "made-up"


def test_equal_calls_keep_their_own_ids() -> None:
    calls = [{"functionCall": {"name": "ls", "args": {}, "id": id}} for id in ("one", "two")]
    request = asked(SHAPE, body(said(calls[0], role="model"), said(calls[1], role="model")))
    assert [segment.call_id for segment in segments(request)] == ["one", "two"]


@pytest.mark.parametrize("member", ["systemInstruction", "system_instruction"])
@pytest.mark.parametrize("given", ["be brief", {"parts": {"text": "be brief"}}, {"parts": [{"text": "be brief"}], "role": "user"}])
def test_a_system_instruction_in_any_spelling(member: str, given: Any) -> None:
    sent = body(**{member: given})
    request = asked(SHAPE, sent)
    assert request.prefix.digests() == asked(SHAPE, body(systemInstruction="be brief")).prefix.digests()
    assert resolve(sent, pointers(request)[0]) in ("be brief", {"text": "be brief"})


def test_a_system_instruction_without_parts_is_no_position() -> None:
    assert pointers(asked(SHAPE, body(systemInstruction={"role": "user"}))) == ["/contents/0/parts/0"]


def test_a_single_tool_without_a_list() -> None:
    request = asked(SHAPE, body(tools={"function_declarations": [{"name": "ls"}]}))
    assert (pointers(request)[0], request.offered) == ("/tools/function_declarations/0", {"ls"})


def test_a_cached_content_holds_what_the_recording_does_not() -> None:
    request = asked(SHAPE, body(cachedContent="cachedContents/1"))
    assert (request.complete, request.offered) == (False, None)


@pytest.mark.parametrize(
    ("part", "kind", "retrieved"),
    [
        ({"inlineData": {"mimeType": "image/png", "data": "x"}}, Kind.IMAGE, False),
        ({"inline_data": {"mime_type": "application/pdf", "data": "x"}}, Kind.DOCUMENT, True),
        ({"fileData": {"mimeType": "text/plain", "fileUri": "u"}}, Kind.DOCUMENT, True),
        ({"fileData": {"mimeType": "audio/mpeg", "fileUri": "u"}}, Kind.OTHER, False),
        ({"executableCode": {"code": "1"}}, Kind.SERVER_TOOL_CALL, False),
        ({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}, Kind.SERVER_TOOL_RESULT, False),
        ({"novelty": 1}, Kind.OTHER, False),
        ({}, Kind.OTHER, False),
    ],
)
def test_parts(part: Any, kind: Kind, retrieved: bool) -> None:
    (segment,) = segments(asked(SHAPE, body(said(part))))
    assert (segment.kind, segment.retrieved) == (kind, retrieved)


def test_a_result_that_reports_an_error() -> None:
    failed = {"functionResponse": {"name": "ls", "response": {"error": "no"}}}
    assert [segment.is_error for segment in segments(asked(SHAPE, body(said(failed, RESULT))))] == [True, None]


@pytest.mark.parametrize("contents", [None, "hi", {"parts": []}, [3], ["x"]])
def test_a_body_without_contents_is_none(contents: Any) -> None:
    with pytest.raises(Rejected, match="unknown_body"):
        asked(SHAPE, {"contents": contents})


# --- responses ------------------------------------------------------------------------------------------------------------


def reply(*parts: Any, finish: str | None = "STOP", **given: Any) -> dict[str, Any]:
    candidate = {"content": said(*parts, role="model"), "index": 0} | ({"finishReason": finish} if finish else {})
    return {"candidates": [candidate], "modelVersion": "gemini-2.5-flash", "responseId": "r1"} | given


def test_an_answer_is_the_segment_it_becomes() -> None:
    signed = CALL | {"thoughtSignature": "a+/b=="}
    answer = SHAPE.response(reply({"text": "let me see"}, signed), "/b", 200)
    assert sent_back(answer, asked(SHAPE, body(said({"text": "let me see"}, signed, role="model"))))
    (call,) = answer.calls
    assert (call.id, call.name, call.state, call.pointer) == ("", "ls", ArgumentState.PARSED, "/b/candidates/0/content/parts/1")
    assert (answer.stop, answer.id, answer.model) == ("STOP", "r1", "gemini-2.5-flash")


def test_a_call_without_arguments() -> None:
    assert SHAPE.response(reply({"functionCall": {"name": "ls"}}), "", 200).calls[0].state is ArgumentState.EMPTY


def test_usage_counts_thoughts_as_output_and_the_cache_as_input() -> None:
    given = {
        "promptTokenCount": 100, "cachedContentTokenCount": 60, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 7,
        "thoughtsTokenCount": 3, "totalTokenCount": 115,
    }  # fmt: skip
    usage = SHAPE.response(reply({"text": "x"}, usageMetadata=given), "", 200).usage
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.output, usage.reasoning, usage.total) == (105, 60, 10, 3, 115)


def test_counts_that_protobuf_leaves_out_are_zero() -> None:
    usage = SHAPE.response(reply(usageMetadata={"promptTokenCount": 10, "totalTokenCount": 10}), "", 200).usage
    assert usage is not None
    assert (usage.output, usage.cache_read) == (0, 0)
    unknown = SHAPE.response(reply(usageMetadata={}), "", 200).usage
    assert unknown is not None
    assert (unknown.input, unknown.output, unknown.cache_read) == (None, None, None)


def test_a_blocked_prompt_and_a_refusal() -> None:
    blocked = SHAPE.response({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}}, "", 200)
    assert (blocked.stop, blocked.answers) == ("SAFETY", ())
    refused = SHAPE.response([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "secret"}}], "", 429)
    assert refused.error_type == "RESOURCE_EXHAUSTED"
    assert "secret" not in repr(refused)


def test_a_list_of_chunks_is_one_answer() -> None:
    answer = SHAPE.response([reply({"text": "he"}, finish=None), reply({"text": "y"})], "", 200)
    assert sent_back(answer, asked(SHAPE, body(said({"text": "hey"}, role="model"))))


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"candidates": None}, {"candidates": [3]}, {"candidates": [{"content": 3}]}])
def test_any_payload_is_read(payload: Any) -> None:
    assert SHAPE.response(payload, "", 200).calls == ()


# --- streams --------------------------------------------------------------------------------------------------------------


def test_a_whole_stream() -> None:
    count = {"promptTokenCount": 9, "candidatesTokenCount": 1, "totalTokenCount": 10}
    chunks = [
        reply({"text": "hm", "thought": True}, finish=None, usageMetadata=count),
        reply({"text": "he"}, finish=None, usageMetadata=count),
        reply({"text": "y"}, finish=None, usageMetadata=count),
        reply(CALL, usageMetadata=count | {"candidatesTokenCount": 5}),
    ]
    answer = streamed(SHAPE, sse_text(*chunks), STREAM)
    assert told(answer) == [
        ("chunk", 0, "thought", 1),
        ("chunk", 0, "text", 2),
        ("chunk", 0, "function_call", 1),
        ("finish", 0, "STOP", 1),
        ("usage", None, "", 1),
    ]
    assert sent_back(answer, asked(SHAPE, body(said({"text": "hm", "thought": True}, {"text": "hey"}, CALL, role="model"))))
    assert answer.complete
    assert answer.usage is not None
    assert answer.usage.output == 5


def test_a_stream_without_a_finish_reason_was_cut() -> None:
    assert not streamed(SHAPE, sse_text(reply({"text": "he"}, finish=None)), STREAM).complete


def test_a_signature_closes_a_text() -> None:
    chunks = [reply({"text": "a", "thoughtSignature": "s"}, finish=None), reply({"text": "b"})]
    parts = [{"text": "a", "thoughtSignature": "s"}, {"text": "b"}]
    assert sent_back(streamed(SHAPE, sse_text(*chunks), STREAM), asked(SHAPE, body(said(*parts, role="model"))))


def test_errors_and_blocks_in_a_stream() -> None:
    failed = streamed(SHAPE, sse_text({"error": {"code": 503, "status": "UNAVAILABLE", "message": "secret"}}), STREAM)
    assert told(failed) == [("error", None, "UNAVAILABLE", 1)]
    blocked = streamed(SHAPE, sse_text({"promptFeedback": {"blockReason": "SAFETY"}}), STREAM)
    assert told(blocked) == [("blocked", None, "SAFETY", 1)]
    assert "secret" not in repr(failed)
