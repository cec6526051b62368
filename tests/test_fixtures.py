"""The whole catalog over every fixture: each line says what it expects, and anything else on any line fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from seamaudit.audit import audit
from seamaudit.catalog.load import load_catalog
from seamaudit.config import Settings
from seamaudit.findings import Confidence
from seamaudit.testing import cases, run_case

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
CASES = cases(FIXTURES)
CLEAN = sorted((FIXTURES / "clean").glob("*.jsonl"))


def test_every_shipped_rule_has_a_case_and_every_case_a_rule() -> None:
    assert {case.name for case in CASES} == {rule.code for rule in load_catalog()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_finds_exactly_what_its_lines_expect(case: Path) -> None:
    result = run_case(case)
    assert result.ok, f"\n{result}"


@pytest.mark.parametrize("file", CLEAN, ids=lambda file: file.stem)
def test_clean_traffic_stays_silent(file: Path) -> None:
    findings = audit([str(file)], Settings()).findings
    assert [(f.code, f.message, f.locations[0].line) for f in findings if not f.confidence < Confidence.MEDIUM] == []


def test_there_is_clean_traffic() -> None:
    assert CLEAN
