"""A comparison as plain data, for JSON."""

from __future__ import annotations

from typing import Any

from seamaudit.forensics.compare.changes import Change, Comparison, Side

SCHEMA_VERSION = 1


def document(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON data; its strings come from saved results that were made safe when they were read."""
    return {
        "schema_version": SCHEMA_VERSION,
        "old": _side(found.old),
        "new": _side(found.new),
        "changes": [_change(change) for change in found.changes],
    }


def _side(side: Side) -> dict[str, Any]:
    return {"exchanges": side.exchanges, "usd": side.usd, "waste_usd": side.wasted}


def _change(change: Change) -> dict[str, Any]:
    finding = change.finding
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "fingerprint": finding.fingerprint,
        "trend": change.trend.value,
        "certain": change.certain,
        "calls_before": change.before,
        "calls_now": change.now,
        "difference_95": [round(change.interval.low, 6), round(change.interval.high, 6)],
    }
