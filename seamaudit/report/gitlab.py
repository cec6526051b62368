"""GitLab Code Quality: an array of issues (docs.gitlab.com/ci/testing/code_quality, "Code Quality report format")."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, TextIO

from seamaudit.report.base import DocumentV1, FindingV1

_SEVERITIES = {"info": "info", "low": "minor", "medium": "major", "high": "critical", "critical": "blocker"}


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write the findings that are neither known nor ignored: the widget shows what a merge request adds, and has no word for others.

    Equal fingerprints would be shown once, so the second gets a number. What was recorded and what was not checked has no place in it:
    the junit format beside it has one.
    """
    seen: Counter[str] = Counter()
    issues = []
    for finding in whole.findings:
        if finding.counts:
            seen[finding.fingerprint] += 1
            issues.append(_issue(finding, seen[finding.fingerprint]))
    json.dump(issues, out, indent=2, allow_nan=False)
    out.write("\n")


def _issue(finding: FindingV1, copy: int) -> dict[str, Any]:
    place = finding.site or (finding.locations[0] if finding.locations else None)
    return {
        "description": f"{finding.code} {finding.name}: {finding.message}",
        "check_name": finding.code,
        "fingerprint": finding.fingerprint + (f":{copy}" if copy > 1 else ""),
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": ((place.file if place else "") or "unknown").removeprefix("./"),
            "lines": {"begin": max(1, place.line) if place else 1},
        },
    }
