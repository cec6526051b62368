"""The public harness: a case passes only where every line finds exactly what it expects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seamaudit.errors import UsageError
from seamaudit.testing import cases, compare, expected, run_case

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
CODE = "CA002"


def copy_case(tmp_path: Path, edit: Any = lambda kind, number, record: None) -> Path:
    case = tmp_path / CODE
    case.mkdir()
    for kind in ("bad", "good"):
        records = [json.loads(line) for line in (FIXTURES / CODE / f"{kind}.jsonl").read_text("utf-8").splitlines()]
        for number, record in enumerate(records, start=1):
            edit(kind, number, record)
        (case / f"{kind}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return case


def first_expecting(kind: str = "bad") -> int:
    return next(number for number, codes in expected(FIXTURES / CODE / f"{kind}.jsonl").items() if CODE in codes)


def test_a_case_whose_lines_are_right_passes(tmp_path: Path) -> None:
    result = run_case(copy_case(tmp_path))
    assert result.ok
    assert str(result) == f"{CODE}: ok"


def test_a_case_declares_what_its_rule_needs(tmp_path: Path) -> None:
    case = copy_case(tmp_path)
    (case / "seamaudit.toml").write_text("max-steps = 1\n", "utf-8")
    assert "unexpected LP004" in str(run_case(case))


def test_a_finding_that_no_line_expects_fails(tmp_path: Path) -> None:
    line = first_expecting()
    result = run_case(copy_case(tmp_path, lambda kind, number, record: (kind, number) == ("bad", line) and record.pop("_expect")))
    assert not result.ok
    assert f"bad.jsonl:{line}: unexpected {CODE}" in str(result)


def test_an_expectation_that_is_not_met_fails(tmp_path: Path) -> None:
    def expect(kind: str, number: int, record: dict[str, Any]) -> None:
        if (kind, number) == ("good", 1):
            record["_expect"] = ["TP001"]

    assert f"{CODE}/good.jsonl:1: missing TP001" in str(run_case(copy_case(tmp_path, expect)))


def test_a_bad_fixture_without_its_rule_and_a_good_one_with_it_prove_nothing(tmp_path: Path) -> None:
    def swap(kind: str, number: int, record: dict[str, Any]) -> None:
        record["_expect"] = [CODE] if kind == "good" else []

    said = str(run_case(copy_case(tmp_path, swap)))
    assert f"bad.jsonl: no line expects {CODE}" in said
    assert f"good.jsonl: a good fixture expects {CODE}" in said


def test_a_case_needs_both_fixtures(tmp_path: Path) -> None:
    case = copy_case(tmp_path)
    (case / "good.jsonl").unlink()
    assert "no good fixture" in str(run_case(case))


def test_expectations_of_lines_that_cannot_carry_them_stand_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b'{"_expect": ["XX001"]}\n{"broken\n' + b"[" * 100_000 + b'\n[1]\n{"a": 1}\n')
    assert expected(file) == {1: frozenset({"XX001"})}
    (tmp_path / "bad.expect.json").write_text('{"2": ["IN001"], "3": ["IN001", "IN002"]}')
    assert expected(file) == {1: frozenset({"XX001"}), 2: frozenset({"IN001"}), 3: frozenset({"IN001", "IN002"})}


def test_every_line_that_differs_is_told_once() -> None:
    wanted = {1: frozenset("A"), 2: frozenset("AB"), 4: frozenset("C")}
    got = {1: frozenset("A"), 2: frozenset("BC"), 3: frozenset("D")}
    assert [str(each) for each in compare("f", wanted, got)] == ["f:2: missing A; unexpected C", "f:3: unexpected D", "f:4: missing C"]


def test_cases_are_the_directories_that_hold_fixtures(tmp_path: Path) -> None:
    case = copy_case(tmp_path)
    (tmp_path / "clean").mkdir()
    assert cases(tmp_path) == [case]
    assert cases(case) == [case]


@pytest.mark.parametrize("text", ["[1]", '{"x": ["IN001"]}', "{", '{"1": 1}', "\\ud800"])
def test_a_list_of_expectations_that_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.jsonl").write_text("{}\n")
    (tmp_path / "bad.expect.json").write_text(text)
    with pytest.raises(UsageError, match=r"bad\.expect\.json"):
        expected(tmp_path / "bad.jsonl")
