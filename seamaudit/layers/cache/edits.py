"""Edits of a layout: what an application would change about the order, the markers or the times of its requests, never their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace
from xxhash import xxh3_128_digest

from seamaudit.layers.cache.layout import UNREAD, Laid, Span, text_bytes
from seamaudit.trace import Breakpoint, Segment, Usage, Zone


class Edit(Protocol):
    """A change to the requests of one cache."""

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed, to be gone through once. What it does not concern stays as it is."""
        ...


def applied(edits: Iterable[Edit], calls: Iterable[Laid]) -> Iterable[Laid]:
    """The requests after all edits, each made when it is asked for."""
    for edit in edits:
        calls = edit.apply(calls)
    return calls


def keep_order(edits: Iterable[Edit]) -> bool:
    """Whether requests are sent in the order in which they were recorded, whatever else the edits do."""
    return not any(isinstance(edit, HoldUntil) for edit in edits)


class Region(Struct, frozen=True):
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


class MoveBehind(Struct, frozen=True):
    """Put what moves behind everything else, and so behind the last marker; markers on it go to the end of what stood before it.

    `regions` by exchange.
    """

    regions: Mapping[int, Region]

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed."""
        return (_behind(laid, region) if (region := self.regions.get(laid.call.exchange.id)) else laid for laid in calls)


def _behind(laid: Laid, region: Region) -> Laid:
    kept, gone = _parted(laid, laid.spans, region)
    if not gone:
        return laid
    left = (_parted(laid, laid.first(mark.position), region)[0] for mark in laid.marks)
    positions = (sum(span.length for span in spans) for spans in left)
    marks = [replace(mark, position=position) for mark, position in zip(laid.marks, positions, strict=True)]
    return laid.arranged([*kept, *gone]).marked(marks)


def _parted(laid: Laid, spans: Iterable[Span], region: Region) -> tuple[list[Span], list[Span]]:
    """What of some spans stays, and what goes behind."""
    kept: list[Span] = []
    gone: list[Span] = []
    for span in spans:
        low, high = max(span.start, region.start), min(span.stop, region.stop)
        if span.behind or low >= high:
            kept.append(span)
            continue
        kept.append(replace(span, stop=low))
        first = laid.call.prefix.at(low) if span.made is None else span.made
        if low == region.start and 0 < region.stays < text_bytes(first):
            stays, goes = _split(laid, span, first, region)
            kept.append(stays)
            gone.append(goes)
            low += 1
        gone.append(replace(span, start=low, stop=high, behind=True))
        kept.append(replace(span, start=high))
    return kept, gone


def _split(laid: Laid, span: Span, segment: Segment, region: Region) -> tuple[Span, Span]:
    upto = laid.recorded.upto
    tokens = upto(region.start + 1) - upto(region.start) if span.made is None else span.tokens
    share = region.stays / text_bytes(segment)
    stays = _part(segment, region.stays, region.key + segment.zone.encode())
    goes = _part(segment, segment.length - region.stays, region.key + segment.ordered)
    at = Span(region.start, region.start + 1)
    return replace(at, made=stays, tokens=tokens * share), replace(at, made=goes, tokens=tokens * (1 - share), behind=True)


def _part(segment: Segment, length: int, known_by: bytes) -> Segment:
    digest = xxh3_128_digest(known_by)
    return replace(segment, id=UNREAD, length=length, ordered=digest, canonical=digest)


class MarkBefore(Struct, frozen=True):
    """Put the last marker in front of a recorded position. `positions` by exchange."""

    positions: Mapping[int, int]

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed."""
        return map(self._marked, calls)

    def _marked(self, laid: Laid) -> Laid:
        origin = self.positions.get(laid.call.exchange.id)
        if origin is None or not laid.marks:
            return laid
        *others, last = sorted(laid.marks, key=lambda mark: mark.position)
        return laid.marked([*others, replace(last, position=laid.end_of(origin - 1))])


