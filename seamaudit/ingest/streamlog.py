"""Reading a stream's events once: their payloads for the answer, their names and order for the state machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import code, integer
from seamaudit.ingest.sse import DONE, SseEvent
from seamaudit.trace import StreamEvent, StreamRecord


class StreamLog:
    """Collects what a StreamRecord says while a shape reads the events.

    `broken` holds the causes of text that had to be forgiven, `error_type` the provider's code of an in-stream error.
    """

    def __init__(self, grammar: str, host: str, path: str) -> None:
        self.grammar = grammar
        self.broken: dict[str, None] = {}
        self.error_type = ""
        self.failed = False
        self._host = host
        self._path = path
        self._events: list[StreamEvent] = []
        self._last: tuple[str, Any, Any] | None = None
        self._run = 0
        self._ordinal = 0
        self._total = 0
        self._unreadable = 0

    def payloads(self, events: Iterable[SseEvent]) -> Iterator[tuple[str, Any]]:
        """Each event's name and parsed data; `[DONE]` comes as that text. Empty data is a heartbeat, data that is no JSON is counted."""
        for event in events:
            self._ordinal = event.ordinal
            self._total += 1
            data = event.data.strip()
            if data == DONE:
                yield event.name, DONE
            elif data:
                try:
                    parsed = jsontext.parse(data.encode("utf-8", "surrogatepass"))
                except jsontext.Unparsable:
                    self._unreadable += 1
                    continue
                self.broken |= dict.fromkeys(parsed.broken)
                yield event.name, parsed.value

    def add(self, name: str, index: Any = None, detail: Any = "") -> None:
        """One event of the grammar; a run of equal ones is kept as one with its count."""
        if (name, index, detail) == self._last:
            self._run += 1
            return
        self._close_run()
        self._last = (name, index, detail)
        self._events.append(StreamEvent(code(name) or "unnamed", integer(index), code(detail), event=self._ordinal))
        self._run = 1

    def fail(self, error: str) -> None:
        """The provider's error event; its code is "" where it gives none."""
        self.failed = True
        self.error_type = self.error_type or error
        self.add("error", None, error)

    def record(self, partial_tail: bool, *, decodable: bool = True) -> StreamRecord:
        """What was recorded of the stream."""
        self._close_run()
        return StreamRecord(
            grammar=self.grammar,
            host=self._host,
            path=self._path,
            events=tuple(self._events),
            total=self._total,
            partial_tail=partial_tail,
            unreadable=self._unreadable,
            error_type=self.error_type,
            decodable=decodable,
        )

    def _close_run(self) -> None:
        if self._run > 1:
            last = self._events[-1]
            self._events[-1] = StreamEvent(last.name, last.index, last.detail, self._run, last.event)
        self._run = 0
