"""Anthropic bodies: positions, markers, answers that come back, streams that end early."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest.formats.anthropic import AnthropicMessages
from seamaudit.ingest.formats.base import Rejected
from seamaudit.ingest.intern import Interner
from seamaudit.trace import ArgumentState, Breakpoint, Convention, Kind, Zone
from tests.ingest.bodies import asked, kinds, pointers, resolve, segments, sent_back, sse_text, streamed, told

SHAPE = AnthropicMessages()
MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
TOOL = {"name": "ls", "description": "List.", "input_schema": {"type": "object"}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {"b": 1, "a": 2}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "two files"}


def body(**given: Any) -> dict[str, Any]:
    return {"model": "claude-opus-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]} | given


def test_the_prompt_is_read_in_the_order_it_is_rendered() -> None:
    sent = body(
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "text", "text": "let me see"}, CALL]},
            {"role": "user", "content": [RESULT, {"type": "text", "text": "go on"}]},
        ],
        system=[{"type": "text", "text": "be brief"}, {"type": "text", "text": "be kind"}],
        tools=[TOOL, TOOL | {"name": "cat"}],
    )
    request = asked(SHAPE, sent)
    assert pointers(request) == [
        "/tools/0", "/tools/1", "/system/0", "/system/1", "/messages/0/content", "/messages/1/content/0", "/messages/1/content/1",
        "/messages/2/content/0", "/messages/2/content/1",
    ]  # fmt: skip
    assert all(resolve(sent, pointer) is not None for pointer in pointers(request))
    assert [segment.zone for segment in segments(request)] == [Zone.TOOLS] * 2 + [Zone.SYSTEM] * 2 + [Zone.MESSAGES] * 5
    assert request.offered == {"ls", "cat"}
    call, result = segments(request)[6:8]
    assert (call.kind, call.call_id, call.name) == (Kind.TOOL_CALL, "toolu_1", "ls")
    assert (result.kind, result.call_id, result.is_error) == (Kind.TOOL_RESULT, "toolu_1", None)


def test_a_string_is_one_text_block_and_spelling_makes_no_difference() -> None:
    plain = asked(SHAPE, body(system="be brief"))
    blocks = asked(
        SHAPE,
        body(
            system=[{"text": "be brief", "type": "text", "cache_control": MARK}],
            messages=[{"content": [{"text": "hi", "citations": None, "type": "text"}], "role": "user"}],
        ),
    )
    assert plain.prefix.digests() == blocks.prefix.digests()
    assert pointers(plain)[0] == "/system"


def test_the_order_of_a_tools_input_is_the_models_and_counts() -> None:
    other = CALL | {"input": {"a": 2, "b": 1}}
    one, two = (segments(asked(SHAPE, body(messages=[{"role": "assistant", "content": [call]}])))[0] for call in (CALL, other))
    assert one.ordered != two.ordered
    assert (one.canonical, one.arguments) == (two.canonical, two.arguments)


def test_markers_cover_what_stands_before_them() -> None:
    request = asked(
        SHAPE,
        body(
            tools=[TOOL | {"cache_control": HOUR}],
            system=[{"type": "text", "text": "be brief", "cache_control": None}],
            messages=[
                {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": MARK}]},
                {"role": "user", "content": [RESULT | {"content": [{"type": "text", "text": "x", "cache_control": MARK}]}]},
            ],
        ),
    )
    assert request.breakpoints == (Breakpoint(1, "1h"), Breakpoint(3, "5m"), Breakpoint(4, "5m"))


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({"type": "text", "text": "hi"}, (Breakpoint(2, "5m", automatic=True),)),
        ({"type": "text", "text": "hi", "cache_control": MARK}, (Breakpoint(2, "5m"),)),
        ({"type": "text", "text": ""}, (Breakpoint(1, "5m", automatic=True),)),
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, (Breakpoint(1, "5m", automatic=True),)),
    ],
)
def test_the_automatic_marker_stands_on_the_last_block_that_can_carry_one(last: Any, expected: Any) -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "first"}, last]}
    assert asked(SHAPE, body(messages=[message], cache_control=MARK)).breakpoints == expected


def test_deferred_tools_are_no_positions_and_the_others_keep_their_place() -> None:
    later = TOOL | {"name": "later", "defer_loading": True}
    search = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
    request = asked(SHAPE, body(tools=[later, TOOL, search]))
    assert pointers(request)[:2] == ["/tools/1", "/tools/2"]
    assert request.deferred
    assert not asked(SHAPE, body(tools=[TOOL])).deferred


def test_no_tools_offers_nothing() -> None:
    assert asked(SHAPE, body()).offered == frozenset()


def test_server_tools_answer_themselves() -> None:
    content = [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": {"type": "web_search_tool_result_error"}},
        {"type": "tool_use", "id": "srvtoolu_2", "name": "web_search", "input": {}},
        {"type": "tool_result", "tool_use_id": "srvtoolu_2", "content": "x"},
        {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "read", "server_name": "s", "input": {}},
        {"type": "novelty", "x": 1},
    ]
    request = asked(SHAPE, body(messages=[{"role": "assistant", "content": content}]))
    call, result = Kind.SERVER_TOOL_CALL, Kind.SERVER_TOOL_RESULT
    assert kinds(request) == [call, result, call, result, call, Kind.OTHER]
    assert segments(request)[1].is_error


@pytest.mark.parametrize(
    ("block", "retrieved"),
    [
        ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "facts"}}, True),
        ({"type": "search_result", "title": "t", "source": "s", "content": [{"type": "text", "text": "facts"}]}, True),
        ({"type": "text", "text": "<documents>\n<document>long facts about it</document></documents>\nWhy?"}, True),
        ({"type": "text", "text": '<context id="1">long facts about it</context>'}, True),
        ({"type": "text", "text": "Read the <context> tag below, which holds what was found, and then answer."}, False),
        ({"type": "text", "text": "A long instruction that stands around it and is the most of it. <context>x</context>"}, False),
    ],
)
def test_declared_passages_are_known(block: Any, retrieved: bool) -> None:
    segment = segments(asked(SHAPE, body(messages=[{"role": "user", "content": [block]}])))[0]
    assert segment.retrieved is retrieved


def test_what_bytes_do_not_measure_is_told_apart() -> None:
    image = {"type": "image", "source": {"type": "base64", "data": "x" * 500}}
    request = asked(SHAPE, body(messages=[{"role": "user", "content": [{"type": "text", "text": "see"}, image]}]))
    assert 500 < request.unsized < request.length


@pytest.mark.parametrize("messages", [None, "hi", 3, {"role": "user"}, ["hi"], [None], [[]]])
def test_a_body_without_messages_is_none(messages: Any) -> None:
    with pytest.raises(Rejected, match="unknown_body"):
        asked(SHAPE, body(messages=messages))


@pytest.mark.parametrize("given", [{"system": 3}, {"system": {"a": 1}}, {"tools": "x"}])
def test_members_of_another_kind_are_refused(given: Any) -> None:
    with pytest.raises(Rejected):
        asked(SHAPE, body(**given))


def test_broken_text_is_named_where_it_stands() -> None:
    sent = {"messages": b'[{"role":"user","content":"ok"},{"role":"user","content":"\\ud800"}]', "max_tokens": b"1"}
    request = SHAPE.request(sent, "", "/b", "c", Interner(), segments(asked(SHAPE, body()))[0].locus)
    assert request.broken == (("lone_surrogate", "/messages/1/content"),)


def test_what_is_sent_again_is_not_parsed_again() -> None:
    intern = Interner()
    turns = [{"role": "user" if at % 2 == 0 else "assistant", "content": f"turn {at} " + "x" * 200} for at in range(60)]
    given = {"system": [{"type": "text", "text": "s" * 3000}], "tools": [TOOL] * 5}
    new = 0
    for count in range(1, 61, 2):
        asked(SHAPE, body(messages=turns[:count], **given), intern=intern)
        new = sum(len(str(turn)) for turn in turns[:count]) + 5000
        assert intern.parsed_bytes <= new


def test_parameters_are_short_or_digests() -> None:
    request = asked(SHAPE, body(tool_choice={"type": "any"}, thinking={"type": "enabled", "budget_tokens": 1024, "display": "omitted"}))
    assert request.params["tool_choice"] == '{"type":"any"}'
    assert len(request.params["thinking"]) == 16
    assert request.forced_tool
    assert request.max_output == 100


# --- responses ------------------------------------------------------------------------------------------------------------


def message(*content: Any, stop: str = "end_turn", **usage: Any) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5", "content": list(content), "stop_reason": stop,
        "usage": {"input_tokens": 3, "output_tokens": 9} | usage,
    }  # fmt: skip


def test_an_answer_is_the_segment_it_becomes() -> None:
    content = [
        {"signature": "s", "type": "thinking", "thinking": "hm"},
        {"citations": None, "type": "text", "text": "yes"},
        CALL | {"caller": {"type": "direct"}},
    ]
    answer = SHAPE.response(message(*content, stop="tool_use"), "/response/body", 200)
    assert sent_back(
        answer, asked(SHAPE, body(messages=[{"role": "assistant", "content": [content[0], {"text": "yes", "type": "text"}, CALL]}]))
    )
    assert [each.pointer for each in answer.answers] == [f"/response/body/content/{at}" for at in range(3)]
    (call,) = answer.calls
    assert (call.id, call.state, call.pointer, call.server) == ("toolu_1", ArgumentState.PARSED, "/response/body/content/2", False)


def test_usage_is_total_and_keeps_what_was_recorded() -> None:
    given = {
        "cache_read_input_tokens": 3733, "cache_creation_input_tokens": 4550,
        "cache_creation": {"ephemeral_5m_input_tokens": 4000, "ephemeral_1h_input_tokens": 550},
    }  # fmt: skip
    usage = SHAPE.response(message({"type": "text", "text": "x"}, **given), "", 200).usage
    assert usage is not None
    assert (usage.input, usage.plain, usage.cache_write_5m, usage.cache_write_1h) == (8286, 3, 4000, 550)
    assert usage.convention is Convention.EXCLUSIVE
    assert usage.recorded["cache_creation.ephemeral_5m_input_tokens"] == 4000
    assert usage.recorded["input_tokens"] == 3


def test_what_was_not_recorded_is_unknown() -> None:
    usage = SHAPE.response(message({"type": "text", "text": "x"}), "", 200).usage
    assert usage is not None
    assert (usage.cache_read, usage.cache_write, usage.cache_write_5m) == (None, None, None)
    assert SHAPE.response(message() | {"usage": None}, "", 200).usage is None


def test_a_last_call_under_max_tokens_is_cut() -> None:
    answer = SHAPE.response(message(CALL, CALL | {"id": "toolu_2"}, stop="max_tokens"), "", 200)
    assert [call.state for call in answer.calls] == [ArgumentState.PARSED, ArgumentState.CUT]


def test_a_refusal_gives_its_code_and_no_text() -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "secret"}}
    answer = SHAPE.response(error, "", 400)
    assert (answer.error_type, answer.complete) == ("invalid_request_error", True)
    assert "secret" not in repr(answer)
    assert SHAPE.response({"type": "error", "error": {"type": "free text, no code"}}, "", 400).error_type == ""


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"content": None}, {"content": [None, 3]}, {"usage": []}])
def test_any_payload_is_read(payload: Any) -> None:
    assert SHAPE.response(payload, "", 200).calls == ()


# --- streams --------------------------------------------------------------------------------------------------------------

START = {
    "type": "message_start",
    "message": message() | {"content": [], "stop_reason": None, "usage": {"input_tokens": 3, "output_tokens": 1}},
}
END = [{"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 30}}, {"type": "message_stop"}]


def opened(index: int, block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **given: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind} | given}


def closed(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


TEXT = [opened(0, {"type": "text", "text": ""}), delta(0, "text_delta", text="le"), delta(0, "text_delta", text="t me"), closed(0)]
STREAMED_CALL = [
    opened(1, {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {}}),
    delta(1, "input_json_delta", partial_json=""),
    delta(1, "input_json_delta", partial_json='{"b":1,'),
    delta(1, "input_json_delta", partial_json='"a":2}'),
    closed(1),
]


def test_a_whole_stream() -> None:
    answer = streamed(SHAPE, sse_text(START, *TEXT, {"type": "ping"}, *STREAMED_CALL, *END, named=True))
    assert told(answer) == [
        ("message_start", None, "", 1),
        ("content_block_start", 0, "text", 1),
        ("content_block_delta", 0, "text_delta", 2),
        ("content_block_stop", 0, "", 1),
        ("ping", None, "", 1),
        ("content_block_start", 1, "tool_use", 1),
        ("content_block_delta", 1, "input_json_delta", 3),
        ("content_block_stop", 1, "", 1),
        ("message_delta", None, "tool_use", 1),
        ("message_stop", None, "", 1),
    ]
    assert (answer.stop, answer.complete, answer.id) == ("tool_use", True, "msg_1")
    assert answer.usage is not None
    assert (answer.usage.output, answer.usage.input, answer.usage.placeholder_output) == (30, 3, False)
    assert answer.calls[0].state is ArgumentState.PARSED
    later = asked(SHAPE, body(messages=[{"role": "assistant", "content": [{"type": "text", "text": "let me"}, CALL]}]))
    assert sent_back(answer, later)
    assert answer.stream is not None
    assert (answer.stream.total, answer.stream.host) == (13, "host.example")


def test_a_stream_without_message_delta_knows_only_the_placeholder() -> None:
    answer = streamed(SHAPE, sse_text(START, *TEXT))
    assert answer.usage is not None
    assert answer.usage.placeholder_output
    assert (answer.complete, answer.stop) == (False, "")


def test_the_last_usage_overwrites_and_is_never_added() -> None:
    first = START | {"message": message(cache_creation_input_tokens=10, cache_creation={"ephemeral_5m_input_tokens": 10})}
    last = [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 61, "output_tokens": 5}}]
    same = streamed(SHAPE, sse_text(first, *last)).usage
    assert same is not None
    assert (same.input, same.output, same.cache_write_5m) == (71, 5, 10)
    last[0]["usage"] = {"output_tokens": 5, "cache_creation_input_tokens": 700}
    moved = streamed(SHAPE, sse_text(first, *last)).usage
    assert moved is not None
    assert (moved.cache_write, moved.cache_write_5m, moved.cache_write_1h) == (700, None, None)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (STREAMED_CALL[:3], ArgumentState.CUT),
        ([STREAMED_CALL[0]], ArgumentState.CUT),
        ([*STREAMED_CALL[:2], closed(1), *END], ArgumentState.EMPTY),
        ([*STREAMED_CALL[:3], closed(1), *END], ArgumentState.INVALID),
        ([*STREAMED_CALL[:3], closed(1), END[0] | {"delta": {"stop_reason": "max_tokens"}}, END[1]], ArgumentState.CUT),
        ([*STREAMED_CALL[:4]], ArgumentState.PARSED),
    ],
)
def test_the_state_of_arguments(events: list[Any], state: ArgumentState) -> None:
    (call,) = streamed(SHAPE, sse_text(START, *events)).calls
    assert call.state is state
    assert bool(call.arguments) is (state in (ArgumentState.PARSED, ArgumentState.EMPTY))


def test_an_error_after_200_leaves_its_code() -> None:
    answer = streamed(SHAPE, sse_text(START, {"type": "error", "error": {"type": "overloaded_error", "message": "secret"}}, named=True))
    assert told(answer)[-1] == ("error", None, "overloaded_error", 1)
    assert answer.stream is not None
    assert answer.stream.error_type == "overloaded_error"
    assert not answer.complete


def test_thinking_and_citations_are_put_together() -> None:
    events = [
        opened(0, {"type": "thinking", "thinking": "", "signature": ""}),
        delta(0, "thinking_delta", thinking="h"),
        delta(0, "thinking_delta", thinking="m"),
        delta(0, "signature_delta", signature="sig"),
        closed(0),
        opened(1, {"type": "text", "text": "", "citations": []}),
        delta(1, "text_delta", text="so"),
        delta(1, "citations_delta", citation={"cited_text": "x"}),
        closed(1),
    ]
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "text", "text": "so", "citations": [{"cited_text": "x"}]},
    ]
    later = asked(SHAPE, body(messages=[{"role": "assistant", "content": content}]))
    assert sent_back(streamed(SHAPE, sse_text(START, *events, *END)), later)


def test_events_that_cannot_be_read_are_counted() -> None:
    answer = streamed(SHAPE, sse_text(START, "{not json", '""', "[]", *END))
    assert answer.stream is not None
    assert answer.stream.unreadable == 1


@pytest.mark.parametrize("index", [None, "0", -1, [1], True, 10**20])
def test_odd_indices_break_nothing(index: Any) -> None:
    events = [event | {"index": index} for event in (*TEXT, *STREAMED_CALL)]
    assert streamed(SHAPE, sse_text(START, *events, *END)).complete


# --- legacy completions ---------------------------------------------------------------------------------------------------


def test_a_legacy_completion() -> None:
    request = asked(SHAPE, {"model": "claude-2.1", "prompt": "\n\nHuman: hi", "max_tokens_to_sample": 7}, "/v1/complete")
    assert (pointers(request), request.max_output) == (["/prompt"], 7)
    answer = SHAPE.response({"completion": " yes", "stop_reason": "stop_sequence", "model": "claude-2.1"}, "", 200)
    assert (answer.stop, answer.complete, answer.model) == ("stop_sequence", True, "claude-2.1")


def test_a_legacy_stream_ends_with_its_stop_reason() -> None:
    parts = [
        {"type": "completion", "completion": " y", "stop_reason": None},
        {"type": "completion", "completion": "es", "stop_reason": None},
    ]
    end = {"type": "completion", "completion": "", "stop_reason": "stop_sequence"}
    whole = streamed(SHAPE, sse_text(*parts, end, named=True), "/v1/complete")
    assert told(whole) == [("completion", None, "", 2), ("completion", None, "stop_sequence", 1)]
    assert whole.complete
    assert not streamed(SHAPE, sse_text(*parts, named=True), "/v1/complete").complete
