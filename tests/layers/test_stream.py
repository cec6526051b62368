"""Playbooks of the stream layer: exchanges in, facts out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.layers.stream import CutCall, Fault, StopFault, StopMismatch, Stream, StreamFault, StreamKnobs, StreamLife, Terminal
from seamaudit.trace import ArgumentState, Exchange, Level, Need, StreamRecord, Times
from tests.builders import Event, Story, answer, call, calling, result, say, stream

F = TypeVar("F", bound=Fact)


def block(index: int, kind: str, delta: str, deltas: int = 2) -> list[Event]:
    """An Anthropic content block."""
    return [
        ("content_block_start", index, kind),
        *[("content_block_delta", index, delta)] * deltas,
        ("content_block_stop", index),
    ]


TEXT = block(0, "text", "text_delta")
END: list[Event] = [("message_delta", None, "end_turn"), "message_stop"]
ANTHROPIC: list[Event] = ["message_start", *TEXT, *END]
ANTHROPIC_CALL: list[Event] = [
    "message_start",
    *block(0, "thinking", "thinking_delta"),
    *block(1, "tool_use", "input_json_delta"),
    ("message_delta", None, "tool_use"),
    "message_stop",
]
CHAT: list[Event] = [("delta", 0, "role"), ("delta", 0, "content"), ("delta", 0, "content"), ("finish", 0, "stop"), "usage", "done"]
CHAT_CALL: list[Event] = [
    ("delta", 0, "role"),
    ("delta", 0, "tool_call_start"),
    ("delta", 0, "tool_arguments"),
    ("finish", 0, "tool_calls"),
    "done",
]
RESPONSES: list[Event] = [
    "created",
    "in_progress",
    ("output_item.added", 0, "reasoning"),
    ("output_item.done", 0, "reasoning"),
    ("output_item.added", 1, "message"),
    ("content_part.added", 1),
    ("output_text.delta", 1),
    ("output_item.done", 1, "message"),
    ("output_item.added", 2, "function_call"),
    ("function_call_arguments.delta", 2),
    ("output_item.done", 2, "function_call"),
    ("completed", None, "completed"),
]
GEMINI: list[Event] = [("chunk", None, "thought"), ("chunk", None, "text"), ("finish", None, "STOP"), "usage"]
BEDROCK: list[Event] = [
    "messageStart",
    ("contentBlockDelta", 0, "text"),
    ("contentBlockStop", 0),
    ("contentBlockStart", 1, "toolUse"),
    ("contentBlockDelta", 1, "toolUse"),
    ("contentBlockStop", 1),
    ("messageStop", None, "tool_use"),
    "metadata",
]
LEGACY: list[Event] = ["completion", "ping", "completion", ("completion", None, "stop_sequence")]

WHOLE: dict[str, list[Event]] = {
    "anthropic": ANTHROPIC_CALL,
    "chat": CHAT,
    "responses": RESPONSES,
    "gemini": GEMINI,
    "bedrock": BEDROCK,
    "legacy": LEGACY,
}
HOSTS = {"chat": "api.openai.com"}
APIS = {"chat": "openai.chat", "responses": "openai.responses", "gemini": "gemini.generate", "bedrock": "bedrock.converse"}


def replay(*exchanges: Exchange) -> list[Fact]:
    """All facts of a thread."""
    layer = Stream()
    facts = [fact for exchange in exchanges for fact in layer.feed(exchange)]
    return [*facts, *layer.close()]


def of(cls: type[F], facts: Sequence[Fact]) -> list[F]:
    """The facts of one table."""
    return [fact for fact in facts if isinstance(fact, cls)]


def told(record: StreamRecord, *, host: str | None = None, status: int | None = 200) -> list[Fact]:
    """The facts of one exchange whose answer is this stream."""
    story = Story(api=APIS.get(record.grammar, "anthropic.messages"), host=HOSTS.get(record.grammar, "h") if host is None else host)
    return replay(story.exchange(response=answer(stop="", stream=record, status=status)))


def life(grammar: str, events: Sequence[Event], **columns: object) -> StreamLife:
    """The life of one stream."""
    [only] = of(StreamLife, told(stream(grammar, events, **columns)))
    return only


def faults(grammar: str, events: Sequence[Event], host: str | None = None, **columns: object) -> list[tuple[Fault, str]]:
    """What was wrong with one stream."""
    return [(fault.fault, fault.detail) for fault in of(StreamFault, told(stream(grammar, events, **columns), host=host))]


# --- whole streams ---------------------------------------------------------------------------------------------------


def test_the_layer_is_scoped_to_a_thread() -> None:
    assert Stream().scope is Scope.THREAD


@pytest.mark.parametrize(
    ("grammar", "history"),
    [
        ("anthropic", "SRrBCcBFD"),
        ("chat", "StFUD"),
        ("responses", "SRBTtBCcBD"),
        ("gemini", "rtFU"),
        ("bedrock", "STtBCcBFU"),
        ("legacy", "tF"),
    ],
)
def test_a_whole_stream_is_complete_and_has_no_fault(grammar: str, history: str) -> None:
    facts = told(stream(grammar, WHOLE[grammar]))
    [only] = of(StreamLife, facts)
    assert (only.history, only.terminal) == (history, Terminal.COMPLETE)
    assert not only.open_block
    assert of(StreamFault, facts) == []
    assert of(Unchecked, facts) == []


def test_a_life_says_what_was_streamed() -> None:
    only = life("anthropic", ANTHROPIC)
    assert (only.grammar, only.stop, only.status, only.events, only.seconds) == ("anthropic", "end_turn", 200, 7, 5.0)
    assert only.locus.pointer == "/response/body"


def test_an_answer_that_was_not_streamed_has_no_life() -> None:
    assert replay(Story().exchange(response=answer()), Story().exchange(response=None)) == []


def test_a_body_that_is_no_stream_at_all_is_none() -> None:
    exchange = Story().exchange(response=answer(stream=stream("chat", [])), request={"streamed": False})
    assert replay(exchange) == []


def test_a_long_history_loses_its_middle() -> None:
    events: list[Event] = ["message_start"]
    for index in range(200):
        events += block(index, "tool_use", "input_json_delta")
    events += [("message_delta", None, "tool_use"), "message_stop"]
    layer = Stream(StreamKnobs(history=20))
    exchange = Story().exchange(response=answer(call(), stop="tool_use", stream=stream("anthropic", events)))
    [only] = of(StreamLife, list(layer.feed(exchange)))
    assert (len(only.history), only.history[:4], only.history[-3:]) == (20, "SCcB", "BFD")
    assert "+" in only.history


@pytest.mark.parametrize(
    ("kind", "delta"),
    [
        ("server_tool_use", "input_json_delta"),
        ("mcp_tool_use", "input_json_delta"),
        ("thinking", "signature_delta"),
        ("text", "citations_delta"),
        ("compaction", "compaction_delta"),
        ("text", "a_delta_of_tomorrow"),
    ],
)
def test_blocks_and_deltas_that_belong_together(kind: str, delta: str) -> None:
    assert faults("anthropic", ["message_start", *block(0, kind, delta), *END]) == []


def test_a_server_tool_pairs_inside_its_message() -> None:
    events = ["message_start", *block(0, "server_tool_use", "input_json_delta"), *block(1, "web_search_tool_result", "", 0)]
    only = life("anthropic", [*events, *block(2, "text", "text_delta"), *END])
    assert (only.history, only.terminal) == ("SHhBHBTtBFD", Terminal.COMPLETE)


def test_repeated_message_deltas_are_usage() -> None:
    events: list[Event] = ["message_start", *TEXT, "message_delta", ("message_delta", None, "end_turn"), "message_delta", "message_stop"]
    assert faults("anthropic", events) == []


def test_a_refusal_may_stop_the_model_in_the_middle_of_a_block() -> None:
    assert faults("anthropic", ["message_start", *TEXT[:-1], ("message_delta", None, "refusal"), "message_stop"]) == []


def test_responses_items_may_overlap() -> None:
    events: list[Event] = [
        "created",
        ("output_item.added", 0, "function_call"),
        ("output_item.added", 1, "function_call"),
        ("function_call_arguments.delta", 1),
        ("function_call_arguments.delta", 0),
        ("output_item.done", 1, "function_call"),
        ("output_item.done", 0, "function_call"),
        ("completed", None, "completed"),
    ]
    assert faults("responses", events) == []


def test_a_resumed_responses_stream_begins_in_the_middle() -> None:
    assert faults("responses", RESPONSES[6:]) == []


def test_an_incomplete_response_is_a_whole_stream() -> None:
    only = life("responses", ["created", ("output_item.added", 0, "message"), ("incomplete", None, "max_output_tokens")])
    assert (only.terminal, only.stop, only.open_block) == (Terminal.COMPLETE, "max_output_tokens", False)


def test_gemini_may_repeat_its_finish_reason_and_may_block_the_prompt() -> None:
    repeated: list[Event] = [("chunk", None, "text"), ("finish", None, "STOP"), ("chunk", None, "text"), ("finish", None, "STOP")]
    assert faults("gemini", repeated) == []
    assert life("gemini", [("blocked", None, "SAFETY")]).terminal is Terminal.COMPLETE


def test_a_terminal_event_sent_twice_harms_nobody() -> None:
    assert faults("anthropic", [*ANTHROPIC, "ping", "message_stop"]) == []
    assert faults("chat", [*CHAT, "done"]) == []


def test_a_chat_call_may_begin_at_any_index() -> None:
    events: list[Event] = [("delta", 1, "tool_call_start"), ("delta", 1, "tool_arguments"), ("finish", 0, "tool_calls"), "done"]
    assert faults("chat", events) == []


# --- how streams end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "terminal"),
    [
        ("api.perplexity.ai", Terminal.NO_TERMINAL_EXEMPT),
        ("api.gmi-serving.com", Terminal.NO_TERMINAL_EXEMPT),
        ("gateway.example", Terminal.UNMARKED),
        ("", Terminal.UNMARKED),
        ("api.openai.com", Terminal.CUT_AFTER_STOP),
        ("API.OpenAI.com:443", Terminal.CUT_AFTER_STOP),
        ("notopenai.com", Terminal.UNMARKED),
    ],
)
def test_a_chat_stream_without_done_after_its_finish(host: str, terminal: Terminal) -> None:
    facts = told(stream("chat", CHAT[:4]), host=host)
    assert of(StreamLife, facts)[0].terminal is terminal
    certain = [fault for fault in of(StreamFault, facts) if fault.confidence != "low"]
    assert certain == []


def test_a_chat_stream_without_finish_is_cut_wherever_it_comes_from() -> None:
    for host in ("api.perplexity.ai", "gateway.example", "api.openai.com"):
        [fault] = of(StreamFault, told(stream("chat", CHAT[:3]), host=host))
        assert (fault.fault, fault.detail, fault.confidence, fault.event) == (Fault.TRUNCATED, "before_stop", "high", 3)


def test_done_without_finish_is_an_end() -> None:
    assert faults("chat", [("delta", 0, "role"), ("delta", 0, "content"), "done"]) == []


def test_every_choice_must_finish() -> None:
    both: list[Event] = [("delta", 0, "content"), ("delta", 1, "content"), ("finish", 0, "stop")]
    assert faults("chat", both, host="gateway.example") == [(Fault.TRUNCATED, "before_stop")]
    assert faults("chat", [*both, ("finish", 1, "stop")], host="gateway.example") == []


def test_a_partial_event_after_the_stop_reason_is_a_cut_that_spared_the_answer() -> None:
    [fault] = of(StreamFault, told(stream("chat", CHAT[:4], partial_tail=True), host="gateway.example"))
    assert (fault.fault, fault.detail, fault.confidence, fault.seconds) == (Fault.TRUNCATED, "after_stop", "medium", None)


def test_a_partial_event_after_the_end_is_nothing() -> None:
    assert faults("chat", CHAT, partial_tail=True) == []


def test_a_cut_in_a_call_says_so() -> None:
    [fault] = of(StreamFault, told(stream("anthropic", ANTHROPIC_CALL[:7])))
    assert (fault.open_call, fault.history, fault.seconds) == (True, "SRrBCc", 5.0)
    assert life("chat", CHAT_CALL[:3]).open_call
    assert not life("chat", CHAT[:3]).open_call


def test_a_stream_that_only_pinged_was_cut() -> None:
    assert faults("anthropic", ["ping"]) == [(Fault.TRUNCATED, "before_stop")]


def test_a_stream_without_any_event_is_not_checked() -> None:
    exchange = Story().exchange(response=answer(stop="", stream=stream("anthropic", [])), request={"streamed": True})
    facts = replay(exchange)
    assert of(StreamLife, facts)[0].terminal is Terminal.EMPTY
    assert [fact.table for fact in of(Unchecked, facts)] == ["stream_faults"]
    assert of(StreamFault, facts) == []


def test_an_undecodable_stream_is_not_checked() -> None:
    facts = told(stream("bedrock", BEDROCK[:3], decodable=False))
    assert of(StreamLife, facts)[0].terminal is Terminal.UNDECODABLE
    assert len(of(Unchecked, facts)) == 1
    assert of(StreamFault, facts) == []


def test_what_the_exchange_declares_lacking_is_neither_judged_nor_said_twice() -> None:
    story = Story()
    exchange = story.exchange(response=answer(stop="", stream=stream("anthropic", ANTHROPIC[:3])), lacks={Need.STREAM: "why"})
    assert [type(fact) for fact in replay(exchange)] == [StreamLife]


def test_an_http_error_is_no_stream_fault() -> None:
    facts = told(stream("anthropic", [("error", None, "overloaded_error")]), status=529)
    assert [type(fact) for fact in facts] == [StreamLife]
    assert of(StreamLife, facts)[0].terminal is Terminal.REFUSED


def test_an_unknown_status_is_taken_for_success() -> None:
    assert len(of(StreamFault, told(stream("anthropic", ANTHROPIC[:3]), status=None))) == 1


def test_without_times_the_lost_seconds_are_unknown() -> None:
    exchange = Story().exchange(response=answer(stop="", stream=stream("anthropic", ANTHROPIC[:3])), times=Times())
    assert of(StreamFault, replay(exchange))[0].seconds is None


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grammar", "events", "code"),
    [
        ("anthropic", [*ANTHROPIC[:3], ("error", None, "overloaded_error")], "overloaded_error"),
        ("anthropic", [("error", None, "overloaded_error")], "overloaded_error"),
        ("chat", [*CHAT[:2], ("error", None, "tool_use_failed")], "tool_use_failed"),
        ("chat", [*CHAT[:2], ("error", None, "502"), "done"], "502"),
        ("chat", [*CHAT[:2], ("finish", 0, "error"), "done"], "error"),
        ("responses", [*RESPONSES[:4], ("error", None, "server_error"), ("failed", None, "failed")], "server_error"),
        ("responses", [*RESPONSES[:4], ("failed", None, "failed")], "failed"),
        ("gemini", [*GEMINI[:2], ("error", None, "503")], "503"),
        ("bedrock", [*BEDROCK[:2], "modelStreamErrorException"], "unknown"),
        ("legacy", ["completion", ("error", None, "overloaded_error")], "overloaded_error"),
    ],
)
def test_an_error_event_ends_the_stream_and_is_the_only_fault(grammar: str, events: list[Event], code: str) -> None:
    facts = told(stream(grammar, events))
    assert of(StreamLife, facts)[0].terminal is Terminal.ERROR_EVENT
    [fault] = of(StreamFault, facts)
    assert (fault.fault, fault.detail, fault.confidence) == (Fault.ERROR, code, "high")


def test_an_error_beside_its_finish_reason_is_an_error() -> None:
    record = stream("chat", [*CHAT[:2], ("finish", 0, "length"), ("error", None, "400")])
    *head, finish, error = record.events
    together = StreamRecord("chat", "", "", (*head, finish, type(error)("error", None, "400", 1, finish.event)), record.total - 1)
    assert [fault.fault for fault in of(StreamFault, told(together))] == [Fault.ERROR]


def test_an_error_after_the_stop_reason_did_not_end_the_answer() -> None:
    facts = told(stream("chat", [*CHAT[:4], ("error", None, "400"), "done"]))
    assert of(StreamLife, facts)[0].terminal is Terminal.COMPLETE
    assert [fault.fault for fault in of(StreamFault, facts)] == [Fault.ERROR_AFTER_STOP]


def test_an_error_code_is_a_code_and_short() -> None:
    [fault] = of(StreamFault, told(stream("chat", [("error", None, "x" * 500)])))
    assert len(fault.detail) == 64


# --- broken grammar --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "fault", "detail"),
    [
        (ANTHROPIC[1:], Fault.BLOCK_ORDER, "before_message_start"),
        (["message_start", *ANTHROPIC], Fault.BLOCK_ORDER, "second_message_start"),
        (["message_start", *TEXT[1:], *END], Fault.BLOCK_ORDER, "delta_outside_block"),
        (["message_start", *TEXT, TEXT[-1], *END], Fault.BLOCK_ORDER, "stop_outside_block"),
        (["message_start", *TEXT, END[0], *block(1, "text", "text_delta"), END[1]], Fault.BLOCK_ORDER, "block_after_stop"),
        (
            ["message_start", TEXT[0], ("content_block_start", 1, "text"), ("content_block_stop", 0), ("content_block_stop", 1), *END],
            Fault.BLOCK_ORDER,
            "block_inside_block",
        ),
        (["message_start", *TEXT[:-1], *block(1, "text", "text_delta"), *END], Fault.BLOCK_ORDER, "block_inside_block"),
        (["message_start", TEXT[0], *TEXT, *END], Fault.INDEX_GAP, "index_repeated"),
        (["message_start", *TEXT[:-1], *END], Fault.UNCLOSED_BLOCK, "text"),
        (["message_start", *block(1, "text", "text_delta"), *END], Fault.INDEX_GAP, "index_skipped"),
        (["message_start", *TEXT, *TEXT, *END], Fault.INDEX_GAP, "index_repeated"),
        (["message_start", *block(0, "tool_use", "text_delta"), *END], Fault.DELTA_TYPE, "text_delta_in_tool_use"),
        (["message_start", *block(0, "text", "input_json_delta"), *END], Fault.DELTA_TYPE, "input_json_delta_in_text"),
        (["message_start", *TEXT, "message_stop"], Fault.NO_STOP_REASON, "no_stop_reason"),
        ([*ANTHROPIC, *block(1, "text", "text_delta")], Fault.AFTER_END, "event_after_end"),
    ],
)
def test_what_breaks_the_anthropic_grammar(events: list[Event], fault: Fault, detail: str) -> None:
    facts = told(stream("anthropic", events))
    assert of(StreamLife, facts)[0].terminal is Terminal.COMPLETE
    assert [(found.fault, found.detail) for found in of(StreamFault, facts)] == [(fault, detail)]
    assert of(StreamFault, facts)[0].confidence == "high"


@pytest.mark.parametrize(
    ("grammar", "events", "fault", "detail"),
    [
        ("responses", [*RESPONSES[:7], RESPONSES[-1]], Fault.UNCLOSED_BLOCK, "text"),
        (
            "responses",
            ["created", ("output_text.delta", 0), ("output_item.done", 0), RESPONSES[-1]],
            Fault.BLOCK_ORDER,
            "delta_outside_item",
        ),
        ("responses", ["created", ("output_item.done", 0, "message"), RESPONSES[-1]], Fault.BLOCK_ORDER, "done_without_added"),
        (
            "responses",
            ["created", ("output_item.added", 0, "message"), ("function_call_arguments.delta", 0), ("output_item.done", 0), RESPONSES[-1]],
            Fault.DELTA_TYPE,
            "call_delta_in_text",
        ),
        ("chat", [*CHAT, ("delta", 0, "content")], Fault.AFTER_END, "event_after_end"),
        ("bedrock", [*BEDROCK[:3], BEDROCK[1], *BEDROCK[2:]], Fault.BLOCK_ORDER, "delta_outside_block"),
        ("bedrock", ["messageStart", BEDROCK[1], ("messageStop", None, "end_turn"), "metadata"], Fault.UNCLOSED_BLOCK, "text"),
    ],
)
def test_what_breaks_the_other_grammars_is_said_less_surely(grammar: str, events: list[Event], fault: Fault, detail: str) -> None:
    found = of(StreamFault, told(stream(grammar, events)))
    assert [(one.fault, one.detail, one.confidence) for one in found] == [(fault, detail, "medium")]


def test_an_open_block_of_a_cut_stream_is_the_transports() -> None:
    assert faults("anthropic", ANTHROPIC[:3]) == [(Fault.TRUNCATED, "before_stop")]


def test_unreadable_events_hide_the_grammar() -> None:
    assert faults("anthropic", ["message_start", *TEXT[1:], *END], unreadable=1) == [(Fault.UNREADABLE, "data_not_json")]
    facts = told(stream("anthropic", ANTHROPIC[:3], unreadable=1))
    assert of(StreamLife, facts)[0].terminal is Terminal.UNDECODABLE
    assert (len(of(Unchecked, facts)), of(StreamFault, facts)) == (1, [])


# --- properties ------------------------------------------------------------------------------------------------------

TERMINAL_AT = {"anthropic": -1, "chat": -1, "responses": -1, "gemini": -2, "bedrock": -2, "legacy": -1}
"""Where each whole stream's terminal event stands; what follows it in Gemini and Bedrock is usage alone."""


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_cut_before_the_terminal_event_is_one_truncation_and_nothing_else(grammar: str, data: st.DataObject) -> None:
    events = WHOLE[grammar]
    kept = data.draw(st.integers(1, len(events) + TERMINAL_AT[grammar]))
    facts = told(stream(grammar, events[:kept], partial_tail=data.draw(st.booleans())))
    assert [fault.fault for fault in of(StreamFault, facts)] == [Fault.TRUNCATED]
    assert of(StopFault, facts) == []


