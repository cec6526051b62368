"""One line a finding, `file:line: CODE severity message`, as compilers write it and editors read it."""

from __future__ import annotations

from typing import TextIO

from seamaudit.report.base import DocumentV1, FindingV1
from seamaudit.report.base.escape import guarded
from seamaudit.report.base.words import count, elsewhere, not_checked, recorded, severities, waste_of


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write every finding on a line of its own, then how many there are, what was recorded, and how many rules were not checked
    everywhere."""
    for finding in whole.findings:
        out.write(guarded(_line(finding)) + "\n")
    summary = whole.summary
    parts = (severities(whole.findings), f"{count(summary.exchanges, 'exchange')} read", recorded(summary), not_checked(summary))
    out.write(f"findings: {'; '.join(parts)}\n")


def _line(finding: FindingV1) -> str:
    place = finding.locations[0] if finding.locations else None
    where = f"{place.file}:{place.line}: " if place else ""
    extra = [part for part in (elsewhere(finding), waste_of(finding.waste), finding.status or "") if part]
    return f"{where}{finding.code} {finding.severity} {finding.message}" + (f" ({'; '.join(extra)})" if extra else "")
