"""Gemini CLI chats: which messages are calls, what is counted where, and what a compression leaves unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seamaudit.trace import Need
from tests.ingest.recordings import DATA, Read, at_hand, told

HEAD = {"sessionId": "s1", "projectHash": "p", "startTime": "2026-01-15T20:51:48.582Z"}
FILE = DATA / "gemini-cli" / "session.json"


def said(kind: str, content: Any, second: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{kind}{second}", "timestamp": f"2026-01-15T20:51:{second:02}.000Z", "type": kind, "content": content, **more}


def tokens(sent: int, got: int = 5, thought: int = 0, cached: int = 0) -> dict[str, int]:
    return {"input": sent, "output": got, "cached": cached, "thoughts": thought, "tool": 0, "total": sent + got + thought}


def answer(second: int, sent: int, content: Any = "well", **more: Any) -> dict[str, Any]:
    return said("gemini", content, second, tokens=tokens(sent), model="gemini-2.5-pro") | more


def read(folder: Path, *messages: Any) -> Read:
    path = folder / "session.json"
    path.write_text(json.dumps(HEAD | {"messages": messages}, indent=1))
    return Read(path)


def test_thoughts_are_counted_beside_the_output(tmp_path: Path) -> None:
    (exchange,) = read(tmp_path, said("user", "hi", 1), answer(2, 0, tokens=tokens(100, 5, 20, cached=40))).exchanges
    assert exchange.usage is not None
    assert (exchange.usage.input, exchange.usage.output, exchange.usage.reasoning, exchange.usage.plain) == (100, 25, 20, 60)


def test_a_call_that_was_cancelled_without_a_result_is_told_as_it_was(tmp_path: Path) -> None:
    call = {"id": "c1", "name": "ls", "args": {}, "status": "cancelled", "timestamp": "2026-01-15T20:51:03.000Z"}
    found = read(tmp_path, said("user", "hi", 1), answer(2, 9, "", toolCalls=[call]), said("user", "no", 4), answer(5, 9)).exchanges
    assert told(found[1]) == ["user text", "assistant tool_call c1", "user text"]
    assert found[1].times.started == found[0].times.started + 3 if found[0].times.started else False


def test_a_prompt_of_a_fraction_is_one_that_was_compressed(tmp_path: Path) -> None:
    found = read(tmp_path, said("user", "hi", 1), answer(2, 100_000), said("user", "on", 3), answer(4, 20_000)).exchanges
    assert [(exchange.intended, Need.PROMPT in exchange.lacks) for exchange in found] == [("", False), ("compaction", True)]


def test_a_failed_call_keeps_its_status_and_not_its_words(tmp_path: Path) -> None:
    words = '[API Error: {"error":{"code":429,"message":"secret"}}]'
    found = read(tmp_path, said("user", "hi", 1), said("error", words, 2), said("error", "No such file", 3), answer(4, 9)).exchanges
    assert [exchange.response.status if exchange.response else None for exchange in found] == [429, 200]


@at_hand("gemini-cli")
def test_a_recorded_chat_is_read_as_it_stands() -> None:
    messages = json.loads(FILE.read_text())["messages"]
    paid = [message for message in messages if (message.get("tokens") or {}).get("total")]
    exchanges = Read(FILE).exchanges
    assert len(exchanges) == len(paid) == 10
    assert [exchange.usage.total if exchange.usage else None for exchange in exchanges] == [message["tokens"]["total"] for message in paid]
    assert all(
        exchange.usage and (exchange.usage.input or 0) + (exchange.usage.output or 0) == exchange.usage.total for exchange in exchanges
    )
    assert [exchange.usage.cache_read if exchange.usage else None for exchange in exchanges] == [
        message["tokens"]["cached"] for message in paid
    ]
    made = [call["id"] for message in messages for call in message.get("toolCalls", ())]
    assert [call.id for exchange in exchanges for call in (exchange.response.calls if exchange.response else ())] == made
    assert [each.split()[-1] for each in told(exchanges[-1]) if "tool_result" in each] == made
    assert {exchange.thread.id for exchange in exchanges} == {"f7633853-6663-4dbb-bbf4-6159afa29df8"}
