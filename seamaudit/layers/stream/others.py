"""The event grammars of Gemini, Bedrock Converse and Anthropic's legacy text completions.

Sources: https://ai.google.dev/api/generate-content, the Bedrock service model's `ConverseStreamOutput`,
https://docs.claude.com/en/api/streaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from seamaudit.layers.stream.machine import Fault, Machine
from seamaudit.trace import StreamEvent


class Gemini(Machine):
    """Chunks of parts; the end is a finish reason (older models repeat it on every chunk) or a blocked prompt."""

    names = frozenset({"chunk", "finish", "usage", "blocked"})
    letters_of: ClassVar[Mapping[str, str]] = {"text": "t", "thought": "r", "function_call": "C"}

    def step(self, event: StreamEvent) -> None:
        """Take one event of the grammar."""
        match event.name:
            case "chunk":
                self.letter(self.letters_of.get(event.detail, "o"))
            case "usage":
                self.letter("U")
            case _:
                self.finish(event.detail or event.name, event)


class Bedrock(Machine):
    """`messageStart`, blocks, `messageStop`, `metadata`. Only tool calls announce themselves; a text block opens with its first delta."""

    names = frozenset({"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"})
    letters_of: ClassVar[Mapping[str, str]] = {"text": "T", "toolUse": "C", "reasoningContent": "R"}

    def __init__(self) -> None:
        super().__init__()
        self.closed: set[int | None] = set()

    def is_error(self, event: StreamEvent) -> bool:
        """Exceptions come under their own names."""
        return super().is_error(event) or event.name.endswith("Exception")

    def step(self, event: StreamEvent) -> None:
        """Take one event of the grammar."""
        match event.name:
            case "messageStart":
                self.letter("S")
            case "contentBlockStart":
                self._block(event, self.letters_of.get(event.detail, "O"))
            case "contentBlockDelta":
                self._delta(event)
            case "contentBlockStop":
                self.letter("B")
                self.closed.add(event.index)
                if event.index is not None:
                    self.open.pop(event.index, None)
            case "messageStop":
                self.refuse_open(event)
                self.finish(event.detail or "unknown", event)
            case _:
                self.letter("U")

    def _block(self, event: StreamEvent, letter: str) -> None:
        self.letter(letter)
        if event.index is not None:
            self.open[event.index] = letter

    def _delta(self, event: StreamEvent) -> None:
        letter = self.letters_of.get(event.detail, "O")
        if event.index is None or event.index in self.open:
            self.letter(letter.lower())
            return
        if event.index in self.closed:
            self.flaw(Fault.BLOCK_ORDER, "delta_outside_block", event)
        self._block(event, letter)
        self.letter(letter.lower())


class Legacy(Machine):
    """Text completions; the last one carries a stop reason, and nothing follows it."""

    names = frozenset({"completion"})

    def step(self, event: StreamEvent) -> None:
        """Take one event of the grammar."""
        self.letter("t")
        if event.detail:
            self.finish(event.detail, event)
