"""Trajectories of benchmarks: which messages were calls, and whose prompt holds what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seamaudit.trace import Level
from tests.ingest.recordings import Read, told


def document(path: Path, value: Any) -> Read:
    path.write_text(json.dumps(value, indent=1))
    return Read(path)


def simulation(*messages: Any) -> dict[str, Any]:
    info = {"agent_info": {"llm": "claude-sonnet-4-5"}, "user_info": {"llm": "azure/gpt-4.1"}}
    return {"info": info, "simulations": [{"id": "s1", "termination_reason": "x", "messages": list(messages)}]}


def test_a_simulated_user_is_a_call_of_its_own_and_a_greeting_is_none(tmp_path: Path) -> None:
    used = {"prompt_tokens": 10, "completion_tokens": 2}
    own = {"id": "u1", "name": "look", "arguments": {}, "requestor": "user"}
    found = document(
        tmp_path / "results.json",
        simulation(
            {"role": "assistant", "content": "Hi! How can I help?", "usage": None, "cost": 0.0},
            {"role": "user", "content": None, "tool_calls": [own], "usage": used, "cost": 0.1},
            {"role": "tool", "id": "u1", "content": "rain", "requestor": "user"},
            {"role": "user", "content": "it rains", "usage": used, "cost": 0.1},
            {"role": "assistant", "content": "So it does.", "usage": used, "cost": 0.2},
        ),
    )
    assert [(each.side, each.provider, each.level) for each in found.exchanges] == [
        ("user", "azure", Level.COUNTERS),
        ("user", "azure", Level.COUNTERS),
        ("", "anthropic", Level.MESSAGES),
    ]
    assert told(found.exchanges[2]) == ["assistant text", "user text"]
    assert sum(each.recorded_cost or 0 for each in found.exchanges) == 400_000_000_000


def test_a_demonstration_in_a_history_was_not_answered_by_the_model(tmp_path: Path) -> None:
    found = document(
        tmp_path / "a.traj",
        {
            "trajectory": [{"action": "ls", "observation": "x", "response": "do ls"}],
            "history": [
                {"role": "system", "content": "s"},
                {"role": "assistant", "content": "as shown", "is_demo": True},
                {"role": "user", "content": "go"},
                {"role": "assistant", "content": "do ls"},
            ],
            "info": {},
        },
    )
    assert told(found.exchanges[0]) == ["system text", "assistant text", "user text"]


def test_what_an_environment_says_without_a_call_is_said_by_the_user(tmp_path: Path) -> None:
    steps = [
        {"step_id": 1, "source": "user", "message": "go"},
        {
            "step_id": 2,
            "source": "agent",
            "message": "ls",
            "observation": {"results": [{"content": "a b"}]},
            "metrics": {"prompt_tokens": 5},
        },
        {"step_id": 3, "source": "agent", "message": "done", "model_name": "anthropic/claude-sonnet-4-5"},
    ]
    found = document(tmp_path / "a.json", {"schema_version": "ATIF-v1.6", "session_id": "s", "agent": {"name": "x"}, "steps": steps})
    first, second = found.exchanges
    assert told(second) == ["user text", "assistant text", "user text"]
    assert (first.usage and first.usage.input, second.usage, second.provider) == (5, None, "anthropic")
    assert (first.clock, first.times.started) == ("sequence", None)
