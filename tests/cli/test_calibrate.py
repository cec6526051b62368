"""`seamaudit calibrate` as a shell sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from seamaudit.cli import main; sys.exit(main())"


def run(*options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", MAIN, "calibrate", *options], capture_output=True, check=False, cwd=ROOT, timeout=60)


def test_a_pipe_gets_plain_columns() -> None:
    done = run("fixtures/CA020/good.jsonl")
    assert (done.returncode, done.stderr) == (0, b"")
    heading, *rows = done.stdout.decode().splitlines()
    assert heading.split()[:2] == ["Provider", "Model"]
    assert rows[0].split()[:2] == ["anthropic", "claude-sonnet-4-5-20250929"]
    assert rows[-1].startswith("Total")


def test_the_providers_own_misses_are_told_apart() -> None:
    done = run("fixtures/CA020/bad.jsonl", "--json")
    total = json.loads(done.stdout)["total"]
    assert done.returncode == 0
    assert total["provider_side"] > 0
    assert total["unexplained"] == 0


def test_what_is_no_recording_is_an_input_error() -> None:
    done = run("pyproject.toml")
    assert done.returncode == 3
    assert b"not a recording" in done.stderr
