"""From what a run concluded to its versioned form, every string of it made safe on the way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from seamaudit.evidence import Evidence, Excerpt, printable, sanitize
from seamaudit.findings import Finding, NotChecked, Report, RuleCard, Scalar, SeamSpec, Skipped, Waste
from seamaudit.report.base.sites import Sites
from seamaudit.report.base.v1 import (
    SCHEMA_VERSION,
    DocumentV1,
    EvidenceV1,
    ExcerptV1,
    FindingV1,
    LinesV1,
    LocationV1,
    NotCheckedV1,
    RuleV1,
    SeamV1,
    SiteV1,
    SkippedV1,
    SpendV1,
    SummaryV1,
    ToolV1,
    WasteV1,
)
from seamaudit.trace import Locus

PICO_PER_MICRO = 10**6
NO_SITES = Sites()


def document(report: Report, sites: Sites = NO_SITES) -> DocumentV1:
    """The report in its versioned form, every string of it safe to print. Findings keep the report's order.

    `sites` say which source line stands behind a finding.
    """
    lanes = _lanes(report.findings)
    files = tuple(sanitize(source.path) for source in report.sources)
    return DocumentV1(
        schema_version=SCHEMA_VERSION,
        tool=ToolV1("seamaudit", sanitize(report.version)),
        findings=tuple(_finding(finding, files, lanes, sites) for finding in report.findings),
        rules=tuple(map(_rule, report.rules)),
        summary=_summary(report, files),
    )


def _finding(finding: Finding, files: Sequence[str], lanes: Mapping[str, int], sites: Sites) -> FindingV1:
    return FindingV1(
        code=_line(finding.code),
        name=_line(finding.name),
        layer=_line(finding.layer),
        severity=finding.severity.value,
        confidence=finding.confidence.value,
        proof=str(finding.proof),
        message=_line(finding.message),
        fix=_line(finding.fix),
        seam=_seam(finding.seam),
        locations=_locations(finding.locations, files),
        witness=_locations(finding.witness, files),
        occurrences=finding.occurrences,
        threads=finding.threads,
        waste=_waste(finding.waste),
        symptoms=tuple(map(_line, finding.symptoms)),
        fingerprint=_line(finding.fingerprint),
        evidence=_evidence(finding.evidence),
        calls=tuple(case.exchange + 1 for case in finding.cases),
        lanes=tuple(lanes.get(case.thread, 0) for case in finding.cases),
        site=_site(finding, sites),
        status=None if finding.status is None else finding.status.value,
        justification=_line(finding.justification),
    )


def _lanes(findings: Iterable[Finding]) -> dict[str, int]:
    """Threads by the first exchange in which something was found, numbered from 1: their ids are the trace's and are not told."""
    first: dict[str, int] = {}
    for finding in findings:
        for case in finding.cases:
            if case.thread:
                first[case.thread] = min(case.exchange, first.get(case.thread, case.exchange))
    return {thread: number for number, thread in enumerate(sorted(first, key=lambda thread: (first[thread], thread)), start=1)}


def _site(finding: Finding, sites: Sites) -> SiteV1 | None:
    site = sites.of(finding.identity)
    return None if site is None else SiteV1(_line(site.file), site.line)


def _seam(seam: SeamSpec) -> SeamV1:
    return SeamV1(_line(seam.upstream), _line(seam.downstream), _line(seam.guarantees), _line(seam.assumes))


def _rule(rule: RuleCard) -> RuleV1:
    return RuleV1(
        code=_line(rule.code),
        name=_line(rule.name),
        layer=_line(rule.layer),
        severity=rule.severity.value,
        confidence=rule.confidence.value,
        seam=_seam(rule.seam),
        fix=_line(rule.fix),
        why=_line(rule.why),
        false_positives=tuple(map(_line, rule.false_positives)),
        references=tuple(map(_line, rule.references)),
    )


def _summary(report: Report, files: tuple[str, ...]) -> SummaryV1:
    books, spend = report.accounting, report.spend
    return SummaryV1(
        lines=LinesV1(books.lines, books.records, books.rejected, books.oversize, books.blank),
        bytes=books.bytes,
        files=files,
        exchanges=report.exchanges,
        threads=report.threads,
        spend=SpendV1(_dollars(spend.usd), spend.priced, spend.unpriced, _line(spend.price_table)),
        waste=_waste(report.waste),
        not_checked=tuple(map(_not_checked, report.not_checked)),
        skipped=tuple(map(_skipped, report.skipped)),
        knobs={_line(layer): {_line(knob): _scalar(value) for knob, value in knobs.items()} for layer, knobs in report.knobs.items()},
        formats=_counts(report.formats),
        levels=_counts(report.levels),
        clocks=_counts(report.clocks),
        masked=report.masked,
        fail_on=None if report.fail_on is None else report.fail_on.value,
    )


def _locations(loci: Iterable[Locus], files: Sequence[str]) -> tuple[LocationV1, ...]:
    return tuple(LocationV1(files[at.source] if at.source < len(files) else "", at.line, at.offset, sanitize(at.pointer)) for at in loci)


def _not_checked(entry: NotChecked) -> NotCheckedV1:
    return NotCheckedV1(_line(entry.code), _line(entry.name), _line(entry.reason), entry.exchanges, entry.of)


def _skipped(entry: Skipped) -> SkippedV1:
    return SkippedV1(sanitize(entry.path), _line(entry.reason), entry.explicit)


def _evidence(evidence: Evidence | None) -> EvidenceV1 | None:
    if evidence is None:
        return None
    return EvidenceV1(_excerpt(evidence.was), _excerpt(evidence.now), evidence.note)


def _excerpt(excerpt: Excerpt | None) -> ExcerptV1 | None:
    return None if excerpt is None else ExcerptV1(excerpt.text, excerpt.at)


def _waste(waste: Waste) -> WasteV1:
    seconds = waste.seconds
    return WasteV1(
        tokens=waste.tokens,
        usd=None if waste.usd is None else _dollars(waste.usd),
        seconds=None if seconds is None or not math.isfinite(seconds) else round(seconds, 3),
    )


def _dollars(picodollars: int) -> float:
    """Dollars to six places, rounded half up on integers, so that no platform rounds differently."""
    return (picodollars + PICO_PER_MICRO // 2) // PICO_PER_MICRO / 10**6


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {_line(key): counts[key] for key in sorted(counts)}


def _scalar(value: Scalar) -> Scalar:
    return _line(value) if isinstance(value, str) else value


def _line(text: str) -> str:
    return printable(" ".join(text.split()))
