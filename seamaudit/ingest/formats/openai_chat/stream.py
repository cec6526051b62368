"""A completion as its chunks build it up.

Sources: the SDK's `types/chat/chat_completion_chunk.py`; what compatible servers do differently was seen in recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from seamaudit.ingest.blocks import answers, fields, integer, items, word
from seamaudit.ingest.formats.openai_chat import reply
from seamaudit.ingest.formats.openai_chat.blocks import assistant, text_of_arguments
from seamaudit.ingest.sse import DONE
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Response, StreamRecord

_REASONING = ("reasoning_content", "reasoning")


class _Call(Struct):
    """A tool call while its fragments come in."""

    index: int
    id: str
    function: dict[str, Any]
    fragments: list[str] = field(default_factory=list)

    def whole(self) -> dict[str, Any]:
        """The call as far as it came."""
        return {"type": "function", "id": self.id, "function": self.function | {"arguments": "".join(self.fragments)}}


class Assembly:
    """Takes a stream's chunks one by one and gives the response they make, whole or not. The first choice is the answer."""

    def __init__(self, log: StreamLog) -> None:
        self._log = log
        self._head: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._texts: dict[str, list[str]] = {}
        self._details: list[Any] = []
        self._calls: list[_Call] = []
        self._open: dict[tuple[int, int], _Call] = {}
        self._spoken: set[int] = set()
        self._stop = ""
        self._ended = False

    def take(self, name: str, data: Any) -> None:
        """One event: a chunk, `[DONE]` or an error."""
        if data == DONE:
            self._ended = True
            self._log.add("done")
            return
        chunk = fields(data)
        if name == "error" or chunk.get("error"):
            self._log.fail(reply.error_code(chunk))
        if chunk.get("id") != self._head.get("id") or "service_tier" in chunk:
            self._head |= {key: chunk[key] for key in ("id", "model", "service_tier") if word(chunk.get(key))}
        said = [self._choice(fields(choice)) for choice in items(chunk.get("choices"))]
        if isinstance(chunk.get("usage"), dict) or "x_groq" in chunk:
            self._count(chunk, quiet=any(said))

    def _count(self, chunk: Mapping[str, Any], *, quiet: bool) -> None:
        """Usage is cumulative where it comes with every chunk; only what ends the stream is an event of its own."""
        found = chunk.get("usage") or fields(chunk.get("x_groq")).get("usage")
        if isinstance(found, dict):
            self._usage = found
            if not quiet:
                self._log.add("usage")

    def _choice(self, choice: Mapping[str, Any]) -> bool:
        """One choice of a chunk; whether it said something and goes on."""
        index = integer(choice.get("index")) or 0
        delta = fields(choice.get("delta"))
        began = index not in self._spoken and bool(word(delta.get("role")))
        if began:
            self._spoken.add(index)
            self._log.add("delta", index, "role")
        said = self._text(index, delta) or began
        for fragment in [*items(delta.get("tool_calls")), *([{"function": delta["function_call"]}] if delta.get("function_call") else [])]:
            said = self._fragment(index, fields(fragment)) or said
        finish = word(choice.get("finish_reason"))
        if finish:
            self._log.add("finish", index, finish)
            self._stop = self._stop if index else finish
        elif not said:
            self._log.add("delta", index, "empty")
        return said and not finish

    def _text(self, index: int, delta: Mapping[str, Any]) -> bool:
        """The texts of a delta; most hold nothing but a piece of content."""
        content = delta.get("content")
        if isinstance(content, str) and content:
            self._add(index, "content", content, "content")
            if len(delta) == 1:
                return True
        said = bool(content)
        for name in ("reasoning_content", "reasoning", "refusal"):
            text = delta.get(name)
            if isinstance(text, str) and text and not (name == "reasoning" and delta.get("reasoning_content")):
                said = True
                self._add(index, name, text, "refusal" if name == "refusal" else "reasoning")
        for part in items(content):  # Mistral's reasoning models
            member, text = _part(fields(part))
            self._add(index, member, text, member)
        if not index:
            self._details += items(delta.get("reasoning_details"))
        return said

    def _add(self, index: int, member: str, text: str, detail: str) -> None:
        self._log.add("delta", index, detail)
        if not index:
            self._texts.setdefault(member, []).append(text)

    def _fragment(self, choice: int, fragment: Mapping[str, Any]) -> bool:
        """A piece of a call. Its index is its key; a server that gives every call index 0 tells them apart by id."""
        index = integer(fragment.get("index")) or 0
        function = fields(fragment.get("function"))
        id, name = word(fragment.get("id")), word(function.get("name"))
        call = self._open.get((choice, index))
        begins = call is None or bool(id and name and call.id and id != call.id)
        if begins or call is None:
            call = self._open[choice, index] = _Call(index, id, {"name": name})
            self._calls += [] if choice else [call]
            self._log.add("delta", index, "tool_call_start")
        call.id = call.id or id
        call.function["name"] = call.function["name"] or name
        spelled = text_of_arguments(function.get("arguments"))
        if spelled:
            call.fragments.append(spelled)
            if not begins:
                self._log.add("delta", index, "tool_arguments")
        return begins or bool(spelled)

    def response(self, record: StreamRecord, at: str, status: int | None) -> Response:
        """What came. A finish reason ends a choice: what follows adds only usage."""
        message = self._message()
        cut = not self._stop or self._stop in reply.CUT_STOPS
        return Response(
            at=at,
            status=status,
            id=word(self._head.get("id")),
            model=word(self._head.get("model")),
            stop=self._stop,
            answers=answers(assistant(message), at, located=False),
            calls=reply.calls(message, at, cut=cut, located=False),
            usage=reply.usage({"usage": self._usage, "service_tier": self._head.get("service_tier")}) if self._usage else None,
            stream=record,
            complete=bool(self._stop or self._ended) and not record.partial_tail,
            broken=tuple((cause, "") for cause in self._log.broken),
        )

    def _message(self) -> dict[str, Any]:
        message: dict[str, Any] = {name: "".join(parts) for name, parts in self._texts.items()}
        if self._details and not any(name in message for name in _REASONING):
            message["reasoning_details"] = self._details
        if self._calls:
            message["tool_calls"] = [call.whole() for call in self._calls]
        return message


def _part(part: Mapping[str, Any]) -> tuple[str, str]:
    if part.get("type") == "thinking":
        return "reasoning", "".join(word(fields(each).get("text")) for each in items(part.get("thinking")))
    return "content", word(part.get("text"))
