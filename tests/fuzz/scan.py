"""Runs mutated lines through `seamaudit scan` and says what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FORMATS = ("json", "terminal", "jsonl")
ALLOWED = frozenset({0, 1, 3})
"""Clean, findings, not all read. 2 and 4 would be the scan's own failure."""
TIME_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """One scan that failed: the file, what was wrong, and the end of what the scan said."""

    path: Path
    reason: str
    said: str = ""


def scan(path: Path, output_format: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a person would."""
    command = ["-c", "import sys; from seamaudit.cli import main; sys.exit(main())", "scan", str(path), "--output-format", output_format]
    return subprocess.run([sys.executable, *command], capture_output=True, check=False, timeout=TIME_LIMIT)


def check(path: Path, output_format: str) -> Failure | None:
    """Scan one file: a known exit code, no traceback, and in JSON the books: every byte and line in its place."""
    try:
        done = scan(path, output_format)
    except subprocess.TimeoutExpired:
        return Failure(path, f"took longer than {TIME_LIMIT} s")
    said = done.stderr[-3000:].decode("utf-8", "replace")
    if done.returncode not in ALLOWED or b"Traceback" in done.stderr + done.stdout:
        return Failure(path, f"exit code {done.returncode}", said)
    if output_format == "json":
        wrong = books(json.loads(done.stdout)["summary"], path.read_bytes())
        return Failure(path, wrong, said) if wrong else None
    return None


def books(summary: dict, data: bytes) -> str:
    """What does not add up between a file and the scan's summary of it; "" if all does."""
    lines = summary["lines"]
    expected = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if lines["total"] != expected:
        return f"{lines['total']} lines accounted, {expected} in the file"
    if sum(lines[kind] for kind in ("records", "rejected", "oversize", "blank")) != expected:
        return f"lines do not add up: {lines}"
    total = summary["bytes"] if isinstance(summary["bytes"], int) else summary["bytes"]["total"]
    if total != len(data):
        return f"{total} bytes accounted, {len(data)} in the file"
    return ""


def run(lines: Iterable[bytes], folder: Path, batch: int) -> list[Failure]:
    """Scan the lines in files of `batch`, the output format changing from file to file."""
    failures: list[Failure] = []
    for number, chunk in enumerate(_batches(lines, batch)):
        path = folder / f"fuzz-{number:03}.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in chunk))
        failure = check(path, FORMATS[number % len(FORMATS)])
        if failure is None:
            path.unlink()
        else:
            failures.append(failure)
    return failures


def narrowed(failure: Failure, folder: Path, output_format: str = "json") -> Failure:
    """The failure on as few lines as halving finds."""
    lines = failure.path.read_bytes().splitlines(keepends=True)
    path = folder / "narrowed.jsonl"
    while len(lines) > 1:
        half = len(lines) // 2
        for part in (lines[:half], lines[half:]):
            path.write_bytes(b"".join(part))
            found = check(path, output_format)
            if found:
                failure, lines = found, part
                break
        else:
            break
    path.write_bytes(b"".join(lines))
    return Failure(path, failure.reason, failure.said)


def _batches(lines: Iterable[bytes], size: int) -> Iterable[Sequence[bytes]]:
    held: list[bytes] = []
    for line in lines:
        held.append(line)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held
