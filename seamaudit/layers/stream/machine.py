"""The state machine every stream grammar is an instance of, and what it says of a stream.

A stream's life is a string of letters, runs of one letter collapsed. Upper case opens, lower case goes on:

    S   the answer begins                       F   the stop reason
    T t a text block, text                      U   usage on its own
    R r a reasoning block, reasoning            D   the terminal event
    C c a tool call, its arguments              E   an error event; nothing after it is read
    H h a hosted (server) tool, what it sends   B   a block closes
    O o any other block, what it sends          +   more than the layer keeps was left out here

`STtBCcBFD` is a whole Anthropic answer with a text and a call; `StF` a chat answer whose `[DONE]` never came. Pings and event
names that a grammar does not know leave no letter: providers add events and ask clients to ignore what they do not know.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from msgspec import Struct

from seamaudit.trace import StreamEvent, StreamRecord

Confidence = Literal["high", "medium", "low"]


class Fault(StrEnum):
    """What was wrong with a stream. The first three happened to the stream, `grammar_*` is how it was written."""

    TRUNCATED = "stream_truncated"
    ERROR = "error_after_200"
    ERROR_AFTER_STOP = "error_after_stop"
    BLOCK_ORDER = "grammar_block_order"
    UNCLOSED_BLOCK = "grammar_unclosed_block"
    INDEX_GAP = "grammar_index_gap"
    DELTA_TYPE = "grammar_delta_type"
    NO_STOP_REASON = "grammar_no_stop_reason"
    AFTER_END = "grammar_event_after_end"
    UNREADABLE = "grammar_unreadable_event"


class Flaw(Struct, frozen=True):
    """One fault of one stream: what, in which of our words, and at which event (0-based; None unknown)."""

    fault: Fault
    detail: str
    event: int | None
    confidence: Confidence


class Reading(Struct, frozen=True):
    """A stream as its grammar reads it.

    `stop` is the stop reason, "" if none came; `stopped` says that every choice has one, `done` that the terminal event came. `error`
    is the error event that ended the stream, `late_error` one that came after the stop reason. `open_block` and `open_call` say what was
    under way when the events ended.
    """

    history: str
    stop: str
    stopped: bool
    done: bool
    error: StreamEvent | None
    late_error: StreamEvent | None
    open_block: bool
    open_call: bool
    flaws: tuple[Flaw, ...]


class Machine:
    """Takes a stream's events one by one. Subclasses know one grammar: its `names`, and what each does in `step`.

    `surety` is the confidence of a broken grammar: high where the provider documents it as strict.
    """

    names: ClassVar[frozenset[str]] = frozenset()
    surety: ClassVar[Confidence] = "medium"

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.flaws: dict[tuple[Fault, str], Flaw] = {}
        self.open: dict[int, str] = {}
        self.last = -1
        self.stop = ""
        self.stop_event = -1
        self.end = ""
        self.error: StreamEvent | None = None
        self.late_error: StreamEvent | None = None

    @property
    def stopped(self) -> bool:
        """Whether the answer's stop reason came."""
        return bool(self.stop)

    @property
    def open_kinds(self) -> frozenset[str]:
        """The letters of the blocks under way."""
        return frozenset(self.open.values())

    def knows(self, event: StreamEvent) -> bool:
        """Whether the event means something in this grammar."""
        return event.name in self.names

    def is_error(self, event: StreamEvent) -> bool:
        """Whether the event is the grammar's way to say that the provider failed."""
        return event.name == "error"

    def step(self, event: StreamEvent) -> None:
        """Take one known event that is no error and not after the end."""
        raise NotImplementedError

    def take(self, event: StreamEvent) -> None:
        """Take one event of the stream; a run of equal ones counts as two."""
        if self.error is not None:
            return
        if self.is_error(event):
            self._fail(event)
        elif not self.knows(event):
            return
        elif self.done:
            if event.name != self.end:  # a terminal event sent twice harms nobody
                self.flaw(Fault.AFTER_END, "event_after_end", event)
        else:
            for _ in range(min(event.count, 2)):
                self.step(event)

    def letter(self, letter: str) -> None:
        """Add a letter to the history."""
        if not self.letters or self.letters[-1] != letter:
            self.letters.append(letter)

    def flaw(self, fault: Fault, detail: str, event: StreamEvent) -> None:
        """Keep a fault, the first of its kind."""
        self.flaws.setdefault((fault, detail), Flaw(fault, detail, event.event, self.surety))

    def finish(self, reason: str, event: StreamEvent) -> None:
        """The stop reason came."""
        self.letter("F")
        self.stop = reason
        self.stop_event = event.event

    def close(self, event: StreamEvent) -> None:
        """The terminal event came."""
        self.letter("D")
        self.end = event.name

    @property
    def done(self) -> bool:
        """Whether the terminal event came."""
        return bool(self.end)

    def opens(self, letter: str, event: StreamEvent) -> None:
        """A block opens at the event's index; indexes count up from 0 without a gap."""
        self.letter(letter)
        if event.index is None:
            return
        if event.index != self.last + 1:
            self.flaw(Fault.INDEX_GAP, "index_skipped" if event.index > self.last else "index_repeated", event)
        self.last = event.index
        self.open[event.index] = letter

    def stray(self, event: StreamEvent, detail: str, letter: str) -> None:
        """A piece of a block that is not open. One that never opened counts as open from here on: a missing start is one fault, not two."""
        self.flaw(Fault.BLOCK_ORDER, detail, event)
        if event.index is not None and event.index > self.last:
            self.last = event.index
            self.open[event.index] = letter

    def refuse_open(self, event: StreamEvent) -> None:
        """No block may be open here."""
        for letter in self.open.values():
            self.flaw(Fault.UNCLOSED_BLOCK, KINDS.get(letter, "other"), event)
        self.open.clear()

    def _fail(self, event: StreamEvent) -> None:
        self.letter("E")
        if self.done or (self.stopped and self.stop_event < event.event):
            self.late_error = self.late_error or event
        else:
            self.error = event


KINDS = {"T": "text", "R": "reasoning", "C": "tool_call", "H": "hosted_tool", "O": "other"}
"""What the letters of blocks stand for, as details of faults."""


def read(record: StreamRecord, machine: Machine, longest: int) -> Reading:
    """Run a stream through its grammar; a history longer than `longest` letters loses its middle."""
    for event in record.events:
        machine.take(event)
    kinds = machine.open_kinds
    return Reading(
        history=_clipped("".join(machine.letters), longest),
        stop=machine.stop,
        stopped=machine.stopped,
        done=machine.done,
        error=machine.error,
        late_error=machine.late_error,
        open_block=bool(kinds),
        open_call="C" in kinds,
        flaws=tuple(machine.flaws.values()),
    )


def _clipped(history: str, longest: int) -> str:
    if len(history) <= longest:
        return history
    tail = longest // 4
    return history[: longest - tail - 1] + "+" + history[-tail:]
