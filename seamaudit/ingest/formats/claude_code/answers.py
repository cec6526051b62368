"""A response of Claude Code: one provider call told in many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import text_in, word
from seamaudit.ingest.formats.base import BodyShape
from seamaudit.ingest.formats.claude_code.rows import Said
from seamaudit.ingest.transcript import Message
from seamaudit.trace import Answer, Locus, Response, ToolCall, Usage

CHARACTERS = 4, 8
"""Characters of answer per recorded output token above which the count is taken for a lower bound: where no row has a stop reason (then
the count is the one a stream opens with), and where one has."""

_Part = TypeVar("_Part", Answer, ToolCall)


class Answered(Struct):
    """The rows of one response. Of a stream the client writes a row per content block and repeats usage on each; `whole` says that one row
    holds several, so that the answer came without a stream."""

    locus: Locus
    id: str
    model: str
    parent: str | None
    order: int
    conversation: str
    agent: str
    side: str
    request: str
    ended: float | None = None
    stop: str = ""
    usage: Any = None
    characters: int = 0
    blocks: int = 0
    whole: bool = False
    answers: list[Answer] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def take(self, said: Said, message: Message, when: float | None, at: str, shape: BodyShape) -> None:
        """The next row, which adds blocks; one that repeats blocks (a copy of the session in itself) adds none."""
        self.ended = max(self.ended or 0.0, when) if when is not None else self.ended
        self.stop = word(said.stop_reason) or self.stop
        self.usage = greatest(self.usage, said.usage)
        if any(known.ids == message.ids for known in self.messages):
            return
        self.messages.append(message)
        content = jsontext.parse(said.raw).value["content"]
        part = shape.response({"content": content if isinstance(content, list) else [{"type": "text", "text": content}]}, at, None)
        self.answers += (self._moved(answer) for answer in part.answers)
        self.calls += (self._moved(call) for call in part.calls)
        self.blocks += len(part.answers)
        self.whole = self.whole or len(part.answers) > 1
        self.characters += len(text_in(content))

    def response(self, at: str, shape: BodyShape) -> Response:
        """The response as a whole. Pointers count its blocks over all rows; they begin in the row the exchange stands at."""
        told = shape.response({"id": self.id, "model": self.model, "content": [], "stop_reason": self.stop, "usage": self.usage}, at, 200)
        return replace(told, answers=tuple(self.answers), calls=tuple(self.calls), usage=self._bounded(told.usage))

    def _moved(self, part: _Part) -> _Part:
        """A part of the answer, its pointer counted behind the blocks of the rows before."""
        head, _, index = part.pointer.rpartition("/")
        return replace(part, pointer=f"{head}/{int(index) + self.blocks}") if self.blocks and index.isdigit() else part

    def _bounded(self, usage: Usage | None) -> Usage | None:
        if usage is None or usage.output is None:
            return usage
        short = usage.output * CHARACTERS[bool(self.stop)] < self.characters
        return replace(usage, output_is_lower_bound=short)

    @property
    def call_ids(self) -> Sequence[str]:
        """The ids of the calls its rows hold."""
        return [id for message in self.messages for id in message.calls]


def greatest(known: Any, new: Any) -> Any:
    """Two tellings of one usage as one: the larger of every count, the later of every word."""
    if isinstance(known, Mapping) and isinstance(new, Mapping):
        return {**known, **{key: greatest(known.get(key), value) for key, value in new.items()}}
    if _is_count(known) and _is_count(new):
        return max(known, new)
    return known if new is None else new


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
