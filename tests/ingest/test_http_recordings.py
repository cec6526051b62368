"""Cassettes, HAR files and Helicone rows: bodies in any dress, streams, and what is passed over."""

from __future__ import annotations

import base64
import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from seamaudit.ingest import yamltext
from seamaudit.ingest.faults import Cause
from seamaudit.ingest.jsontext import Unparsable
from seamaudit.trace import Level, Need
from tests.ingest.recordings import DATA, Read, at_hand, told, written

URL = "https://api.anthropic.com/v1/messages"
SENT = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
GOT = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
STREAM = "".join(
    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
    for event in (
        {"type": "message_start", "message": {**GOT, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    )
)


def interaction(body: Any = None, **response: Any) -> dict[str, Any]:
    got = {"status": {"code": 200}, "headers": {}, "body": {"string": json.dumps(GOT) if body is None else body}} | response
    return {"request": {"method": "POST", "uri": URL, "body": json.dumps(SENT), "headers": {}}, "response": got}


def cassette(folder: Path, *interactions: Any) -> Read:
    path = folder / "cassette.yaml"
    path.write_text(yaml.safe_dump({"interactions": list(interactions), "version": 1}))
    return Read(path)


@pytest.mark.parametrize("body", [STREAM, STREAM.encode(), gzip.compress(STREAM.encode())])
def test_a_stream_is_one_in_any_dress(tmp_path: Path, body: Any) -> None:
    (exchange,) = cassette(tmp_path, interaction(body)).exchanges
    response = exchange.response
    assert response is not None
    assert response.stream is not None
    assert (response.stream.grammar, response.stop, response.id) == ("anthropic", "end_turn", "msg_1")
    assert response.at == "/interactions/0/response/body/string"
    assert (exchange.provider, exchange.level) == ("anthropic", Level.WIRE)


def test_a_refusal_is_one(tmp_path: Path) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "secret"}}
    (exchange,) = cassette(tmp_path, interaction(json.dumps(error), status={"code": 529}, headers={"retry-after": ["3"]})).exchanges
    assert exchange.response is not None
    assert (exchange.refused, exchange.response.error_type) == (True, "overloaded_error")
    assert exchange.attempt is not None
    assert exchange.attempt.retry_after == 3


def test_a_body_that_cannot_be_unpacked_is_missing(tmp_path: Path) -> None:
    (exchange,) = cassette(tmp_path, interaction(b"\x1f\x8b\x08nonsense")).exchanges
    assert exchange.response is not None
    assert exchange.response.complete is False


def test_what_is_sent_to_a_provider_and_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = interaction() | {"request": {"method": "POST", "uri": URL, "body": "{oops}", "headers": {}}}
    elsewhere = interaction() | {"request": {"method": "POST", "uri": "https://example.org/x", "body": "{", "headers": {}}}
    counted = interaction() | {"request": {"method": "POST", "uri": f"{URL}/count_tokens", "body": json.dumps(SENT), "headers": {}}}
    found = cassette(tmp_path, broken, elsewhere, counted, interaction())
    assert [(fault.cause, fault.locus.pointer) for fault in found.faults] == [(Cause.NOT_JSON, "/interactions/0")]
    assert [draft.locus.pointer for draft in found.drafts] == ["/interactions/3"]


def test_tags_of_other_languages_are_what_they_stand_on() -> None:
    text = b"a: !ruby/object:Foo {b: 1}\nc: !binary |-\n  aGk=\nd: !!python/unicode 'x'\ne: 2026-05-28 20:26:40\nf: !!binary aGk="
    assert yamltext.parse(text) == {"a": {"b": 1}, "c": b"hi", "d": "x", "e": "2026-05-28 20:26:40", "f": b"hi"}


def test_aliases_that_multiply_are_refused() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(Unparsable):
        yamltext.parse("\n".join(rows).encode())
    assert yamltext.parse(b"a: &x [1]\nb: *x") == {"a": [1], "b": [1]}


@pytest.mark.parametrize("text", [b"[" * 100_000, b"- " * 5000, b"a: [", b"\xff\xfe\x00", b"a: !!binary '*'", b"? [a]\n: b", b"&a [*a]"])
def test_text_that_is_no_yaml_is_refused(text: bytes) -> None:
    with pytest.raises(Unparsable):
        yamltext.parse(text)


def entry(**response: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-05-28T20:26:40.000Z",
        "time": 2000,
        "request": {"method": "POST", "url": URL, "headers": [], "postData": {"text": json.dumps(SENT)}},
        "response": {"status": 200, "headers": [], "content": {"text": json.dumps(GOT)}} | response,
        "timings": {"blocked": -1, "send": 1, "wait": 499, "receive": 1500},
    }


