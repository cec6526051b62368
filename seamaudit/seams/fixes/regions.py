"""Which part of each prompt it is that changes from request to request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from seamaudit.layers.cache import Answered
from seamaudit.layers.cache.edits import Edit, MoveBehind, Region
from seamaudit.layers.cache.layout import text_bytes
from seamaudit.layers.prefix import PrefixChange
from seamaudit.trace import Link, Prefix, Zone


def moving(calls: Sequence[Answered], exchanges: frozenset[int], changes: Mapping[int, PrefixChange]) -> Iterator[Edit]:
    """The edit that moves what changed in `exchanges`, in every request that descends from the same prompt; none where nothing does."""
    regions: dict[int, Region] = {}
    starts = sorted({changes[exchange].shared for exchange in exchanges if exchange in changes})
    for start in starts:
        for family in _families(calls, start):
            broken = [changes[call.exchange.id] for call in family if call.exchange.id in exchanges and call.exchange.id in changes]
            if any(change.shared == start for change in broken):
                for exchange, region in _regions(family, start, changes):
                    regions.setdefault(exchange, region)
    if regions:
        yield MoveBehind(regions)


def _families(calls: Sequence[Answered], start: int) -> list[list[Answered]]:
    """Requests whose prompts are equal up to a position, as far as one was compared with the other."""
    family: dict[int, list[Answered]] = {}
    out: list[list[Answered]] = []
    for call in calls:
        link = _base(call)
        if call.prefix.length <= start:
            continue
        if link is None or link.shared < start or link.exchange not in family:
            family[call.exchange.id] = []
            out.append(family[call.exchange.id])
        else:
            family[call.exchange.id] = family[link.exchange]
        family[call.exchange.id].append(call)
    return out


ALIKE: Final = 64
"""Bytes that the ends of a block's versions must share to stay: fewer may be the same by chance, or the quotes around a text."""


def _regions(family: Sequence[Answered], start: int, changes: Mapping[int, PrefixChange]) -> Iterator[tuple[int, Region]]:
    """The part that changes, of each prompt of a family. Of messages it is one block; of tools and system all from the first changed one
    to the last."""
    diverged = [(call, link) for call in family if (link := _base(call)) is not None and link.shared == start < link.prefix.length]
    if not diverged:
        return
    ends = [_ends(call, changes.get(call.exchange.id), start) for call, _ in diverged]
    head, tail = min(head for head, _ in ends), min(tail for _, tail in ends)
    behind = min(_tail(call.prefix, link.prefix, start) for call, link in diverged)
    key = family[0].exchange.id.to_bytes(8, "big") + start.to_bytes(8, "big")
    for call in family:
        stop = _zone_stop(call.prefix, start) - behind
        if stop > start:
            yield call.exchange.id, Region(start, stop, head, tail if tail >= ALIKE else 0, key)


def _ends(call: Answered, change: PrefixChange | None, start: int) -> tuple[int, int]:
    """Bytes that two versions of a block begin and end with; 0 where they are not known."""
    if change is None or change.shared != start or change.diverges_at is None or change.changed_bytes is None:
        return 0, 0
    return change.diverges_at, max(0, text_bytes(call.prefix.at(start)) - change.diverges_at - change.changed_bytes)


def _tail(now: Prefix, was: Prefix, start: int) -> int:
    """Blocks at the end of the zone that two prompts share behind the first that differs."""
    one, other = now.digests(start, _zone_stop(now, start)), was.digests(start, _zone_stop(was, start))
    count = 0
    while count < min(len(one), len(other)) - 1 and one[-1 - count] == other[-1 - count]:
        count += 1
    return count


def _zone_stop(prefix: Prefix, start: int) -> int:
    """Where what may move together ends: the zone for tools and system, the block itself for a message's."""
    zone = prefix.at(start).zone
    return start + 1 if zone is Zone.MESSAGES else prefix.zone_end(zone)


def _base(call: Answered) -> Link | None:
    return call.exchange.previous or call.exchange.nearest
