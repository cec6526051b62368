"""rdjson: reviewdog's diagnostic format (reviewdog/proto/rdf), for comments on pull requests wherever reviewdog writes them."""

from __future__ import annotations

import json
from typing import Any, TextIO

from seamaudit.report.base import DocumentV1, FindingV1, LocationV1, RuleV1
from seamaudit.report.base.v1 import SiteV1

_SEVERITIES = {"info": "INFO", "low": "INFO", "medium": "WARNING", "high": "ERROR", "critical": "ERROR"}
MOST_RELATED = 20


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write the findings that are neither known nor ignored as one DiagnosticResult; it has no field to mark others with, nor one for what
    was recorded and not checked."""
    rules = {rule.code: rule for rule in whole.rules}
    result = {
        "source": {"name": whole.tool.name},
        "diagnostics": [_diagnostic(finding, rules.get(finding.code)) for finding in whole.findings if finding.counts],
    }
    json.dump(result, out, indent=2, allow_nan=False)
    out.write("\n")


def _diagnostic(finding: FindingV1, rule: RuleV1 | None) -> dict[str, Any]:
    links = [link for link in rule.references if link.startswith("https://")] if rule else []
    code = {"value": finding.code, **({"url": links[0]} if links else {})}
    primary = finding.site or (finding.locations[0] if finding.locations else None)
    return {
        "message": f"{finding.message} {finding.fix}",
        **({"location": _location(primary)} if primary else {}),
        "severity": _SEVERITIES[finding.severity],
        "code": code,
        "relatedLocations": [{"message": "seen against", "location": _location(place)} for place in finding.witness[:MOST_RELATED]],
    }


def _location(place: LocationV1 | SiteV1) -> dict[str, Any]:
    return {"path": place.file or "unknown", "range": {"start": {"line": max(1, place.line), "column": 1}}}
