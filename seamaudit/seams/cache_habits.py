"""What the way an application caches costs it: no marker, the same prefix written at once, long lives for short pauses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.cache import CacheRead, CacheWrite, UnmarkedRepeat
from seamaudit.layers.prefix import PrefixChange
from seamaudit.providers.prices import PriceBook, UnitPrices
from seamaudit.seams.base import paid, within
from seamaudit.trace import Money, Need, Zone

Surety = Literal["high", "medium"]


class Habit(StrEnum):
    """How markers were used to no good."""

    UNMARKED = "unmarked"
    STAMPEDE = "stampede"
    COLD_START = "cold_start"
    LONG_LIFE = "long_life"


@fact("cache_habits", needs=(Need.PROMPT, Need.USAGE, Need.TIME, Need.CACHE_CONTRACT))
class CacheHabit(Fact, frozen=True, kw_only=True):
    """A request that paid more than it had to for the way its prompt was marked or sent."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    habit: Annotated[Habit, "What was done."]
    confidence: Annotated[Surety, "Medium where the platform's contract or the moment an answer began is not known for sure."]
    times: Annotated[int, "Requests of this app that did the same."]
    wasted_tokens: Annotated[int, "Tokens paid for at more than they had to cost."]
    waste_usd: Annotated[Money | None, "What that cost; unknown where a price is."]
    minimum: Annotated[int | None, "Of an unmarked prefix: the shortest that the model caches, in tokens."] = None


class HabitKnobs(Struct, frozen=True):
    """What counts as a habit.

    `times`: requests of one app below which it is none. `unused_share`: the share of its extra price that a long life may
    earn back and still count as unused.
    """

    times: int = 3
    unused_share: float = 0.25


SHORT_LIFE = 300.0
HOUR = 3600.0


