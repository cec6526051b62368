"""The worked examples of CONTRIBUTING.md do what it says they do."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oracle import Recorder, use
from seamaudit.catalog.load import check_directory
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import discover
from seamaudit.testing import run_case

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples as files, beside what they import."""
    folder = tmp_path_factory.mktemp("contributing")
    for found in EXAMPLE.finditer((ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        path = folder / found["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found["text"], "utf-8")
    for module in ("oracle.py", "wire.py", "provider_cache.py"):
        shutil.copy(ROOT / "fixtures" / module, folder / "fixtures" / module)
    return folder


def test_the_rule_is_sound_and_its_fixtures_find_exactly_what_they_expect(tree: Path) -> None:
    subprocess.run([sys.executable, str(tree / "fixtures" / "MY001" / "make.py")], check=True)
    assert [rule.code for rule in check_directory(tree / "rules")] == ["MY001"]
    result = run_case(tree / "fixtures" / "MY001", [tree / "rules"])
    assert result.ok, str(result)


def test_a_rule_whose_fixture_expects_something_else_fails(tree: Path) -> None:
    case = tree / "other" / "MY001"
    case.mkdir(parents=True)
    for kind in ("bad", "good"):
        shutil.copy(tree / "fixtures" / "MY001" / "bad.jsonl", case / f"{kind}.jsonl")
    assert not run_case(case, [tree / "rules"]).ok


def test_the_format_reads_its_log(tree: Path) -> None:
    recorder = Recorder(seed=2)
    chat = recorder.anthropic("talk-1")
    chat.user("Hello?").call([use("look", {"at": "it"})])
    log = tree / "gateway.jsonl"
    log.write_text("\n".join([_logged(recorder.records[0]), '{"chat": "talk-2", "path": "/", "sent": 5, "got": 5}', "{"]) + "\n")
    reading = Reading(Reader(), [_module(tree / "seamaudit/ingest/formats/gateway.py").GatewayLog()], Interner(), strict=True)
    drafts = [item for item in reading.read(discover([str(log)]).sources) if isinstance(item, Draft)]
    assert [(draft.conversation, draft.api, draft.format) for draft in drafts] == [("talk-1", "anthropic.messages", "gateway-log")]
    assert drafts[0].response is not None
    assert [call.name for call in drafts[0].response.calls] == ["look"]
    assert (reading.accounting.total.records, reading.accounting.total.rejected) == (1, 2)


def _logged(record: dict[str, Any]) -> str:
    sent, got = record["request"]["body"], record["response"]["body"]
    return json.dumps({"chat": record["conversation"], "path": "/v1/messages", "sent": sent, "got": got})


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("gateway_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
