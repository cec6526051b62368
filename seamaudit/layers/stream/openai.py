"""OpenAI's event grammars. Source: the OpenAI SDK's `types/chat/chat_completion_chunk.py` and `types/responses/*_event.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from seamaudit.layers.stream.machine import Fault, Machine
from seamaudit.trace import StreamEvent


class Chat(Machine):
    """Deltas of choices, a finish reason for each, `[DONE]`.

    The first fragment of a call may carry any index (coder/aibridge records one that starts at 1), so gaps are not judged.
    """

    names = frozenset({"delta", "finish", "usage", "done"})
    letters_of: ClassVar[Mapping[str, str]] = {
        "role": "S",
        "content": "t",
        "reasoning": "r",
        "refusal": "o",
        "tool_call_start": "C",
        "tool_arguments": "c",
    }

    def __init__(self) -> None:
        super().__init__()
        self.choices: set[int | None] = set()
        self.finished: set[int | None] = set()
        self.now = ""

    @property
    def stopped(self) -> bool:
        """Whether every choice that began has its finish reason."""
        return bool(self.stop) and self.choices <= self.finished

    @property
    def open_kinds(self) -> frozenset[str]:
        """A chat stream closes no block: what came last is under way until the finish reason."""
        return frozenset[str]() if self.stopped or self.done or not self.now else frozenset({self.now})

    def step(self, event: StreamEvent) -> None:
        """Take one event of the grammar."""
        match event.name:
            case "delta":
                self._delta(event)
            case "finish":
                self.finished.add(event.index)
                self.finish(event.detail, event)
            case "usage":
                self.letter("U")
            case _:
                self.close(event)

    def is_error(self, event: StreamEvent) -> bool:
        """An error object, or the finish reason `error` some gateways give instead."""
        return super().is_error(event) or (event.name == "finish" and event.detail == "error")

    def _delta(self, event: StreamEvent) -> None:
        letter = self.letters_of.get(event.detail)
        if letter is None:
            return
        self.letter(letter)
        self.now = "" if letter == "S" else letter.upper()
        if self.now != "C":  # a fragment of a call carries the call's index, not its choice's
            self.choices.add(event.index)


class Responses(Machine):
    """`created`, items that are added, filled and done (several may be open at once), then `completed`, `incomplete` or `failed`.

    A resumed stream (`starting_after`) begins in the middle: without `created` its items are not judged.
    """

    names = frozenset({"created", "output_item.added", "output_item.done", "completed", "incomplete", "cancelled"})

    def __init__(self) -> None:
        super().__init__()
        self.started = False

    def knows(self, event: StreamEvent) -> bool:
        """Item events, terminal events and any delta."""
        return super().knows(event) or event.name.endswith(".delta")

    def is_error(self, event: StreamEvent) -> bool:
        """`error`, and a response that failed."""
        return event.name in ("error", "failed")

    def flaw(self, fault: Fault, detail: str, event: StreamEvent) -> None:
        """Keep a fault of a stream that was seen from its beginning."""
        if self.started:
            super().flaw(fault, detail, event)

    def step(self, event: StreamEvent) -> None:
        """Take one event of the grammar."""
        match event.name:
            case "created":
                self.flaw(Fault.BLOCK_ORDER, "second_created", event)
                self.started = True
                self.letter("S")
            case "output_item.added":
                self.opens(ITEMS.get(event.detail, "H" if event.detail.endswith("_call") else "O"), event)
            case "output_item.done":
                self._item_done(event)
            case "completed" | "incomplete" | "cancelled":
                self._terminal(event)
            case _:
                self._delta(event)

    def _item_done(self, event: StreamEvent) -> None:
        self.letter("B")
        if event.index is not None and self.open.pop(event.index, None) is None:
            self.stray(event, "done_without_added", "O")
            self.open.pop(event.index, None)

    def _delta(self, event: StreamEvent) -> None:
        owner = DELTA_OWNERS.get(event.name.removesuffix(".delta"), "")
        if event.index is None:
            self.letter((owner or "o").lower())
            return
        letter = self.open.get(event.index)
        self.letter((letter or owner or "o").lower())
        if letter is None:
            self.stray(event, "delta_outside_item", owner or "O")
        elif owner and letter in DELTA_OWNERS.values() and letter != owner:
            self.flaw(Fault.DELTA_TYPE, f"{KIND_OF_DELTA[owner]}_delta_in_{KIND_OF_DELTA[letter]}", event)

    def _terminal(self, event: StreamEvent) -> None:
        if event.name == "completed":
            self.refuse_open(event)
        self.open.clear()
        self.stop = event.detail or event.name
        self.stop_event = event.event
        self.close(event)


ITEMS: Mapping[str, str] = {
    "message": "T",
    "reasoning": "R",
    "function_call": "C",
    "custom_tool_call": "C",
    "local_shell_call": "C",
    "shell_call": "C",
    "apply_patch_call": "C",
    "computer_call": "C",
}
"""Output items by letter; calls the provider runs itself (`web_search_call`, `mcp_call`, ...) are hosted."""

DELTA_OWNERS: Mapping[str, str] = {
    "output_text": "T",
    "refusal": "T",
    "function_call_arguments": "C",
    "custom_tool_call_input": "C",
    "reasoning_text": "R",
    "reasoning_summary_text": "R",
}
"""The items that deltas may belong to; other deltas are not judged."""

KIND_OF_DELTA: Mapping[str, str] = {"T": "text", "C": "call", "R": "reasoning"}
