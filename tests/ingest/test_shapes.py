"""Which shape a body is of; and that no body, payload or stream, however odd, breaks one."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamaudit.ingest import jsontext, sse
from seamaudit.ingest.formats.base import Rejected
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.shapes import SHAPES, shape_of
from seamaudit.trace import Kind, Locus, Request, Response
from tests.ingest.bodies import LOCUS, resolve, segments

CHAT = ("model", "messages")


@pytest.mark.parametrize(
    ("path", "keys", "api"),
    [
        ("/v1/messages", CHAT, "anthropic.messages"),
        ("/v1/messages?beta=true", CHAT, "anthropic.messages"),
        ("/v1/complete", ("model", "prompt", "max_tokens_to_sample"), "anthropic.messages"),
        ("/model/anthropic.claude-3%3A0/invoke", ("anthropic_version", "messages"), "anthropic.messages"),
        ("/v1/projects/p/publishers/anthropic/models/m:streamRawPredict", ("anthropic_version", "messages"), "anthropic.messages"),
        ("/v1/chat/completions", CHAT, "openai.chat"),
        ("<OLLAMA_API_BASE>/chat/completions", CHAT, "openai.chat"),
        ("/openai/deployments/d/chat/completions", ("messages",), "openai.chat"),
        ("/serving-endpoints/e/invocations", CHAT, "openai.chat"),
        ("/v1/responses", ("model", "input"), "openai.responses"),
        ("/v1/responses/", ("model", "previous_response_id", "input"), "openai.responses"),
        ("/v1beta/models/gemini:generateContent", ("contents",), "gemini.generate"),
        ("/v1beta/models/gemini:streamGenerateContent", ("contents", "tools"), "gemini.generate"),
        ("/model/m/converse", ("messages",), "bedrock.converse"),
        ("/model/m/converse-stream", ("messages", "toolConfig"), "bedrock.converse"),
        ("/model/amazon.nova-lite-v1%3A0/invoke", ("messages", "inferenceConfig"), "bedrock.converse"),
        ("", (*CHAT, "max_tokens", "system"), "anthropic.messages"),
        ("", CHAT, "openai.chat"),
        ("", ("messages",), "openai.chat"),
        ("", ("model", "input", "instructions"), "openai.responses"),
        ("", ("contents", "generationConfig"), "gemini.generate"),
        ("", ("modelId", "messages", "inferenceConfig"), "bedrock.converse"),
    ],
)
def test_the_shape_of_a_request(path: str, keys: tuple[str, ...], api: str) -> None:
    shape = shape_of(path, frozenset(keys))
    assert shape is not None
    assert shape.api == api


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/v1/messages/count_tokens", CHAT),
        ("/v1/messages/batches", ("requests",)),
        ("/v1/embeddings", ("model", "input")),
        ("/v1/moderations", ("model", "input")),
        ("/v1/images/generations", ("model", "prompt")),
        ("/v1/audio/transcriptions", ("model", "file")),
        ("/v1/completions", ("model", "prompt")),
        ("/v1/models", ()),
        ("/api/chat", CHAT),
        ("/v1beta/models/gemini:countTokens", ("contents",)),
        ("/v1beta/models/gemini:embedContent", ("content",)),
        ("/v1beta/models/gemini:batchEmbedContents", ("requests",)),
        ("/model/amazon.titan-text-express-v1/invoke", ("inputText",)),
        ("", ("model", "input")),
        ("", ()),
    ],
)
def test_what_is_no_model_call_has_no_shape(path: str, keys: tuple[str, ...]) -> None:
    assert shape_of(path, frozenset(keys)) is None


@pytest.mark.parametrize(
    ("answer", "api"),
    [
        ({"type": "message", "content": []}, "anthropic.messages"),
        ('event: message_start\ndata: {"type":"message_start"}', "anthropic.messages"),
        ({"choices": []}, "openai.chat"),
        ('data: {"choices":[]}', "openai.chat"),
        (None, "openai.chat"),
    ],
)
def test_without_a_path_the_answer_decides(answer: Any, api: str) -> None:
    shape = shape_of("", frozenset({*CHAT, "max_tokens"}), answer)
    assert shape is not None
    assert shape.api == api


# --- anything goes in -------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "type",
        "role",
        "content",
        "text",
        "tool_use",
        "tool_result",
        "tool_calls",
        "function",
        "id",
        "name",
        "input",
        "arguments",
        "messages",
        "contents",
        "parts",
        "system",
        "tools",
        "model",
        "cache_control",
        "cachePoint",
        "user",
        "assistant",
        "message",
        "output",
        "usage",
        "choices",
        "delta",
        "index",
        "candidates",
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "response",
        "output_item.added",
        "response.output_item.added",
        "output_index",
        "item",
        "error",
        "function_call",
        "functionCall",
        "args",
        "toolUse",
        "toolUseId",
        "finish_reason",
        "finishReason",
        "stop_reason",
        "stopReason",
        "content_block",
        "input_json_delta",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | WORDS | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.api)


@shapes
@settings(max_examples=150, deadline=None)
@given(body=st.dictionaries(WORDS, JSON, max_size=6), messages=st.lists(st.dictionaries(WORDS, JSON, max_size=5), max_size=4))
def test_any_body_is_read_or_refused(shape: Any, body: dict[str, Any], messages: list[Any]) -> None:
    sent = body | {"messages": messages, "contents": messages, "input": messages}
    raw = {key: json.dumps(value).encode() for key, value in sent.items()}
    try:
        request = shape.request(raw, "", "", "c", Interner(), LOCUS)
    except (Rejected, jsontext.Unparsable):
        return
    for position in range(request.prefix.length):
        resolve(sent, request.prefix.pointer(position))
    assert all(0 < mark.position <= request.prefix.length for mark in request.breakpoints)
    assert len(segments(request)) == request.prefix.length


@shapes
@settings(max_examples=150, deadline=None)
@given(payload=JSON | st.dictionaries(WORDS, JSON, max_size=6), status=st.none() | st.sampled_from([200, 400]))
def test_any_payload_is_read(shape: Any, payload: Any, status: int | None) -> None:
    assert isinstance(shape.response(payload, "", status), Response)


@shapes
@settings(max_examples=150, deadline=None)
@given(events=st.lists(JSON | st.dictionaries(WORDS, JSON, max_size=6), max_size=8), partial=st.booleans())
def test_any_stream_is_read(shape: Any, events: list[Any], partial: bool) -> None:
    split = [sse.SseEvent("", json.dumps(event), at) for at, event in enumerate(events)]
    answer = shape.stream(split, partial, "", 200, "", "")
    assert answer.stream is not None
    assert answer.stream.total == len(events)
    assert sum(event.count for event in answer.stream.events) >= len(answer.stream.events)
    assert not (partial and answer.complete)


# --- real recordings, where they are at hand --------------------------------------------------------------------------------

PAIRS = Path(os.environ.get("SEAMAUDIT_DATA", Path(__file__).parents[3] / "shared" / "data")) / "pairs"
recorded = pytest.mark.skipif(not PAIRS.is_dir(), reason="no recordings here")


@pytest.fixture(scope="module")
def exchanges() -> list[tuple[str, str, dict[str, Any], Request, Response]]:
    return list(_exchanges())


def _exchanges() -> Iterator[tuple[str, str, dict[str, Any], Request, Response]]:
    raw = msgspec.json.Decoder(dict[str, msgspec.Raw])
    intern = Interner()
    for file in sorted(PAIRS.glob("*.jsonl")):
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            record = json.loads(line)
            body = {key: bytes(value) for key, value in raw.decode(raw.decode(raw.decode(line)["request"])["body"]).items()}
            url = urlsplit(record["request"]["url"])
            shape = shape_of(url.path, frozenset(body))
            if shape is None:
                continue
            conversation = f"{file.name}/{record['conversation']}"
            request = shape.request(body, url.path, "/request/body", conversation, intern, Locus(0, number, 0, len(line)))
            given = record["response"]
            if isinstance(given.get("body_raw"), str):
                response = shape.stream(*sse.split(given["body_raw"]), "/response/body_raw", given["status_code"], url.netloc, url.path)
            else:
                response = shape.response(given.get("body"), "/response/body", given["status_code"])
            yield shape.api, conversation, record, request, response


@recorded
def test_every_recorded_call_has_a_shape(exchanges: list[Any]) -> None:
    assert Counter(each[0] for each in exchanges) == {
        "anthropic.messages": 393, "openai.chat": 649, "openai.responses": 214, "gemini.generate": 203, "bedrock.converse": 115,
    }  # fmt: skip


@recorded
def test_usage_is_read_wherever_it_was_recorded(exchanges: list[Any]) -> None:
    for _, _, record, _, response in exchanges:
        body = record["response"].get("body")
        text = json.dumps(body) if body else record["response"].get("body_raw") or ""
        written = any(word in text.replace(" ", "") for word in ('"usage":{', '"usageMetadata":{'))
        assert response.usage is not None or not written


@recorded
def test_every_position_is_where_its_pointer_says(exchanges: list[Any]) -> None:
    for _, _, record, request, _ in exchanges:
        body = record["request"]["body"]
        for position in range(request.prefix.length):
            resolve(body, request.prefix.pointer(position))


@recorded
def test_calls_come_back_as_the_segments_they_become(exchanges: list[Any]) -> None:
    """Most clients send a call back as it came; some sort the arguments' keys or write their JSON anew."""
    asked, answered = defaultdict(dict[str, list[bytes]]), defaultdict(dict[str, bytes])
    for api, conversation, _, request, response in exchanges:
        for segment in request.prefix.segments():
            if segment.kind is Kind.TOOL_CALL and segment.call_id:
                asked[api].setdefault(conversation + segment.call_id, []).append(segment.ordered)
        calls = [call for call in response.calls if not call.server]
        blocks = [answer for answer in response.answers if answer.kind is Kind.TOOL_CALL]
        answered[api] |= {conversation + call.id: block.ordered for call, block in zip(calls, blocks, strict=True) if call.id}
    hits = {
        api: sum(digest in asked[api][key] for key, digest in calls.items() if key in asked[api]) / len(asked[api].keys() & calls.keys())
        for api, calls in answered.items()
    }
    assert hits["anthropic.messages"] > 0.7
    assert hits["openai.chat"] > 0.85
    assert hits["openai.responses"] > 0.9
    assert hits["gemini.generate"] > 0.9
    assert hits["bedrock.converse"] > 0.9
