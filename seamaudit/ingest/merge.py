"""The merge: drafts in order, with their threads and relations. Sequential and light."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec.structs import replace

from seamaudit.ingest.conventions import settled
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.duplicates import DuplicateRecord, billed_once
from seamaudit.ingest.holes import Holes
from seamaudit.ingest.nearest import NearestIndex
from seamaudit.ingest.threads import Placed, Threads
from seamaudit.ingest.withheld import without
from seamaudit.providers.contracts import CacheMode, cache_contract
from seamaudit.trace import Attribution, Clock, Exchange, Hole, Level, Link, Need, ThreadRef
from seamaudit.trace.digest import short_digest


def merge(drafts: Iterable[Draft], tell: Callable[[DuplicateRecord], None] | None = None, holes: Iterable[Hole] = ()) -> Iterator[Exchange]:
    """Exchanges in time order where there is a clock, else in the order of their conversation.

    Wall-clocked exchanges come first, by start; the others follow, conversation by conversation in the order of their
    first appearance, by declared sequence where all have one, else in file order. No relation crosses from one
    unclocked conversation to another, and none of recorded requests across a hole. Copies of a call are left out; `tell` is
    told of each.
    """
    threads = Threads()
    nearest = NearestIndex()
    billed = list(in_order(settled(_billed(list(drafts), tell))))
    lost = Holes(holes)
    attributions: dict[Attribution, Attribution] = {}  # of equal values one is enough for all
    lacks: dict[frozenset[tuple[Need, str]], Mapping[Need, str]] = {}
    for index, draft in enumerate(billed):
        placed = threads.place(index, draft)
        attribution = _attributed(draft)
        attribution = attributions.setdefault(attribution, attribution)
        lacking = _lacks(draft)
        exchange = Exchange(
            id=index,
            locus=draft.locus,
            format=draft.format,
            level=draft.level,
            clock=draft.clock,
            provider=draft.provider,
            api=draft.api,
            platform=draft.platform,
            host=draft.host,
            request=draft.request,
            response=draft.response,
            times=draft.times,
            thread=placed.thread,
            attribution=attribution,
            lacks=lacks.setdefault(frozenset(lacking.items()), lacking),
            previous=placed.previous,
            nearest=_nearest(index, draft, placed, attribution, nearest),
            tags=draft.tags,
            attempt=draft.attempt,
            intended=draft.intended,
            side=draft.side,
            recorded_cost=draft.recorded_cost,
        )
        yield _short_of_holes(exchange, lost)


def _short_of_holes(exchange: Exchange, holes: Holes) -> Exchange:
    """The exchange without relations that reach across a lost line. A recording that names each message's parent needs no such care."""
    if exchange.level is not Level.WIRE:
        return exchange
    previous, nearest = (
        None if link and holes.between(link.locus, exchange.locus) else link for link in (exchange.previous, exchange.nearest)
    )
    if previous is exchange.previous and nearest is exchange.nearest:
        return exchange
    return replace(exchange, previous=previous, nearest=nearest, after_hole=True)


def _billed(drafts: Sequence[Draft], tell: Callable[[DuplicateRecord], None] | None) -> Sequence[Draft]:
    once, copies = billed_once(list(map(without, drafts)))
    if tell is not None:
        for copy in copies:
            tell(copy)
    return once


def _nearest(index: int, draft: Draft, placed: Placed, attribution: Attribution, known: NearestIndex) -> Link | None:
    """The nearest predecessor of the exchange that will have the id `index`."""
    status = draft.response.status if draft.response else None
    if (status is not None and status >= 400) or not draft.request.prefix.length:
        return None
    scope = _cache_scope(draft, attribution, placed.thread)
    app = (attribution.app, draft.request.model, _clocked_scope(draft.clock, placed.thread))
    previous = placed.previous
    appended = previous is not None and previous.shared == previous.prefix.length
    link = previous if appended else known.nearest(draft.request, scope, app)
    known.add(index, draft, scope, app, after=previous.shared if previous and appended else 0)
    return link


def cache_scope(exchange: Exchange) -> tuple[str, ...]:
    """What must be equal for two exchanges to share a provider's cache: provider, account, model and, without a clock,
    the conversation."""
    return _cache_scope(exchange, exchange.attribution, exchange.thread)


def _cache_scope(call: Draft | Exchange, attribution: Attribution, thread: ThreadRef) -> tuple[str, ...]:
    return (call.provider, attribution.key or call.host, call.request.model, _clocked_scope(call.clock, thread))


def _clocked_scope(clock: Clock, thread: ThreadRef) -> str:
    return "" if clock is Clock.WALL else thread.conversation


def in_order(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Drafts in time order where there is a clock, the others behind them, conversation by conversation."""
    clocked = [draft for draft in drafts if draft.clock is Clock.WALL]
    yield from sorted(clocked, key=lambda draft: (draft.times.started or 0.0, draft.locus.source, draft.locus.offset))
    conversations: dict[tuple[int, str | None], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.clock is not Clock.WALL:
            conversations[(draft.locus.source, draft.conversation)].append(draft)
    for group in conversations.values():
        if group[0].conversation is not None and all(draft.sequence is not None for draft in group):
            group.sort(key=lambda draft: (draft.sequence or 0, draft.locus.offset))
        yield from group


def _lacks(draft: Draft) -> dict[Need, str]:
    lacks = dict(draft.lacks)
    contract = cache_contract(draft.provider, draft.request.model, draft.platform, draft.times.dated, draft.api)
    if contract is None:
        for need in (Need.CACHE_CONTRACT, Need.CACHE_LIFE):
            lacks.setdefault(need, "no cache contract is known for this provider or model")
    elif Need.CACHE_CONTRACT not in lacks and Need.PROMPT in lacks:
        lacks.setdefault(Need.CACHE_LIFE, lacks[Need.PROMPT])
    elif Need.CACHE_CONTRACT in lacks and contract.mode is not CacheMode.EXPLICIT:
        lacks.setdefault(Need.CACHE_LIFE, "an automatic cache cannot be followed without the whole prompt")
    return lacks


def _attributed(draft: Draft) -> Attribution:
    known = draft.attribution
    if known.app:
        return known
    return replace(known, app=_inferred_app(draft.platform, draft.request.offered or frozenset()), app_declared=False)


@lru_cache(maxsize=256)  # one app's requests offer the same tools again and again
def _inferred_app(platform: str, offered: frozenset[str]) -> str:
    shape = "\0".join([platform, *sorted(offered)])
    return f"~{short_digest(shape)}"
