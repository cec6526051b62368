"""Large tool results: what they weigh, and how long they are sent."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.layers.context.facts import LargeResult
from seamaudit.layers.context.held import Step
from seamaudit.trace import Exchange, Kind


class Added(Struct, frozen=True):
    """Tokens that some bytes of a prompt weigh, and the tokens of all of it."""

    tokens: int
    bytes: int
    total: int


class Results:
    """Follows the large results of one thread. `least` is the size in tokens from which a result is large."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._names: dict[str, str] = {}
        self._live: dict[int, LargeResult] = {}
        self._since: dict[int, int] = {}
        self._calls = 0
        self._last = -1

    def drop(self, step: Step) -> Iterator[LargeResult]:
        """The results that this prompt no longer holds."""
        for id in step.gone:
            if id in self._live and id not in step.came:
                yield self._told(id)

    def send(self, exchange: Exchange, step: Step, added: Added | None, window: int | None) -> None:
        """Count a call that sends what is held, and note what came with it."""
        self._calls += 1
        self._last = exchange.id
        if step.gone:
            self._move(exchange, step)
        if added is not None:
            self._note(exchange, step, added, window)

    def close(self) -> Iterator[LargeResult]:
        """The results that the last prompt holds."""
        for id in list(self._live):
            yield self._told(id)

    def _told(self, id: int) -> LargeResult:
        return replace(self._live.pop(id), sent=self._calls - self._since.pop(id), last_exchange=self._last)

    def name(self, exchange: Exchange, step: Step) -> None:
        """Learn the names of the tools that were called."""
        segments = exchange.request.prefix.tape.segments
        for segment in (segments[id] for id in step.came):
            if segment.kind is Kind.TOOL_CALL and segment.call_id:
                self._names[segment.call_id] = segment.name
        for call in exchange.response.calls if exchange.response else ():
            if call.id:
                self._names[call.id] = call.name

    def _move(self, exchange: Exchange, step: Step) -> None:
        """Results that are kept where what stood before them is gone stand further ahead."""
        segments, behind = exchange.request.prefix.tape.segments, 0
        total = exchange.usage.input if exchange.usage else None
        for id in reversed(step.came):
            result, length = self._live.get(id), segments[id].length
            if result is not None and total is not None and length:
                self._live[id] = replace(result, offset=min(result.offset, max(result.size, total - behind * result.size // length)))
            behind += length

    def _note(self, exchange: Exchange, step: Step, added: Added, window: int | None) -> None:
        segments = [exchange.request.prefix.tape.segments[id] for id in step.came]
        behind = 0
        for position, segment in reversed(list(enumerate(segments, step.at))):
            size = segment.length * added.tokens // added.bytes if added.bytes else 0
            if segment.kind is Kind.TOOL_RESULT and size >= self._least and segment.id not in self._live:
                self._since[segment.id] = self._calls
                self._live[segment.id] = LargeResult(
                    exchange=exchange.id,
                    thread=exchange.thread.id,
                    app=exchange.attribution.app,
                    locus=exchange.place(position),
                    tool=segment.name or self._names.get(segment.call_id, ""),
                    size=size,
                    offset=added.total - behind,
                    window=window,
                    share=size / window if window else None,
                    sent=0,
                    last_exchange=exchange.id,
                )
            behind += size