NOISE: list[Event] = ["ping", "tomorrow.event", ("tomorrow_event", 7, "x")]


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_pings_and_unknown_events_change_nothing(grammar: str, data: st.DataObject) -> None:
    events = WHOLE[grammar][: data.draw(st.integers(1, len(WHOLE[grammar])))]
    noisy = list(events)
    for place in data.draw(st.lists(st.integers(0, len(events)), max_size=4)):
        noisy.insert(place, data.draw(st.sampled_from(NOISE)))
    plain, disturbed = life(grammar, events), life(grammar, noisy)
    assert (plain.history, plain.terminal, plain.stop) == (disturbed.history, disturbed.terminal, disturbed.stop)
    assert faults(grammar, events) == faults(grammar, noisy)


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_any_sequence_of_events_is_read(grammar: str, data: st.DataObject) -> None:
    pool = [event for events in WHOLE.values() for event in events] + NOISE + [("error", None, "e")]
    events = data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=25))
    facts = told(stream(grammar, events, partial_tail=data.draw(st.booleans()), unreadable=data.draw(st.integers(0, 1))))
    assert len(of(StreamLife, facts)) == 1
    said = [(fault.fault, fault.detail) for fault in of(StreamFault, facts)]
    assert len(said) == len(set(said))
    assert not {Fault.TRUNCATED, Fault.ERROR} <= {fault for fault, _ in said}


