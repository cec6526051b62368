"""Ignores: findings a team has decided not to hear of, in its config alone. Nothing inside a trace can suppress anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.findings import Finding, Report, Scalar, Standing


class Ignore(Struct, frozen=True):
    """One entry: the findings of a rule whose identity columns have one of these values each. After `expires` it holds no more.

    `number` is its place in the config, from 1.
    """

    number: int
    rule: str
    match: Mapping[str, tuple[Scalar, ...]]
    reason: str
    expires: date | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is meant."""
        columns = dict(finding.identity)
        return finding.code == self.rule and all(name in columns and columns[name] in wanted for name, wanted in self.match.items())


class Suppressed(Struct, frozen=True):
    """The report with ignored findings marked; they are still counted. Entries that meant nothing, and those past their day."""

    report: Report
    unused: tuple[Ignore, ...]
    expired: tuple[Ignore, ...]


def suppress(report: Report, ignores: Sequence[Ignore], today: date) -> Suppressed:
    """Mark what is ignored, with the reason. An entry past its day marks nothing."""
    live = [each for each in ignores if each.expires is None or each.expires >= today]
    by_finding = {finding.fingerprint: next((each for each in live if each.covers(finding)), None) for finding in report.findings}
    findings = tuple(_marked(finding, by_finding[finding.fingerprint]) for finding in report.findings)
    unused = tuple(each for each in live if not any(each.covers(finding) for finding in report.findings))
    return Suppressed(replace(report, findings=findings), unused, tuple(each for each in ignores if each not in live))


def _marked(finding: Finding, by: Ignore | None) -> Finding:
    return finding if by is None else replace(finding, status=Standing.IGNORED, justification=by.reason)
