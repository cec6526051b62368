"""Which edit mends what, where: plans, made from what was found and from the requests themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from seamaudit.facts import FactBase
from seamaudit.layers.cache import Answered, CacheWrite
from seamaudit.layers.cache.edits import AddMarks, Edit, HoldUntil, Live, MarkBefore, SortTools, SpellAlike, WarmUp
from seamaudit.layers.prefix import PrefixChange
from seamaudit.seams.fixes.facts import Mend
from seamaudit.seams.fixes.regions import moving
from seamaudit.trace import Exchange, Zone


class Group(Struct, frozen=True):
    """One application's requests to one model, in order."""

    app: str
    model: str
    calls: Sequence[Answered]


class Plan(Struct, frozen=True):
    """An edit at one place: what it mends, the requests that made it necessary, and the ways to carry it out, of which the best counts."""

    id: int
    mend: Mend
    group: Group
    block: str
    exchanges: frozenset[int]
    ways: tuple[Edit, ...]


MENDS: Final[Mapping[str, Mend]] = {
    "text_changed": Mend.MOVE_BLOCK,
    "moving_breakpoint": Mend.MOVE_MARKER,
    "tools_reordered": Mend.SORT_TOOLS,
    "key_order": Mend.SORT_KEYS,
    "lookback": Mend.ADD_MARKER,
    "unmarked": Mend.ADD_MARKER,
    "expired": Mend.ONE_HOUR,
    "long_life": Mend.FIVE_MINUTES,
    "cold_start": Mend.WARM_ONCE,
    "stampede": Mend.HOLD_FAN_OUT,
}
"""The edit that mends a cause of a break, or a habit. What is not here no layout mends."""


def groups(caches: Sequence[Sequence[Answered]]) -> dict[tuple[str, str], list[Group]]:
    """The requests of each application and model, apart where their caches are."""
    out: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for cache in caches:
        by_app: dict[str, list[Answered]] = defaultdict(list)
        for call in cache:
            by_app[call.exchange.attribution.app].append(call)
        for app, calls in by_app.items():
            model = calls[0].exchange.request.model
            out[app, model].append(Group(app, model, calls))
    return out


def plans(facts: FactBase, caches: Sequence[Sequence[Answered]]) -> list[Plan]:
    """A plan for each edit, application, model and block that something was found at; none where no edit comes of it."""
    wanted: dict[tuple[Mend, str, str, str], set[int]] = defaultdict(set)
    for table, column in (("cache_breaks", "cause"), ("cache_habits", "habit")):
        for row in facts.table(table):
            found: Any = row
            mend = MENDS.get(str(getattr(found, column)))
            if mend is not None:
                block = found.block if mend is Mend.MOVE_BLOCK else ""
                wanted[mend, found.app, found.model, block].add(found.exchange)
    if not wanted:
        return []
    by_app, seen = groups(caches), _Seen.of(facts)
    out: list[Plan] = []
    for (mend, app, model, block), exchanges in wanted.items():
        for group in by_app.get((app, model), ()):
            here = frozenset(exchanges.intersection(call.exchange.id for call in group.calls))
            ways = tuple(_WAYS[mend](group, here, seen)) if here else ()
            if ways:
                out.append(Plan(len(out), mend, group, block, here, ways))
    return out


class _Seen(Struct, frozen=True):
    changes: Mapping[int, PrefixChange]
    writes: Mapping[int, CacheWrite]

    @classmethod
    def of(cls, facts: FactBase) -> _Seen:
        changes = {change.exchange: change for change in facts.rows(PrefixChange)}
        return cls(changes, {write.exchange: write for write in facts.rows(CacheWrite)})


def _move_block(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    yield from moving(group.calls, exchanges, seen.changes)


def _move_marker(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    """In front of the block that is bound to change: of the request itself where it carries it, else of the turn before."""
    calls = {call.exchange.id: call.exchange for call in group.calls}
    positions: dict[int, int] = {}
    for exchange in exchanges & seen.changes.keys():
        change = seen.changes[exchange]
        for carrier in (exchange, change.base_exchange):
            if carrier in calls and _last_mark(calls[carrier]) == change.shared + 1:
                positions[carrier] = change.shared
    if positions:
        yield MarkBefore(positions)


def _sort_tools(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    yield SortTools()


def _sort_keys(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    yield SpellAlike()


def _add_marker(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    """Beside the markers, where the turn before had its last; where nothing is marked, at the end of tools and system, or of all too."""
    requests = {call.exchange.id: call.exchange for call in group.calls}
    beside: dict[int, list[int]] = {}
    head: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for call in group.calls:
        exchange = call.exchange
        link = exchange.previous or exchange.nearest
        if not exchange.request.breakpoints:
            head[exchange.id] = [call.prefix.zone_end(Zone.SYSTEM)]
            ends[exchange.id] = [*head[exchange.id], call.prefix.length]
        elif link is not None and link.exchange in requests and 0 < (before := _last_mark(requests[link.exchange])) <= link.shared:
            beside[exchange.id] = [before]
    yield from (AddMarks(positions) for positions in ((head, ends) if head.keys() & exchanges else (beside,)) if positions)


def _one_hour(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    yield Live("1h")


def _five_minutes(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    yield Live("5m")


def _warm_once(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    """What all that raced share with the first of them, sent ahead of it."""
    calls = {call.exchange.id: call for call in group.calls}
    positions: dict[int, int] = {}
    for exchange in exchanges:
        first = _first_writer(exchange, seen)
        if first in calls and exchange in calls:
            marks = [mark.position for mark in calls[first].exchange.request.breakpoints]
            shared = calls[first].prefix.shared_with(calls[exchange].prefix)
            position = max((at for at in marks if at <= shared), default=0)
            positions[first] = min(positions.get(first, position), position)
    if any(positions.values()):
        yield WarmUp(positions)


def _hold_fan_out(group: Group, exchanges: frozenset[int], seen: _Seen) -> Iterator[Edit]:
    """Until the answer of the first that wrote begins."""
    calls = {call.exchange.id: call for call in group.calls}
    times: dict[int, float] = {}
    for exchange in exchanges:
        first = calls.get(_first_writer(exchange, seen))
        if first is not None and first.readable is not None:
            times[exchange] = first.readable
    if times:
        yield HoldUntil(times)


def _first_writer(exchange: int, seen: _Seen) -> int:
    """The first of the requests that raced for what this one wrote."""
    write = seen.writes.get(exchange)
    while write is not None and write.raced_exchange >= 0:
        exchange, write = write.raced_exchange, seen.writes.get(write.raced_exchange)
    return exchange


def _last_mark(exchange: Exchange) -> int:
    return max((mark.position for mark in exchange.request.breakpoints), default=0)


_WAYS: Final[Mapping[Mend, Callable[[Group, frozenset[int], _Seen], Iterator[Edit]]]] = {
    Mend.MOVE_BLOCK: _move_block,
    Mend.MOVE_MARKER: _move_marker,
    Mend.SORT_TOOLS: _sort_tools,
    Mend.SORT_KEYS: _sort_keys,
    Mend.ADD_MARKER: _add_marker,
    Mend.ONE_HOUR: _one_hour,
    Mend.FIVE_MINUTES: _five_minutes,
    Mend.WARM_ONCE: _warm_once,
    Mend.HOLD_FAN_OUT: _hold_fan_out,
}