# --- stop reasons and calls ------------------------------------------------------------------------------------------


def stops(api: str, stop: str, *calls: object, **request: object) -> list[StopMismatch]:
    """The contradictions of one answer that was not streamed."""
    exchange = Story(api=api).exchange(response=answer(*calls, stop=stop), request=request)  # type: ignore[arg-type]
    return [fact.fault for fact in of(StopFault, replay(exchange))]


@pytest.mark.parametrize(
    ("api", "stop"),
    [("anthropic.messages", "tool_use"), ("openai.chat", "tool_calls"), ("openai.chat", "function_call"), ("bedrock.converse", "tool_use")],
)
def test_a_tool_stop_without_a_call(api: str, stop: str) -> None:
    assert stops(api, stop) == [StopMismatch.TOOL_STOP_WITHOUT_CALL]
    assert stops(api, stop, call()) == []


@pytest.mark.parametrize(("api", "stop"), [("anthropic.messages", "end_turn"), ("openai.chat", "stop"), ("bedrock.converse", "end_turn")])
def test_a_call_without_a_tool_stop(api: str, stop: str) -> None:
    assert stops(api, stop, call()) == [StopMismatch.CALL_WITHOUT_TOOL_STOP]
    assert stops(api, stop) == []


@pytest.mark.parametrize(
    ("api", "stop"),
    [
        ("anthropic.messages", "max_tokens"),
        ("anthropic.messages", "pause_turn"),
        ("anthropic.messages", "refusal"),
        ("anthropic.messages", "model_context_window_exceeded"),
        ("anthropic.messages", "a_reason_of_tomorrow"),
        ("openai.chat", ""),
        ("openai.chat", "length"),
        ("openai.chat", "content_filter"),
        ("openai.responses", "completed"),
        ("gemini.generate", "STOP"),
        ("gemini.generate", "UNEXPECTED_TOOL_CALL"),
    ],
)
def test_stop_reasons_that_may_stand_over_calls_and_over_none(api: str, stop: str) -> None:
    assert stops(api, stop, call()) == stops(api, stop) == []


