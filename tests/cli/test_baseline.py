"""`seamaudit baseline` and `scan --baseline` as a shell sees them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.shell import DEMO, MAIN, ROOT, run


@pytest.fixture
def known(tmp_path: Path) -> str:
    path = tmp_path / "b.json"
    code, _, err = run("baseline", "create", DEMO, "--baseline", str(path))
    assert (code, "5 findings are known" in err) == (0, True)
    return str(path)


def test_what_is_known_fails_no_run(known: str) -> None:
    assert run("scan", DEMO)[0] == 1
    assert run("scan", DEMO, "--baseline", known)[0] == 0


def test_what_is_new_does(known: str) -> None:
    code, out, _ = run("scan", DEMO, "fixtures/CA006/bad.jsonl", "--baseline", known, "--output-format", "concise")
    assert (code, sum("; new)" in line for line in out.splitlines())) == (1, 1)


def test_what_is_stale_is_noted_and_fails_only_when_asked(known: str) -> None:
    code, _, err = run("scan", "fixtures/clean/clean.jsonl", "--baseline", known)
    assert (code, "5 entries of the baseline did not show" in err) == (0, True)
    assert run("scan", "fixtures/clean/clean.jsonl", "--baseline", known, "--strict-baseline")[0] == 1
    assert run("baseline", "prune", "fixtures/clean/clean.jsonl", "--baseline", known)[0] == 0
    assert run("baseline", "show", known)[1].count("CA0") == 0


def test_a_baseline_that_is_there_is_not_made_again(known: str) -> None:
    before = Path(known).read_text()
    assert run("baseline", "create", DEMO, "--baseline", known)[0] == 2
    assert Path(known).read_text() == before


def test_a_verdict_is_kept(known: str) -> None:
    name = Path(known).read_text().split('"fingerprint": "')[1][:8]
    assert run("baseline", "audit", known, name, "--verdict", "false_alarm", "--reason", "by design", "--expires", "2030-01-01")[0] == 0
    assert run("baseline", "update", DEMO, "--baseline", known)[0] == 0
    line = next(line for line in run("baseline", "show", known)[1].splitlines() if name in line)
    assert all(word in line for word in ("false_alarm", "by design", "2030-01-01"))
    assert name not in run("baseline", "audit", known)[1]


@pytest.mark.parametrize(
    "options", [("scan", DEMO, "--baseline", "nowhere.json"), ("baseline", "update", DEMO, "--baseline", "nowhere.json")]
)
def test_a_baseline_that_is_not_there_ends_with_two(options: tuple[str, ...]) -> None:
    code, out, err = run(*options)
    assert (code, out, "cannot read the baseline" in err) == (2, "", True)


@pytest.mark.parametrize(("strict", "code"), [("--strict-input", 3), ("--no-strict-input", 0)])
def test_a_run_that_sees_less_ends_with_three_where_lost_input_does(strict: str, code: int, known: str, tmp_path: Path) -> None:
    """The same calls without their usage: what was decided for all of them is decided for none."""
    records = [json.loads(line) for line in (ROOT / DEMO).read_text("utf-8").splitlines()]
    for record in records:
        record["response"] = {"status_code": 200}
    (tmp_path / "blind.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    ended, _, err = run("scan", str(tmp_path / "blind.jsonl"), "--baseline", known, "--fail-on", "critical", strict)
    assert (ended, "has gone blind" in err) == (code, True)


CANARY = "xq7Zk2Vw9Lm4"


def test_nothing_that_was_said_is_kept_anywhere(tmp_path: Path) -> None:
    """A word planted in prompts, arguments, results, headers, ids and the conversation is in no baseline, output or left-over file."""
    lines = [json.loads(line) for line in (ROOT / "fixtures" / "TP001" / "bad.jsonl").read_text("utf-8").splitlines()]
    told = [json.loads(_planted(json.dumps(line))) for line in lines]
    for record in told:
        record["conversation"] = f"{CANARY}-{record['conversation']}"
        record["request"]["headers"] = {"x-request-id": CANARY}
    trace, known, scratch = tmp_path / "t.jsonl", tmp_path / "b.json", tmp_path / "scratch"
    trace.write_text("".join(json.dumps(record) + "\n" for record in told), "utf-8")
    scratch.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        assert run("baseline", "create", str(trace), "--baseline", str(known))[0] == 0
        code, out, err = run("scan", str(trace), "--baseline", str(known))
    assert (code, CANARY in trace.read_text("utf-8")) == (0, True)
    assert not any(CANARY in text for text in (known.read_text("utf-8"), out, err))
    assert list(scratch.iterdir()) == []


def _planted(text: str) -> str:
    """The canary after every text of some length, and in the ids of calls."""
    return re.sub(r'("(?:text|content|name_of|thinking)": "[^"]{3,}?)(?=")', rf"\1 {CANARY}", text).replace("toolu_01", f"toolu_{CANARY}")


def test_an_interrupted_run_leaves_nothing_half_written(tmp_path: Path) -> None:
    kept = tmp_path / "out.json"
    kept.write_text("earlier")
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "scan", "-", "--output-format", "json", "-o", str(kept)], stdin=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    process.stdin.write((ROOT / DEMO).read_bytes())
    process.stdin.flush()
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    code = process.wait(30)
    process.stdin.close()
    assert (code, kept.read_text(), [each.name for each in tmp_path.iterdir()]) == (130, "earlier", ["out.json"])