class CacheHabits:
    """Joins writes, reads and unmarked repeats with prices."""

    def __init__(self, prices: PriceBook, knobs: HabitKnobs = HabitKnobs()) -> None:
        self._prices = prices
        self._knobs = knobs

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One CacheHabit for each request that took part in one. None claims more than its call cost."""
        writes = facts.rows(CacheWrite)
        stampedes, cold_starts = self._at_a_new_version(list(self._stampedes(writes)), writes, facts.rows(PrefixChange))
        rows = [
            *self._habit(self._unmarked(facts.rows(UnmarkedRepeat)), self._knobs.times),
            *self._habit(stampedes, 1),
            *self._habit(cold_starts, 1),
            *self._habit(self._long_lives(writes, facts.rows(CacheRead)), self._knobs.times),
        ]
        spent = paid(facts, rows)
        return [replace(row, waste_usd=within(row.waste_usd, spent.get(row.exchange))) for row in rows]

    def _habit(self, rows: Iterable[CacheHabit], least: int) -> Iterator[CacheHabit]:
        by_app: dict[str, list[CacheHabit]] = defaultdict(list)
        for row in rows:
            by_app[row.app].append(row)
        for group in by_app.values():
            if len(group) >= least:
                yield from (replace(row, times=len(group)) for row in group)

    def _unmarked(self, repeats: Collection[UnmarkedRepeat]) -> Iterator[CacheHabit]:
        """What reading the repeated part would have saved, less what writing the rest (and, first, the part itself) would have cost."""
        paid_for = {repeat.exchange for repeat in repeats}
        for repeat in repeats:
            written = repeat.total - repeat.repeated
            if repeat.base_exchange not in paid_for:
                written += repeat.repeated
                paid_for.add(repeat.base_exchange)
            unit = self._unit(repeat, repeat.total)
            usd = None
            if unit is not None and unit.input is not None and unit.read is not None and unit.write_5m is not None:
                saved = repeat.repeated * (unit.input - unit.read) - written * (unit.write_5m - unit.input)
                usd = Money(max(0, saved))
            if usd != 0:
                yield _row(repeat, Habit.UNMARKED, repeat.repeated, usd, surely=repeat.settled, minimum=repeat.minimum)

    def _stampedes(self, writes: Iterable[CacheWrite]) -> Iterator[CacheHabit]:
        """What was written although it was being written: at the price of a write, above that of a read."""
        for write in writes:
            if not write.raced:
                continue
            unit = self._unit(write, write.written + write.read)
            usd = None
            if unit is not None and unit.read is not None:
                price = unit.write_1h if write.written_1h * 2 > write.written else unit.write_5m
                usd = None if price is None else Money(write.raced * max(0, price - unit.read))
            yield _row(write, Habit.STAMPEDE, write.raced, usd, surely=write.raced_surely)

    def _at_a_new_version(
        self, rows: Sequence[CacheHabit], writes: Iterable[CacheWrite], changes: Iterable[PrefixChange]
    ) -> tuple[list[CacheHabit], list[CacheHabit]]:
        """The stampedes, and apart from them those that followed a new version of their app's tools or system prompt: writes that raced
        for an entry whose writer was the first to send it. Fewer of these for one version than make a habit stay stampedes."""
        if not rows:
            return [], []
        new = {change.exchange for change in changes if is_new_version(change)}
        first: dict[int, int] = {}
        for write in writes:  # in their order: what a write raced for may itself have raced
            if write.raced_exchange >= 0:
                first[write.exchange] = first.get(write.raced_exchange, write.raced_exchange)
        after = {exchange: writer for exchange, writer in first.items() if writer in new}
        times = Counter(after[row.exchange] for row in rows if row.exchange in after)
        bursts = {row.exchange for row in rows if times[after.get(row.exchange, -1)] >= self._knobs.times}
        cold = [replace(row, habit=Habit.COLD_START) for row in rows if row.exchange in bursts]
        return [row for row in rows if row.exchange not in bursts], cold

    def _long_lives(self, writes: Iterable[CacheWrite], reads: Collection[CacheRead]) -> Iterator[CacheHabit]:
        """Hours that were paid for, of apps whose reads hardly ever came after more than five minutes.

        Judged are writes whose hour is over before the recording ends: what comes later could still have been a late read.
        """
        long = [(write, write.started) for write in writes if write.written_1h and write.started is not None]
        if not long:
            return
        end = max((read.started for read in reads if read.started is not None), default=0.0)
        by_app: dict[str, list[CacheWrite]] = defaultdict(list)
        for write, started in long:
            if end - started >= HOUR:
                by_app[write.app].append(write)
        late: dict[str, list[CacheRead]] = defaultdict(list)
        for read in reads:
            if read.reported and (read.rested is None or read.rested > SHORT_LIFE):
                late[read.app].append(read)
        for app, group in by_app.items():
            extra = [self._extra(write) for write in group]
            saved = sum(self._kept(read) for read in late[app])
            paid = sum(price or 0 for price in extra)
            if paid and saved <= paid * self._knobs.unused_share:
                for write, price in zip(group, extra, strict=True):
                    usd = None if price is None else Money(round(price * (1 - saved / paid)))
                    yield _row(write, Habit.LONG_LIFE, write.written_1h, usd, surely=True)

    def _extra(self, write: CacheWrite) -> int | None:
        unit = self._unit(write, write.written + write.read)
        if unit is None or unit.write_1h is None or unit.write_5m is None:
            return None
        return write.written_1h * (unit.write_1h - unit.write_5m)

    def _kept(self, read: CacheRead) -> int:
        """What a read after a long pause, or after one that is not known, saved by having been written for an hour."""
        unit = self._unit(read, read.total)
        if unit is None or unit.write_5m is None or unit.read is None:
            return 0
        return read.reported * max(0, unit.write_5m - unit.read)

    def _unit(self, row: CacheWrite | CacheRead | UnmarkedRepeat, total: int) -> UnitPrices | None:
        return self._prices.unit(row.provider, row.model, row.dated, input_tokens=total)


def is_new_version(change: PrefixChange) -> bool:
    """Whether a request differs from the one before it, of its thread or its app, in a version of one block of its head."""
    return change.zone is not Zone.MESSAGES and (change.similar or change.tools_added + change.tools_removed > 0)


def _row(
    row: CacheWrite | UnmarkedRepeat, habit: Habit, tokens: int, usd: Money | None, *, surely: bool, minimum: int | None = None
) -> CacheHabit:
    return CacheHabit(
        exchange=row.exchange,
        thread=row.thread,
        app=row.app,
        locus=row.locus,
        witness=row.witness,
        provider=row.provider,
        model=row.model,
        habit=habit,
        confidence="high" if surely else "medium",
        times=1,
        wasted_tokens=tokens,
        waste_usd=usd,
        minimum=minimum,
    )