def test_a_forced_call_ends_a_chat_with_stop_but_not_a_message_with_end_turn() -> None:
    assert stops("openai.chat", "stop", call(), forced_tool=True) == []
    assert stops("anthropic.messages", "end_turn", call(), forced_tool=True) == [StopMismatch.CALL_WITHOUT_TOOL_STOP]


def test_server_tools_are_no_calls_of_the_application() -> None:
    assert stops("anthropic.messages", "end_turn", call(server=True)) == []
    assert stops("anthropic.messages", "tool_use", call(server=True)) == []


def test_a_prewarm_is_no_empty_tool_turn() -> None:
    assert stops("anthropic.messages", "max_tokens", max_output=0) == []


def test_streams_are_judged_like_whole_bodies() -> None:
    events: list[Event] = ["message_start", *TEXT, ("message_delta", None, "tool_use"), "message_stop"]
    exchange = Story().exchange(response=answer(stop="tool_use", stream=stream("anthropic", events)))
    [fact] = of(StopFault, replay(exchange))
    assert (fact.fault, fact.streamed, fact.calls) == (StopMismatch.TOOL_STOP_WITHOUT_CALL, True, 0)


@pytest.mark.parametrize(
    "record",
    [
        stream("anthropic", ["message_start", ("content_block_start", 0, "text")]),
        stream("anthropic", ["message_start", ("error", None, "overloaded_error")]),
        stream("anthropic", ANTHROPIC_CALL, unreadable=1),
        stream("anthropic", [*ANTHROPIC_CALL[:5], *ANTHROPIC_CALL[6:]]),
    ],
)
def test_no_stop_reason_is_judged_behind_a_broken_stream(record: StreamRecord) -> None:
    assert of(StopFault, replay(Story().exchange(response=answer(stop="tool_use", stream=record)))) == []


