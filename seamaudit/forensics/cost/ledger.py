"""The bill by what caused it: the ledger's rows grouped by producer, tool or thing, dearest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from seamaudit.errors import UsageError
from seamaudit.facts import FactBase
from seamaudit.forensics.cost.sums import Amount, Sums
from seamaudit.forensics.cost.table import UNNAMED, By, CostTable, Row, Window
from seamaudit.ingest.duplicates import DuplicateRecord
from seamaudit.layers.cost import Spend
from seamaudit.layers.ledger import Billing, LedgerRow, Producer
from seamaudit.trace import Locus

OTHERS: Final = "(others)"
_NAMES: Final = {
    Producer.TOOL_SCHEMAS: "tool schemas",
    Producer.TOOL_RESULT: "tool results",
    Producer.SERVER_TOOLS: "the provider's own tools",
    Producer.UNRECORDED: "not recorded",
    Producer.CALLS: "calls written",
    Producer.ANSWER: "answers",
    Producer.HISTORY: "answers sent again",
    Producer.RETRIEVED: "retrieved",
}
_OF_TOOLS: Final = frozenset({Producer.TOOL_RESULT, Producer.TOOL_SCHEMAS, Producer.SERVER_TOOLS})
_WRITES: Final = frozenset({Billing.WRITE, Billing.WRITE_5M, Billing.WRITE_1H})


def ledger_table(facts: FactBase, by: Sequence[By], window: Window, place: Callable[[Locus], str], top: int = 0) -> CostTable:
    """The ledger in groups, dearest first; with `top`, what is beyond that many stands in one row.

    `place` spells where something stands. Raises UsageError where days are asked for: a row is summed over all calls of its thread.
    """
    if By.DAY in by or window.bounded:
        raise UsageError(
            "what a producer cost cannot be told by day", "What one thing cost is summed over every call that sent it; leave the days out."
        )
    groups: defaultdict[tuple[str, ...], list[LedgerRow]] = defaultdict(list)
    ledger = list(facts.rows(LedgerRow))
    for row in ledger:
        groups[tuple(_key(row, each, place) for each in by)].append(row)
    ordered = sorted(groups.items(), key=lambda group: (-sum(row.usd for row in group[1]), -sum(row.tokens for row in group[1]), group[0]))
    if top and len(ordered) > top:
        rest = [row for _, rows in ordered[top:] for row in rows]
        ordered = [*ordered[:top], ((OTHERS, *("",) * (len(by) - 1)), rest)]
    calls = tuple(facts.rows(Spend))
    return CostTable(
        by=tuple(by),
        window=window,
        rows=tuple(_row(keys, rows) for keys, rows in ordered),
        total=_row((), ledger),
        calls=calls,
        undated=0,
        copies=len(facts.rows(DuplicateRecord)),
        unheld=Amount(sum(row.tokens for row in ledger if row.producer is Producer.UNRECORDED)),
    )


def ledger_notes(table: CostTable) -> Iterator[str]:
    """What the reader of a ledger's table must know: how text was weighed, and how much of the input no text accounts for."""
    if table.unheld is None:
        return
    sums = table.total.sums
    total = sum(part.value or 0 for part in (sums.input, sums.cache_write, sums.cache_read))
    yield "Text weighs its bytes at the rate that fits the reported usage best, by model."
    if total and table.unheld.value:
        share = f"{table.unheld.value / total:.1%}"
        yield f"{share} of the input is in no recorded text: prompts and tools the recording leaves out, or a provider's own."


def named(row: LedgerRow) -> str:
    """A row's producer in words."""
    return _NAMES.get(row.producer, row.producer.value)


def _key(row: LedgerRow, by: By, place: Callable[[Locus], str]) -> str:
    if by is By.PRODUCER:
        return named(row)
    if by is By.TOOL:
        return (row.name or "unnamed") + f" ({named(row)})" if row.producer in _OF_TOOLS else f"({named(row)})"
    if by is By.THING:
        return f"{row.name or named(row)} at {place(row.locus)}"
    return row.conversation if by is By.SESSION else row.model or UNNAMED


def _row(keys: tuple[str, ...], rows: Sequence[LedgerRow]) -> Row:
    return Row(keys, tuple(sorted({row.model for row in rows if row.model})), _sums(rows))


def _sums(rows: Sequence[LedgerRow]) -> Sums:
    def tokens(billed: Iterable[LedgerRow]) -> Amount:
        return Amount(sum(row.tokens for row in billed))

    unpriced = sum(row.unpriced for row in rows)
    known = any(row.usd or not row.unpriced for row in rows)
    return Sums(
        calls=len({row.exchange for row in rows}),
        input=tokens(row for row in rows if row.billing in (Billing.PLAIN, Billing.UNKNOWN)),
        output=tokens(row for row in rows if row.billing is Billing.OUTPUT),
        cache_write=tokens(row for row in rows if row.billing in _WRITES),
        cache_read=tokens(row for row in rows if row.billing is Billing.READ),
        total=tokens(rows),
        usd=Amount(sum(row.usd for row in rows), at_least=unpriced > 0) if known else Amount(None),
    )
