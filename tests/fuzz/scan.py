"""Runs mutated lines through `seamaudit scan` and says what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seamaudit.ingest.detect import detect, named
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import discover

OUTPUTS = ("json", "full", "jsonl")
ALLOWED = frozenset({0, 1, 3})
"""Clean, findings, not all read. 2 and 4 would be the scan's own failure."""
KINDS = ("records", "rejected", "oversize", "blank")
"""Where a line may end up."""
TIME_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """One scan that failed: the file, what was wrong, and the end of what the scan said."""

    path: Path
    reason: str
    said: str = ""


def scan(path: Path, output_format: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a person would."""
    command = [
        "-c",
        "import sys; from seamaudit.cli import main; sys.exit(main())",
        "scan",
        str(path),
        "--input-format",
        "pairs",
        "--output-format",
        output_format,
    ]
    return subprocess.run([sys.executable, *command], capture_output=True, check=False, timeout=TIME_LIMIT)


def check(path: Path, output_format: str) -> Failure | None:
    """Read and scan one file: a known exit code, no traceback, and in JSON the books: every byte and line in its place."""
    failure = read_strictly(path)
    if failure:
        return failure
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


def read_strictly(path: Path) -> Failure | None:
    """Detect and read with the net taken away: what a scan would count as `reader_error` is a defect of a format."""
    data = path.read_bytes()
    reading = Reading(Reader(), FORMATS, Interner(), forced=named("pairs", FORMATS), strict=True)
    try:
        for line in data.splitlines():
            detect(line, FORMATS)
        for _ in reading.read(discover([str(path)]).sources):
            pass
    except Exception:
        return Failure(path, "a reader failed", traceback.format_exc()[-3000:])
    total = reading.accounting.total
    lines = {"total": total.lines} | {kind: getattr(total, kind) for kind in KINDS}
    wrong = books({"lines": lines, "bytes": total.bytes}, data)
    return Failure(path, wrong) if wrong else None


def books(summary: dict, data: bytes) -> str:
    """What does not add up between a file and the scan's summary of it; "" if all does."""
    lines = summary["lines"]
    expected = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if lines["total"] != expected:
        return f"{lines['total']} lines accounted, {expected} in the file"
    if sum(lines[kind] for kind in KINDS) != expected:
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
        failure = check(path, OUTPUTS[number % len(OUTPUTS)])
        if failure is None:
            path.unlink()
        else:
            failures.append(failure)
    return failures


def narrowed(failure: Failure, folder: Path, output_format: str = "json") -> Failure:
    """The failure on as few lines as halving finds; as it was where the JSON report does not show it."""
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