def test_a_cut_body_is_not_checked() -> None:
    facts = replay(Story().exchange(response=answer(stop="tool_use", complete=False)))
    assert [(fact.table, fact.reason) for fact in of(Unchecked, facts)] == [("stop_faults", "the response body was cut")]
    assert of(StopFault, facts) == []


def test_a_recording_of_messages_without_stop_reasons_is_not_checked() -> None:
    messages, wire = Story(level=Level.MESSAGES), Story(level=Level.WIRE)
    [fact] = of(Unchecked, replay(messages.exchange(response=answer(call(), stop=""))))
    assert (fact.table, fact.reason) == ("stop_faults", "no stop reason is recorded")
    assert replay(messages.exchange(response=answer(call(), stop="tool_use"))) == []
    assert replay(wire.exchange(response=answer(call(), stop=""))) == []


def test_a_refusal_by_http_is_not_judged() -> None:
    assert of(StopFault, replay(Story().exchange(response=answer(stop="tool_use", status=400)))) == []


# --- cut calls -------------------------------------------------------------------------------------------------------

CUT = ArgumentState.CUT
ASK = [say("user", "look it up")]


def thread(*later: Sequence[object], stop: str = "max_tokens", api: str = "anthropic.messages", **columns: object) -> list[CutCall]:
    """The cut calls that come back when a call `toolu_1` is cut and the thread goes on with these prompts."""
    story = Story(api=api)
    exchanges = [story.exchange(ASK, answer(call(state=CUT), stop=stop, **columns))]  # type: ignore[arg-type]
    exchanges += [story.exchange([*ASK, *prompt], answer()) for prompt in later]  # type: ignore[list-item]
    return of(CutCall, replay(*exchanges))


