"""The menagerie: one trace in which every layer finds something, and what each format makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.findings import Report, Standing
from seamaudit.report import gitlab, junit, rdjson, sarif
from seamaudit.report.base import document as versioned
from seamaudit.report.base import typed_sites
from seamaudit.testing import compare, expected, found
from tests.fuzz.formats import rendered

FILE = Path(__file__).resolve().parent.parent / "fixtures" / "menagerie" / "menagerie.jsonl"


@pytest.fixture(scope="module")
def menagerie() -> Report:
    return audit([str(FILE)], Settings())


def loaded(report: Report) -> Any:
    return json.loads(rendered(sarif.render, report))["runs"][0]


def all_known(report: Report) -> Report:
    return replace(report, findings=tuple(replace(each, status=Standing.KNOWN, justification="it is old") for each in report.findings))


def test_every_line_finds_what_it_expects() -> None:
    assert list(compare("menagerie", expected(FILE), found(FILE, Settings()))) == []


def test_every_layer_finds_something(menagerie: Report) -> None:
    assert {finding.layer for finding in menagerie.findings} == {rule.layer for rule in menagerie.rules}


class TestSarif:
    def test_a_result_a_finding_with_its_rule_and_a_hash_of_its_own(self, menagerie: Report) -> None:
        run = loaded(menagerie)
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert [result["ruleId"] for result in run["results"]] == [finding.code for finding in menagerie.findings]
        assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
        hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
        assert len(set(hashes)) == len(hashes)
        assert hashes[0].startswith(menagerie.findings[0].fingerprint)

    def test_the_witness_chain_leads_to_the_finding(self, menagerie: Report) -> None:
        flows = [
            (finding, result) for finding, result in zip(menagerie.findings, loaded(menagerie)["results"], strict=True) if finding.witness
        ]
        assert flows
        for finding, result in flows:
            steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
            lines = [step["location"]["physicalLocation"]["region"]["startLine"] for step in steps]
            assert lines == [locus.line for locus in (*finding.witness, finding.locations[0])]

    def test_what_is_known_is_marked_and_stays(self, menagerie: Report) -> None:
        results = loaded(all_known(menagerie))["results"]
        assert len(results) == len(menagerie.findings)
        assert {result["baselineState"] for result in results} == {"unchanged"}
        assert {result["suppressions"][0]["justification"] for result in results} == {"it is old"}
        assert all("baselineState" not in result for result in loaded(menagerie)["results"])

    def test_alerts_land_on_the_sources_that_are_named(self, menagerie: Report) -> None:
        finding = next(each for each in menagerie.findings if dict(each.identity).get("tool"))
        sites = typed_sites([f"tool:{dict(finding.identity)['tool']}=src/a b.py:12"])
        run = _run_of(versioned(replace(menagerie, findings=(finding,)), sites))
        place = run["results"][0]["locations"][0]["physicalLocation"]
        assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("src/a%20b.py", 12)
        related = run["results"][0]["relatedLocations"][0]["physicalLocation"]
        assert related["region"]["startLine"] == finding.locations[0].line

    def test_the_limits_of_an_upload_are_kept(self, menagerie: Report, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sarif, "MOST_RESULTS", 25)
        many = [replace(menagerie.findings[0], fingerprint=f"{number:016x}") for number in range(sarif.MOST_RESULTS + 2)]
        long = replace(menagerie.rules[0], why="x" * 5000)
        run = loaded(replace(menagerie, findings=tuple(many), rules=(long,)))
        assert len(run["results"]) == 25
        assert run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"].startswith("2 findings")
        assert len(run["tool"]["driver"]["rules"][0]["fullDescription"]["text"]) <= 1024


def _run_of(whole: Any) -> Any:
    from io import StringIO

    sarif.render(whole, out := StringIO())
    return json.loads(out.getvalue())["runs"][0]


class TestJunit:
    def test_a_rule_is_a_case_that_passes_fails_or_is_skipped(self, menagerie: Report) -> None:
        tree = ElementTree.fromstring(rendered(junit.render, menagerie))
        cases = {case.attrib["name"].split()[0]: case for case in tree.iter("testcase")}
        assert set(cases) == {rule.code for rule in menagerie.rules}
        failing = {finding.code for finding in menagerie.findings if finding.severity.rank >= 2}
        unchecked = {entry.code for entry in menagerie.not_checked} - {finding.code for finding in menagerie.findings}
        assert {code for code, case in cases.items() if case.find("failure") is not None} == failing
        assert {code for code, case in cases.items() if case.find("skipped") is not None} == unchecked
        assert tree.attrib["failures"] == str(len(failing))
        assert tree.attrib["skipped"] == str(len(unchecked))

    def test_what_is_known_fails_nothing(self, menagerie: Report) -> None:
        tree = ElementTree.fromstring(rendered(junit.render, all_known(menagerie)))
        assert list(tree.iter("failure")) == []
        assert "known" in "".join(out.text or "" for out in tree.iter("system-out"))


def test_gitlab_gets_the_fields_it_documents(menagerie: Report) -> None:
    issues = json.loads(rendered(gitlab.render, menagerie))
    assert len({issue["fingerprint"] for issue in issues}) == len(menagerie.findings)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
        assert issue["location"]["path"]


def test_formats_that_cannot_mark_a_known_finding_leave_it_out(menagerie: Report) -> None:
    assert json.loads(rendered(gitlab.render, all_known(menagerie))) == []
    assert json.loads(rendered(rdjson.render, all_known(menagerie)))["diagnostics"] == []
