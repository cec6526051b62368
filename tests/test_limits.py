"""Budgets and estimates in a config."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from seamaudit.config.file import load, settings_of
from seamaudit.config.schema import schema
from seamaudit.errors import UsageError
from seamaudit.layers.budgets import Allowance, Per
from seamaudit.trace import Money
from tests.cli.shell import run

CASE = "fixtures/CO002/bad.jsonl"


def told(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "seamaudit.toml"
    path.write_text(text)
    return path


def test_an_amount_is_for_a_day_or_a_call_unless_it_says_so(tmp_path: Path) -> None:
    limits = settings_of(load(told(tmp_path, '[[budgets]]\nusd = 2.5\nteam = "*"\n[[estimates]]\nusd = 1\n'))).limits
    assert limits.budgets == (Allowance(usd=Money(2_500_000_000_000), per=Per.DAY, team="*"),)
    assert limits.estimates == (Allowance(usd=Money(10**12), per=Per.CALL),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budgets = 3", "budgets must be a list of tables"),
        ("[[budgets]]\nper = 'day'", "budgets 1: usd must be an amount of US dollars above 0"),
        ("[[budgets]]\nusd = 0", "budgets 1: usd must be an amount of US dollars above 0"),
        ("[[budgets]]\nusd = true", "budgets 1: usd must be an amount of US dollars above 0"),
        ("[[budgets]]\nusd = inf", "budgets 1: usd must be an amount of US dollars above 0"),
        ("[[budgets]]\nusd = 1\nper = 'call'", 'budgets 1: per must be one of day, month, trace, not "call"'),
        ("[[estimates]]\nusd = 1\n[[estimates]]\nusd = 1\nper = 'day'", 'estimates 2: per must be one of call, thread, trace, not "day"'),
        ("[[estimates]]\nusd = 1\nteem = 'x'", 'estimates 1: unknown key "teem" \\(did you mean "team"\\?\\)'),
        ("[[estimates]]\nusd = 1\nuser = ''", "estimates 1: user must be a name, or \\* for each"),
    ],
)
def test_a_mistake_is_told_with_its_entry(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(told(tmp_path, text))


def test_editors_get_the_same_rules() -> None:
    check = jsonschema.Draft202012Validator(schema())
    assert check.is_valid({"budgets": [{"usd": 1, "per": "month", "key": "k"}], "estimates": [{"usd": 0.1}]})
    assert not check.is_valid({"budgets": [{"usd": 0}]})
    assert not check.is_valid({"budgets": [{"usd": 1, "per": "call"}]})
    assert not check.is_valid({"estimates": [{"per": "call"}]})


def test_a_scan_holds_spending_against_the_config() -> None:
    code, out, _ = run("scan", CASE, "--config", "fixtures/CO002/seamaudit.toml", "--output-format", "json")
    found = {finding["code"]: finding for finding in json.loads(out)["findings"]}
    assert code == 1
    assert "CO002" in found
    assert "CO002" not in run("scan", CASE, "--isolated", "--output-format", "json")[1].split('"rules"')[0]


def test_config_show_tells_dollars() -> None:
    _, out, _ = run("config", "show", "--config", "fixtures/CO002/seamaudit.toml", "--json")
    assert json.loads(out)["values"]["budgets"] == [{"usd": 0.1, "per": "day", "team": "*"}, {"usd": 0.4, "per": "day"}]
