"""One provider call that several recorders tell of is one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seamaudit.ingest.duplicates import Copied
from seamaudit.ingest.same_call import MOST
from seamaudit.trace import Clock, Need
from tests.ingest.recordings import Read, written

AT = 1790000000.0
ID = "chatcmpl-C1KMEUDb1vVwsROQUCZTgG6A6vtWo"


def record(
    id: str = ID, asked: str = "hi", said: str = "hello", at: float | None = AT, host: str = "api.openai.com", **beside: Any
) -> dict[str, Any]:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    answer = {"role": "assistant", "content": said}
    body = {"id": id, "model": "gpt-5.2", "choices": [{"message": answer, "finish_reason": "stop"}], "usage": usage}
    request = {"model": "gpt-5.2", "messages": [{"role": "user", "content": asked}]}
    return {
        **({} if at is None else {"timestamp": at}),
        "request": {"url": f"https://{host}/v1/chat/completions", "body": request},
        "response": {"status_code": 200, "body": body},
        **beside,
    }


def read(tmp_path: Path, *files: list[dict[str, Any]]) -> Read:
    return Read(*(written(tmp_path / f"{number}.jsonl", rows) for number, rows in enumerate(files)))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_record_that_names_who_bills_is_kept_with_what_the_other_knows(tmp_path: Path, order: tuple[int, int]) -> None:
    rows = [record(), record(host="gateway.internal", at=AT + 1, conversation="c1", team="core", cost_usd=0.25)]
    found = read(tmp_path, [rows[at] for at in order])
    (kept,), (copy,) = found.exchanges, found.copies
    assert (kept.host, kept.thread.conversation, kept.attribution.team) == ("api.openai.com", "c1", "core")
    assert kept.recorded_cost == 250_000_000_000
    assert (copy.how, copy.emitter, copy.kept, copy.tokens) == (
        Copied.RECORDED_AGAIN,
        "pairs (gateway.internal)",
        "pairs (api.openai.com)",
        11,
    )
    assert copy.witness == (kept.locus,)


def test_one_recorders_two_files_hold_one_call(tmp_path: Path) -> None:
    found = read(tmp_path, [record(at=None)], [record(at=None)])
    assert (len(found.exchanges), len(found.copies)) == (1, 1)


def test_a_line_that_was_shipped_twice_is_one_call(tmp_path: Path) -> None:
    assert len(read(tmp_path, [record(conversation="c"), record(conversation="c")]).exchanges) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"host": "gateway.internal", "id": "chatcmpl-another"},
        {"host": "gateway.internal", "asked": "bye"},
        {"host": "gateway.internal", "said": "hello again"},
        {"host": "gateway.internal", "id": ""},
        {"at": AT + 1},
        {"conversation": "another"},
        {"at": None},
    ],
)
def test_other_calls_are_none(tmp_path: Path, other: dict[str, Any]) -> None:
    assert len(read(tmp_path, [record(), record(**other)]).exchanges) == 2


def test_an_id_that_very_many_share_is_made_up(tmp_path: Path) -> None:
    rows = [record(host=f"h{number}.test") for number in range(MOST + 1)]
    assert len(read(tmp_path, rows).exchanges) == MOST + 1
    assert len(read(tmp_path, rows[1:]).exchanges) == 1


SESSION = {
    "sessionId": "s1",
    "isSidechain": False,
    "version": "2.1.20",
    "uuid": "u1",
    "parentUuid": None,
    "timestamp": "2026-09-21T14:13:25.000Z",
}


def session(id: str) -> list[dict[str, Any]]:
    """A Claude Code session of one answer."""
    usage = {"input_tokens": 4, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "output_tokens": 2}
    answer = {"id": id, "model": "claude-sonnet-4-5-20250929", "role": "assistant", "content": [{"type": "text", "text": "hello"}]}
    return [
        {**SESSION, "uuid": "u0", "type": "user", "message": {"role": "user", "content": "hi"}},
        {
            **SESSION,
            "parentUuid": "u0",
            "type": "assistant",
            "requestId": "r1",
            "message": {**answer, "stop_reason": "end_turn", "usage": usage},
        },
    ]


def wire(id: str, at: float) -> dict[str, Any]:
    """The same call as a proxy recorded it."""
    answer = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn"}
    usage = {"input_tokens": 4, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "output_tokens": 2}
    body = {"id": id, "model": "claude-sonnet-4-5-20250929", **answer, "usage": usage}
    request = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return {
        "timestamp": at,
        "request": {"url": "https://api.anthropic.com/v1/messages", "body": request},
        "response": {"status_code": 200, "body": body},
    }


@pytest.mark.parametrize(
    ("id", "again", "late", "calls"),
    [
        ("msg_01MXWxhWoPSgrYhjTuMDM6F1", "msg_01MXWxhWoPSgrYhjTuMDM6F1", 2, 1),
        ("msg_01MXWxhWoPSgrYhjTuMDM6F1", "msg_01MXWxhWoPSgrYhjTuMDM6F1", 3600, 2),
        ("msg_01MXWxhWoPSgrYhjTuMDM6F1", "msg_016o6A7zDmgjucf5mWv1rrPD", 2, 2),
        ("msg_1", "msg_1", 2, 2),
    ],
)
def test_a_session_and_a_proxy_that_saw_it_are_told_together_by_the_providers_id(
    tmp_path: Path, id: str, again: str, late: float, calls: int
) -> None:
    found = read(tmp_path, session(id), [wire(again, AT + late)])
    assert len(found.exchanges) == calls
    if calls == 1:
        assert found.exchanges[0].format == "pairs"
        assert found.exchanges[0].thread.conversation == "s1"
        assert found.copies[0].emitter == "claude-code"


LONG_ANSWER = "It is clear in Oslo at 12 degrees, and it rains in Bergen all day at 9 degrees."


def retold(format: str = "codex", id: str = "", said: str = LONG_ANSWER, **beside: Any) -> dict[str, Any]:
    """A call as another recorder tells of it, who keeps no ids."""
    row = record(id=id, said=said, host="", **beside)
    return row | {"recorded_as": {"format": format, "level": "B", "provider": "openai"}}


def original(**beside: Any) -> dict[str, Any]:
    """The same as it was sent."""
    return record(said=LONG_ANSWER, **beside)


def test_a_recorder_that_keeps_no_ids_is_matched_by_all_that_it_tells(tmp_path: Path) -> None:
    found = read(tmp_path, [original(at=AT)], [retold(at=AT + 2, cost_usd=0.5, conversation="c1")])
    (kept,), (copy,) = found.exchanges, found.copies
    assert (kept.format, kept.thread.conversation, kept.recorded_cost) == ("pairs", "c1", 500_000_000_000)
    assert (copy.known_by, copy.confidence, copy.emitter) == ("usage_and_words", "medium", "codex")


@pytest.mark.parametrize(
    "other",
    [
        {"said": LONG_ANSWER.replace("9", "8")},
        {"asked": "bye"},
        {"at": AT + 6},
        {"at": None},
        {"id": "chatcmpl-another"},
        {"format": "pairs"},
    ],
    ids=str,
)
def test_equal_tokens_alone_join_nothing(tmp_path: Path, other: dict[str, Any]) -> None:
    assert len(read(tmp_path, [original()], [retold(**other)]).exchanges) == 2


def test_short_answers_are_equal_by_chance(tmp_path: Path) -> None:
    assert len(read(tmp_path, [record(said="yes")], [retold(said="yes")]).exchanges) == 2


def test_another_models_answer_is_another_call(tmp_path: Path) -> None:
    other = retold()
    other["request"]["body"]["model"] = other["response"]["body"]["model"] = "gpt-5.2-mini"
    assert len(read(tmp_path, [original()], [other]).exchanges) == 2


def test_another_count_of_cached_tokens_is_another_call(tmp_path: Path) -> None:
    rows = [original(), retold()]
    for row, cached in zip(rows, (0, 5), strict=True):
        row["response"]["body"]["usage"]["prompt_tokens_details"] = {"cached_tokens": cached}
    assert len(read(tmp_path, rows[:1], rows[1:]).exchanges) == 2


def test_calls_that_were_made_twice_at_once_stay_two(tmp_path: Path) -> None:
    twice = [original(), original(id=ID[::-1] + "1")]
    found = read(tmp_path, twice, [retold(), retold()])
    assert (len(found.exchanges), len(found.copies)) == (2, 2)
    assert len(read(tmp_path, twice[:1], [retold(), retold()]).exchanges) == 2


def test_three_recorders_of_one_call_tell_of_one_call(tmp_path: Path) -> None:
    found = read(tmp_path, [original(host="gateway.internal")], [original()], [retold()], [retold("opencode", at=AT + 1)])
    assert (len(found.exchanges), len(found.copies)) == (1, 3)
    assert {copy.witness for copy in found.copies} == {(found.exchanges[0].locus,)}


def test_the_exact_record_is_kept_with_the_counts_that_only_another_has(tmp_path: Path) -> None:
    silent = original()
    del silent["response"]["body"]["usage"]
    found = read(tmp_path, [silent], [retold(id=ID)])
    (kept,) = found.exchanges
    assert (kept.format, kept.usage and kept.usage.input) == ("pairs", 9)
    assert Need.USAGE not in kept.lacks


def test_a_record_without_a_clock_gets_the_time_of_the_one_with_its_id(tmp_path: Path) -> None:
    (kept,) = read(tmp_path, [original(at=None)], [retold(id=ID)]).exchanges
    assert (kept.format, kept.times.started, kept.clock) == ("pairs", AT, Clock.WALL)
    assert Need.TIME not in kept.lacks
