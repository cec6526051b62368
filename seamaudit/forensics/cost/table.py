"""Calls grouped and added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import Final

from msgspec import Struct

from seamaudit.facts import FactBase
from seamaudit.forensics.cost.sums import Amount, Sums, refused
from seamaudit.ingest.duplicates import DuplicateRecord
from seamaudit.layers.attempts import IntentTry
from seamaudit.layers.cost import Spend

UNDATED = "no date"
UNNAMED = "no model"


class By(StrEnum):
    """What calls are grouped by; the last three group what was in them, which the ledger tells."""

    DAY = "day"
    SESSION = "session"
    MODEL = "model"
    APP = "app"
    TEAM = "team"
    USER = "user"
    KEY = "key"
    ATTEMPT = "attempt"
    PRODUCER = "producer"
    TOOL = "tool"
    THING = "thing"


CONTENTS = frozenset({By.PRODUCER, By.TOOL, By.THING})
"""What asks for the ledger."""


class Window(Struct, frozen=True):
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


class Row(Struct, frozen=True):
    """One group: its keys in the order of the table's `by`, the models that answered, the sums, and what findings claim of its cost,
    None in a table that was not judged."""

    keys: tuple[str, ...]
    models: tuple[str, ...]
    sums: Sums
    waste: Amount | None = None


class CostTable(Struct, frozen=True):
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


def cost_table(
    facts: FactBase, by: Sequence[By] = (By.DAY,), window: Window = Window(), waste: Callable[[Iterable[Spend]], Amount] | None = None
) -> CostTable:
    """The spend of a run in groups: sessions by their first call, everything else in its order. `waste` says what findings claim of calls.

    Groups in which every call was refused are left out: nothing was spent there.
    """
    spent = facts.rows(Spend)
    calls = tuple(row for row in spent if window.holds(row.at))
    keys = _Keys(window, {row.exchange: row.number for row in facts.rows(IntentTry)})
    groups: defaultdict[tuple[str, ...], list[Spend]] = defaultdict(list)
    for row in calls:
        groups[tuple(keys.of(row, each) for each in by)].append(row)
    began = _first_calls(calls)
    ordered = sorted(groups.items(), key=lambda group: _place(group[0], by, began))
    return CostTable(
        by=tuple(by),
        window=window,
        rows=tuple(_row(named, rows, waste) for named, rows in ordered if not all(map(refused, rows))),
        total=_row((), calls, waste),
        calls=calls,
        undated=sum(window.bounded and window.day(row.at) is None for row in spent),
        copies=len(facts.rows(DuplicateRecord)),
    )


def _row(keys: tuple[str, ...], rows: Sequence[Spend], waste: Callable[[Iterable[Spend]], Amount] | None) -> Row:
    models = tuple(sorted({row.model for row in rows if row.model and not refused(row)}))
    return Row(keys, models, Sums.over(rows), waste(rows) if waste else None)


_MISSING: Final = {
    By.DAY: UNDATED,
    By.SESSION: "no session",
    By.MODEL: UNNAMED,
    By.APP: "no app",
    By.TEAM: "no team",
    By.USER: "no user",
    By.KEY: "no key",
}


_COLUMNS: Final = {By.SESSION: "conversation", By.MODEL: "model", By.APP: "app", By.TEAM: "team", By.USER: "user", By.KEY: "key"}


class _Keys(Struct, frozen=True):
    """What names the group of a call; `tries` are the numbers of calls that were tried more than once."""

    window: Window
    tries: Mapping[int, int]

    def of(self, row: Spend, by: By) -> str:
        return self._named(row, by) or _MISSING[by]

    def _named(self, row: Spend, by: By) -> str:
        if by is By.DAY:
            day = self.window.day(row.at)
            return day.isoformat() if day else ""
        if by is By.ATTEMPT:
            return str(self.tries.get(row.exchange, 1))
        return str(getattr(row, _COLUMNS[by]))


def _first_calls(calls: Sequence[Spend]) -> dict[str, int]:
    """The position of every session's first call: calls come in time order."""
    began: dict[str, int] = {}
    for position, row in enumerate(calls):
        began.setdefault(row.conversation, position)
    return began


def _place(keys: tuple[str, ...], by: Sequence[By], began: dict[str, int]) -> tuple[tuple[int, str], ...]:
    return tuple(_rank(key, each, began) for key, each in zip(keys, by, strict=True))


def _rank(key: str, by: By, began: dict[str, int]) -> tuple[int, str]:
    """Where a group stands among those of its kind: what has no name comes last."""
    if by is By.SESSION:
        return began.get(key, -1), ""
    if by is By.ATTEMPT:
        return int(key), ""
    return int(key == _MISSING[by]), key