def test_a_cut_call_that_is_answered() -> None:
    [fact] = thread([calling("toolu_1"), result("toolu_1")])
    assert (fact.call, fact.tool, fact.cut_by, fact.repaired, fact.confidence) == ("toolu_1", "look", "length", True, "high")
    assert (fact.exchange, fact.locus.line, fact.locus.pointer) == (1, 2, "/request/body/messages/2")
    assert [place.line for place in fact.witness] == [1]


def test_a_cut_call_that_is_tried_again_is_none() -> None:
    assert thread([]) == []
    assert thread([say("assistant", "let me try again"), say("user", "go on")]) == []


def test_an_answer_is_counted_once_however_often_it_is_sent() -> None:
    turn = [calling("toolu_1"), result("toolu_1")]
    assert len(thread(turn, [*turn, say("assistant", "done"), say("user", "more")])) == 1


def test_an_answer_may_come_turns_later() -> None:
    assert [fact.exchange for fact in thread([], [calling("toolu_1"), result("toolu_1")])] == [2]


def test_a_result_marked_as_an_error_says_so() -> None:
    [fact] = thread([calling("toolu_1"), result("toolu_1", "arguments were cut", is_error=True)])
    assert fact.is_error is True


def test_a_chat_call_sent_back_as_it_was_cut_may_have_been_refused() -> None:
    [fact] = thread([calling("toolu_1", arguments=""), result("toolu_1")], stop="length", api="openai.chat")
    assert (fact.repaired, fact.confidence, fact.cut_by) == (False, "medium", "length")


