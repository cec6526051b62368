"""Event streams as text: what is whole, what is cut, and what recorders do to line ends."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest import sse


def datas(text: str) -> list[str]:
    return [event.data for event in sse.split(text)[0]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_make_no_difference(end: str) -> None:
    text = end.join([": hello", "event: ping", 'data: {"a": 1}', "id: 7", "", 'data: {"b":2}', "", ""])
    events, partial = sse.split(text)
    assert [(event.name, event.data, event.ordinal) for event in events] == [("ping", '{"a": 1}', 0), ("", '{"b":2}', 1)]
    assert not partial


def test_data_may_stand_on_several_lines_and_keeps_its_padding() -> None:
    assert datas('data: {"a":\ndata:   1}\n\n') == ['{"a":\n  1}']
    assert datas('data: {"type":"ping"        }\n\n') == ['{"type":"ping"        }']
    assert datas('data:{"a":1}\n\n') == ['{"a":1}']


def test_line_separators_inside_data_do_not_split() -> None:
    assert datas('data: {"a":"x\u2028y\x0bz"}\n\n') == ['{"a":"x\u2028y\x0bz"}']


@pytest.mark.parametrize("tail", ["", "\n", "\n\n"])
@pytest.mark.parametrize("last", ["data: [DONE]", 'data: {"type":"message_stop"}'])
def test_dropped_final_newlines_lose_no_event(last: str, tail: str) -> None:
    events, partial = sse.split(f'data: {{"a":1}}\n\n{last}{tail}')
    assert len(events) == 2
    assert not partial


@pytest.mark.parametrize("tail", ['data: {"a":{"b":1}', "data: [DO", "dat", "data", "event: mess", "event: message_stop\n", "error: {"])
def test_a_cut_tail_is_no_event(tail: str) -> None:
    events, partial = sse.split('data: {"a":1}\n\n' + tail)
    assert [event.data for event in events] == ['{"a":1}']
    assert partial


@pytest.mark.parametrize("tail", [": keep-al", "  ", ""])
def test_comments_and_blanks_are_no_tail(tail: str) -> None:
    assert not sse.split('data: {"a":1}\n\n' + tail)[1]


def test_events_whose_blank_lines_a_recorder_dropped() -> None:
    named = 'event: a\ndata: {"n":1}\nevent: b\ndata: {"n":2}\n'
    assert [(event.name, event.data) for event in sse.split(named)[0]] == [("a", '{"n":1}'), ("b", '{"n":2}')]
    assert datas('data: {"n":1}\ndata: {"n":2}\ndata: [DONE]\n') == ['{"n":1}', '{"n":2}', "[DONE]"]


def test_an_error_line_is_an_error_event() -> None:
    events, partial = sse.split('data: {"a":1}\n\nerror: {"code":500}\n\n')
    assert [(event.name, event.data) for event in events] == [("", '{"a":1}'), ("error", '{"code":500}')]
    assert not partial


def test_other_text_holds_no_events() -> None:
    assert sse.split("method=POST pathname=/bin/chat/completions") == ([], False)
    assert sse.split('{"error":{"code":500}}') == ([], False)
    assert sse.split("") == ([], False)


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_what_was_sent_comes_back(sent: list[dict[str, str]], end: str) -> None:
    text = "".join(f"data: {json.dumps(value)}{end}{end}" for value in sent)
    assert [json.loads(data) for data in datas(text)] == sent


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), min_size=1, max_size=3), min_size=1, max_size=5), st.data())
def test_a_cut_loses_nothing_before_it(sent: list[dict[str, str]], data: st.DataObject) -> None:
    text = "".join(f"data: {json.dumps(value)}\n\n" for value in sent)
    cut = text[: data.draw(st.integers(0, len(text)))]
    events, partial = sse.split(cut)
    assert [json.loads(event.data) for event in events] == sent[: len(events)]
    assert len(events) >= cut.count("\n\n")
    assert partial or not cut.endswith(("d", "da", "dat", "data"))


@given(st.text())
def test_any_text_is_split(text: str) -> None:
    events, _ = sse.split(text)
    assert [event.ordinal for event in events] == list(range(len(events)))


# --- AWS event streams kept as text ---------------------------------------------------------------------------------------


def frame(name: str, payload: object, kind: str = "event") -> str:
    """A frame as a recorder keeps it: lengths and checksums are no UTF-8."""
    head = f":{kind}-type\x07\x00{chr(len(name))}{name}\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event"
    return f"\x00\x00\x00\ufffd\x00\x00\x00R\ufffd\x0b{head}{json.dumps(payload)}\ufffd{{\x03"


def test_frames_are_found_again() -> None:
    text = frame("messageStart", {"role": "assistant"}) + frame("contentBlockDelta", {"delta": {"text": "a } {"}})
    events, partial = sse.split(text)
    assert [(event.name, json.loads(event.data)) for event in events] == [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"delta": {"text": "a } {"}}),
    ]
    assert not partial


def test_a_cut_frame_is_a_partial_tail() -> None:
    whole = frame("messageStart", {"role": "assistant"})
    for cut in (whole + frame("messageStop", {"stopReason": "end_turn"})[:-30], whole + frame("messageStop", {})[:40]):
        events, partial = sse.split(cut)
        assert [event.name for event in events] == ["messageStart"]
        assert partial


def test_a_name_may_be_as_long_as_a_newline() -> None:
    assert sse.split(frame("abcdefghij", {"a": 1}))[0][0].name == "abcdefghij"


def test_chunks_of_invoke_model_are_unwrapped() -> None:
    inner = json.dumps({"type": "ping"})
    text = frame("chunk", {"bytes": base64.b64encode(inner.encode()).decode(), "p": "abc"})
    assert [(event.name, event.data) for event in sse.split(text)[0]] == [("", inner)]
    broken = frame("chunk", {"bytes": "%%%"})
    assert sse.split(broken)[0][0].name == "chunk"


def test_text_that_looks_like_a_header_inside_a_payload_is_text() -> None:
    payload = {"delta": {"text": ":event-type\x07\x00\x04evil"}}
    events, _ = sse.split(frame("contentBlockDelta", payload))
    assert [(event.name, json.loads(event.data)) for event in events] == [("contentBlockDelta", payload)]
