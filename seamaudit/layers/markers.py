"""The marker layer: cache markers a provider refuses, judged from the request alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Literal

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.providers.contracts import CacheContract, CacheMode, cache_contract
from seamaudit.trace import Breakpoint, Exchange, Kind, Locus, Need, Segment


class MarkerFault(StrEnum):
    """Which rule of the provider a marker breaks (platform.claude.com prompt-caching)."""

    TOO_MANY = "too_many"
    LIFE_ORDER = "life_order"
    LIVES_CONFLICT = "lives_conflict"
    EMPTY_BLOCK = "empty_block"
    UNCACHEABLE_BLOCK = "uncacheable_block"


@fact("marker_faults", needs=(Need.PROMPT,))
class BrokenMarker(Fact, frozen=True, kw_only=True):
    """A request whose cache markers break a rule of the provider, once for each rule."""

    provider: Annotated[str, "Who was asked."]
    model: Annotated[str, "The model asked for."]
    fault: Annotated[MarkerFault, "The rule that is broken."]
    markers: Annotated[int, "Markers the request carries, an automatic one included."]
    allowed: Annotated[int, "Markers the provider takes."]
    refused: Annotated[bool, "The provider answered 400."]
    accepted: Annotated[bool, "The provider, or what stands in front of it, took the request as it is."]
    confidence: Annotated[Literal["high", "medium"], "High where the refusal is recorded, medium where the recording holds no answer."]


REFUSED: Final = 400
"""What the provider answers to a marker it does not take."""

_HOUR: Final = "1h"
_SHORT: Final = "5m"
_MESSAGES_API: Final = "anthropic.messages"
_EMPTY_TEXT: Final = len(b'{"type":"text","text":""}')


class Markers:
    """Counts and places the markers of every request to a provider whose rules for them are documented."""

    scope = Scope.THREAD

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One fact for each rule that the request's markers break."""
        request = exchange.request
        if not request.breakpoints or Need.PROMPT in exchange.lacks:
            return
        contract = cache_contract(exchange.provider, request.model, exchange.platform, exchange.times.dated, exchange.api)
        if contract is None or contract.mode is not CacheMode.EXPLICIT:
            return
        marks = request.breakpoints
        for fault, mark in _faults(exchange, sorted(marks, key=_place), contract):
            yield _fact(exchange, fault, exchange.place(mark.position - 1), len(marks), contract.max_breakpoints)

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say."""
        return ()


def _place(mark: Breakpoint) -> tuple[int, bool]:
    """Wire order; the automatic marker comes behind the explicit one of its block."""
    return mark.position, mark.automatic


def _faults(exchange: Exchange, marks: Sequence[Breakpoint], contract: CacheContract) -> Iterator[tuple[MarkerFault, Breakpoint]]:
    """Each broken rule with the first marker that breaks it."""
    if len(marks) > contract.max_breakpoints:
        yield MarkerFault.TOO_MANY, marks[contract.max_breakpoints]
    conflict = next((now for was, now in pairwise(marks) if now.automatic and was.position == now.position), None)
    if conflict is not None:
        yield MarkerFault.LIVES_CONFLICT, conflict
    late = _long_after_short([mark for mark in marks if mark is not conflict])
    if late is not None:
        yield MarkerFault.LIFE_ORDER, late
    if exchange.api == _MESSAGES_API:
        found: set[MarkerFault] = set()
        for mark in marks:
            fault = _of_block(exchange.request.prefix.at(mark.position - 1))
            if fault is not None and fault not in found and not mark.automatic:
                found.add(fault)
                yield fault, mark


def _long_after_short(marks: Sequence[Breakpoint]) -> Breakpoint | None:
    lives = [mark.ttl for mark in marks]
    short = lives.index(_SHORT) if _SHORT in lives else len(lives)
    return next((mark for mark in marks[short:] if mark.ttl == _HOUR), None)


def _of_block(segment: Segment) -> MarkerFault | None:
    if segment.kind is Kind.THINKING:
        return MarkerFault.UNCACHEABLE_BLOCK
    empty = segment.kind is Kind.TEXT and segment.length <= _EMPTY_TEXT
    return MarkerFault.EMPTY_BLOCK if empty else None


def _fact(exchange: Exchange, fault: MarkerFault, locus: Locus, markers: int, allowed: int) -> BrokenMarker:
    response = exchange.response
    status = response.status if response else None
    refused = status == REFUSED
    return BrokenMarker(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=locus,
        provider=exchange.provider,
        model=exchange.request.model,
        fault=fault,
        markers=markers,
        allowed=allowed,
        refused=refused,
        accepted=not exchange.refused and (exchange.usage is not None or status is not None),
        confidence="high" if refused else "medium",
    )
