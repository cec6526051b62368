"""The two traces that speak for the tool: the demo finds what it was made to show, healthy traffic finds nothing."""

from __future__ import annotations

from pathlib import Path

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.findings import Confidence, Finding, Report, Severity

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


def scanned(name: str) -> Report:
    return audit([str(FIXTURES / name)], Settings())


def of(report: Report, code: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


def test_the_demo_shows_its_seams_with_dollars() -> None:
    report = scanned("demo/demo.jsonl")
    assert {finding.code for finding in report.findings} >= {"CA001", "CA002", "TP001", "ST002"}
    (retrieval,) = of(report, "CA001")
    assert report.findings[0] is retrieval
    assert retrieval.waste.usd is not None
    assert retrieval.waste.usd > 0
    assert retrieval.threads >= 4
    (clock,) = of(report, "CA002")
    assert (clock.threads, clock.occurrences) == (1, 5)
    assert report.waste.usd is not None
    assert report.waste.usd < report.spend.usd
    assert report.spend.unpriced == 1, "a stream that ended before its usage; refusals cost nothing"


def test_no_finding_of_the_demo_is_about_its_healthy_threads() -> None:
    report = scanned("demo/demo.jsonl")
    lines = {number for number, line in enumerate((FIXTURES / "demo/demo.jsonl").read_text().splitlines(), 1) if _healthy(line)}
    assert len(lines) == 12
    named = {(finding.code, locus.line) for finding in report.findings for locus in finding.locations if locus.line in lines}
    assert not named


def test_healthy_traffic_is_silent_at_medium_confidence_and_above() -> None:
    report = scanned("clean/clean.jsonl")
    loud = [finding for finding in report.findings if not finding.confidence < Confidence.MEDIUM and finding.severity > Severity.INFO]
    assert not loud, [(finding.code, finding.message) for finding in loud]
    assert report.exchanges == report.accounting.lines == report.accounting.records


def _healthy(line: str) -> bool:
    return line.startswith(('{"conversation":"coding-1"', '{"conversation":"labels-1"'))