def test_a_call_cut_by_its_stream() -> None:
    record = stream("anthropic", ["message_start", ("content_block_start", 0, "tool_use"), ("content_block_delta", 0, "input_json_delta")])
    [fact] = thread([calling("toolu_1"), result("toolu_1")], stop="", stream=record)
    assert fact.cut_by == "stream"


def test_a_whole_call_and_a_server_call_are_not_followed() -> None:
    for made in (call(), call(state=ArgumentState.INVALID), call(state=CUT, server=True), call("", state=CUT)):
        story = Story()
        first = story.exchange(ASK, answer(made, stop="max_tokens"))
        second = story.exchange([*ASK, calling(made.id), result(made.id)], answer())
        assert of(CutCall, replay(first, second)) == []


def test_an_id_that_is_used_again_is_not_followed() -> None:
    story = Story(api="openai.chat")
    turn = [calling("call_0"), result("call_0", "one")]
    again = [
        story.exchange(ASK, answer(call("call_0"), stop="tool_calls")),
        story.exchange([*ASK, *turn], answer(call("call_0", state=CUT), stop="length")),
        story.exchange([*ASK, *turn, calling("call_0"), result("call_0", "two")], answer()),
    ]
    assert of(CutCall, replay(*again)) == []
    story = Story(api="openai.chat")
    retried = [
        story.exchange(ASK, answer(call("call_0", state=CUT), stop="length")),
        story.exchange(ASK, answer(call("call_0"), stop="tool_calls")),
        story.exchange([*ASK, *turn], answer()),
    ]
    assert of(CutCall, replay(*retried)) == []
