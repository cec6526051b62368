"""What a baseline holds: one entry a finding, by its fingerprint, and how far its run could see.

An entry names no file, line, session, time or text, and no digest of any: a recording of the same scenario made again matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.errors import UsageError
from seamaudit.findings import Finding, Report, Scalar


class Opinion(StrEnum):
    """What a person has decided about an entry."""

    OPEN = ""
    ACCEPTED = "accepted"
    FALSE_ALARM = "false_alarm"
    TO_FIX = "to_fix"


class Entry(Struct, frozen=True, kw_only=True):
    """A known finding: how often it showed in how many exchanges, what it wasted in picodollars, and what a person said of it.

    After `expires` it is known no more.
    """

    code: str
    fingerprint: str
    identity: Mapping[str, Scalar]
    occurrences: int
    exchanges: int
    waste: int = 0
    reason: str = ""
    expires: date | None = None
    opinion: Opinion = Opinion.OPEN

    @property
    def rate(self) -> float:
        """Occurrences an exchange."""
        return self.occurrences / self.exchanges if self.exchanges else 0.0


class Baseline(Struct, frozen=True, kw_only=True):
    """All entries by fingerprint, and the share of exchanges for which each rule could not be decided."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    blind: Mapping[str, float] = field(default_factory=dict)


def created(report: Report, reason: str = "") -> Baseline:
    """The baseline of a run: every finding is known."""
    entries = {finding.fingerprint: _entry(finding, report, reason) for finding in report.findings}
    return Baseline(entries=entries, blind=blindness(report))


def updated(baseline: Baseline, report: Report) -> Baseline:
    """The baseline with a run's findings and counts; what people said stays, and so does what the run did not show."""
    entries = dict(baseline.entries)
    for finding in report.findings:
        known = entries.get(finding.fingerprint)
        new = _entry(finding, report)
        if known:
            new = replace(new, reason=known.reason, expires=known.expires, opinion=known.opinion)
        entries[finding.fingerprint] = new
    return Baseline(entries=entries, blind=blindness(report))


def pruned(baseline: Baseline, report: Report) -> Baseline:
    """The baseline without entries that the run no longer shows."""
    shown = {finding.fingerprint for finding in report.findings}
    return replace(baseline, entries={key: entry for key, entry in baseline.entries.items() if key in shown})


def judged(
    baseline: Baseline, fingerprint: str, opinion: Opinion | None = None, reason: str | None = None, expires: date | None = None
) -> Baseline:
    """The baseline with what a person says of one entry, named by how its fingerprint begins.

    Raises UsageError where none or several begin so.
    """
    found = [entry for key, entry in baseline.entries.items() if key.startswith(fingerprint)]
    if len(found) != 1:
        count = "no entry has" if not found else f"{len(found)} entries have"
        raise UsageError(f"{count} a fingerprint that begins with {fingerprint!r}", "`seamaudit baseline show` lists them.")
    (entry,) = found
    said = replace(
        entry,
        opinion=entry.opinion if opinion is None else opinion,
        reason=entry.reason if reason is None else reason,
        expires=entry.expires if expires is None else expires,
    )
    return replace(baseline, entries={**baseline.entries, entry.fingerprint: said})


def blindness(report: Report) -> dict[str, float]:
    """The share of exchanges for which a rule could not be decided, by code, to three digits; rules that saw all are left out."""
    unseen: dict[str, int] = {}
    for row in report.not_checked:
        unseen[row.code] = unseen.get(row.code, 0) + row.exchanges
    of = max(1, report.exchanges)
    return {code: round(min(1.0, count / of), 3) for code, count in sorted(unseen.items())}


def _entry(finding: Finding, report: Report, reason: str = "") -> Entry:
    return Entry(
        code=finding.code,
        fingerprint=finding.fingerprint,
        identity=dict(finding.identity),
        occurrences=finding.occurrences,
        exchanges=report.exchanges,
        waste=finding.waste.usd or 0,
        reason=reason,
    )


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Entries as they are written: by code, then by fingerprint."""
    return sorted(entries, key=lambda entry: (entry.code, entry.fingerprint))
