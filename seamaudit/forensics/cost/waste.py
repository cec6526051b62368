"""Waste by call: what findings claim, laid on the calls that were billed for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from seamaudit.facts import FactBase
from seamaudit.findings import Finding
from seamaudit.forensics.cost.sums import Amount, paid
from seamaudit.layers.cost import Spend


class Claim(Struct, frozen=True):
    """What one finding claims of one call: picodollars of its bill, None where the finding counts tokens and no price is known."""

    finding: Finding
    exchange: int
    usd: int | None


class Wasted(Struct, frozen=True):
    """All claims of a run, none above the bill of its call: `known` picodollars by call, the calls that are claimed `unpriced` tokens
    of, and what no bill had room for."""

    claims: tuple[Claim, ...] = ()
    known: Mapping[int, int] = field(default_factory=dict)
    unpriced: frozenset[int] = frozenset()
    beyond: int = 0

    def of(self, calls: Iterable[Spend]) -> Amount:
        """What findings claim of some calls; at least that where they count tokens that have no price."""
        ids = [row.exchange for row in calls]
        return Amount(sum(self.known.get(exchange, 0) for exchange in ids), not self.unpriced.isdisjoint(ids))


def wasted(findings: Iterable[Finding], facts: FactBase) -> Wasted:
    """The claims of a run's findings on its calls.

    An occurrence stands at one call and may speak of several: a loop's does. What is more than that call's bill is laid on the calls of its
    thread that follow, then on those before, each up to its own bill, so that no part of a bill is claimed twice.
    """
    spent = list(facts.rows(Spend))
    room = {row.exchange: paid(row) or 0 for row in spent}
    threads: defaultdict[str, list[int]] = defaultdict(list)
    for row in spent:
        threads[row.thread].append(row.exchange)
    claims: list[Claim] = []
    left: list[tuple[Finding, str, int, int]] = []
    for finding, thread, exchange, usd in _cases(findings):
        if usd is None:
            claims.append(Claim(finding, exchange, None))
            continue
        taken = _take(room, exchange, usd)
        claims += [Claim(finding, exchange, taken)] * (taken > 0)
        if usd > taken:
            left.append((finding, thread, exchange, usd - taken))
    beyond = 0
    for finding, thread, exchange, rest in left:
        for other in _outward(threads.get(thread, ()), exchange):
            taken = _take(room, other, rest)
            rest -= taken
            claims += [Claim(finding, other, taken)] * (taken > 0)
            if not rest:
                break
        beyond += rest
    known: Counter[int] = Counter()
    for claim in claims:
        known[claim.exchange] += claim.usd or 0
    return Wasted(tuple(claims), known, frozenset(claim.exchange for claim in claims if claim.usd is None), beyond)


def _cases(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str, int, int | None]]:
    """Every occurrence that claims dollars, or tokens of no known price."""
    for finding in findings:
        for case in finding.cases:
            if case.waste.usd or case.waste.tokens:
                yield finding, case.thread, case.exchange, case.waste.usd


def _take(room: dict[int, int], exchange: int, wanted: int) -> int:
    taken = min(wanted, room.get(exchange, 0))
    if taken:
        room[exchange] -= taken
    return taken


def _outward(calls: Sequence[int], exchange: int) -> Iterator[int]:
    """A thread's calls after one, then those before it, the nearest first. Ids rise with time."""
    yield from (other for other in calls if other > exchange)
    yield from (other for other in reversed(calls) if other < exchange)


class Avoidable(Struct, frozen=True):
    """What one finding claims, and what is left of the bill after it and all above it."""

    finding: Finding
    usd: Amount
    left: Amount


class Waterfall(Struct, frozen=True):
    """From the bill down to what it would have been: `rest` are the findings that are not listed, together, and how many."""

    actual: Amount
    steps: tuple[Avoidable, ...]
    rest: Amount | None
    others: int
    floor: Amount


def waterfall(calls: Sequence[Spend], actual: Amount, found: Wasted, top: int = 0) -> Waterfall:
    """The dearest findings first; with `top`, what is beyond that many is summed up.

    The floor is what is left of the known bill. It is a lower bound where the bill is one and the waste is not.
    """
    within = {row.exchange for row in calls}
    claimed: dict[str, list[Claim]] = {}
    for claim in found.claims:
        if claim.exchange in within:
            claimed.setdefault(claim.finding.fingerprint, []).append(claim)
    ordered = sorted(claimed.values(), key=_dearest_first)
    listed = ordered[:top] if top else ordered
    steps: list[Avoidable] = []
    left = actual
    for claims in listed:
        usd = _sum(claims)
        left = _less(left, usd)
        steps.append(Avoidable(claims[0].finding, usd, left))
    others = [claim for claims in ordered[len(listed) :] for claim in claims]
    rest = _sum(others) if others else None
    return Waterfall(actual, tuple(steps), rest, len(ordered) - len(listed), _less(left, rest) if rest else left)


def _dearest_first(claims: Sequence[Claim]) -> tuple[int, str, str]:
    return (-(_sum(claims).value or 0), claims[0].finding.code, claims[0].finding.fingerprint)


def _sum(claims: Sequence[Claim]) -> Amount:
    return Amount.of(claim.usd for claim in claims)


def _less(bill: Amount, waste: Amount) -> Amount:
    if bill.value is None:
        return bill
    return Amount(bill.value - (waste.value or 0), bill.at_least and waste.value is not None and not waste.at_least)