class AddMarks(Struct, frozen=True):
    """Set markers at the ends of recorded prefixes, beside those that are there. `positions` by exchange."""

    positions: Mapping[int, Sequence[int]]
    ttl: str = "5m"

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed."""
        return map(self._marked, calls)

    def _marked(self, laid: Laid) -> Laid:
        added = self.positions.get(laid.call.exchange.id, ())
        life = laid.marks[-1].ttl if laid.marks else self.ttl
        return laid.marked([*laid.marks, *(Breakpoint(laid.end_of(at - 1), life) for at in added)]) if added else laid


class Live(Struct, frozen=True):
    """Ask for another life at every marker."""

    ttl: str

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed."""
        return (laid.marked(replace(mark, ttl=self.ttl) for mark in laid.marks) for laid in calls)


class SortTools(Struct, frozen=True):
    """Send tool definitions in the order of their names."""

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed."""
        return map(self._sorted, calls)

    def _sorted(self, laid: Laid) -> Laid:
        tools, rest = _tools(laid)
        tools.sort(key=lambda each: (each[0].name, each[0].canonical))
        return laid.arranged([*(span for _, span in tools), *rest])


def _tools(laid: Laid) -> tuple[list[tuple[Segment, Span]], list[Span]]:
    """The tools at the beginning, one by one, and the spans behind them."""
    prefix, count = laid.call.prefix, laid.call.prefix.zone_end(Zone.TOOLS)
    tools: list[tuple[Segment, Span]] = []
    for at, span in enumerate(laid.spans):
        if span.behind or span.start >= count:
            return tools, list(laid.spans[at:])
        if span.made is not None:
            tools.append((span.made, span))
            continue
        stop = min(span.stop, count)
        tools += ((segment, Span(at, at + 1)) for at, segment in enumerate(prefix.segments(span.start, stop), span.start))
        if stop < span.stop:
            return tools, [replace(span, start=stop), *laid.spans[at + 1 :]]
    return tools, []


class SpellAlike(Struct, frozen=True):
    """Write the keys of every object in one order."""

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed."""
        return (replace(laid, alike=True) for laid in calls)


class HoldUntil(Struct, frozen=True):
    """Send requests no sooner than at given times, in seconds since the epoch by exchange."""

    times: Mapping[int, float]

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, changed, in the order in which they are now sent."""
        held = [self._held(laid) for laid in calls]
        starts = [laid.times.started for laid in held]
        latest = accumulate((start or 0.0 for start in starts), max)  # what tells no time keeps its place
        order = sorted(
            zip(starts, latest, range(len(held)), strict=True), key=lambda each: (each[1] if each[0] is None else each[0], each[2])
        )
        return (held[at] for _, _, at in order)

    def _held(self, laid: Laid) -> Laid:
        until, started = self.times.get(laid.call.exchange.id), laid.times.started
        return laid.sent(until) if until is not None and started is not None and until > started else laid


class WarmUp(Struct, frozen=True):
    """Send a prefix once ahead of a request, for no answer, so that it can be read when that request is sent.

    `positions`: how much of the recorded prompt, by exchange.
    """

    positions: Mapping[int, int]

    def apply(self, calls: Iterable[Laid]) -> Iterable[Laid]:
        """The requests, and in front of each that is named what warms it up, under an id below zero."""
        for laid in calls:
            position = self.positions.get(laid.call.exchange.id)
            if position:
                yield _ahead(laid, position)
            yield laid


def _ahead(laid: Laid, position: int) -> Laid:
    """The beginning of a request, marked at its end and sent so early that its answer has begun when the request starts."""
    count = laid.end_of(position - 1)
    exchange, started, readable = laid.call.exchange, laid.times.started, laid.readable
    life = laid.marks[-1].ttl if laid.marks else "5m"
    usage = Usage(input=laid.tokens()[count])
    ahead = replace(
        laid, call=replace(laid.call, exchange=replace(exchange, id=-1 - exchange.id, previous=None, nearest=None), usage=usage)
    )
    cut = ahead.arranged(laid.first(count)).marked([Breakpoint(count, life)])
    return cut.sent(started - max(0.0, readable - started)) if started is not None and readable is not None else cut
