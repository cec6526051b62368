"""Anthropic's event grammar. Source: https://platform.claude.com/docs/en/build-with-claude/streaming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from seamaudit.layers.stream.machine import Confidence, Fault, Machine
from seamaudit.trace import StreamEvent


class Anthropic(Machine):
    """`message_start block* message_delta+ message_stop`; a block is a start, deltas of its own kind and a stop, one at a time."""

    names = frozenset(
        {"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"}
    )
    surety: ClassVar[Confidence] = "high"

    def __init__(self) -> None:
        super().__init__()
        self.started = False
        self.types: dict[int | None, str] = {}

    def step(self, event: StreamEvent) -> None:
        """Take one event of the grammar."""
        if event.name == "message_start":
            self._start(event)
            return
        if not self.started:
            self.started = True
            self.flaw(Fault.BLOCK_ORDER, "before_message_start", event)
        match event.name:
            case "content_block_start":
                self._block(event)
            case "content_block_delta":
                self._delta(event)
            case "content_block_stop":
                self._block_stop(event)
            case "message_delta":
                self._message_delta(event)
            case _:
                self._message_stop(event)

    def _start(self, event: StreamEvent) -> None:
        if self.started:
            self.flaw(Fault.BLOCK_ORDER, "second_message_start", event)
        self.started = True
        self.letter("S")

    def _block(self, event: StreamEvent) -> None:
        if self.stopped:
            self.flaw(Fault.BLOCK_ORDER, "block_after_stop", event)
        elif self.open and event.index not in self.open:
            self.flaw(*INTERLEAVED, event)
        self.types[event.index] = event.detail
        self.opens(_anthropic_letter(event.detail), event)

    def _delta(self, event: StreamEvent) -> None:
        letter = None if event.index is None else self.open.get(event.index)
        if letter is None:
            self.stray(event, "delta_outside_block", "O")
            return
        self.letter(letter.lower())
        allowed = DELTAS.get(self.types.get(event.index, ""))
        if allowed is not None and event.detail in KNOWN_DELTAS and event.detail not in allowed:
            self.flaw(Fault.DELTA_TYPE, f"{event.detail}_in_{self.types[event.index]}", event)

    def refuse_open(self, event: StreamEvent) -> None:
        """No block may be open here; that one opened inside another is one fault, not two."""
        if INTERLEAVED not in self.flaws:
            super().refuse_open(event)
        self.open.clear()

    def _block_stop(self, event: StreamEvent) -> None:
        self.letter("B")
        if event.index is None or self.open.pop(event.index, None) is None:
            self.flaw(Fault.BLOCK_ORDER, "stop_outside_block", event)

    def _message_delta(self, event: StreamEvent) -> None:
        if not event.detail:
            self.letter("U")
            return
        if event.detail == "refusal":  # may stop the model in the middle of a block; the documents do not say that the block is closed
            self.open.clear()
        self.refuse_open(event)
        self.finish(event.detail, event)

    def _message_stop(self, event: StreamEvent) -> None:
        self.refuse_open(event)
        if not self.stopped:
            self.flaw(Fault.NO_STOP_REASON, "no_stop_reason", event)
        self.close(event)


INTERLEAVED = (Fault.BLOCK_ORDER, "block_inside_block")

DELTAS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text_delta", "citations_delta"}),
    "thinking": frozenset({"thinking_delta", "signature_delta"}),
    "tool_use": frozenset({"input_json_delta"}),
    "server_tool_use": frozenset({"input_json_delta"}),
    "mcp_tool_use": frozenset({"input_json_delta"}),
}
"""The deltas of the block types that are known to have them; other block types are not judged."""

KNOWN_DELTAS = frozenset[str]().union(*DELTAS.values())


def _anthropic_letter(block: str) -> str:
    if block in ("thinking", "redacted_thinking"):
        return "R"
    if block.startswith(("server_tool", "mcp_tool")) or block.endswith("_tool_result"):
        return "H"
    return {"text": "T", "tool_use": "C"}.get(block, "O")
