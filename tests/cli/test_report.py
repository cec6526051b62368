"""`seamaudit report`: a saved result in any format, and files that are none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamaudit.cli.formats import OutputFormat
from seamaudit.errors import UsageError
from seamaudit.report import json as json_report
from seamaudit.report.base import document
from seamaudit.report.base.saved import load
from tests.fuzz.formats import CONTROL, FORMATS, nasty_report, rendered
from tests.report.reports import REPORT

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from seamaudit.cli import main; sys.exit(main())"
SAVED = rendered(json_report.render, REPORT)


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", MAIN, "report", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=ROOT, timeout=60, env=env)


@pytest.mark.parametrize("form", list(OutputFormat))
def test_a_saved_result_renders_as_the_run_itself(form: OutputFormat, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(SAVED)
    done = run(str(tmp_path / "results.json"), "--output-format", form)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == rendered(FORMATS[form], REPORT)


def test_reads_standard_input_and_writes_many() -> None:
    assert json.loads(run("-", "--output-format", "json", stdin=SAVED.encode()).stdout) == json.loads(SAVED)


def changed(path: str, value: Any) -> bytes:
    """The saved result with one value replaced; `path` has dots."""
    whole = json.loads(SAVED)
    *steps, last = path.split(".")
    at = whole
    for step in steps:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[last] = value
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        SAVED.encode()[:-20],
        changed("schema_version", 2),
        changed("schema_version", "1"),
        changed("schema_version", True),
        changed("findings.0.severity", "SECRET"),
        changed("findings.0.locations", []),
        changed("findings.0.calls", [1]),
        changed("findings.0.occurrences", "SECRET"),
        changed("findings.0.waste", {"SECRET": 1}),
        changed("summary.files", "SECRET"),
    ],
)
def test_what_is_no_saved_result_is_refused_and_not_quoted(data: bytes) -> None:
    done = run("-", stdin=data)
    assert done.returncode == 2
    assert done.stderr.startswith(b"seamaudit: ")
    assert b"SECRET" not in done.stderr
    assert done.stdout == b""


def test_strings_of_a_saved_result_are_made_safe_again() -> None:
    evil = "::error::\x1b[2J\n\u202e sk-ant-api03-AAAABBBBCCCC1"
    places = ("findings.0.message", "findings.0.evidence.now.text", "findings.0.locations.0.file", "tool.version")
    for data in (*(changed(place, evil) for place in places), changed("summary.files", [evil])):
        whole = load(data)
        for render in FORMATS.values():
            render(whole, out := StringIO(newline=""))
            assert not CONTROL.search(out.getvalue())
            assert "AAAABBBBCCCC1" not in out.getvalue()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("findings.0.locations.0.line", line) for line in (-5, 0, 10**15)),
        *(("findings.0.evidence.now.at", at) for at in (-5, 10**9)),
        ("findings.0.calls", [-5, 10**15]),
        ("findings.0.lanes", [-5, 10**15]),
        ("summary.spend.usd", 1e300),
        ("summary.spend.usd", -1.0),
        ("findings.0.waste.usd", -1e300),
        ("findings.0.waste.tokens", -(10**18)),
        ("findings.0.occurrences", -1),
        ("summary.exchanges", -(10**18)),
    ],
)
def test_figures_that_cannot_be_break_no_format(path: str, value: Any) -> None:
    whole = load(changed(path, value))
    for render in FORMATS.values():
        render(whole, StringIO(newline=""))


@given(st.binary(max_size=200), st.integers(0, len(SAVED)), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_a_damaged_result_is_rendered_or_refused(junk: bytes, at: int, gone: int) -> None:
    data = SAVED.encode()
    try:
        whole = load(data[:at] + junk + data[at + gone :])
    except UsageError:
        return
    for render in FORMATS.values():
        render(whole, StringIO(newline=""))


def test_loading_what_was_written_changes_nothing() -> None:
    for seed in range(5):
        whole = document(nasty_report(seed))
        json_report.render(whole, first := StringIO())
        once = load(first.getvalue().encode())
        json_report.render(once, second := StringIO())
        json_report.render(load(second.getvalue().encode()), third := StringIO())
        assert second.getvalue() == third.getvalue()
