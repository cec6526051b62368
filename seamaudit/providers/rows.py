"""Dated rows: how a provider's fact is written down, and how the one that held at a time is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, Generic, TypeVar

from msgspec import Struct

V = TypeVar("V")

ALWAYS: Final = date.min
LATEST: Final = date.max


class Row(Struct, Generic[V], frozen=True):
    """One fact: for these models of a maker, on these platforms, from a day on.

    `models` and `platform` are exact names, or a beginning followed by `*`; several are split by spaces. `uncertain` says that no document
    settles it: the documents contradict each other, leave it open, or the value is older than its source.
    """

    maker: str
    models: str
    platform: str
    effective_from: date
    value: V
    source: str
    uncertain: bool = False

    def holds(self, maker: str, model: str, platform: str, day: date) -> bool:
        """Whether the row speaks of this model (canonical id) on this platform and day."""
        return (
            self.maker == maker
            and self.effective_from <= day
            and _matches_any(self.models, model)
            and _matches_any(self.platform, platform)
        )


def find(rows: Sequence[Row[V]], maker: str, model: str, platform: str, day: date) -> Row[V] | None:
    """The last row of the table that holds: a table goes from the general to the special and from old to new."""
    return next((row for row in reversed(rows) if row.holds(maker, model, platform, day)), None)


def day_of(when: float | None) -> date:
    """The UTC day of a time in seconds since the epoch; without one the newest rows hold."""
    if when is None:
        return LATEST
    try:
        return datetime.fromtimestamp(when, UTC).date()
    except (OverflowError, ValueError, OSError):
        return LATEST


def _matches_any(patterns: str, name: str) -> bool:
    return any(name.startswith(p[:-1]) if p.endswith("*") else name == p for p in patterns.split())
