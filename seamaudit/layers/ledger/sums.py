"""Sums a thread's entries position by position: linear in what is new, however often it is sent again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import itemgetter

from msgspec import Struct, field

from seamaudit.layers.ledger.facts import Billing
from seamaudit.layers.ledger.scale import Rates
from seamaudit.layers.ledger.spread import Part, Share, Whole

AGES = (1, 6, 21)
"""Where buckets of age begin, in calls since the first that sent it."""


class Sum(Struct):
    """What one thing was billed in one class: the calls as bits, tokens, picodollars, tokens without a price, and tokens by age."""

    calls: int = 0
    tokens: int = 0
    usd: int = 0
    unpriced: int = 0
    ages: list[int] = field(default_factory=lambda: [0] * (len(AGES) + 1))

    def add(self, calls: int, since: int, tokens: int, usd: int, unpriced: int) -> None:
        """Add `tokens` for each of `calls`, which are `unpriced` calls and others that cost `usd` together a token."""
        count = calls.bit_count()
        self.calls |= calls
        self.tokens += tokens * count
        self.usd += tokens * usd
        self.unpriced += tokens * unpriced
        for bucket, (low, high) in enumerate(pairwise((0, *AGES, 0))):
            aged = calls >> (since + low)
            self.ages[bucket] += tokens * (aged & ((1 << (high - low)) - 1) if high else aged).bit_count()

    def charge(self, call: int, usd: int) -> None:
        """Add what a call cost apart from tokens."""
        self.calls |= 1 << call
        self.usd += usd


class Running(Struct):
    """How often a stretch of positions was billed in one class at one set of rates: the calls as bits, the sum of their prices for one
    token, and how many of them have none."""

    billing: Billing
    rates: Rates
    calls: int = 0
    usd: int = 0
    unpriced: int = 0

    def begin(self, call: int, price: int | None) -> None:
        """A call whose positions in this class begin here."""
        self._count(call, price, 1)

    def end(self, call: int, price: int | None) -> None:
        """A call whose positions in this class end here."""
        self._count(call, price, -1)

    def _count(self, call: int, price: int | None, sign: int) -> None:
        self.calls ^= 1 << call
        self.usd += sign * (price or 0)
        self.unpriced += sign * (price is None)


class _End(Struct, frozen=True):
    share: Share
    rates: Rates
    call: int
    begins: bool


class Tally:
    """The entries of one thread: whole stretches by their ends, parts one by one."""

    def __init__(self) -> None:
        self._ends: dict[bool, defaultdict[int, list[_End]]] = {True: defaultdict(list), False: defaultdict(list)}
        self.parts: list[tuple[int, Part]] = []

    def add(self, call: int, rates: Rates, entries: Iterable[Whole | Part]) -> None:
        """Enter one call, by its number in the thread."""
        for entry in entries:
            if isinstance(entry, Part):
                self.parts.append((call, entry))
                continue
            heads, low, high = entry.stretch
            self._ends[heads][low].append(_End(entry.share, rates, call, begins=True))
            self._ends[heads][high].append(_End(entry.share, rates, call, begins=False))

    def running(self, heads: bool) -> Iterator[tuple[int, int, tuple[Running, ...]]]:
        """Stretches of a tape in order, from, to, and what their positions were billed; positions that never were are left out.

        What is given is good until the next is asked for.
        """
        active: dict[tuple[Billing, Rates], Running] = {}
        ends = sorted(self._ends[heads].items(), key=itemgetter(0))
        for (low, changes), (high, _) in pairwise(ends):
            for end in changes:
                running = active.setdefault((end.share.billing, end.rates), Running(end.share.billing, end.rates))
                (running.begin if end.begins else running.end)(end.call, end.share.price)
            counted = tuple(running for running in active.values() if running.calls)
            if counted:
                yield low, high, counted
