"""One truth, many spellings: the same conversation, recorded in every format, is the same calls, pairs, usage and threads."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.config.mapping import load_mapping
from seamaudit.ingest.known import FORMATS, mapped
from seamaudit.trace import Exchange, Level, Need
from tests.ingest.recordings import Read, told

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "formats"
sys.path.insert(0, str(FOLDER))

from truth import CALLS, CONVERSATION, MODEL, START, TRACE, TURNS, Turn  # noqa: E402


@dataclass(frozen=True, slots=True)
class Spelling:
    """A recording of the conversation, and what its format cannot hold or calls otherwise."""

    file: str
    format: str
    level: Level = Level.MESSAGES
    provider: str = "openai"
    api: str = "openai.chat"
    model: str = MODEL
    thread: str | None = CONVERSATION
    tools: bool = True
    system: bool = True
    content: bool = True
    cached: bool = True
    used: bool = True
    timed: bool = True
    stops: tuple[str, ...] = ("tool_calls", "stop", "tool_calls")
    identified: bool = True
    limit: int | None = 1000
    app: str = ""
    renamed: bool = False
    """Whether calls get ids of the format's own."""
    mapping: str = ""
    """The mapping that says how it is read."""

    def __str__(self) -> str:
        return self.file

    @property
    def settings(self) -> Settings:
        """What a run over it is asked to do."""
        return Settings(mapping=load_mapping(FOLDER / self.mapping) if self.mapping else None)

    def read(self) -> Read:
        """What it holds."""
        log = self.settings.mapping
        return Read(FOLDER / self.file, formats=mapped(log) if log else FORMATS)


