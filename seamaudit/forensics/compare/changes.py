"""The findings of two saved results, joined by fingerprint."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from seamaudit.findings import Severity
from seamaudit.forensics.compare.intervals import Interval, difference


class Trend(StrEnum):
    """What became of a finding. `new` and `gone` stand on one side alone; `more` and `fewer` are told only where 95 % intervals bear it
    out, `inconclusive` where the shares differ and the runs are too small to tell, `same` where they do not differ."""

    NEW = "new"
    MORE = "more"
    INCONCLUSIVE = "inconclusive"
    SAME = "same"
    FEWER = "fewer"
    GONE = "gone"


class Shown(Struct, frozen=True):
    """A finding as a comparison needs it: `touched` counts the calls it shows at."""

    code: str
    name: str
    severity: Severity
    fingerprint: str
    touched: int


class Side(Struct, frozen=True):
    """One run of a comparison: its calls, what they cost as far as prices are known, what of it was wasted, and its findings."""

    exchanges: int
    usd: float | None
    wasted: float | None
    findings: tuple[Shown, ...] = ()

    @property
    def each(self) -> float | None:
        """Dollars a call."""
        return None if self.usd is None or not self.exchanges else self.usd / self.exchanges


class Change(Struct, frozen=True):
    """One finding in both runs: the calls it touches then and now, and the interval of the difference of their shares.

    `certain` says that the interval does not hold zero: for what is new or gone, that chance alone does not explain it.
    """

    finding: Shown
    trend: Trend
    before: int
    now: int
    interval: Interval
    certain: bool


class Comparison(Struct, frozen=True):
    """Two runs and every finding of either, new ones first, then by severity."""

    old: Side
    new: Side
    changes: tuple[Change, ...]


def compare(old: Side, new: Side) -> Comparison:
    """Compare two runs."""
    before = {each.fingerprint: each for each in old.findings}
    now = {each.fingerprint: each for each in new.findings}
    changes = [_change(now.get(key), before.get(key), shown, old, new) for key, shown in {**before, **now}.items()]
    return Comparison(old, new, tuple(sorted(changes, key=_place)))


def _change(now: Shown | None, before: Shown | None, shown: Shown, old: Side, new: Side) -> Change:
    hits, hits_before = (now.touched if now else 0), (before.touched if before else 0)
    interval = difference(hits, new.exchanges, hits_before, old.exchanges)
    if before is None:
        trend = Trend.NEW
    elif now is None:
        trend = Trend.GONE
    elif interval.decides:
        trend = Trend.MORE if interval.low > 0 else Trend.FEWER
    else:
        trend = Trend.SAME if hits * old.exchanges == hits_before * new.exchanges else Trend.INCONCLUSIVE
    return Change(shown, trend, hits_before, hits, interval, interval.decides)


def _place(change: Change) -> tuple[int, int, str, str]:
    shown = change.finding
    return list(Trend).index(change.trend), -shown.severity.rank, shown.code, shown.fingerprint
