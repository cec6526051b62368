"""Config files as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import DEMO, ROOT, run


def codes(folder: Path, *options: str) -> set[str]:
    return {
        each["code"]
        for each in json.loads(run("scan", str(ROOT / DEMO), "--output-format", "json", *options, folder=folder)[1])["findings"]
    }


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
    assert run("scan", str(ROOT / DEMO), "-q", folder=below)[0] == 0
    assert run("scan", str(ROOT / DEMO), "-q", "--fail-on", "high", folder=below)[0] == 1


def test_a_config_beside_the_trace_is_not_read(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    trace = project / "t.jsonl"
    trace.write_bytes((ROOT / DEMO).read_bytes())
    code, out, _ = run("scan", str(trace), "--output-format", "json", folder=elsewhere)
    assert (code, {each["code"] for each in json.loads(out)["findings"]} > {"CA001", "CA002"}) == (1, True)


def test_ignored_findings_stay_in_the_report_and_unused_entries_are_told(project: Path) -> None:
    entries = "".join(f'[[ignores]]\nrule = "{code}"\nreason = "known to us"\n' for code in ("CA001", "CA002", "LP001"))
    (project / "seamaudit.toml").write_text(entries)
    code, out, err = run("scan", str(ROOT / DEMO), "--select", "CA", "--output-format", "json", folder=project)
    assert (code, {each["status"] for each in json.loads(out)["findings"]}) == (0, {"ignored"})
    assert "ignores 3 (LP001) meant nothing here" in err


def test_show_says_what_holds(project: Path) -> None:
    told = json.loads(run("config", "show", "--json", folder=project / "below")[1])
    assert (told["file"], told["values"]["select"]) == (str((project / "seamaudit.toml").resolve()), ["CA"])
    assert "select" in run("config", "show", folder=project)[1]


@pytest.mark.parametrize("options", [("--config", "nowhere.toml"), ("--config", "seamaudit.toml", "--isolated")])
def test_what_cannot_be_read_ends_with_two(options: tuple[str, ...], project: Path) -> None:
    assert run("scan", str(ROOT / DEMO), *options, folder=project)[0] == 2


def test_a_typo_ends_with_two_and_helps(project: Path) -> None:
    (project / "seamaudit.toml").write_text("fail_on = 1")
    code, out, err = run("scan", str(ROOT / DEMO), folder=project)
    assert (code, out, 'did you mean "fail-on"?' in err) == (2, "", True)
