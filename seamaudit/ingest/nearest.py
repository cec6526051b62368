"""The nearest predecessor: the earlier request that shares the longest equal chain."""

from __future__ import annotations

from msgspec import Struct

from seamaudit.ingest.draft import Draft
from seamaudit.trace import Link, Locus, Prefix, Request, Zone
from seamaudit.trace.chain import chain

OPENING = 8
"""Positions after tools and system at which requests are indexed, beside their breakpoints and ends."""

Scope = tuple[str, ...]


class _Seen(Struct, frozen=True):
    exchange: int
    locus: Locus
    prefix: Prefix
    started: float | None


class NearestIndex:
    """Requests by the chain digests of their heads, openings, breakpoints and ends.

    Memory is O(requests + distinct heads). The shared length of a link is exact; which earlier request is found is exact
    at the indexed positions, which is where caches are written.
    """

    def __init__(self) -> None:
        self._by_chain: dict[tuple[Scope, bytes], _Seen] = {}
        self._last: dict[Scope, _Seen] = {}

    def nearest(self, request: Request, scope: Scope, app: Scope) -> Link | None:
        """The latest earlier request with the longest equal chain in the cache scope, else the app's last request."""
        prefix = request.prefix
        chains = chain(prefix, _positions(request, 0))
        for position in sorted(chains, reverse=True):
            seen = self._by_chain.get((scope, chains[position]))
            if seen is not None and position:
                return _link(seen, prefix)
        last = self._last.get(app)
        return _link(last, prefix) if last else None

    def add(self, index: int, draft: Draft, scope: Scope, app: Scope, after: int = 0) -> None:
        """Put a request in; its first `after` positions are known to be there by the request it extends."""
        prefix = draft.request.prefix
        seen = _Seen(index, draft.locus, prefix, draft.times.started)
        for digest in chain(prefix, _positions(draft.request, after)).values():
            self._by_chain[(scope, digest)] = seen
        self._last[app] = seen


def _positions(request: Request, after: int) -> set[int]:
    prefix = request.prefix
    positions = {mark.position for mark in request.breakpoints}
    positions.add(prefix.length)
    if after < OPENING:
        head = prefix.zone_end(Zone.SYSTEM)
        positions.update(range(1, min(head + OPENING, prefix.length) + 1))
    return {position for position in positions if position > 0}


def _link(seen: _Seen, prefix: Prefix) -> Link:
    return Link(seen.exchange, seen.locus, seen.prefix, prefix.shared_with(seen.prefix), seen.started)
