"""Chat Completions bodies, and what compatible servers make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seamaudit.ingest.formats.base import Rejected
from seamaudit.ingest.formats.openai_chat import OpenAIChat
from seamaudit.trace import ArgumentState, Breakpoint, Convention, Kind, Zone
from tests.ingest.bodies import asked, kinds, pointers, resolve, segments, sent_back, sse_text, streamed, told

SHAPE = OpenAIChat()
TOOL = {"type": "function", "function": {"name": "ls", "parameters": {"type": "object"}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "ls", "arguments": '{"a":1}'}}
OTHER = {"id": "call_2", "type": "function", "function": {"name": "cat", "arguments": "{}"}}


def body(*messages: Any, **given: Any) -> dict[str, Any]:
    return {"model": "gpt-5.2", "messages": list(messages or [{"role": "user", "content": "hi"}])} | given


def test_the_prompt_is_tools_then_messages() -> None:
    sent = body(
        {"role": "system", "content": "be brief"},
        {"role": "developer", "content": [{"type": "text", "text": "be kind"}]},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [CALL, OTHER]},
        {"role": "tool", "tool_call_id": "call_1", "content": "two files"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "x"}]},
        {"role": "system", "content": "late"},
        tools=[TOOL],
    )
    request = asked(SHAPE, sent)
    assert pointers(request) == [
        "/tools/0", "/messages/0/content", "/messages/1/content/0", "/messages/2/content", "/messages/3/tool_calls/0",
        "/messages/3/tool_calls/1", "/messages/4/content", "/messages/5/content", "/messages/6/content",
    ]  # fmt: skip
    assert all(resolve(sent, pointer) is not None for pointer in pointers(request))
    assert [segment.zone for segment in segments(request)] == [Zone.TOOLS, Zone.SYSTEM, Zone.SYSTEM] + [Zone.MESSAGES] * 6
    call, _, result = segments(request)[4:7]
    assert (call.kind, call.call_id, call.name, call.role) == (Kind.TOOL_CALL, "call_1", "ls", "assistant")
    assert (result.kind, result.call_id, result.role, result.is_error) == (Kind.TOOL_RESULT, "call_1", "tool", None)
    assert request.offered == {"ls"}


def test_the_same_message_first_and_later_is_in_another_zone() -> None:
    late = {"role": "system", "content": "be brief"}
    request = asked(SHAPE, body(late, {"role": "user", "content": "hi"}, late))
    assert [segment.zone for segment in segments(request)] == [Zone.SYSTEM, Zone.MESSAGES, Zone.MESSAGES]


def test_spelling_makes_no_difference() -> None:
    plain = asked(SHAPE, body({"role": "user", "content": "hi"}, {"role": "tool", "tool_call_id": "c", "content": "x"}))
    parts = asked(
        SHAPE,
        body(
            {"content": [{"text": "hi", "type": "text"}], "role": "user"},
            {"role": "tool", "content": [{"text": "x", "type": "text"}], "tool_call_id": "c"},
        ),
    )
    assert plain.prefix.digests() == parts.prefix.digests()


@pytest.mark.parametrize("content", [None, "", []])
def test_an_empty_text_beside_calls_is_nothing(content: Any) -> None:
    message = {"role": "assistant", "tool_calls": [CALL]} | ({} if content is None else {"content": content})
    assert kinds(asked(SHAPE, body(message))) == [Kind.TOOL_CALL]


@pytest.mark.parametrize("message", [{"role": "user", "content": ""}, {"role": "assistant"}, {"role": "user", "content": []}, {}])
def test_every_message_keeps_its_place(message: Any) -> None:
    request = asked(SHAPE, body(message, {"role": "user", "content": "next"}))
    assert pointers(request)[-1] == "/messages/1/content"


def test_reasoning_under_two_names_is_one_block() -> None:
    message = {"role": "assistant", "content": "yes", "reasoning": "hm", "reasoning_content": "hm"}
    assert kinds(asked(SHAPE, body(message))) == [Kind.THINKING, Kind.TEXT]


def test_markers() -> None:
    cached = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    point = {"type": "text", "text": "y", "prompt_cache_breakpoint": {"mode": "explicit"}}
    sent = body({"role": "user", "content": [cached, point]}, {"role": "tool", "tool_call_id": "c", "content": [cached]}, tools=[TOOL])
    assert asked(SHAPE, sent).breakpoints == (Breakpoint(2, "1h"), Breakpoint(3, "30m"), Breakpoint(4, "1h"))
    assert asked(SHAPE, sent | {"prompt_cache_options": {"ttl": "12h"}}).breakpoints[1] == Breakpoint(3, "12h")


@pytest.mark.parametrize(
    ("given", "forced"),
    [
        ({"tool_choice": "auto"}, False),
        ({"tool_choice": "required"}, True),
        ({"tool_choice": "any"}, True),
        ({"tool_choice": {"type": "function", "function": {"name": "ls"}}}, True),
        ({}, False),
    ],
)
def test_a_forced_tool(given: Any, forced: bool) -> None:
    assert asked(SHAPE, body(**given)).forced_tool is forced


def test_limits_model_and_old_functions() -> None:
    request = asked(SHAPE, body(max_completion_tokens=5, stream=True, functions=[{"name": "old", "parameters": {}}]))
    assert (request.max_output, request.streamed, request.offered) == (5, True, {"old"})
    deployed = {"messages": [{"role": "user", "content": "hi"}]}
    assert asked(SHAPE, deployed, "/openai/deployments/gpt-5-nano/chat/completions").model == "gpt-5-nano"


@pytest.mark.parametrize("messages", [None, "hi", {"role": "user"}, [3], [[]]])
def test_a_body_without_messages_is_none(messages: Any) -> None:
    with pytest.raises(Rejected, match="unknown_body"):
        asked(SHAPE, {"model": "m", "messages": messages})


# --- responses ------------------------------------------------------------------------------------------------------------


def completion(message: Any, finish: str = "stop", **given: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "model": "gpt-5.2", "choices": [{"index": 0, "message": message, "finish_reason": finish}]} | given


@pytest.mark.parametrize(
    ("answered", "returned"),
    [
        ({"role": "assistant", "content": "yes", "refusal": None, "annotations": []}, {"content": "yes", "role": "assistant"}),
        ({"role": "assistant", "content": "", "tool_calls": [CALL | {"index": 0}]}, {"role": "assistant", "tool_calls": [CALL]}),
        (
            {"role": "assistant", "content": "x", "reasoning_content": "hm"},
            {"role": "assistant", "content": "x", "reasoning_content": "hm"},
        ),
        (
            {
                "role": "assistant",
                "content": "x",
                "refusal": "",
                "function_call": {"name": "", "arguments": ""},
                "tool_calls": [CALL | {"custom": {}}],
            },
            {"role": "assistant", "content": "x", "tool_calls": [CALL]},
        ),
    ],
)
def test_an_answer_is_the_segment_it_becomes(answered: Any, returned: Any) -> None:
    assert sent_back(SHAPE.response(completion(answered), "/b", 200), asked(SHAPE, body(returned)))


def test_calls_and_where_they_stand() -> None:
    answer = SHAPE.response(completion({"role": "assistant", "tool_calls": [CALL, OTHER]}, "tool_calls"), "/b", 200)
    assert [(call.id, call.state, call.pointer) for call in answer.calls] == [
        ("call_1", ArgumentState.PARSED, "/b/choices/0/message/tool_calls/0"),
        ("call_2", ArgumentState.PARSED, "/b/choices/0/message/tool_calls/1"),
    ]


@pytest.mark.parametrize(
    ("arguments", "finish", "state"),
    [
        ('{"a":', "length", ArgumentState.CUT),
        ('{"a":', "tool_calls", ArgumentState.INVALID),
        ("", "tool_calls", ArgumentState.EMPTY),
        ("", "length", ArgumentState.CUT),
        (None, "stop", ArgumentState.EMPTY),
        ('{"a":1}', "length", ArgumentState.PARSED),
        ({"a": 1}, "stop", ArgumentState.PARSED),
    ],
)
def test_the_state_of_arguments(arguments: Any, finish: str, state: ArgumentState) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "ls", "arguments": arguments}}
    (read,) = SHAPE.response(completion({"role": "assistant", "tool_calls": [call]}, finish), "", 200).calls
    assert read.state is state
    assert bool(read.arguments) is (state in (ArgumentState.PARSED, ArgumentState.EMPTY))


def usage_of(**usage: Any) -> Any:
    read = SHAPE.response(completion({"role": "assistant", "content": "x"}, usage=usage, service_tier="flex"), "", 200).usage
    assert read is not None
    return read


def test_cached_tokens_are_part_of_the_prompt() -> None:
    usage = usage_of(prompt_tokens=2000, completion_tokens=5, total_tokens=2005, prompt_tokens_details={"cached_tokens": 1920})
    assert (usage.input, usage.cache_read, usage.cache_write, usage.output) == (2000, 1920, None, 5)
    assert (usage.convention, usage.service_tier) == (Convention.INCLUSIVE, "flex")


@pytest.mark.parametrize(
    "spelled",
    [{"prompt_tokens_details": {"cached_tokens": 7}}, {"prompt_cache_hit_tokens": 7}, {"num_cached_tokens": 7}, {"cached_tokens": 7}],
)
def test_dialects_of_cached_tokens(spelled: Any) -> None:
    assert usage_of(prompt_tokens=10, completion_tokens=1, **spelled).cache_read == 7


def test_the_total_tells_what_was_counted_beside() -> None:
    gateway = usage_of(prompt_tokens=86, completion_tokens=107, total_tokens=321, prompt_tokens_details={"cached_tokens": 128})
    assert (gateway.input, gateway.convention, gateway.recorded["prompt_tokens"]) == (214, Convention.EXCLUSIVE, 86)
    reasoned = usage_of(prompt_tokens=10, completion_tokens=5, total_tokens=45, completion_tokens_details={"reasoning_tokens": 30})
    assert (reasoned.input, reasoned.output, reasoned.reasoning) == (10, 35, 30)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"error": {"type": "invalid_request_error", "code": "model_not_found", "message": "secret"}}, "model_not_found"),
        ({"error": {"type": "invalid_api_key", "code": 401}}, "invalid_api_key"),
        ({"error": {"code": 429, "message": "secret"}}, "429"),
        ({"code": "invalid-argument", "error": "secret text"}, "invalid-argument"),
        ({"detail": "secret"}, ""),
        ([{"error": {"code": 503, "status": "UNAVAILABLE"}}], "503"),
    ],
)
def test_a_refusal_gives_its_code_and_no_text(payload: Any, code: str) -> None:
    answer = SHAPE.response(payload, "", 400)
    assert answer.error_type == code
    assert "secret" not in repr(answer)


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"choices": None}, {"choices": [None]}, {"choices": [{"message": 3}]}])
def test_any_payload_is_read(payload: Any) -> None:
    assert SHAPE.response(payload, "", 200).calls == ()


# --- streams --------------------------------------------------------------------------------------------------------------


def chunk(delta: Any = None, finish: Any = None, index: int = 0, **given: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "model": "gpt-5.2", "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}]} | given


def fragment(index: int = 0, arguments: str = "", **given: Any) -> dict[str, Any]:
    name = given.pop("name", None)
    return chunk({"tool_calls": [{"index": index, "function": {"arguments": arguments} | ({"name": name} if name else {})} | given]})


USAGE = {"id": "chatcmpl-1", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}}
ROLE = chunk({"role": "assistant", "content": ""})


def test_a_whole_stream() -> None:
    calls = [fragment(0, id="call_1", name="ls"), fragment(0, '{"a"'), fragment(0, ":1}"), fragment(1, "{}", id="call_2", name="cat")]
    answer = streamed(
        SHAPE, sse_text(ROLE, chunk({"content": "he"}), chunk({"content": "y"}), *calls, chunk({}, "tool_calls"), USAGE, "[DONE]")
    )
    assert told(answer) == [
        ("delta", 0, "role", 1),
        ("delta", 0, "content", 2),
        ("delta", 0, "tool_call_start", 1),
        ("delta", 0, "tool_arguments", 2),
        ("delta", 1, "tool_call_start", 1),
        ("finish", 0, "tool_calls", 1),
        ("usage", None, "", 1),
        ("done", None, "", 1),
    ]
    assert sent_back(answer, asked(SHAPE, body({"role": "assistant", "content": "hey", "tool_calls": [CALL, OTHER]})))
    assert (answer.stop, answer.complete) == ("tool_calls", True)
    assert answer.usage is not None
    assert answer.usage.input == 9


def test_an_empty_finish_reason_is_no_finish() -> None:
    answer = streamed(SHAPE, sse_text(chunk({"role": "assistant", "content": "a"}, ""), chunk({"content": "b"}, "")))
    assert told(answer) == [("delta", 0, "role", 1), ("delta", 0, "content", 2)]
    assert (answer.stop, answer.complete) == ("", False)


def test_a_repeated_role_and_running_usage_do_not_break_runs() -> None:
    parts = [chunk({"role": "assistant", "content": "x"}, usage={"completion_tokens": at}) for at in range(50)]
    answer = streamed(SHAPE, sse_text(*parts, chunk({"role": "assistant", "content": ""}, "stop", usage={"completion_tokens": 50})))
    assert told(answer) == [("delta", 0, "role", 1), ("delta", 0, "content", 50), ("finish", 0, "stop", 1), ("usage", None, "", 1)]
    assert answer.usage is not None
    assert answer.usage.output == 50


def test_a_cut_call() -> None:
    (call,) = streamed(SHAPE, sse_text(ROLE, fragment(0, '{"a"', id="call_1", name="ls"))).calls
    assert (call.state, call.arguments, call.id) == (ArgumentState.CUT, b"", "call_1")


def test_calls_that_share_an_index_are_told_apart_by_id() -> None:
    parts = [fragment(0, "{}", id="call_1", name="ls"), fragment(0, "{}", id="call_2", name="cat"), chunk({}, "tool_calls")]
    answer = streamed(SHAPE, sse_text(*parts))
    assert [(call.id, call.name, call.state) for call in answer.calls] == [
        ("call_1", "ls", ArgumentState.PARSED),
        ("call_2", "cat", ArgumentState.PARSED),
    ]


def test_an_id_on_every_fragment_is_one_call() -> None:
    parts = [fragment(0, piece, id="call_1", name="ls") for piece in ('{"a"', ":1", "}")]
    assert [call.length for call in streamed(SHAPE, sse_text(*parts, chunk({}, "tool_calls"))).calls] == [7]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ('event: error\ndata: {"error":{"code":"tool_use_failed","message":"secret"}}\n\n', "tool_use_failed"),
        (sse_text(chunk({"content": ""}, error={"code": 400, "message": "secret"})), "400"),
        ('error: {"error":{"message":"secret words"}}\n\n', ""),
    ],
)
def test_an_error_after_200(error: str, code: str) -> None:
    answer = streamed(SHAPE, sse_text(ROLE) + error)
    assert ("error", None, code, 1) in told(answer)
    assert answer.stream is not None
    assert answer.stream.error_type == code
    assert "secret" not in repr(answer)


def test_the_first_choice_is_the_answer() -> None:
    parts = [chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk({}, "stop", 1), chunk({}, "length")]
    answer = streamed(SHAPE, sse_text(*parts))
    assert (len(answer.answers), answer.stop) == (1, "length")
    assert ("finish", 1, "stop", 1) in told(answer)


def test_reasoning_comes_back_as_it_was_streamed() -> None:
    parts = [chunk({"reasoning_content": "h"}), chunk({"reasoning_content": "m"}), chunk({"content": "yes"}), chunk({}, "stop")]
    later = asked(SHAPE, body({"role": "assistant", "content": "yes", "reasoning_content": "hm"}))
    assert sent_back(streamed(SHAPE, sse_text(*parts)), later)


def test_parts_of_a_reasoning_model() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    answer = streamed(SHAPE, sse_text(chunk({"content": [thought]}), chunk({"content": "yes"}), chunk({}, "stop")))
    assert told(answer)[:2] == [("delta", 0, "reasoning", 1), ("delta", 0, "content", 1)]


def test_heartbeats_and_prompt_filters_say_nothing() -> None:
    text = "data: \n\n" + sse_text({"choices": [], "prompt_filter_results": []}, chunk({"content": "x"}, "stop"))
    answer = streamed(SHAPE, text)
    assert told(answer) == [("delta", 0, "content", 1), ("finish", 0, "stop", 1)]
    assert answer.stream is not None
    assert answer.stream.unreadable == 0


@pytest.mark.parametrize("odd", [[], 3, "x", None, {"choices": 3}, {"choices": [3]}, {"choices": [{"delta": {"tool_calls": [3]}}]}])
def test_odd_chunks_break_nothing(odd: Any) -> None:
    assert streamed(SHAPE, f"data: {json.dumps(odd)}\n\n" + sse_text(chunk({"content": "x"}, "stop"))).complete
