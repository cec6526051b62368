"""`seamaudit rules`, as a person or a script calls it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seamaudit.catalog.load import load_catalog
from seamaudit.catalog.shipped import shipped_rules
from seamaudit.cli.rules import app
from seamaudit.errors import CatalogError, UsageError
from tests.catalog.rows import rule_data, written

FIXTURES = shipped_rules().parent / "fixtures"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def own_catalog(tmp_path: Path) -> str:
    (tmp_path / "XX001-something-moves.yaml").write_text(written(rule_data()).text)
    return str(tmp_path)


def test_list_names_every_rule_once(tmp_path: Path) -> None:
    codes = [line.split()[0] for line in run("list", "--rules", own_catalog(tmp_path)).splitlines()]
    assert codes == [*(rule.code for rule in load_catalog()), "XX001"]


def test_list_as_json_is_the_whole_catalog() -> None:
    rules = json.loads(run("list", "--output-format", "json"))
    assert [rule["code"] for rule in rules] == [rule.code for rule in load_catalog()]
    assert all(rule["seam"]["guarantees"] and rule["fix"] and rule["conditions"] for rule in rules)


def test_show_prints_all_that_a_rule_says() -> None:
    rule = next(rule for rule in load_catalog() if rule.code == "CA001")
    page = " ".join(run("show", "CA001").split())
    said = (rule.name, rule.fix, rule.why, rule.message, rule.seam.guarantees, rule.seam.assumes, *rule.false_positives, *rule.references)
    for text in said:
        assert " ".join(text.split()) in page
    for name, param in rule.params.items():
        assert f"{name} = {param.default}: {param.doc}" in page


def test_show_takes_a_name_or_a_code_in_any_case() -> None:
    assert run("show", "ca001") == run("show", "retrieved-text-in-prefix")


def test_show_knows_added_rules_and_conditions_in_words(tmp_path: Path) -> None:
    data = rule_data(where=[{"cause": ["clock", "tools"], "size": {"gte": 3}}, {"note": None}], unless={"intended": True})
    (tmp_path / "XX001-something-moves.yaml").write_text(written(data).text)
    page = run("show", "XX001", "--rules", str(tmp_path))
    assert "where cause is clock or tools and size >= 3\n" in page
    assert "where note is unknown\n" in page
    assert "unless intended is true\n" in page


def test_an_unknown_code_is_a_usage_error_with_what_was_meant() -> None:
    with pytest.raises(UsageError, match=r'did you mean "CA001"'):
        CliRunner().invoke(app, ["show", "CA001x"], catch_exceptions=False)


def test_check_counts_sound_rules(tmp_path: Path) -> None:
    assert run("check", own_catalog(tmp_path)) == "1 of 1 rules are sound\n"
    assert run("check", str(shipped_rules())) == f"{len(load_catalog())} of {len(load_catalog())} rules are sound\n"


def test_check_refuses_what_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "XX001-something-moves.yaml").write_text(written(rule_data(severity="hgh")).text)
    with pytest.raises(CatalogError, match=r'XX001-something-moves\.yaml:5:14: "hgh" is none of .* \(did you mean "high"\?\)'):
        CliRunner().invoke(app, ["check", str(tmp_path)], catch_exceptions=False)


def test_test_tells_every_line_that_differs_and_fails(tmp_path: Path) -> None:
    case = tmp_path / "CA002"
    shutil.copytree(FIXTURES / "CA002", case, ignore=shutil.ignore_patterns("*.py"))
    assert run("test", str(tmp_path)) == "CA002: ok\n1 of 1 cases passed\n"
    (case / "good.expect.json").write_text('{"1": ["TP001"]}')
    result = CliRunner().invoke(app, ["test", str(case)])
    assert result.exit_code == 1
    assert f"{case}/good.jsonl:1: missing TP001\n0 of 1 cases passed\n" in result.output


def test_test_needs_cases(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cases in it"):
        CliRunner().invoke(app, ["test", str(tmp_path)], catch_exceptions=False)
