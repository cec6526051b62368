"""One stream's life: how it ended, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from seamaudit.facts import Fact
from seamaudit.layers.base import Unchecked
from seamaudit.layers.stream.facts import WHOLE, StreamFault, StreamLife, Terminal, about, seconds
from seamaudit.layers.stream.grammars import GRAMMARS
from seamaudit.layers.stream.machine import Confidence, Fault, Flaw, Reading, read
from seamaudit.providers.streams import Ending, ending_of
from seamaudit.trace import Exchange, Need, Response, StreamRecord


class Life(Struct, frozen=True):
    """A stream's record, what its grammar read in it, and how it ended."""

    record: StreamRecord
    reading: Reading
    terminal: Terminal

    @property
    def whole(self) -> bool:
        """Whether the answer and its stop reason came over sound, so that they may be judged: no block lost, none spelled wrongly."""
        reading = self.reading
        return self.terminal in WHOLE and not (reading.late_error or reading.flaws or self.record.unreadable)

    def facts(self, exchange: Exchange, response: Response) -> Iterator[Fact]:
        """The stream's life and its faults; Unchecked where the recording does not decide."""
        yield self._fact(exchange, response)
        if self.terminal is Terminal.REFUSED or Need.STREAM in exchange.lacks:
            return
        if self.terminal in (Terminal.EMPTY, Terminal.UNDECODABLE):
            yield unchecked(exchange, "stream_faults", self._why_unread())
            return
        if self._is_left:
            yield unchecked(exchange, "stream_faults", "the caller stopped reading the stream")
        for flaw in self._flaws():
            yield self._fault(exchange, response, flaw)

    @property
    def _is_left(self) -> bool:
        """Whether it ends where its caller stopped reading: nobody can tell what would have come."""
        return self.record.left and self.terminal in (Terminal.TRUNCATED, Terminal.CUT_AFTER_STOP)

    def _why_unread(self) -> str:
        if self.terminal is Terminal.EMPTY:
            return "no event of the stream is recorded"
        return "events of the stream cannot be read" if self.record.decodable else "a binary event stream was recorded as text"

    def _flaws(self) -> Iterator[Flaw]:
        reading = self.reading
        if reading.error:
            yield Flaw(Fault.ERROR, self._error_code() or "unknown", reading.error.event, "high")
        elif self.terminal is Terminal.TRUNCATED and not self._is_left:
            yield Flaw(Fault.TRUNCATED, "before_stop", self.record.total, "high")
        elif self.terminal is Terminal.CUT_AFTER_STOP and not self._is_left:
            yield Flaw(Fault.TRUNCATED, "after_stop", self.record.total, self._surety_of_end())
        if reading.late_error:
            yield Flaw(Fault.ERROR_AFTER_STOP, self._error_code() or "unknown", reading.late_error.event, "medium")
        if self.record.unreadable:
            yield Flaw(Fault.UNREADABLE, "data_not_json", None, "medium")
        else:
            yield from reading.flaws

    def _surety_of_end(self) -> Confidence:
        """A client may stop listening after a chat's finish reason; Anthropic's grammar knows no end but message_stop."""
        return "low" if self.record.grammar == "chat" and not self.record.partial_tail else "medium"

    def _error_code(self) -> str:
        event = self.reading.error or self.reading.late_error
        return (self.record.error_type or event.detail)[:64] if event else ""

    def _fact(self, exchange: Exchange, response: Response) -> StreamLife:
        record, reading = self.record, self.reading
        return StreamLife(
            **about(exchange, response),
            grammar=record.grammar,
            history=reading.history,
            terminal=self.terminal,
            stop=reading.stop or response.stop,
            status=response.status,
            events=record.total,
            unreadable=record.unreadable,
            open_block=reading.open_block,
            open_call=reading.open_call,
            partial_tail=record.partial_tail,
            error_type=self._error_code(),
            seconds=seconds(exchange),
        )

    def _fault(self, exchange: Exchange, response: Response, flaw: Flaw) -> StreamFault:
        lost = flaw.fault is Fault.ERROR or (flaw.fault is Fault.TRUNCATED and self.terminal is Terminal.TRUNCATED)
        return StreamFault(
            **about(exchange, response),
            grammar=self.record.grammar,
            fault=flaw.fault,
            detail=flaw.detail,
            event=flaw.event,
            history=self.reading.history,
            open_call=self.reading.open_call,
            partial_tail=self.record.partial_tail,
            confidence=flaw.confidence,
            seconds=seconds(exchange) if lost else None,
        )


def life_of(exchange: Exchange, response: Response, longest: int) -> Life | None:
    """The life of the response's stream, its history at most `longest` letters; None where nothing was streamed."""
    record = response.stream
    grammar = GRAMMARS.get(record.grammar) if record else None
    if record is None or grammar is None or (not record.total and not exchange.request.streamed):
        return None
    reading = read(record, grammar(), longest)
    return Life(record, reading, _terminal(response.status, record, reading, ending_of(record.grammar, record.host or exchange.host)))


def _terminal(status: int | None, record: StreamRecord, reading: Reading, ending: Ending) -> Terminal:
    if status is not None and status >= 400:
        return Terminal.REFUSED
    if not record.decodable:
        return Terminal.UNDECODABLE
    if reading.error:
        return Terminal.ERROR_EVENT
    if reading.done:
        return Terminal.COMPLETE
    return _after_stop(record, ending) if reading.stopped else _before_stop(record)


def _before_stop(record: StreamRecord) -> Terminal:
    if not record.total and not record.partial_tail:
        return Terminal.EMPTY
    return Terminal.UNDECODABLE if record.unreadable else Terminal.TRUNCATED


def _after_stop(record: StreamRecord, ending: Ending) -> Terminal:
    if record.partial_tail:
        return Terminal.CUT_AFTER_STOP
    if ending is Ending.STOP:
        return Terminal.NO_TERMINAL_EXEMPT if record.grammar == "chat" else Terminal.COMPLETE
    return Terminal.UNMARKED if ending is Ending.UNKNOWN or record.unreadable else Terminal.CUT_AFTER_STOP


def unchecked(exchange: Exchange, table: str, reason: str) -> Unchecked:
    """That `table` could not be filled for this exchange, and why."""
    return Unchecked(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        table=table,
        aspect="",
        reason=reason,
    )