NO_STOPS = ("", "", "")
OTLP: Any = {"format": "otlp", "app": "weather-bot"}
GEMINI: Any = {
    "provider": "google",
    "api": "gemini.generate",
    "model": "gemini-2.5-pro",
    "tools": False,
    "system": False,
    "stops": NO_STOPS,
    "identified": False,
    "limit": None,
    "app": "gemini-cli",
}
CODEX: Any = {
    "api": "openai.responses",
    "tools": False,
    "stops": NO_STOPS,
    "identified": False,
    "limit": None,
    "app": "codex",
}
CLAUDE: Any = {
    "provider": "anthropic",
    "api": "anthropic.messages",
    "model": "claude-sonnet-4-5-20250929",
    "tools": False,
    "system": False,
    "stops": ("tool_use", "end_turn", "tool_use"),
    "limit": None,
    "app": "claude-code",
}
CASSETTES = ("vcrpy.yaml", "parsed.yaml", "ruby.yml", "r.yml", "go.yaml", "vcrpy.json")
TRAJECTORY: Any = {"tools": False, "timed": False, "thread": None, "limit": None}
SPELLINGS = [
    Spelling("pairs/calls.jsonl", "pairs", level=Level.WIRE),
    Spelling("claude_code/session.jsonl", "claude-code", **CLAUDE),
    Spelling("otlp/latest.jsonl", **OTLP),
    Spelling("otlp/evented.jsonl", tools=False, cached=False, **OTLP),
    Spelling("otlp/logged.jsonl", tools=False, cached=False, **OTLP),
    Spelling("otlp/flattened.jsonl", **OTLP),
    Spelling("otlp/openinference.jsonl", limit=None, **OTLP),
    Spelling("otlp/vercel.jsonl", limit=None, **OTLP),
    Spelling("otlp/held.json", "otlp-document", limit=None),
    Spelling("otlp/printed.json", "otlp-document", app="weather-bot"),
    Spelling("otlp/logfire.jsonl", limit=None, **OTLP),
    Spelling("langfuse/trace.json", "langfuse", identified=False, stops=NO_STOPS, app="weather-bot"),
    Spelling("langfuse/nested.json", "langfuse", identified=False, stops=NO_STOPS, app="weather-bot"),
    Spelling("langfuse/rows.jsonl", "langfuse-rows", identified=False, stops=NO_STOPS, app="weather-bot"),
    Spelling("inspect/messages.json", "inspect-json", identified=False, app="weather"),
    Spelling("inspect/calls.eval", "inspect", level=Level.WIRE, app="weather"),
    Spelling("inspect/pooled.eval", "inspect", level=Level.WIRE, app="weather"),
    Spelling("gemini_cli/session.json", "gemini-cli", **GEMINI),
    Spelling("gemini_cli/interrupted.json", "gemini-cli", **GEMINI),
    Spelling("gemini_cli/session.jsonl", "gemini-cli-rows", **GEMINI),
    Spelling("litellm/payload.jsonl", "litellm"),
    Spelling("litellm/stored.json", "litellm-document"),
    Spelling(
        "litellm/spend.json",
        "litellm-document",
        level=Level.COUNTERS,
        content=False,
        tools=False,
        stops=NO_STOPS,
        limit=None,
    ),
    Spelling("codex/rollout.jsonl", "codex", **CODEX),
    Spelling("codex/first.jsonl", "codex", **CODEX | {"model": "", "system": False, "used": False, "timed": False}),
    *(Spelling(f"vcr/{name}", "vcr", level=Level.WIRE, thread=None, timed=False) for name in CASSETTES),
    Spelling("har/browser.har", "har", level=Level.WIRE, thread=None),
    Spelling("har/proxy.har", "har", level=Level.WIRE, thread=None),
    Spelling("helicone/export.jsonl", "helicone", level=Level.WIRE),
    Spelling("helicone/export.json", "helicone-document", level=Level.WIRE),
    Spelling("helicone/counters.jsonl", "helicone", level=Level.COUNTERS, content=False, tools=False, stops=NO_STOPS, limit=None),
    Spelling("atif/trajectory.json", "atif", tools=False, timed=False, stops=NO_STOPS, identified=False, limit=None, app="terminus"),
    Spelling("swe_agent/exact.traj", "swe-agent", stops=NO_STOPS, identified=False, used=False, app="swe-agent", **TRAJECTORY),
    Spelling("swe_agent/history.traj", "swe-agent", stops=NO_STOPS, identified=False, used=False, app="swe-agent", **TRAJECTORY),
    Spelling("swe_agent/mini.traj.json", "swe-agent", app="mini-swe-agent", **TRAJECTORY),
    Spelling("tau2/results.json", "tau2", tools=False, system=False, limit=None, app="tau2"),
    Spelling("opencode/session.json", "opencode", tools=False, system=False, identified=False, limit=None, app="opencode"),
    Spelling("langsmith/runs.jsonl", "langsmith"),
    Spelling("langsmith/batch.json", "langsmith-document"),
    Spelling("otlp/counters.jsonl", level=Level.COUNTERS, content=False, tools=False, **OTLP),
]


def _prompt(turn: Turn, spelling: Spelling) -> list[str]:
    """What stands in a turn's prompt, in short."""
    if not spelling.content:
        return []
    out = ["tool_definition"] if spelling.tools else []
    for message in turn.sent:
        if message["role"] == "system" and not spelling.system:
            continue
        if message["role"] == "tool":
            out.append(f"result {message['tool_call_id']}")
            continue
        out += [f"{message['role']} text"] if message["content"] else []
        out += [f"call {each['id']}" for each in message.get("tool_calls", ())]
    return out


ENVELOPED: Any = {"format": "mapping", "level": Level.WIRE}
MAPPED = [
    Spelling("mapping/envelope.jsonl", mapping="mapping/envelope.yaml", app="weather-bot", **ENVELOPED),
    Spelling("mapping/quoted.jsonl", mapping="mapping/quoted.yaml", **ENVELOPED),
    Spelling("mapping/flat.jsonl", "mapping", mapping="mapping/flat.yaml"),
    Spelling("mapping/flat.json", "mapping-document", mapping="mapping/document.yaml"),
    Spelling(
        "mapping/counted.jsonl",
        "mapping",
        mapping="mapping/counted.yaml",
        level=Level.COUNTERS,
        content=False,
        tools=False,
        stops=NO_STOPS,
        identified=False,
        limit=None,
    ),
]
EVERY = [*SPELLINGS, *MAPPED]


