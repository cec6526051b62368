"""OpenCode sessions: steps, attempts, compactions, and tools that never ended."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

from seamaudit.trace import Need
from tests.ingest.recordings import Read, told

START = 1_780_000_000_000
NUMBERS = count()


def info(role: str, **more: Any) -> dict[str, Any]:
    model = {"modelID": "claude-sonnet-4-5", "providerID": "anthropic"} if role == "assistant" else {}
    return {"id": f"msg_{next(NUMBERS)}", "sessionID": "ses_1", "role": role, "time": {"created": START}, **model, **more}


def user(text: str) -> dict[str, Any]:
    return {"info": info("user"), "parts": [{"type": "text", "text": text}]}


def says(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"info": info("assistant", **more), "parts": list(parts)}


def finish(sent: int = 10, **more: Any) -> dict[str, Any]:
    return {
        "type": "step-finish",
        "reason": "stop",
        "tokens": {"input": sent, "output": 5, "reasoning": 0, "cache": {"read": 90, "write": 0}},
    } | more


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def tool(status: str, **state: Any) -> dict[str, Any]:
    return {"type": "tool", "callID": "c1", "tool": "bash", "state": {"status": status, "input": {}, **state}}


def read(folder: Path, *messages: Any, **session: Any) -> Read:
    path = folder / "session.json"
    path.write_text(json.dumps({"info": {"id": "ses_1", **session}, "messages": messages}, indent=1))
    return Read(path)


def test_each_step_is_a_call_and_the_message_repeats_the_last(tmp_path: Path) -> None:
    steps = [{"type": "step-start"}, tool("completed", output="ok"), finish(), {"type": "step-start"}, text("well"), finish(20)]
    exchanges = read(tmp_path, user("hi"), says(*steps, tokens={"input": 20, "output": 5})).exchanges
    assert [(each.usage.input, each.usage.cache_read) for each in exchanges if each.usage] == [(100, 90), (110, 90)]
    assert told(exchanges[1]) == ["user text", "assistant tool_call c1", "tool tool_result c1"]
    assert [each.provider for each in exchanges] == ["anthropic"] * 2


def test_a_message_without_steps_is_one_call(tmp_path: Path) -> None:
    (exchange,) = read(tmp_path, user("hi"), says(text("well"), tokens={"input": 7, "output": 5, "cache": {"read": 3}})).exchanges
    assert exchange.usage is not None
    assert exchange.usage.input == 10


def test_a_tool_that_never_ended_has_no_result(tmp_path: Path) -> None:
    found = read(tmp_path, user("hi"), says({"type": "step-start"}, tool("running"), finish()), user("on"), says(text("well"))).exchanges
    assert told(found[1]) == ["user text", "assistant tool_call c1", "user text"]


def test_a_tools_error_is_its_result(tmp_path: Path) -> None:
    found = read(
        tmp_path, user("hi"), says({"type": "step-start"}, tool("error", error="Error: no"), finish()), user("on"), says(text("well"))
    )
    assert [segment.failed for segment in found.exchanges[1].request.prefix.segments()] == [False, False, True, False]


def test_attempts_that_failed_are_calls_with_their_number(tmp_path: Path) -> None:
    retry = {
        "type": "retry",
        "attempt": 2,
        "error": {"name": "APIError", "data": {"message": "secret", "statusCode": 529}},
        "time": {"created": START + 1},
    }
    failed, answered = read(tmp_path, user("hi"), says({"type": "step-start"}, retry, text("well"), finish())).exchanges
    assert failed.response is not None
    assert failed.attempt is not None
    assert (failed.response.status, failed.response.error_type, failed.attempt.number) == (529, "APIError", 2)
    assert not answered.refused


def test_a_call_that_was_aborted_has_no_answer(tmp_path: Path) -> None:
    (exchange,) = read(
        tmp_path, user("hi"), says({"type": "step-start"}, text("we"), error={"name": "MessageAbortedError", "data": {}})
    ).exchanges
    assert {Need.RESPONSE, Need.USAGE} <= exchange.lacks.keys()


def test_a_compaction_begins_the_prompt_anew(tmp_path: Path) -> None:
    exchanges = read(
        tmp_path, user("hi"), says(text("well")), says(text("so far"), summary=True), user("on"), says(text("fine")), parentID="ses_0"
    ).exchanges
    assert [(each.side, each.intended) for each in exchanges] == [("subagent", ""), ("compaction", ""), ("subagent", "compaction")]
    assert told(exchanges[2]) == ["assistant text", "user text"]
