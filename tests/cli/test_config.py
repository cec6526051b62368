"""Config files as a shell sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = str(ROOT / "fixtures" / "demo" / "demo.jsonl")
MAIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from seamaudit.cli import main; sys.exit(main())"


def run(folder: Path, *options: str) -> tuple[int, str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *options], capture_output=True, check=False, cwd=folder, encoding="utf-8", env=kept, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def codes(folder: Path, *options: str) -> set[str]:
    return {each["code"] for each in json.loads(run(folder, "scan", DEMO, "--output-format", "json", *options)[1])["findings"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "seamaudit.toml").write_text('select = ["CA"]\nfail-on = "critical"\n')
    (tmp_path / "below").mkdir()
    return tmp_path


def test_the_file_holds_unless_the_command_line_says_otherwise(project: Path) -> None:
    below = project / "below"
    assert codes(below) == {"CA001", "CA002"}
    assert codes(below, "--select", "TP") == {"TP001"}
    assert codes(below, "--extend-select", "ST002") == {"CA001", "CA002", "ST002"}
    assert codes(below, "--isolated") > {"CA001", "CA002", "TP001"}
    assert run(below, "scan", DEMO, "-q")[0] == 0
    assert run(below, "scan", DEMO, "-q", "--fail-on", "high")[0] == 1


def test_a_config_beside_the_trace_is_not_read(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    trace = project / "t.jsonl"
    trace.write_bytes(Path(DEMO).read_bytes())
    code, out, _ = run(elsewhere, "scan", str(trace), "--output-format", "json")
    assert (code, {each["code"] for each in json.loads(out)["findings"]} > {"CA001", "CA002"}) == (1, True)


def test_ignored_findings_stay_in_the_report_and_unused_entries_are_told(project: Path) -> None:
    entries = "".join(f'[[ignores]]\nrule = "{code}"\nreason = "known to us"\n' for code in ("CA001", "CA002", "LP001"))
    (project / "seamaudit.toml").write_text(entries)
    code, out, err = run(project, "scan", DEMO, "--select", "CA", "--output-format", "json")
    assert (code, {each["status"] for each in json.loads(out)["findings"]}) == (0, {"ignored"})
    assert "ignores 3 (LP001) meant nothing here" in err


def test_show_says_what_holds(project: Path) -> None:
    told = json.loads(run(project / "below", "config", "show", "--json")[1])
    assert (told["file"], told["values"]["select"]) == (str((project / "seamaudit.toml").resolve()), ["CA"])
    assert "select" in run(project, "config", "show")[1]


@pytest.mark.parametrize("options", [("--config", "nowhere.toml"), ("--config", "seamaudit.toml", "--isolated")])
def test_what_cannot_be_read_ends_with_two(options: tuple[str, ...], project: Path) -> None:
    assert run(project, "scan", DEMO, *options)[0] == 2


def test_a_typo_ends_with_two_and_helps(project: Path) -> None:
    (project / "seamaudit.toml").write_text("fail_on = 1")
    code, out, err = run(project, "scan", DEMO)
    assert (code, out, 'did you mean "fail-on"?' in err) == (2, "", True)
