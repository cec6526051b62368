"""The examples of docs/recording.md and docs/mapping.md do what the guides say they do."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from seamaudit.audit import audit
from seamaudit.cli import app
from seamaudit.config import Settings
from seamaudit.config.mapping import DOCS, load_mapping
from seamaudit.ingest.logmap import BODIES, COUNTS, DURATIONS, TIMES, WORDS
from seamaudit.trace import Level
from tests.ingest.recordings import Read
from tests.record.server import COMPLETION, MESSAGE, Answer, provider

pytestmark = pytest.mark.filterwarnings("ignore:The model :DeprecationWarning")
"""SDKs warn of models that are near their end, sooner or later of these."""
ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)
ASKED: Any = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def guide(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def examples(name: str) -> dict[str, str]:
    return {found["path"]: found["text"] for found in EXAMPLE.finditer(guide(name))}


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run examples in, with keys that are none and no proxy."""
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-none")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


class TestRecording:
    FILES = examples("recording.md")

    def test_the_first_example_records(self, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with provider(Answer(MESSAGE)) as server:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
            held: dict[str, Any] = {}
            exec(self.FILES["app.py"], held)
            held["client"].messages.create(**ASKED)
            transport = held["client"]._client._transport
            held["client"].close()
        assert transport.recorder.flush()
        (exchange,) = Read(inside / "traces.jsonl").exchanges
        assert (exchange.level, exchange.attribution.app) == (Level.WIRE, "support-bot")

    def test_the_asynchronous_one_does_too(self, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async def ask(client: Any) -> None:
            await client.chat.completions.create(model="gpt-4o-mini", messages=ASKED["messages"])
            await client.close()

        with provider(Answer(COMPLETION)) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
            held: dict[str, Any] = {}
            exec(self.FILES["asynchronous.py"], held)
            transport = held["client"]._client._transport
            asyncio.run(ask(held["client"]))
        assert transport.recorder.flush()
        assert len(Read(inside / "traces.jsonl").exchanges) == 1

    def test_the_callback_writes_what_is_read(self, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("litellm", "litellm.integrations", "litellm.integrations.custom_logger"):
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        sys.modules["litellm.integrations.custom_logger"].CustomLogger = object  # type: ignore[attr-defined]
        held: dict[str, Any] = {}
        exec(self.FILES["seamaudit_log.py"], held)
        source = ROOT / "fixtures" / "formats" / "litellm" / "payload.jsonl"
        for line in source.read_text().splitlines():
            asyncio.run(held["lines"].async_log_success_event({"standard_logging_object": json.loads(line)}, None, None, None))
        asyncio.run(held["lines"].async_log_failure_event({}, None, None, None))
        mine, theirs = Read(inside / "litellm.jsonl"), Read(source)
        assert mine.reading.recognised == {0: "litellm"}
        assert [each.usage for each in mine.exchanges] == [each.usage for each in theirs.exchanges]

    def test_the_collector_has_its_pipelines(self) -> None:
        config = yaml.safe_load(self.FILES["collector.yaml"])
        for pipeline in config["service"]["pipelines"].values():
            assert set(pipeline["receivers"]) <= config["receivers"].keys()
            assert set(pipeline["exporters"]) <= config["exporters"].keys()

    def test_a_page_of_the_api_is_read(self, inside: Path) -> None:
        trace = json.loads((ROOT / "fixtures" / "formats" / "langfuse" / "nested.json").read_text())
        (inside / "page-1.json").write_text(json.dumps({"data": trace["observations"], "meta": {"cursor": "x"}}))
        read = Read(inside / "page-1.json")
        assert read.reading.recognised == {0: "langfuse"}
        assert len(read.exchanges) == 3


class TestMapping:
    FILES = examples("mapping.md")

    def test_the_shortest_example_works(self, inside: Path) -> None:
        for name, text in self.FILES.items():
            (inside / name).write_text(text)
        report = audit(["calls.jsonl"], Settings(mapping=load_mapping(Path("mapping.yaml"))))
        assert (report.exchanges, report.accounting.rejected, report.findings) == (1, 0, ())
        assert [(each.path, each.reason) for each in report.skipped] == [("calls.jsonl", "1 records that the mapping passes over")]

    def test_the_flat_one_is_a_mapping(self, inside: Path) -> None:
        (inside / "flat.yaml").write_text(self.FILES["flat.yaml"])
        assert load_mapping(inside / "flat.yaml").usage is not None

    def test_every_key_is_told_here_and_in_the_schema(self) -> None:
        told = set(re.findall(r"`([a-z_0-9]+)`|^([a-z_]+):", guide("mapping.md"), re.MULTILINE))
        words = {one or other for one, other in told}
        keys = {*BODIES, *TIMES, *DURATIONS, *WORDS, "where", "records", "complete", "usage", "convention"}
        assert keys - words == set()
        assert set(COUNTS) - words == set()
        assert keys == DOCS.keys()


@pytest.mark.parametrize("name", ["recording.md", "mapping.md"])
def test_every_command_and_option_there_is_one(name: str) -> None:
    known = {each.name or (each.callback.__name__ if each.callback else "") for each in app().registered_commands}
    groups = {each.name for each in app().registered_groups}
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", guide(name), re.MULTILINE | re.DOTALL))
    named = set(re.findall(r"^ *seamaudit (\w+)", commands, re.MULTILINE))
    assert "scan" in named
    assert named <= known | groups


@pytest.mark.parametrize("name", ["recording.md", "mapping.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    text = guide(name)
    anchors = {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (ROOT / "docs" / target).exists() or target == "mapping.schema.json"
