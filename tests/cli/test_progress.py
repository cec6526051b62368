"""Progress: on standard error, for a person, and only once there is something to wait for."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from seamaudit.cli import progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def attached(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal as standard error; not a fixture, for pytest puts its own stream there after those have run."""
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    return screen


def test_nothing_is_shown_unless_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    attached(monkeypatch)
    with progress.shown([], wanted=False) as advance:
        assert advance is None


def test_nothing_is_shown_to_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with progress.shown([], wanted=True) as advance:
        assert advance is None


def test_short_work_passes_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = attached(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", float("inf"))
    with progress.shown([], wanted=True) as advance:
        assert advance is not None
        advance(10)
    assert screen.getvalue() == ""


@pytest.mark.parametrize("paths", [["trace.jsonl"], ["-"], ["gone.jsonl"]])
def test_long_work_is_shown_and_wiped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, paths: list[str]) -> None:
    screen = attached(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trace.jsonl").write_bytes(b"x" * 5000)
    with progress.shown(paths, wanted=True) as advance:
        assert advance is not None
        advance(2500)
        advance(2500)
    assert "reading" in screen.getvalue()
    assert screen.getvalue().rstrip().endswith("\x1b[2K")
