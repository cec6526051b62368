"""Inspect logs: archives within bounds, attachments and pools in their places, and only calls that were made."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import zstandard

from seamaudit.ingest.archive import Archive
from seamaudit.ingest.faults import Cause
from seamaudit.ingest.inflate import Limits
from seamaudit.ingest.rejected import Rejected
from seamaudit.trace import Level, Need
from tests.ingest.recordings import DATA, Read, at_hand, told

HEADER = {"version": 2, "status": "success", "eval": {"run_id": "r", "task": "t"}}


def model(**more: Any) -> dict[str, Any]:
    return {
        "event": "model",
        "timestamp": "2026-05-28T20:26:40+00:00",
        "model": "anthropic/claude-sonnet-4-5",
        "input": [{"role": "user", "content": "hi"}],
        "tools": [],
        "config": {},
        "output": {
            "model": "claude-sonnet-4-5",
            "choices": [{"message": {"role": "assistant", "content": "hello"}, "stop_reason": "stop"}],
            "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 105, "input_tokens_cache_read": 100},
        },
    } | more


def log(folder: Path, *events: Any, **sample: Any) -> Read:
    path = folder / "log.json"
    path.write_text(json.dumps(HEADER | {"samples": [{"id": 1, "epoch": 1, "events": events} | sample]}))
    return Read(path)


def zipped(path: Path, members: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, held in members.items():
            out.writestr(name, held if isinstance(held, bytes) else json.dumps(held))
    return path


def test_usage_is_exclusive_and_what_was_not_kept_is_said(tmp_path: Path) -> None:
    (exchange,) = log(tmp_path, model()).exchanges
    assert exchange.usage is not None
    assert (exchange.usage.input, exchange.usage.plain, exchange.usage.cache_read, exchange.usage.cache_write) == (103, 3, 100, None)
    assert exchange.response is not None
    assert (exchange.level, exchange.provider, exchange.api, exchange.response.stop) == (
        Level.MESSAGES,
        "anthropic",
        "anthropic.messages",
        "end_turn",
    )
    assert Need.CACHE_CONTRACT in exchange.lacks


def test_what_inspect_answered_itself_was_no_call(tmp_path: Path) -> None:
    assert log(tmp_path, model(cache="read"), {"event": "tool"}).drafts == []
    assert len(log(tmp_path, model(cache="write")).drafts) == 1


def test_a_failed_call_is_one_without_an_answer(tmp_path: Path) -> None:
    failed = model(error="Error code: 429 - slow down", output={"model": "m", "choices": []})
    (exchange,) = log(tmp_path, failed).exchanges
    assert exchange.response is not None
    assert (exchange.refused, exchange.response.status) == (True, 429)
    (cancelled,) = log(tmp_path, model(error="Cancelled by operator", output={"model": "m", "choices": []})).exchanges
    assert Need.RESPONSE in cancelled.lacks


def test_a_tools_error_is_its_result(tmp_path: Path) -> None:
    call = {"id": "c1", "function": "f", "arguments": {}, "type": "function"}
    said = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "function": "f", "content": "", "error": {"type": "timeout", "message": "Error: timed out"}},
    ]
    found = log(tmp_path, model(input=said)).exchanges[0]
    assert told(found) == ["user text", "assistant tool_call c1", "tool tool_result c1"]
    assert [segment.failed for segment in found.request.prefix.segments()] == [False, False, True]


def test_references_that_add_up_to_too_much_cost_the_call(tmp_path: Path) -> None:
    id = "0" * 32
    events = [model(input=[{"role": "user", "content": f"attachment://{id}"}] * 50), model(uuid="b")]
    found = log(tmp_path, *events, attachments={id: "x" * 1_000_000})
    assert ([fault.cause for fault in found.faults], len(found.drafts)) == ([Cause.OVERSIZE], 1)
    found = log(tmp_path, model(input=[], input_refs=[[0, 1000]] * 1000), message_pool=[{"role": "user", "content": "x"}] * 1000)
    assert ([fault.cause for fault in found.faults], found.drafts) == ([Cause.OVERSIZE], [])


def test_a_member_that_is_damaged_costs_itself(tmp_path: Path) -> None:
    sample = {"id": 1, "epoch": 1, "events": [model()]}
    path = zipped(
        tmp_path / "log.eval",
        {"_journal/start.json": HEADER, "samples/1_epoch_1.json": sample, "samples/2_epoch_1.json": b"{", "samples/3_epoch_1.json": sample},
        zipfile.ZIP_STORED,
    )
    data = path.read_bytes()
    at = data.rindex(b'"hello"')
    path.write_bytes(data[:at] + b'"HELLO"' + data[at + 7 :])
    found = Read(path)
    assert [(fault.cause, fault.locus.pointer) for fault in found.faults] == [
        (Cause.NOT_JSON, "/samples~12_epoch_1.json"),
        (Cause.CORRUPT_STREAM, "/samples~13_epoch_1.json"),
    ]
    assert len(found.drafts) == 1
    tally = found.reading.accounting.total
    assert (tally.bytes, tally.rejected) == (len(data), 0)


def test_an_archive_without_its_end_is_lost_as_a_whole(tmp_path: Path) -> None:
    path = zipped(tmp_path / "log.eval", {"_journal/start.json": HEADER})
    path.write_bytes(path.read_bytes()[:-30])
    found = Read(path)
    assert ([fault.cause for fault in found.faults], found.reading.accounting.total.records) == ([Cause.CORRUPT_STREAM], 0)


def test_a_bomb_stops_at_the_bounds(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"samples/{n}": b"0" * 2_000_000 for n in range(3)})
    tight = Limits(document=1_000_000)
    assert [member.lost for member in Archive(path.read_bytes(), tight).members("samples/")] == [Cause.OVERSIZE] * 3
    rationed = Limits(grace=3_000_000, gzip_ratio=1)
    assert [member.lost for member in Archive(path.read_bytes(), rationed).members("samples/")] == [None, *[Cause.DECOMPRESSION_CAP] * 2]


def test_members_packed_with_zstandard_are_read() -> None:
    text = b'{"a": 1}' * 100
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as out:
        out.writestr("x", zstandard.compress(text))
    data = bytearray(held.getvalue())
    local, central = 0, data.rindex(b"PK\x01\x02")
    for at, size_at, crc_at in ((local + 8, local + 22, local + 14), (central + 10, central + 24, central + 16)):
        data[at : at + 2] = (93).to_bytes(2, "little")
        data[size_at : size_at + 4] = len(text).to_bytes(4, "little")
        data[crc_at : crc_at + 4] = zlib.crc32(text).to_bytes(4, "little")
    member = Archive(bytes(data)).read("x")
    assert member is not None
    assert (member.lost, member.data) == (None, text)


def test_what_is_no_archive_is_rejected() -> None:
    with pytest.raises(Rejected):
        Archive(b"PK\x03\x04 and nothing else")


@at_hand("inspect")
def test_recorded_logs_are_read_as_they_stand() -> None:
    path = next((DATA / "inspect").glob("*.eval"))
    with zipfile.ZipFile(path) as archive:
        samples = [json.loads(archive.read(name)) for name in archive.namelist() if name.startswith("samples/")]
    events = [event for sample in samples for event in sample["events"] if event["event"] == "model"]
    exchanges = Read(path).exchanges
    assert len(exchanges) == len(events) == 100
    assert sum(exchange.usage.input or 0 for exchange in exchanges if exchange.usage) == sum(
        event["output"]["usage"]["input_tokens"] + event["output"]["usage"]["input_tokens_cache_read"] for event in events
    )
    assert {exchange.response.id for exchange in exchanges if exchange.response} == {event["call"]["response"]["id"] for event in events}
    assert Counter(exchange.thread.conversation for exchange in exchanges) == Counter(sample["uuid"] for sample in samples)
    assert {exchange.level for exchange in exchanges} == {Level.WIRE}
    assert {segment.length > 40 for exchange in exchanges for segment in exchange.request.prefix.segments()} == {True}, (
        "attachments are resolved"
    )


@at_hand("inspect")
def test_a_grader_is_a_thread_of_its_own() -> None:
    path = next((DATA / "inspect").glob("*.json"))
    events = [event for sample in json.loads(path.read_text())["samples"] for event in sample["events"] if event["event"] == "model"]
    exchanges = Read(path).exchanges
    assert len(exchanges) == len(events) == 6
    assert len({exchange.thread.id for exchange in exchanges}) == 6
    assert len({exchange.thread.conversation for exchange in exchanges}) == 3