def _seen(exchange: Exchange) -> list[str]:
    """The same of what was read; roles of results differ between providers."""
    out = []
    for each in told(exchange):
        *before, last = each.split()
        kind = before[-1] if before and before[-1].startswith("tool_") else last
        role = "assistant" if before[:1] == ["model"] else (before[:1] or [""])[0]
        out.append({"tool_call": f"call {last}", "tool_result": f"result {last}"}.get(kind, f"{role} {kind}".strip()))
    return out


def _usage(turn: Turn, spelling: Spelling) -> Any:
    used = turn.usage
    return (used["input"], used["read"] if spelling.cached else None, used["output"]) if spelling.used else None


@pytest.mark.parametrize("spelling", EVERY, ids=str)
def test_the_calls_are_those_that_were_made(spelling: Spelling) -> None:
    read = spelling.read()
    assert (read.reading.recognised, read.faults, read.copies) == ({0: spelling.format}, [], [])
    assert len(read.exchanges) == len(TURNS)
    for turn, exchange in zip(TURNS, read.exchanges, strict=True):
        response = exchange.response
        assert (exchange.level, exchange.provider, exchange.api) == (spelling.level, spelling.provider, spelling.api)
        assert (exchange.request.model, exchange.request.max_output) == (spelling.model, spelling.limit)
        seen = _seen(exchange)
        asked = _prompt(turn, spelling)
        assert [each.split()[0] for each in seen] == [each.split()[0] for each in asked] if spelling.renamed else seen == asked
        assert response is not None
        assert response.stop == spelling.stops[turn.number]
        assert response.id == (turn.id if spelling.identified else "")
        made = [each["id"] for each in turn.answer.get("tool_calls", ())] if spelling.content else []
        assert len(response.calls) == len(made) if spelling.renamed else [call.id for call in response.calls] == made
        usage = exchange.usage
        assert (usage and (usage.input, usage.cache_read, usage.output)) == _usage(turn, spelling)
        assert (exchange.attribution.app if exchange.attribution.app_declared else "") == spelling.app
        assert (Need.TOOLS in exchange.lacks) is not spelling.tools
        assert (Need.PROMPT in exchange.lacks) is not spelling.content
        assert (Need.USAGE in exchange.lacks) is not spelling.used
        assert (Need.TIME in exchange.lacks) is not spelling.timed


@pytest.mark.parametrize("spelling", [each for each in EVERY if each.timed], ids=str)
def test_the_times_are_those_of_the_calls(spelling: Spelling) -> None:
    times = [exchange.times for exchange in spelling.read().exchanges]
    assert [(each.started, each.ended) for each in times] == [(turn.started, turn.ended) for turn in TURNS]
    assert times[0].started == START


@pytest.mark.parametrize("spelling", EVERY, ids=str)
def test_the_turns_are_one_thread_in_order(spelling: Spelling) -> None:
    exchanges = spelling.read().exchanges
    assert len({exchange.thread.id for exchange in exchanges}) == 1
    if spelling.thread is not None:
        assert exchanges[0].thread.id == spelling.thread
    assert [exchange.previous and exchange.previous.exchange for exchange in exchanges] == [None, 0, 1]


@pytest.mark.parametrize("spelling", EVERY, ids=str)
def test_nothing_is_found_in_it(spelling: Spelling) -> None:
    report = audit([str(FOLDER / spelling.file)], spelling.settings)
    undeclared = ["IN005"] if spelling.format == "har" else []
    assert [finding.code for finding in report.findings] == undeclared
    assert report.exchanges == len(TURNS)


def test_the_conversation_is_what_the_expectations_speak_of() -> None:
    assert len(CALLS) == sum(len(turn.answer.get("tool_calls", ())) for turn in TURNS)
    assert TRACE != CONVERSATION
