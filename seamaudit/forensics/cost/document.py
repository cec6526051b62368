"""A cost table as plain data, for JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from seamaudit.evidence import printable
from seamaudit.forensics.cost.sums import Amount, Sums, by_recording, paid, refused
from seamaudit.forensics.cost.table import CostTable, Row
from seamaudit.forensics.cost.waste import Avoidable, Waterfall
from seamaudit.trace import to_usd

SCHEMA_VERSION = 1
_TOKENS = ("input", "output", "cache_write", "cache_read", "total")


def document(table: CostTable, price_table: str) -> dict[str, Any]:
    """The table as JSON data, every string of it safe to print.

    Tokens and US dollars are null where unknown; `at_least` names the figures of a row that are lower bounds. What the `unpriced`
    calls cost is in no figure, `refused` ones cost nothing.
    """
    window = table.window
    return {
        "schema_version": SCHEMA_VERSION,
        "by": [str(each) for each in table.by],
        "timezone": str(window.zone),
        "since": window.since.isoformat() if window.since else None,
        "until": window.until.isoformat() if window.until else None,
        "rows": [{**{str(each): printable(key) for each, key in zip(table.by, row.keys, strict=True)}, **_row(row)} for row in table.rows],
        "totals": _row(table.total),
        "sides": {printable(side): _side(table, side) for side in sorted({row.side for row in table.calls} - {""})},
        "refused": sum(map(refused, table.calls)),
        "unpriced": _unpriced(table),
        "by_recording": sum(map(by_recording, table.calls)),
        "copies": table.copies,
        "undated": table.undated,
        **({} if table.unheld is None else {"not_recorded_tokens": table.unheld.value}),
        "price_table": price_table,
    }


def _row(row: Row) -> dict[str, Any]:
    return {"models": [printable(model) for model in row.models], **_sums(row.sums, row.waste)}


def _sums(sums: Sums, waste: Amount | None = None) -> dict[str, Any]:
    tokens: dict[str, Amount] = {f"{name}_tokens": getattr(sums, name) for name in _TOKENS}
    money = {"usd": sums.usd, **({"waste_usd": waste} if waste else {})}
    return {
        "calls": sums.calls,
        **{name: amount.value for name, amount in tokens.items()},
        **{name: usd_of(amount) for name, amount in money.items()},
        "at_least": [name for name, amount in (tokens | money).items() if amount.at_least],
    }


def usd_of(amount: Amount) -> float | None:
    """An amount of picodollars in dollars, null where unknown."""
    return None if amount.value is None else round(to_usd(amount.value), 6)


def waterfall_document(told: Waterfall, price_table: str) -> dict[str, Any]:
    """The steps from the bill to its floor as JSON data, every string of it safe to print."""
    return {
        "schema_version": SCHEMA_VERSION,
        "actual_usd": usd_of(told.actual),
        "steps": [_step(step) for step in told.steps],
        "others": None if told.rest is None else {"findings": told.others, "usd": usd_of(told.rest), "at_least": told.rest.at_least},
        "floor_usd": usd_of(told.floor),
        "at_least": [name for name, amount in (("actual_usd", told.actual), ("floor_usd", told.floor)) if amount.at_least],
        "price_table": price_table,
    }


def _step(step: Avoidable) -> dict[str, Any]:
    finding = step.finding
    return {
        "code": finding.code,
        "name": finding.name,
        "fingerprint": finding.fingerprint,
        "identity": {column: printable(value) if isinstance(value, str) else value for column, value in finding.identity},
        "usd": usd_of(step.usd),
        "at_least": step.usd.at_least,
        "left_usd": usd_of(step.left),
    }


def _side(table: CostTable, side: str) -> dict[str, Any]:
    return _sums(Sums.over(row for row in table.calls if row.side == side))


def _unpriced(table: CostTable) -> dict[str, int]:
    reasons = Counter(str(row.unpriced_reason) for row in table.calls if paid(row) is None and not refused(row))
    return dict(sorted(reasons.items()))