def har(folder: Path, *entries: Any, name: str = "a.har") -> Path:
    path = folder / name
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}))
    return path


def test_a_connection_that_died_has_no_status(tmp_path: Path) -> None:
    (exchange,) = Read(har(tmp_path, entry(status=0, content={}, _error="net::ERR"))).exchanges
    assert exchange.response is None
    assert Need.RESPONSE in exchange.lacks


def test_a_stream_that_the_browser_left_out_is_missing(tmp_path: Path) -> None:
    (exchange,) = Read(har(tmp_path, entry(content={"mimeType": "text/event-stream"}))).exchanges
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.complete) == (200, False)


def test_an_entry_in_two_files_is_one_call(tmp_path: Path) -> None:
    packed = entry(content={"encoding": "base64", "text": base64.b64encode(STREAM.encode()).decode()})
    found = Read(har(tmp_path, packed), har(tmp_path, packed, name="b.har"))
    assert (len(found.exchanges), len(found.copies)) == (1, 1)
    times = found.exchanges[0].times
    assert (times.started, times.first_byte, times.ended) == (1_780_000_000, 1_780_000_000.5, 1_780_000_002)


def test_a_helicone_row_tells_what_its_body_does_not(tmp_path: Path) -> None:
    row = {
        "request_id": "r1",
        "request_created_at": "2026-05-28T20:26:40.000Z",
        "request_path": "/v1/messages",
        "request_body": SENT,
        "response_body": {name: held for name, held in GOT.items() if name != "usage"},
        "provider": "ANTHROPIC",
        "response_status": 200,
        "prompt_tokens": 3,
        "prompt_cache_read_tokens": 100,
        "completion_tokens": 2,
    }
    (exchange,) = Read(written(tmp_path / "a.jsonl", [row])).exchanges
    assert exchange.usage is not None
    assert (exchange.usage.input, exchange.provider, exchange.api) == (103, "anthropic", "anthropic.messages")
    assert told(exchange) == ["user text"]
    (cancelled,) = Read(written(tmp_path / "b.jsonl", [row | {"response_status": -3, "response_body": {}, "request_body": {}}])).exchanges
    assert cancelled.level is Level.COUNTERS


def _like(read: Read) -> list[tuple[Any, ...]]:
    """What must be the same of an exchange, however it was recorded."""
    out = []
    for draft in read.drafts:
        response = draft.response
        told = response and (response.status, response.id, response.stop, response.usage, [call.id for call in response.calls])
        events = response.stream.events if response and response.stream else ()
        prompt = tuple(each.ordered for each in draft.request.prefix.segments())
        out.append((draft.api, draft.provider, draft.request.model, prompt, told, events, draft.attempt))
    return out


def _as_cassette(row: dict[str, Any]) -> dict[str, Any]:
    sent, got = row["request"], row["response"]
    body = got["body_raw"] if isinstance(got.get("body_raw"), str) else json.dumps(got.get("body"))
    asked = {"method": "POST", "uri": sent.get("url"), "headers": sent.get("headers") or {}, "body": json.dumps(sent["body"])}
    return {
        "request": asked,
        "response": {"status": {"code": got.get("status_code")}, "headers": got.get("headers") or {}, "body": {"string": body}},
    }


def _as_entry(row: dict[str, Any]) -> dict[str, Any]:
    told = _as_cassette(row)
    asked, answered = told["request"], told["response"]
    return entry() | {
        "startedDateTime": f"2026-05-28T20:{row['n'] % 60:02}:{len(asked['body']) % 60:02}Z",
        "request": {
            "method": "POST",
            "url": asked["uri"],
            "headers": [{"name": name, "value": held} for name, held in asked["headers"].items()],
            "postData": {"text": asked["body"]},
        },
        "response": {
            "status": answered["status"]["code"],
            "headers": [{"name": name, "value": held} for name, held in answered["headers"].items()],
            "content": {"text": answered["body"]["string"]},
        },
    }


@at_hand("pairs")
def test_recorded_pairs_are_the_same_exchanges_in_a_cassette_and_in_a_har_file(tmp_path: Path) -> None:
    with (DATA / "pairs" / "cassettes.jsonl").open() as file:
        rows = [json.loads(line) for line in islice(file, 0, 1100, 9)]
    rows = [row for row in rows if isinstance(row["request"].get("body"), dict) and row["request"].get("url")]
    pairs = Read(written(tmp_path / "pairs.jsonl", rows))
    assert len(pairs.drafts) > 80
    path = tmp_path / "cassette.json"
    path.write_text(json.dumps({"interactions": [_as_cassette(row) for row in rows], "version": 1}))
    assert _like(Read(path)) == _like(pairs)
    assert _like(Read(har(tmp_path, *map(_as_entry, rows)))) == _like(pairs)
