"""Cost tables as sheets: what a person reads of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from seamaudit.audit import Measured
from seamaudit.cli.sheet import Cell, Sheet
from seamaudit.forensics.cost import (
    CONTENTS,
    Amount,
    Avoidable,
    By,
    CostTable,
    Row,
    Wasted,
    Waterfall,
    ledger_notes,
    notes,
    spoken,
    waste_notes,
)
from seamaudit.trace import Locus

FIGURES = ("Input", "Output", "Cache write", "Cache read", "Total tokens", "Cost (USD)")


def placed(measured: Measured) -> Callable[[Locus], str]:
    """Spells a place as file, line and pointer."""
    names = [source.path for source in measured.sources]
    return lambda locus: f"{names[locus.source]}:{locus.line} {locus.pointer}"


def sheet(table: CostTable, found: Wasted | None, prices: str, measured: Measured) -> Sheet:
    """A table of groups; where findings were judged, what they claim of each."""
    keys = tuple(str(each).capitalize() for each in table.by)
    with_models = {By.MODEL, *CONTENTS}.isdisjoint(table.by)
    return Sheet(
        headings=(*keys, *(("Models",) if with_models else ()), *FIGURES, *(("Waste (USD)",) if found else ())),
        words=len(keys) + with_models,
        rows=tuple((*row.keys, *_cells(row, with_models)) for row in table.rows),
        total=("Total", *("",) * (len(keys) - 1), *_cells(replace(table.total, models=()), with_models)),
        notes=(*ledger_notes(table), *(waste_notes(found) if found else ()), *notes(table, prices), *_unread(measured)),
    )


def waterfall_sheet(steps: Waterfall, table: CostTable, found: Wasted, prices: str, measured: Measured) -> Sheet:
    """The bill, what each finding claims of it, and what is left."""
    rest: tuple[tuple[Cell, ...], ...] = ()
    if steps.rest is not None:
        others = f"{steps.others} {'finding' if steps.others == 1 else 'findings'}"
        rest = (("avoidable", others, "", _less(steps.rest), _money(steps.floor)),)
    return Sheet(
        headings=("Step", "Finding", "Where", "Cost (USD)", "Left (USD)"),
        words=3,
        rows=(("actual", "", "", _money(steps.actual), _money(steps.actual)), *map(_step, steps.steps), *rest),
        total=("Floor", "", "", "", _money(steps.floor)),
        notes=(*waste_notes(found), *notes(table, prices), *_unread(measured)),
    )


def _step(step: Avoidable) -> tuple[Cell, ...]:
    finding = step.finding
    where = tuple(f"{column} {value}" for column, value in finding.identity if value not in (None, ""))
    return "avoidable", f"{finding.code} {finding.name}", where, _less(step.usd), _money(step.left)


def _money(amount: Amount) -> str:
    return spoken(amount, money=True)


def _less(amount: Amount) -> str:
    """What is taken off; what is claimed and has no price is said, not taken for nothing."""
    return "unknown" if amount.value is None else f"{'>= ' if amount.at_least else ''}-{_money(Amount(amount.value))}"


def _cells(row: Row, with_models: bool) -> tuple[Cell, ...]:
    sums = row.sums
    tokens = map(spoken, (sums.input, sums.output, sums.cache_write, sums.cache_read, sums.total))
    waste = (_money(row.waste),) if row.waste else ()
    return (*((row.models,) if with_models else ()), *tokens, _money(sums.usd), *waste)


def _unread(measured: Measured) -> Iterator[str]:
    """What the figures cannot hold, because it was not read."""
    lost = measured.accounting.rejected + measured.accounting.oversize
    if lost:
        yield f"{lost:,} {'line' if lost == 1 else 'lines'} could not be read; `seamaudit scan` names them."
    for entry in measured.skipped:
        if entry.explicit:
            yield f"Not read: {entry.path} ({entry.reason})."
