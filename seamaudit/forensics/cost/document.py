"""A cost table as plain data, for JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from seamaudit.evidence import printable
from seamaudit.forensics.cost.sums import Amount, Sums, by_recording, paid, refused
from seamaudit.forensics.cost.table import CostTable, Row
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
    return {"models": [printable(model) for model in row.models], **_sums(row.sums)}


def _sums(sums: Sums) -> dict[str, Any]:
    amounts: dict[str, Amount] = {f"{name}_tokens": getattr(sums, name) for name in _TOKENS}
    usd = sums.usd.value
    return {
        "calls": sums.calls,
        **{name: amount.value for name, amount in amounts.items()},
        "usd": None if usd is None else round(to_usd(usd), 6),
        "at_least": [name for name, amount in (*amounts.items(), ("usd", sums.usd)) if amount.at_least],
    }


def _side(table: CostTable, side: str) -> dict[str, Any]:
    return _sums(Sums.over(row for row in table.calls if row.side == side))


def _unpriced(table: CostTable) -> dict[str, int]:
    reasons = Counter(str(row.unpriced_reason) for row in table.calls if paid(row) is None and not refused(row))
    return dict(sorted(reasons.items()))
