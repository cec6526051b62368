"""Calls grouped and added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum

from seamaudit.facts import FactBase
from seamaudit.forensics.cost.sums import Amount, Sums, refused
from seamaudit.ingest.duplicates import DuplicateRecord
from seamaudit.layers.cost import Spend

UNDATED = "no date"
UNNAMED = "no model"


class By(StrEnum):
    """What calls are grouped by; the last three group what was in them, which the ledger tells."""

    DAY = "day"
    SESSION = "session"
    MODEL = "model"
    PRODUCER = "producer"
    TOOL = "tool"
    THING = "thing"


CONTENTS = frozenset({By.PRODUCER, By.TOOL, By.THING})
"""What asks for the ledger."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days that count, both ends included, None where open; days begin at midnight in `zone`."""

    since: date | None = None
    until: date | None = None
    zone: tzinfo = UTC

    @property
    def bounded(self) -> bool:
        """Whether an end is set."""
        return self.since is not None or self.until is not None

    def day(self, moment: float | None) -> date | None:
        """The day of a moment in seconds since the epoch, None where there is none."""
        try:
            return None if moment is None else datetime.fromtimestamp(moment, self.zone).date()
        except (OverflowError, ValueError, OSError):
            return None

    def holds(self, moment: float | None) -> bool:
        """Whether a moment counts; an unknown one does only where no end is set."""
        day = self.day(moment)
        if day is None:
            return not self.bounded
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Row:
    """One group: its keys in the order of the table's `by`, the models that answered, and the sums."""

    keys: tuple[str, ...]
    models: tuple[str, ...]
    sums: Sums


@dataclass(frozen=True, slots=True)
class CostTable:
    """The groups, their total, the calls that went in, and how many were left out: `undated` by the window, `copies` of others.

    `unheld` are the input tokens that no recorded position holds, None in a table that does not look into calls."""

    by: tuple[By, ...]
    window: Window
    rows: tuple[Row, ...]
    total: Row
    calls: tuple[Spend, ...]
    undated: int
    copies: int
    unheld: Amount | None = None


def cost_table(facts: FactBase, by: Sequence[By] = (By.DAY,), window: Window = Window()) -> CostTable:
    """The spend of a run in groups: days and models in their order, sessions by their first call.

    Groups in which every call was refused are left out: nothing was spent there.
    """
    spent = facts.rows(Spend)
    calls = tuple(row for row in spent if window.holds(row.at))
    groups: defaultdict[tuple[str, ...], list[Spend]] = defaultdict(list)
    for row in calls:
        groups[tuple(_key(row, each, window) for each in by)].append(row)
    began = _first_calls(calls)
    ordered = sorted(groups.items(), key=lambda group: _place(group[0], by, began))
    return CostTable(
        by=tuple(by),
        window=window,
        rows=tuple(_row(keys, rows) for keys, rows in ordered if not all(map(refused, rows))),
        total=_row((), calls),
        calls=calls,
        undated=sum(window.bounded and window.day(row.at) is None for row in spent),
        copies=len(facts.rows(DuplicateRecord)),
    )


def _row(keys: tuple[str, ...], rows: Sequence[Spend]) -> Row:
    return Row(keys, tuple(sorted({row.model for row in rows if row.model and not refused(row)})), Sums.over(rows))


def _key(row: Spend, by: By, window: Window) -> str:
    if by is By.DAY:
        day = window.day(row.at)
        return UNDATED if day is None else day.isoformat()
    return row.conversation if by is By.SESSION else row.model or UNNAMED


def _first_calls(calls: Sequence[Spend]) -> dict[str, int]:
    """The position of every session's first call: calls come in time order."""
    began: dict[str, int] = {}
    for position, row in enumerate(calls):
        began.setdefault(row.conversation, position)
    return began


def _place(keys: tuple[str, ...], by: Sequence[By], began: dict[str, int]) -> tuple[tuple[int, str], ...]:
    return tuple((began[key], "") if each is By.SESSION else (int(key == UNDATED), key) for key, each in zip(keys, by, strict=True))
