"""A diagnosis as JSON data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from seamaudit.evidence import printable
from seamaudit.findings import Skipped
from seamaudit.forensics.doctor.advice import hints
from seamaudit.forensics.doctor.diagnosis import Diagnosis
from seamaudit.forensics.doctor.survey import Recorded, Survey
from seamaudit.trace import Source

SCHEMA_VERSION: Final = 1


def document(
    found: Diagnosis,
    survey: Survey,
    formats: Mapping[int, str],
    lines: Mapping[int, int],
    sources: Iterable[Source],
    skipped: Iterable[Skipped],
) -> dict[str, Any]:
    """Everything the page says, and more of it; every string safe to print. Shares are of 1, null where there is nothing to share."""
    return {
        "schema_version": SCHEMA_VERSION,
        "files": [
            {
                "path": printable(source.path),
                "format": formats[source.index],
                "records": lines.get(source.index, 0),
                **_calls(survey.source(source.index)),
            }
            for source in sources
            if source.index in formats
        ],
        "skipped": [{"path": printable(entry.path), "reason": printable(entry.reason)} for entry in skipped],
        **_calls(survey.total),
        "threads": dict(survey.threads),
        "holds": {part.replace(" ", "_"): {"held": held, "of": of} for part, (held, of) in survey.holdings.items()},
        "conventions": [
            {"convention": str(convention), "basis": str(basis), "calls": count}
            for (convention, basis), count in sorted(survey.conventions.items())
        ],
        "decidable": found.decidable,
        "rules": [
            {
                "code": printable(check.code),
                "name": printable(check.name),
                "layer": printable(check.layer),
                "state": str(check.state),
                "decided": check.decided,
                "not_checked": check.undecided,
            }
            for check in found.checks
        ],
        "not_checked": [
            {
                "reason": printable(gap.reason),
                "calls": gap.calls,
                "blind": list(map(printable, gap.blind)),
                "partly": list(map(printable, gap.partly)),
                "formats": list(gap.formats),
                "record": gap.record or None,
            }
            for gap in found.gaps
        ],
        "hints": [{"format": each.format, "hint": each.text} for each in hints(found.lacking)],
    }


def _calls(recorded: Recorded) -> dict[str, Any]:
    return {"calls": recorded.calls, "levels": dict(sorted(recorded.levels.items())), "clocks": dict(sorted(recorded.clocks.items()))}
