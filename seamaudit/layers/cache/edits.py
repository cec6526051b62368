"""Edits of a layout: what an application would change about the order, the markers or the times of its requests, never their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Protocol

from xxhash import xxh3_128_digest

from seamaudit.layers.cache.layout import UNREAD, Laid, Piece, text_bytes
from seamaudit.trace import Breakpoint, Segment, Usage, Zone


class Edit(Protocol):
    """A change to the requests of one cache."""

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed. What it does not concern stays as it is."""
        ...


@dataclass(frozen=True, slots=True)
class Region:
    """Positions of a recorded prompt that move, half-open. The first of them stays in part: the bytes at its start and at its end that
    are the same in every version of it, `head` and `tail` of them, known by `key`."""

    start: int
    stop: int
    head: int = 0
    tail: int = 0
    key: bytes = b""

    @property
    def stays(self) -> int:
        """Bytes of the first block that stay."""
        return self.head + self.tail


@dataclass(frozen=True, slots=True)
class MoveBehind:
    """Put what moves behind everything else, and so behind the last marker; markers on it go to the end of what stood before it.

    `regions` by exchange.
    """

    regions: Mapping[int, Region]

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed."""
        return [_behind(laid, region) if (region := self.regions.get(laid.call.exchange.id)) else laid for laid in calls]


def _behind(laid: Laid, region: Region) -> Laid:
    kept: list[Piece] = []
    gone: list[Piece] = []
    covered = [0]
    for piece in laid.pieces:
        if piece.behind or not region.start <= piece.origin < region.stop:
            kept.append(piece)
        elif piece.origin == region.start and 0 < region.stays < text_bytes(piece.segment):
            head, tail = _split(piece, region)
            kept.append(head)
            gone.append(tail)
        else:
            gone.append(_put_behind(piece))
        covered.append(len(kept))
    if not gone:
        return laid
    marks = [replace(mark, position=covered[mark.position]) for mark in laid.marks]
    return laid.arranged([*kept, *gone]).marked(marks)


def _put_behind(piece: Piece) -> Piece:
    return piece._replace(segment=replace(piece.segment, zone=Zone.MESSAGES), behind=True)


def _split(piece: Piece, region: Region) -> tuple[Piece, Piece]:
    segment = piece.segment
    share = region.stays / text_bytes(segment)
    stays = _part(segment, region.stays, region.key + segment.zone.encode())
    goes = _part(segment, segment.length - region.stays, region.key + segment.ordered)
    return (
        piece._replace(segment=stays, tokens=piece.tokens * share),
        _put_behind(piece._replace(segment=goes, tokens=piece.tokens * (1 - share))),
    )


def _part(segment: Segment, length: int, known_by: bytes) -> Segment:
    digest = xxh3_128_digest(known_by)
    return replace(segment, id=UNREAD, length=length, ordered=digest, canonical=digest)


@dataclass(frozen=True, slots=True)
class MarkBefore:
    """Put the last marker in front of a recorded position. `positions` by exchange."""

    positions: Mapping[int, int]

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed."""
        return [self._marked(laid) for laid in calls]

    def _marked(self, laid: Laid) -> Laid:
        origin = self.positions.get(laid.call.exchange.id)
        if origin is None or not laid.marks:
            return laid
        *others, last = sorted(laid.marks, key=lambda mark: mark.position)
        return laid.marked([*others, replace(last, position=_end_of(laid, origin - 1))])


@dataclass(frozen=True, slots=True)
class AddMarks:
    """Set markers at the ends of recorded prefixes, beside those that are there. `positions` by exchange."""

    positions: Mapping[int, Sequence[int]]
    ttl: str = "5m"

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed."""
        return [self._marked(laid) for laid in calls]

    def _marked(self, laid: Laid) -> Laid:
        added = self.positions.get(laid.call.exchange.id, ())
        life = laid.marks[-1].ttl if laid.marks else self.ttl
        return laid.marked([*laid.marks, *(Breakpoint(_end_of(laid, at - 1), life) for at in added)]) if added else laid


def _end_of(laid: Laid, origin: int) -> int:
    """How many pieces end with the last that stood at a recorded position or before, and has not been put behind."""
    return max((at for at, piece in enumerate(laid.pieces, 1) if piece.origin <= origin and not piece.behind), default=0)


@dataclass(frozen=True, slots=True)
class Live:
    """Ask for another life at every marker."""

    ttl: str

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed."""
        return [laid.marked(replace(mark, ttl=self.ttl) for mark in laid.marks) for laid in calls]


@dataclass(frozen=True, slots=True)
class SortTools:
    """Send tool definitions in the order of their names."""

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed."""
        return [self._sorted(laid) for laid in calls]

    def _sorted(self, laid: Laid) -> Laid:
        count = next((at for at, piece in enumerate(laid.pieces) if piece.segment.zone is not Zone.TOOLS), len(laid.pieces))
        tools = sorted(laid.pieces[:count], key=lambda piece: (piece.segment.name, piece.segment.canonical))
        return laid.arranged([*tools, *laid.pieces[count:]])


@dataclass(frozen=True, slots=True)
class SpellAlike:
    """Write the keys of every object in one order."""

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed."""
        return [
            laid.arranged(piece._replace(segment=replace(piece.segment, ordered=piece.segment.canonical)) for piece in laid.pieces)
            for laid in calls
        ]


@dataclass(frozen=True, slots=True)
class HoldUntil:
    """Send requests no sooner than at given times, in seconds since the epoch by exchange."""

    times: Mapping[int, float]

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, changed, in the order in which they are now sent."""
        held = [self._held(laid) for laid in calls]
        starts = [laid.call.started for laid in held]
        latest = accumulate((start or 0.0 for start in starts), max)  # what tells no time keeps its place
        order = sorted(
            zip(starts, latest, range(len(held)), strict=True), key=lambda each: (each[1] if each[0] is None else each[0], each[2])
        )
        return [held[at] for _, _, at in order]

    def _held(self, laid: Laid) -> Laid:
        until, started = self.times.get(laid.call.exchange.id), laid.call.started
        return laid.sent(until) if until is not None and started is not None and until > started else laid


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Send a prefix once ahead of a request, for no answer, so that it can be read when that request is sent.

    `positions`: how much of the recorded prompt, by exchange.
    """

    positions: Mapping[int, int]

    def apply(self, calls: Sequence[Laid]) -> list[Laid]:
        """The requests, and in front of each that is named what warms it up, under an id below zero."""
        out: list[Laid] = []
        for laid in calls:
            position = self.positions.get(laid.call.exchange.id)
            if position:
                out.append(_ahead(laid, position))
            out.append(laid)
        return out


def _ahead(laid: Laid, position: int) -> Laid:
    """The beginning of a request, marked at its end and sent so early that its answer has begun when the request starts."""
    count = _end_of(laid, position - 1)
    exchange, started, readable = laid.call.exchange, laid.call.started, laid.call.readable
    life = laid.marks[-1].ttl if laid.marks else "5m"
    usage = Usage(input=laid.tokens()[count])
    ahead = replace(
        laid, call=replace(laid.call, exchange=replace(exchange, id=-1 - exchange.id, previous=None, nearest=None), usage=usage)
    )
    cut = ahead.arranged(laid.pieces[:count]).marked([Breakpoint(count, life)])
    return cut.sent(started - max(0.0, readable - started)) if started is not None and readable is not None else cut
