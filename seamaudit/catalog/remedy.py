"""What a finding's fix says of its replay: what the same content would have cost, sent as the rule advises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seamaudit.catalog.message import dollars
from seamaudit.facts import FactBase
from seamaudit.findings import Waste
from seamaudit.seams.fixes import FixReplay, Mend

Replays = Mapping[tuple[Mend, int], FixReplay]
"""The replay of an edit, by the request that it mends."""


def replays_of(facts: FactBase) -> Replays:
    """Every replay of a run."""
    return {(row.mend, row.exchange): row for row in facts.rows(FixReplay)}


def with_replay(fix: str, mend: Mend | None, exchanges: Iterable[int], waste: Waste, replays: Replays) -> str:
    """The fix, and what the replay of its edit predicts for the application, with how well the replay reproduces what was recorded.

    No more is promised than the finding claims as waste: what another finding claims of it is that one's to promise.
    """
    if mend is None:
        return fix
    found = (replays.get((mend, exchange)) for exchange in exchanges)
    rows = list({row.plan: row for row in found if row is not None}.values())
    return f"{fix} {_predicted(rows, waste)}" if rows else fix


def _predicted(rows: list[FixReplay], waste: Waste) -> str:
    total = max(1, sum(row.input for row in rows))
    before, then = (f"{100 * sum(reads) / total:.0f} %" for reads in ((row.read for row in rows), (row.read_then for row in rows)))
    requests, reproduced, comparable = (
        sum(counts) for counts in zip(*((r.requests, r.reproduced, r.comparable) for r in rows), strict=True)
    )
    return (
        f"Predicted by replay, not measured: {_saving(rows, waste)}, at a hit rate of {then} in place of {before}, over the"
        f" {requests:,} requests of the application; the model reproduces {reproduced:,} of {comparable:,} recorded requests."
    )


def _saving(rows: list[FixReplay], waste: Waste) -> str:
    known = [row.saved_usd for row in rows if row.saved_usd is not None]
    if len(known) < len(rows):
        return "a saving that no price is known for"
    saved = sum(known)
    if saved <= 0:
        return "nothing saved in this recording"
    capped = min(saved, waste.usd or 0)
    return f"{dollars(capped)} saved" if capped else "a saving that another finding names"
