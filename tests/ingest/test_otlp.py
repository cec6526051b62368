"""OpenTelemetry traces: which spans are calls, what counts mean, and what is told when something is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seamaudit.evidence import EvidenceRef, collect
from seamaudit.ingest.formats.otlp import OtlpLines
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.reread import Rereader
from seamaudit.ingest.shapes import shape_of
from seamaudit.ingest.sources import discover
from seamaudit.trace import Convention, Level, Need
from tests.ingest.recordings import DATA, Read, at_hand, told, written
from tests.ingest.test_truth import FOLDER

TRACE = "5b8aa5a2d2c872e8321cf37308d69df2"


def value(held: Any) -> Any:
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue"}
    name = kinds.get(type(held), "stringValue")
    return {name: str(held) if name == "intValue" else held}


def span(id: str, said: dict[str, Any], *, parent: str = "", start: int = 1_780_000_000, **more: Any) -> dict[str, Any]:
    attributes = [{"key": key, "value": value(held)} for key, held in said.items()]
    times = {"startTimeUnixNano": f"{start}000000000", "endTimeUnixNano": f"{start + 1}000000000"}
    return {"traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": id, **times, "attributes": attributes, **more}


def export(*spans: Any) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}]}


def chat(**said: Any) -> dict[str, Any]:
    named = {name.replace("__", "."): held for name, held in said.items()}
    return {"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.provider.name": "anthropic"} | named


def read(folder: Path, *rows: Any) -> Read:
    return Read(written(folder / "trace.jsonl", rows))


def test_the_lowest_call_is_the_call_and_those_above_sum_it_up(tmp_path: Path) -> None:
    used = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2}
    spans = [span("c", chat() | used, parent="b"), span("b", {"name": "a step"}, parent="a"), span("a", chat() | used)]
    found = read(tmp_path, export(spans[0]), export(spans[1]), export(spans[2]))
    assert [draft.duplicate_key for draft in found.drafts] == [f"otlp/{TRACE}/c"]


def test_parents_in_a_circle_end(tmp_path: Path) -> None:
    found = read(tmp_path, export(span("a", chat(), parent="b"), span("b", {}, parent="a")))
    assert len(found.exchanges) == 1


def test_a_span_that_was_exported_twice_is_one_call(tmp_path: Path) -> None:
    one = span("a", chat() | {"gen_ai.usage.input_tokens": 10})
    found = read(tmp_path, export(one), export(one))
    assert (len(found.exchanges), len(found.copies)) == (1, 1)


def test_what_is_no_model_call_is_none(tmp_path: Path) -> None:
    used = {"gen_ai.usage.input_tokens": 10, "gen_ai.request.model": "m"}
    others = [
        {"gen_ai.operation.name": "embeddings"} | used,
        {"gen_ai.operation.name": "invoke_agent"} | used,
        {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 4} | used,
        {"ai.operationId": "ai.embed.doEmbed"} | used,
        {"ai.operationId": "ai.generateText"} | used,
        {"traceloop.span.kind": "workflow"} | used,
        {"llm.request.type": "rerank"} | used,
        {"http.method": "GET"},
    ]
    found = read(tmp_path, export(*(span(str(at), said) for at, said in enumerate(others))))
    assert (found.reading.recognised, found.drafts) == ({0: "otlp"}, [])


@pytest.mark.parametrize(
    ("counts", "total", "convention"),
    [
        ({"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read.input_tokens": 900}, 1000, Convention.INCLUSIVE),
        ({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.cache_read.input_tokens": 900}, 1000, Convention.EXCLUSIVE),
        ({"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read_input_tokens": 900}, 1000, Convention.UNKNOWN),
        (
            {
                "gen_ai.usage.input_tokens": 1000,
                "gen_ai.usage.cache_read_input_tokens": 900,
                "gen_ai.usage.output_tokens": 5,
                "llm.usage.total_tokens": 1905,
            },
            1900,
            Convention.EXCLUSIVE,
        ),
        ({"gen_ai.usage.input_tokens": 1000}, 1000, Convention.UNKNOWN),
        ({"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}, None, None),
        ({}, None, None),
    ],
)
def test_what_input_means_is_documented_or_decided_by_arithmetic(
    tmp_path: Path, counts: dict[str, int], total: int | None, convention: Convention | None
) -> None:
    (exchange,) = read(tmp_path, export(span("a", chat() | counts))).exchanges
    usage = exchange.usage
    assert (usage and usage.input, usage and usage.convention) == (total, convention)
    assert (Need.USAGE in exchange.lacks) is (total is None)


def test_what_the_vercel_sdk_hands_through_of_anthropic_is_exclusive(tmp_path: Path) -> None:
    own = {"usage": {"input_tokens": 7, "cache_read_input_tokens": 5}, "cacheCreationInputTokens": 100, "cacheReadInputTokens": 5}
    said = {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.provider": "anthropic.messages",
        "ai.model.id": "claude-sonnet-4-5",
        "ai.usage.promptTokens": 7,
        "ai.usage.completionTokens": 3,
        "ai.response.providerMetadata": json.dumps({"anthropic": own}),
        "ai.response.finishReason": "tool-calls",
    }
    (exchange,) = read(tmp_path, export(span("a", said))).exchanges
    assert exchange.usage is not None
    assert (exchange.usage.input, exchange.usage.plain, exchange.usage.cache_write, exchange.usage.cache_read) == (112, 7, 100, 5)
    assert exchange.response is not None
    assert (exchange.provider, exchange.api, exchange.response.stop) == ("anthropic", "anthropic.messages", "tool_use")


def test_messages_that_were_cut_off_are_missing_and_said_to_be(tmp_path: Path) -> None:
    said = chat() | {"gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","cont', "gen_ai.usage.input_tokens": 5}
    (exchange,) = read(tmp_path, export(span("a", said))).exchanges
    assert exchange.lacks[Need.PROMPT] == "the messages were cut off at a length"
    assert exchange.level is Level.COUNTERS


@pytest.mark.parametrize(
    ("said", "message", "status", "code"),
    [
        ({"error.type": "429"}, "", 429, "429"),
        ({"error.type": "RateLimitError"}, "Error code: 429 - {'error': 'secret'}", 429, "RateLimitError"),
        ({"error.type": "APIError", "http.response.status_code": 529}, "", 529, "APIError"),
        ({"error.type": "ReadTimeout"}, "", None, "ReadTimeout"),
    ],
)
def test_a_failed_call_has_its_status_where_one_is_told(
    tmp_path: Path, said: dict[str, Any], message: str, status: int | None, code: str
) -> None:
    (exchange,) = read(tmp_path, export(span("a", chat() | said, status={"code": 2, "message": message}))).exchanges
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.error_type) == (status, code)
    assert (Need.RESPONSE in exchange.lacks) is (status is None)


def test_numbers_in_names_cost_no_memory(tmp_path: Path) -> None:
    said = chat() | {"gen_ai.prompt.999999999.role": "user", "gen_ai.prompt.999999999.content": "hi", "gen_ai.prompt.3.content": "first"}
    (exchange,) = read(tmp_path, export(span("a", said))).exchanges
    assert told(exchange) == ["user text", "user text"]


def test_a_value_that_holds_no_span_is_no_trace(tmp_path: Path) -> None:
    found = read(tmp_path, export(span("a", chat())), {"resourceSpans": "x"})
    assert [fault.cause for fault in found.faults] == ["not_an_exchange"]


@at_hand("otlp")
def test_recorded_spans_are_read_as_they_stand() -> None:
    path = DATA / "otlp" / "vercel-ai-v6" / "all-spans.json"
    spans = json.loads(path.read_text())
    calls = [each["attributes"] for each in spans if each["name"].endswith((".doGenerate", ".doStream"))]
    exchanges = Read(path).exchanges
    assert len(exchanges) == len(calls) == 4
    assert [exchange.response and exchange.response.id for exchange in exchanges] == [each["ai.response.id"] for each in calls]
    used = [(exchange.usage.input, exchange.usage.output) for exchange in exchanges if exchange.usage]
    assert used == [(each["gen_ai.usage.input_tokens"], each["gen_ai.usage.output_tokens"]) for each in calls]
    prompts = [json.loads(each["ai.prompt.messages"]) for each in calls]
    assert [len(told(exchange)) for exchange in exchanges] == [len(prompt) for prompt in prompts]
    assert len({exchange.thread.id for exchange in exchanges}) == 4
    first = exchanges[-1].times
    assert first.started is not None
    assert first.first_byte is not None
    assert round(first.first_byte - first.started, 4) == 0.4269


@at_hand("otlp")
def test_recorded_spans_without_a_model_are_no_calls() -> None:
    found = Read(DATA / "otlp" / "test-traces.json")
    assert (found.reading.recognised, found.drafts, found.faults) == ({0: "otlp"}, [], [])
    assert Read(DATA / "otlp" / "module1_output.json").reading.recognised == {}


def test_a_quotation_is_read_again_where_the_span_stands() -> None:
    path = str(FOLDER / "otlp" / "latest.jsonl")
    (source,) = discover([path]).sources
    exchange = Read(Path(path)).exchanges[1]
    place = exchange.place(2)
    ref = EvidenceRef(now=place)
    (evidence,) = collect([ref], Rereader(Reader(), [source]), {0: OtlpLines(shape_of)}, show_content=True)
    assert evidence is not None
    assert evidence.now is not None
    assert (place.line, evidence.note) == (2, "")
    assert evidence.now.text == "Is it raining in Oslo and in Bergen?"
