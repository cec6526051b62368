"""Puts edited prompts on a tape, so that they are caches' keys like any others."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from seamaudit.ingest.stretch import Stretch
from seamaudit.layers.cache.layout import Laid, Span
from seamaudit.layers.cache.state import Answered
from seamaudit.trace import Prefix, Segment, Tape, Zone


class Press:
    """One for each replay: its tape begins with the segments that were recorded, under their ids."""

    def __init__(self) -> None:
        self._tape = Tape()
        self._made: dict[tuple[bytes, Zone], int] = {}
        self._others: dict[tuple[int, bool, bool], int] = {}
        self._bases: dict[str, tuple[Stretch, Stretch]] = {}

    def call(self, laid: Laid) -> Answered:
        """The request as the cache will see it."""
        exchange = laid.call.exchange
        request, times = exchange.request, laid.times
        if laid.moved or laid.alike:
            request = replace(request, prefix=self._prefix(laid), breakpoints=laid.marks)
        elif laid.marks is not request.breakpoints:
            request = replace(request, breakpoints=laid.marks)
        if request is exchange.request and times is exchange.times:
            return laid.call
        return replace(laid.call, exchange=replace(exchange, request=request, times=times))

    def _prefix(self, laid: Laid) -> Prefix:
        """The prompt. What was put behind is written apart: the thread's next prompt goes on with what stands before it."""
        prefix, tape = laid.call.prefix, self._tape
        if not tape.segments:
            tape.segments += prefix.tape.segments
        recorded = prefix.ids()
        ids = [i for span in laid.spans if not span.behind for i in self._ids(span, recorded, alike=laid.alike)]
        behind = [i for span in laid.spans if span.behind for i in self._ids(span, recorded, alike=laid.alike)]
        head = next((at for at, i in enumerate(ids) if tape.segments[i].zone is Zone.MESSAGES), len(ids))
        thread = laid.call.exchange.thread.id
        before, after = self._bases.get(thread, (Stretch(), Stretch()))
        stretches = before.followed_by(ids[:head], tape.heads), after.followed_by(ids[head:], tape.ids)
        self._bases[thread] = stretches
        start = len(tape.ids)
        tape.ids.extend(behind)
        last = ((start, start + len(behind)),) if behind else ()
        return Prefix(tape, (*stretches[1].runs, *last), len(ids) + len(behind), stretches[0].runs)

    def _ids(self, span: Span, recorded: list[int], *, alike: bool) -> Iterable[int]:
        if span.made is not None:
            return (self._id(span.made, alike=alike, behind=span.behind),)
        ids = recorded[span.start : span.stop]
        return (self._other(i, alike, span.behind) for i in ids) if alike or span.behind else ids

    def _other(self, i: int, alike: bool, behind: bool) -> int:
        key = i, alike, behind
        known = self._others.get(key)
        if known is None:
            known = self._others[key] = self._id(self._tape.segments[i], alike=alike, behind=behind)
        return known

    def _id(self, segment: Segment, *, alike: bool, behind: bool) -> int:
        """The id of a segment spelled otherwise, or put behind what is before messages: it is then one of these."""
        zone = Zone.MESSAGES if behind else segment.zone
        spelled = segment.canonical if alike else segment.ordered
        known = self._made.setdefault((spelled, zone), len(self._tape.segments))
        if known == len(self._tape.segments):
            self._tape.segments.append(replace(segment, ordered=spelled, zone=zone))
        return known
