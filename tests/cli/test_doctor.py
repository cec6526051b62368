"""`seamaudit doctor` as a shell sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seamaudit.cli.doctor_page import ranges
from tests.cli.shell import DEMO, run

SESSION = "fixtures/formats/codex/rollout.jsonl"


def test_the_page_says_what_was_read_what_it_holds_and_what_to_record() -> None:
    code, page, errors = run("doctor", SESSION)
    assert (code, errors) == (0, "")
    heading, row = page.splitlines()[:2]
    assert heading.split() == ["File", "Format", "Level", "Clock", "Records", "Calls"]
    assert row.split()[1:5] == ["codex", "B", "messages", "wall"]
    assert "request bodies" in page
    assert "Not checked is not clean" in page
    assert "request bodies byte for byte as they were sent" in page
    assert "In these formats:" in page


def test_a_whole_recording_has_no_gaps() -> None:
    code, page, _ = run("doctor", DEMO)
    assert code == 0
    assert "100.0 % decidable" in page
    assert "Every rule is decided for every call it is about." in page
    assert "blind" not in page


def test_json_names_every_rule(tmp_path: Path) -> None:
    where = tmp_path / "doctor.json"
    code, out, _ = run("doctor", SESSION, "--json", "-o", str(where))
    told = json.loads(where.read_text("utf-8"))
    assert (code, out) == (0, "")
    assert told["schema_version"] == 1
    states = {rule["code"]: rule["state"] for rule in told["rules"]}
    assert (states["CA001"], states["IN001"]) == ("blind", "decided")
    assert 0 < told["decidable"] < 1
    assert all(gap["calls"] <= told["calls"] for gap in told["not_checked"])


@pytest.mark.parametrize(("percent", "code"), [("0", 0), ("40", 0), ("99.9", 1)])
def test_fail_under_makes_a_gate_of_what_is_decidable(percent: str, code: int) -> None:
    assert run("doctor", SESSION, "--fail-under", percent)[0] == code


def test_a_whole_recording_passes_any_gate() -> None:
    assert run("doctor", DEMO, "--fail-under", "100")[0] == 0


@pytest.mark.parametrize("percent", ["-1", "101", "nan"])
def test_what_is_no_percentage_is_a_usage_error(percent: str) -> None:
    code, out, errors = run("doctor", DEMO, "--fail-under", percent)
    assert (code, out) == (2, "")
    assert "no percentage" in errors


def test_what_nobody_recognises_is_told_beside_what_was(tmp_path: Path) -> None:
    table = tmp_path / "costs.csv"
    table.write_text("day,model,usd\n2026-01-01,x,1\n")
    code, page, _ = run("doctor", DEMO, str(table))
    assert code == 3
    assert "It looks like a table (CSV)" in page
    assert "% decidable" in page
    assert run("doctor", str(table))[0] == 3


def test_a_recording_without_a_call_can_check_nothing() -> None:
    code, page, _ = run("doctor", "fixtures/formats/codex/fork.jsonl", "--fail-under", "50")
    assert code == 3
    assert "nothing can be checked" in page


def test_lost_lines_are_told_and_fail_a_strict_run() -> None:
    code, page, _ = run("doctor", "fixtures/IN001/bad.jsonl")
    assert code == 0
    assert "could not be read" in page
    assert run("doctor", "fixtures/IN001/bad.jsonl", "--strict-input")[0] == 3


def test_help_defines_decidable() -> None:
    code, page, _ = run("doctor", "--help")
    assert code == 0
    assert "a rule that is decided for every call counts 1" in " ".join(page.split())


def test_codes_that_follow_each_other_are_told_as_a_range() -> None:
    known = ["CA001", "CA002", "CA004", "CA005", "CO001", "CO002"]
    assert ranges(["CA004", "CA001", "CA002", "CO001"], known) == "CA001-CA004, CO001"
    assert ranges(["CA001", "CA002"], known) == "CA001, CA002"
    assert ranges(["CA001", "XX001", "CA004"], known) == "CA001, CA004, XX001"
