"""Footnotes: what a cost table holds that its reader may not expect, and what it cannot know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from seamaudit.catalog.message import dollars
from seamaudit.forensics.cost.sums import Amount, Sums, by_recording, paid, refused
from seamaudit.forensics.cost.table import By, CostTable
from seamaudit.forensics.cost.waste import Wasted
from seamaudit.layers.cost import Spend
from seamaudit.providers.billing import Unpriced

SIDES = {"subagent": "sub-agent", "title": "title", "probe": "probe"}
UNREAD = frozenset({Unpriced.NO_USAGE, Unpriced.USAGE_INCOMPLETE})


def notes(table: CostTable, price_table: str) -> list[str]:
    """The footnotes of a table, one sentence or two each; `price_table` names the prices."""
    return [*_of(table), f"Prices: {price_table}. Days are in {table.window.zone}."]


def waste_notes(found: Wasted) -> Iterator[str]:
    """What the reader of a column of waste must know."""
    yield "Waste is what findings of `seamaudit scan` claim of these calls; what no rule could check is not in it."
    if found.beyond:
        yield f"{dollars(found.beyond)} that findings claim beyond the bills of their threads are left out."


def spoken(amount: Amount, money: bool = False) -> str:
    """An amount as a table shows it: `unknown`, `1,234`, `>= $1.23`."""
    if amount.value is None:
        return "unknown"
    return f"{'>= ' if amount.at_least else ''}{dollars(amount.value) if money else f'{amount.value:,}'}"


def _of(table: CostTable) -> Iterator[str]:
    calls = table.calls
    for side in sorted({row.side for row in calls if not refused(row)} - {""}):
        yield _side(side, [row for row in calls if row.side == side])
    yield from _counted(calls, lambda row: row.output_is_lower_bound, _SHORT)
    yield from _counted(calls, lambda row: row.fees_unknown and paid(row) is not None, _FEES)
    yield from _unpriced(calls)
    yield from _counted(calls, lambda row: row.unpriced_reason in UNREAD and paid(row) is None, _NO_USAGE)
    yield from _counted(calls, by_recording, _RECORDED)
    yield from _counted(calls, lambda row: row.basis == "list", _LIST)
    yield from _counted(calls, lambda row: row.basis == "own" and row.usd is not None, _OWN)
    yield from _counted(calls, lambda row: row.usd is not None and row.dated is False, _NO_DATE)
    yield from _counted(calls, refused, ("was refused and cost nothing.", "were refused and cost nothing."))
    if By.APP in table.by:
        yield from _counted(calls, lambda row: not row.app_declared, _APPS)
    if table.copies:
        held = "as resumed sessions and second recorders hold them"
        yield f"{_count(table.copies, 'copy', 'copies')} of calls, {held}, {_be(table.copies)} counted once."
    if table.undated:
        yield f"{_count(table.undated)} without a time {_be(table.undated)} left out, as no day can be told."


_SHORT = (
    "holds more text than its recorded output tokens allow: >= marks output and cost that are at least this.",
    "hold more text than their recorded output tokens allow: >= marks output and cost that are at least this.",
)
_FEES = ("ran the provider's own tools, whose fees are not recorded.", "ran the provider's own tools, whose fees are not recorded.")
_NO_USAGE = (
    "has no complete usage recorded: what it cost is unknown, and no total holds it.",
    "have no complete usage recorded: what they cost is unknown, and no total holds it.",
)
_RECORDED = (
    "has no price in the table and counts with the cost its recording notes.",
    "have no price in the table and count with the cost their recording notes.",
)
_LIST = ("went through a gateway and counts at the model's list price.", "went through a gateway and count at the model's list price.")
_OWN = ("is priced by the price file.", "are priced by the price file.")
_NO_DATE = ("has no time and counts at today's prices.", "have no time and count at today's prices.")


_APPS = (
    "names no app: ~ marks one told apart by platform and tools.",
    "name no app: ~ marks ones told apart by platform and tools.",
)


def _side(side: str, rows: list[Spend]) -> str:
    sums = Sums.over(rows)
    name = f"{SIDES.get(side, side)} call"
    return f"{_count(sums.calls, name)} {_be(sums.calls)} included: {spoken(sums.total)} tokens, {spoken(sums.usd, money=True)}."


def _unpriced(calls: Iterable[Spend]) -> Iterator[str]:
    rows = [row for row in calls if paid(row) is None and not refused(row) and row.unpriced_reason not in UNREAD]
    models = Counter(row.model or "no model" for row in rows)
    if rows:
        names = ", ".join(f"{model} ({count:,})" for model, count in models.most_common())
        yield f"{_count(len(rows))} {_have(len(rows))} no known price, and no total holds {_them(len(rows))}: {names}."


def _counted(calls: Iterable[Spend], told: Callable[[Spend], bool], words: tuple[str, str]) -> Iterator[str]:
    number = sum(map(told, calls))
    if number:
        yield f"{_count(number)} {words[number != 1]}"


def _count(number: int, one: str = "call", many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
