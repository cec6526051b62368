"""The content layer: text that no provider should be sent, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Struct, field

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Exchange, Kind, Locus, Need, Request, Response, Segment, Zone


class Defect(StrEnum):
    """How text is broken."""

    LONE_SURROGATE = "lone_surrogate"
    INVALID_UTF8 = "invalid_utf8"
    NUL = "nul"


class Side(StrEnum):
    """Which half of an exchange it first appears in."""

    REQUEST = "request"
    RESPONSE = "response"


class Fate(StrEnum):
    """What became of it: a request that carried it was accepted, or refused as invalid; the next request went without it;
    or the trace does not say."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DROPPED = "dropped"
    OPEN = "open"


@fact("broken_texts", needs=(Need.PROMPT,))
class BrokenText(Fact, frozen=True, kw_only=True):
    """A block of text with code units no UTF-8 JSON can carry, or with NULs, where it first appears in its thread.

    The witnesses are the requests that carried it and were refused.
    """

    cause: Annotated[Defect, "How the text is broken."]
    side: Annotated[Side, "Whether a request or an answer holds it first."]
    zone: Annotated[Zone | None, "The part of the prompt; none in an answer, and where the place is not known."]
    kind: Annotated[Kind | None, "What the block holds; unknown where the place is not known."]
    fate: Annotated[Fate, "What became of it: accepted by a provider, refused, left out of the next request, or open."]


class _Sighting(Struct, eq=False):
    """A broken block, from its first appearance to its fate."""

    exchange: Exchange
    locus: Locus
    cause: Defect
    side: Side
    zone: Zone | None
    kind: Kind | None
    fate: Fate = Fate.OPEN
    refusals: list[Locus] = field(default_factory=list)

    def sent(self, exchange: Exchange) -> None:
        """A request carried it."""
        outcome = _outcome(exchange.response)
        if outcome is Fate.REFUSED:
            self.refusals.append(exchange.locus)
        if Fate.ACCEPTED in (self.fate, outcome):
            self.fate = Fate.ACCEPTED
        else:
            self.fate = Fate.REFUSED if self.refusals else Fate.OPEN

    def fact(self) -> BrokenText:
        """What is to be said of it."""
        return BrokenText(
            exchange=self.exchange.id,
            thread=self.exchange.thread.id,
            app=self.exchange.attribution.app,
            locus=self.locus,
            witness=tuple(self.refusals),
            cause=self.cause,
            side=self.side,
            zone=self.zone,
            kind=self.kind,
            fate=self.fate,
        )


_REFUSALS: Final = frozenset({400, 422})
"""What providers answer to a body they cannot read; any other status says nothing about the text."""

_BINARY: Final = frozenset({"bedrock"})
"""Grammars that are no text on the wire: a recorder's text of them is broken by nature."""


class Content:
    """Follows every broken block of a thread from where it first appears."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._known: dict[tuple[Defect, bytes], _Sighting] = {}
        self._sightings: list[_Sighting] = []
        self._answered: list[_Sighting] = []

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """Nothing yet: only later requests tell what becomes of a block."""
        carried = self._sent(exchange)
        for sighting in self._answered:
            if sighting not in carried:
                sighting.fate = Fate.DROPPED
        self._answered = self._received(exchange)
        return ()

    def close(self) -> Iterable[Fact]:
        """Every broken block once, in the order of appearance."""
        return [sighting.fact() for sighting in self._sightings]

    def _sent(self, exchange: Exchange) -> list[_Sighting]:
        request = exchange.request
        carried: list[_Sighting] = []
        for cause, pointer, blocks in _in_request(request):
            place = exchange.locus.at(request.at + pointer)
            kind = blocks[0].kind if len(blocks) == 1 else None
            zone = blocks[0].zone if blocks else None
            keys = [block.ordered for block in blocks] or [pointer.encode()]
            sighting = self._seen(cause, keys) or self._new(keys, _Sighting(exchange, place, cause, Side.REQUEST, zone, kind))
            carried.append(sighting)
        for sighting in carried:
            sighting.sent(exchange)
        return carried

    def _received(self, exchange: Exchange) -> list[_Sighting]:
        response = exchange.response
        if response is None or (response.stream and (response.stream.grammar in _BINARY or not response.stream.decodable)):
            return []
        found: list[_Sighting] = []
        for cause, pointer in _defects(response.broken):
            answers = [answer for answer in response.answers if _within(answer.pointer, pointer)]
            kind = answers[0].kind if len(answers) == 1 else None
            keys = [answer.ordered for answer in answers] or [b"answer " + str(exchange.id).encode()]
            place = exchange.locus.at(response.at + pointer)
            if self._seen(cause, keys) is None:
                found.append(self._new(keys, _Sighting(exchange, place, cause, Side.RESPONSE, None, kind)))
        return found

    def _seen(self, cause: Defect, keys: Sequence[bytes]) -> _Sighting | None:
        """The sighting that all of these blocks belong to."""
        known = [self._known.get((cause, key)) for key in keys]
        return known[0] if all(known) else None

    def _new(self, keys: Sequence[bytes], sighting: _Sighting) -> _Sighting:
        self._sightings.append(sighting)
        for key in keys:
            self._known.setdefault((sighting.cause, key), sighting)
        return sighting


def _in_request(request: Request) -> Iterable[tuple[Defect, str, list[Segment]]]:
    defects = _defects(request.broken)
    if not defects:
        return
    places = request.prefix.pointers(range(request.prefix.length)).values()
    blocks = list(zip(places, request.prefix.segments(), strict=True))
    for cause, pointer in defects:
        yield cause, pointer, [block for place, block in blocks if pointer and _within(place, pointer)]


def _defects(broken: Iterable[tuple[str, str]]) -> list[tuple[Defect, str]]:
    return [(Defect(cause), pointer) for cause, pointer in broken if cause in frozenset(Defect)]


def _within(place: str, pointer: str) -> bool:
    return not pointer or place == pointer or place.startswith(pointer + "/")


def _outcome(response: Response | None) -> Fate:
    """Whether the provider took the request, as far as a status, or without one an error's type, tells."""
    if response is None:
        return Fate.OPEN
    if response.status is None:
        refused, failed = "invalid" in response.error_type, bool(response.error_type)
    else:
        refused, failed = response.status in _REFUSALS, response.status >= 400
    if refused:
        return Fate.REFUSED
    return Fate.OPEN if failed else Fate.ACCEPTED
