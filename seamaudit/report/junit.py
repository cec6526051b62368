"""JUnit XML: a rule is a test case. It fails where it found something that fails the run, and is skipped where it was not checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct, field

from seamaudit.report.base import DocumentV1, FindingV1, NotCheckedV1, SummaryV1
from seamaudit.report.base.words import SEVERITIES, count, elsewhere, not_checked, recorded, waste_of


class _Case(Struct):
    name: str
    layer: str
    failures: list[FindingV1] = field(default_factory=list)
    others: list[FindingV1] = field(default_factory=list)
    unchecked: list[NotCheckedV1] = field(default_factory=list)

    @property
    def skipped(self) -> bool:
        return not self.failures and not self.others and bool(self.unchecked)


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write one test suite a layer. A rule that was not checked for some exchanges and found nothing is skipped, with the reason.

    Findings that fail no run, because they are known, ignored or too small, leave their rule passed and stand in its output.
    """
    suites: dict[str, list[_Case]] = defaultdict(list)
    for _, case in sorted(_cases(whole).items()):
        suites[case.layer].append(case)
    everything = [case for suite in suites.values() for case in suite]
    out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="seamaudit" {_counts(everything)}>\n')
    for layer, suite in sorted(suites.items()):
        out.write(f"  <testsuite name={_quoted(layer)} {_counts(suite)}>\n")
        _properties(whole.summary, out)
        for case in suite:
            _write(case, out)
        out.write("  </testsuite>\n")
    out.write("</testsuites>\n")


def _properties(summary: SummaryV1, out: TextIO) -> None:
    """What was recorded, and what of it could not be checked: a suite has room for both, a case that failed or passed has none."""
    told = (("recorded", recorded(summary)), ("not checked", not_checked(summary)))
    out.write("    <properties>\n")
    for name, text in told:
        out.write(f"      <property name={_quoted(name)} value={_quoted(text)}/>\n")
    out.write("    </properties>\n")


def _cases(whole: DocumentV1) -> dict[str, _Case]:
    cases = {rule.code: _Case(f"{rule.code} {rule.name}", rule.layer) for rule in whole.rules}
    for finding in whole.findings:
        case = cases.setdefault(finding.code, _Case(f"{finding.code} {finding.name}", finding.layer))
        (case.failures if _fails(finding, whole.summary.fail_on) else case.others).append(finding)
    for entry in whole.summary.not_checked:
        cases.setdefault(entry.code, _Case(f"{entry.code} {entry.name}", "other")).unchecked.append(entry)
    return cases


def _fails(finding: FindingV1, fail_on: str | None) -> bool:
    return finding.counts and fail_on is not None and SEVERITIES.index(finding.severity) <= SEVERITIES.index(fail_on)


def _counts(cases: Sequence[_Case]) -> str:
    failed, skipped = sum(bool(case.failures) for case in cases), sum(case.skipped for case in cases)
    return f'tests="{len(cases)}" failures="{failed}" skipped="{skipped}" errors="0" time="0"'


def _write(case: _Case, out: TextIO) -> None:
    out.write(f'    <testcase classname={_quoted(f"seamaudit.{case.layer}")} name={_quoted(case.name)} time="0">\n')
    if case.failures:
        first = case.failures[0]
        out.write(f"      <failure message={_quoted(first.message)} type={_quoted(first.severity)}>{_told(case.failures)}</failure>\n")
    elif case.skipped:
        out.write(f"      <skipped message={_quoted('not checked: ' + _reasons(case.unchecked))}/>\n")
    beside = [_told(case.others)] if case.others else []
    if case.unchecked and not case.skipped:
        beside.append(escape("not checked: " + _reasons(case.unchecked)))
    if beside:
        joined = "\n".join(beside)
        out.write(f"      <system-out>{joined}</system-out>\n")
    out.write("    </testcase>\n")


def _told(findings: Iterable[FindingV1]) -> str:
    return escape("\n".join(line for finding in findings for line in _lines(finding)))


def _lines(finding: FindingV1) -> Iterable[str]:
    extra = [part for part in (elsewhere(finding), waste_of(finding.waste), finding.status or "") if part]
    yield f"{finding.severity} {finding.message}" + (f" ({'; '.join(extra)})" if extra else "")
    for place in finding.locations[:1]:
        yield f"  at {place.file}:{place.line} {place.pointer}".rstrip()
    if finding.evidence:
        for name, excerpt in (("was", finding.evidence.was), ("now", finding.evidence.now)):
            if excerpt:
                yield f"  {name}: {excerpt.text}"
    yield f"  fix: {finding.fix}"


def _reasons(entries: Iterable[NotCheckedV1]) -> str:
    return "; ".join(f"{entry.reason} ({entry.exchanges:,} of {count(entry.of, 'exchange')})" for entry in entries)


def _quoted(text: str) -> str:
    return quoteattr(text)
