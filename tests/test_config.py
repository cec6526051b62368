"""The config file: found upward from here, strict about what it holds; and what it ignores."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.config.file import FileConfig, check_params, find, load
from seamaudit.config.schema import schema
from seamaudit.errors import UsageError
from seamaudit.findings import Confidence, Report, Severity, Standing
from seamaudit.suppress import Ignore, suppress

DEMO = Path(__file__).parents[1] / "fixtures" / "demo" / "demo.jsonl"
TODAY = date(2026, 11, 21)

WHOLE = """
select = ["ca", "TP001"]
ignore = ["CA020"]
min-severity = "low"
min-confidence = "medium"
fail-on = "never"
strict-input = true
strict-baseline = false
rules = ["our/rules"]
baseline = "known.json"
eval-suites = ["app:evals"]
max-steps = 50
max-repeats = 5
budget-usd = 2

[params.CA001]
min_tokens = 2048

[sites.tool]
search = "src/tools.py:12"

[[ignores]]
rule = "ca002"
match = {app = "digest", block = ["system[0]", "system[1]"]}
reason = " by design "
expires = 2026-12-31
"""


def config(text: str, folder: Path, name: str = "seamaudit.toml") -> FileConfig:
    (folder / name).write_text(text, "utf-8")
    return load(folder / name)


def test_every_key_is_read(tmp_path: Path) -> None:
    found = config(WHOLE, tmp_path)
    assert (found.select, found.ignore, found.fail_on) == (("CA", "TP001"), ("CA020",), "never")
    assert (found.min_severity, found.min_confidence, found.strict_input, found.strict_baseline) == (
        Severity.LOW,
        Confidence.MEDIUM,
        True,
        False,
    )
    assert (found.rules, found.baseline) == ((tmp_path / "our" / "rules",), tmp_path / "known.json")
    assert (found.eval_suites, found.params) == (("app:evals",), {"CA001": {"min_tokens": 2048}})
    assert (found.max_steps, found.max_repeats, found.budget_usd) == (50, 5, 2.0)
    assert found.sites.by_name["tool", "search"].line == 12
    (entry,) = found.ignores
    assert entry == Ignore(1, "CA002", {"app": ("digest",), "block": ("system[0]", "system[1]")}, "by design", date(2026, 12, 31))


def test_a_table_of_pyproject_says_the_same(tmp_path: Path) -> None:
    found = config('[project]\nname = "x"\n[tool.seamaudit]\nselect = ["CA"]\n', tmp_path, "pyproject.toml")
    assert found.select == ("CA",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", 'unknown key "selct" (did you mean "select"?)'),
        ("select = 1", "select must be a list"),
        ('select = ["CA", 1]', "select must be a list"),
        ('fail-on = "fatal"', 'fail-on must be one of info, low, medium, high, critical, never, not "fatal"'),
        ("strict-input = 1", "strict-input must be true or false"),
        ('rules = "x"', "rules must be a list"),
        ("baseline = 3", "baseline must be a file"),
        ("params = 3", "params must be tables"),
        ("sites = 3", "sites must be a table"),
        ("[sites]\ntool = 3", "sites"),
        ('eval-suites = ["nothing"]', "not an eval suite"),
        ("max-steps = 1.5", "max-steps must be a whole number"),
        ("max-steps = 0", "max-steps must be at least 1, not 0"),
        ("max-repeats = true", "max-repeats must be a whole number"),
        ('budget-usd = "5"', "budget-usd must be a number"),
        ("budget-usd = 0", "budget-usd must be more than 0"),
        ("budget-usd = nan", "budget-usd must be more than 0"),
        ("[ignores]", "list of tables"),
        ('[[ignores]]\nrule = "CA001"', "a reason is required"),
        ('[[ignores]]\nreason = "x"', "rule must be a code"),
        ('[[ignores]]\nrule = "CA001"\nreason = "x"\nexpire = 1', '(did you mean "expires"?)'),
        ('[[ignores]]\nrule = "CA001"\nreason = "x"\nexpires = "soon"', "expires must be a date"),
        ('[[ignores]]\nrule = "CA001"\nreason = "x"\nexpires = 2026-01-01T00:00:00', "expires must be a date"),
        ('[[ignores]]\nrule = "CA001"\nreason = "x"\nmatch = {app = []}', "app must be a value"),
        ("a = [", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
    ],
)
def test_what_does_not_belong_there_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        config(text, tmp_path)
    assert message in error.value.message
    assert str(tmp_path) in error.value.message


def test_the_nearest_config_upward_holds(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "seamaudit.toml").write_text("")
    assert find(inner) == tmp_path / "seamaudit.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]")
    assert find(inner) == tmp_path / "seamaudit.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.seamaudit]")
    assert find(inner) == tmp_path / "a" / "pyproject.toml"
    (tmp_path / "a" / "seamaudit.toml").write_text("")
    assert find(inner) == tmp_path / "a" / "seamaudit.toml"


@pytest.mark.parametrize(("params", "message"), [({"CA0001": {}}, 'mean "CA001"'), ({"CA001": {"min_token": 1}}, 'mean "min_tokens"')])
def test_parameters_must_be_a_rules_own(params: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_params(params, {"CA001": ["min_tokens"]})


# --- ignores -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> Report:
    return audit([str(DEMO)], Settings())


def ignoring(code: str, expires: date | None = None, **match: tuple[str, ...]) -> Ignore:
    return Ignore(1, code, dict(match), "ours", expires)


def ignored(report: Report, *ignores: Ignore) -> set[str]:
    return {finding.code for finding in suppress(report, ignores, TODAY).report.findings if finding.status is Standing.IGNORED}


def test_what_is_ignored_stays_and_says_why(demo: Report) -> None:
    found = suppress(demo, [ignoring("CA002", block=("system[0]",))], TODAY)
    assert len(found.report.findings) == len(demo.findings)
    (finding,) = [each for each in found.report.findings if each.status is Standing.IGNORED]
    assert (finding.code, finding.justification, finding.counts) == ("CA002", "ours", False)
    assert (found.unused, found.expired) == ((), ())


@pytest.mark.parametrize("match", [{"block": ("system[7]",)}, {"nothing": ("x",)}, {"block": ("system[0]",), "origin": ("retrieval",)}])
def test_every_column_has_to_fit(match: dict[str, tuple[str, ...]], demo: Report) -> None:
    entry = ignoring("CA002", **match)
    assert ignored(demo, entry) == set()
    assert suppress(demo, [entry], TODAY).unused == (entry,)


def test_an_entry_past_its_day_ignores_nothing(demo: Report) -> None:
    last, past = ignoring("CA002", date(2026, 11, 21)), ignoring("CA002", date(2026, 11, 20))
    assert (ignored(demo, last), ignored(demo, past)) == ({"CA002"}, set())
    assert suppress(demo, [past], TODAY).expired == (past,)


def test_least_confidence_and_severity_leave_findings_out(demo: Report) -> None:
    high = audit([str(DEMO)], Settings(min_severity=Severity.HIGH))
    assert {each.code for each in demo.findings} - {each.code for each in high.findings} == {"RT003"}
    assert all(not each.confidence < Confidence.HIGH for each in audit([str(DEMO)], Settings(min_confidence=Confidence.HIGH)).findings)


# --- its schema --------------------------------------------------------------------------------------------------------


def fits(text: str) -> bool:
    """Whether a config fits the published schema; dates are texts there."""
    data = json.loads(json.dumps(tomllib.loads(text), default=str))
    return not list(Draft202012Validator(schema()).iter_errors(data))


def test_the_schema_takes_what_is_taken_and_refuses_what_is_refused() -> None:
    assert fits(WHOLE)
    assert fits("")
    ignore, site = '[[ignores]]\nrule = "CA001"', "[sites.nose]\na = 'b:1'"
    for text in ("selct = []", "select = 1", 'fail-on = "fatal"', "strict-input = 1", ignore, site):
        assert not fits(text), text


def test_the_published_schema_is_this_one() -> None:
    published = Path(__file__).parents[1] / "docs" / "config.schema.json"
    assert json.loads(published.read_text("utf-8")) == schema()
