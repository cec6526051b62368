"""Retry faults planted among clean threads: each is found once, where it stands, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.findings import Severity

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
CODES = ("RT001", "RT002", "RT003", "RT005", "RT006", "RT007", "RT008")
LATER = 1_000_000.0
"""Seconds from the clean threads to the planted ones: no window reaches across."""


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def clean() -> Iterator[dict[str, Any]]:
    """The conversations of the clean fixture, each under a name of its own."""
    for path in sorted((FIXTURES / "clean").glob("*.jsonl")):
        for record in records(path):
            if isinstance(record, dict) and "request" in record:
                yield {**record, "conversation": f"clean/{path.stem}/{record.get('conversation')}"}


def planted(code: str) -> list[dict[str, Any]]:
    """The conversations in which the rule finds something first, with all that happens beside them."""
    return [{**record, "timestamp": record["timestamp"] + LATER} for record in records(FIXTURES / code / "bad.jsonl")]


def found(folder: Path, rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    path = folder / "trace.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    report = audit([str(path)], Settings())
    return sorted((each.code, case.locus.line) for each in report.findings if each.severity > Severity.INFO for case in each.cases)


def test_the_threads_are_clean_before(tmp_path: Path) -> None:
    rows = list(clean())
    assert len(rows) > 10
    assert found(tmp_path, rows) == []


@pytest.mark.parametrize("code", CODES)
def test_a_planted_fault_is_found_where_it_stands_and_nowhere_else(tmp_path: Path, code: str) -> None:
    rows, fault = list(clean()), planted(code)
    half = len(rows) // 2
    expected = [(each, half + line) for line, row in enumerate(fault, 1) for each in row.get("_expect", [])]
    assert code in dict(expected)
    assert found(tmp_path, [*rows[:half], *fault, *rows[half:]]) == sorted(expected)
