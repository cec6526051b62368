"""The process as a whole: exit codes, what reaches the terminal, and what starting costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import seamaudit
from seamaudit import cli
from seamaudit.cli.stdio import make_patient
from seamaudit.errors import InputError, UsageError

ROOT = Path(seamaudit.__file__).parent.parent
START = "import sys; from seamaudit.cli import main; sys.exit(main())"


def run(*arguments: str, code: str = START, stdout: int = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )


def test_version() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"seamaudit {seamaudit.__version__}\n")


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["no-such-command"], ["rules", "show"], ["rules", "show", "XX999"], []])
def test_a_call_that_cannot_be_run_exits_2(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["rules", "list"], ["rules", "show", "CA001"]])
def test_help_and_listings_load_nothing_heavy(arguments: list[str]) -> None:
    told = "import sys; from seamaudit.cli import main; code = main(); sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    result = run(*arguments, code=told)
    assert result.returncode == 0
    assert not {"jsonschema", "polars", "genai_prices", "httpx"} & set(result.stderr.split())


def test_a_closed_pipe_changes_no_exit_code() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = run("rules", "list", stdout=writer)
    finally:
        os.close(writer)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_exits_2() -> None:
    with open("/dev/full", "w") as full:
        result = run("rules", "list", stdout=full.fileno())
    assert result.returncode == 2
    assert "No space left" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_an_encoding_lacks_is_escaped() -> None:
    result = run(code="from seamaudit.cli.stdio import make_patient; make_patient(); print('a → b')", PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stdout) == (0, "a \\u2192 b\n")


def failing(error: BaseException) -> object:
    def run() -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("bad option", hint="Use another."), 2, "seamaudit: bad option\nUse another.\n"),
        (InputError("nothing recognised"), 3, "seamaudit: nothing recognised\n"),
        (UsageError("no file 'a\x1b[2Jb'"), 2, "seamaudit: no file 'a\u241b[2Jb'\n"),
        (PermissionError(13, "Permission denied", "traces"), 2, "seamaudit: traces: Permission denied\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_every_failure_has_its_exit_code(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "make_patient", lambda: None)
    monkeypatch.setattr(cli, "_run", failing(error))
    assert cli.main() == code
    assert capsys.readouterr().err == said


def test_an_internal_error_tells_its_kind_and_place_and_no_trace_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "make_patient", lambda: None)
    monkeypatch.setattr(cli, "_run", failing(ValueError("sk-secret-of-the-trace")))
    assert cli.main() == 4
    told = capsys.readouterr().err
    assert "internal error: ValueError at" in told
    assert "secret" not in told


def test_patient_streams_keep_what_was_written_before_them(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    make_patient()
    sys.stdout.write("out\n")
    sys.stderr.write("err\n")
    sys.stdout.flush()
    sys.stderr.flush()
    assert capfd.readouterr() == ("out\n", "err\n")


def test_the_package_runs_as_a_module() -> None:
    assert (
        run("--version", code="import runpy; runpy.run_module('seamaudit', run_name='__main__')").stdout
        == f"seamaudit {seamaudit.__version__}\n"
    )


def test_as_a_module_it_ends_with_the_same_exit_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seamaudit", "scan", str(tmp_path / "gone.jsonl")], capture_output=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
