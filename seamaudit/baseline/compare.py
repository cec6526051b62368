"""A run against its baseline: which findings are new, which are known, what is stale, and where the run sees less."""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.baseline.entries import Baseline, Entry, Opinion, blindness
from seamaudit.findings import Finding, Report, Standing
from seamaudit.trace.money import to_usd

TOLERANCE = 0.5
"""How much more often, or dearer, a known finding may be an exchange before it counts as new: half as much again."""
FEW = 2
"""This many more occurrences than known are chance, whatever the rate."""
CENT = 10**10
"""Waste that grows by less is no matter."""
BLINDER = 0.1
"""A rule that is undecided for this much more of the exchanges has gone blind."""


class Blind(Struct, frozen=True):
    """A rule that sees less than when the baseline was made: the share it could not decide, then and now."""

    code: str
    before: float
    now: float


class Applied(Struct, frozen=True):
    """The report with every finding's standing; entries that did not show, entries past their day, and rules gone blind."""

    report: Report
    stale: tuple[Entry, ...]
    expired: tuple[Entry, ...]
    blind: tuple[Blind, ...]


def apply(report: Report, baseline: Baseline, today: date) -> Applied:
    """Mark every finding as new or known. A finding that is already ignored stays so."""
    findings = tuple(_standing(finding, baseline.entries.get(finding.fingerprint), report, today) for finding in report.findings)
    shown = {finding.fingerprint for finding in report.findings}
    stale = tuple(entry for key, entry in sorted(baseline.entries.items()) if key not in shown)
    expired = tuple(entry for key, entry in sorted(baseline.entries.items()) if key in shown and _is_past(entry, today))
    return Applied(replace(report, findings=findings), stale, expired, _gone_blind(report, baseline))


def _standing(finding: Finding, entry: Entry | None, report: Report, today: date) -> Finding:
    if finding.status is Standing.IGNORED:
        return finding
    if entry is None:
        return replace(finding, status=Standing.NEW, justification="not in the baseline")
    if _is_past(entry, today):
        return replace(finding, status=Standing.NEW, justification=f"known until {entry.expires}")
    worse = _worse(finding, entry, report)
    if worse:
        return replace(finding, status=Standing.NEW, justification=worse)
    return replace(finding, status=Standing.KNOWN, justification=entry.reason or _said(entry.opinion))


def _worse(finding: Finding, entry: Entry, report: Report) -> str:
    """How the finding is worse than known, "" where it is not: more often an exchange, or dearer, beyond the tolerance."""
    exchanges = max(1, report.exchanges)
    expected = max(1.0, entry.rate * exchanges)
    if finding.occurrences > expected * (1 + TOLERANCE) and finding.occurrences > expected + FEW:
        return f"{finding.occurrences} times in {exchanges:,} calls, known as {entry.occurrences} in {entry.exchanges:,}"
    waste, ceiling = finding.waste.usd or 0, entry.waste * exchanges / max(1, entry.exchanges)
    if waste > ceiling * (1 + TOLERANCE) and waste > ceiling + CENT:
        return f"wastes ${to_usd(waste):,.2f} in {exchanges:,} calls, known as ${to_usd(entry.waste):,.2f} in {entry.exchanges:,}"
    return ""


def _said(opinion: Opinion) -> str:
    return {Opinion.FALSE_ALARM: "a false alarm", Opinion.TO_FIX: "to be fixed", Opinion.ACCEPTED: "accepted"}.get(
        opinion, "in the baseline"
    )


def _is_past(entry: Entry, today: date) -> bool:
    return entry.expires is not None and entry.expires < today


def _gone_blind(report: Report, baseline: Baseline) -> tuple[Blind, ...]:
    now = blindness(report)
    found = (Blind(code, baseline.blind.get(code, 0.0), share) for code, share in now.items())
    return tuple(each for each in found if each.now > each.before + BLINDER)
