"""pi agent sessions: `~/.pi/agent/sessions/**/*.jsonl`, one message a row.

Level B: system prompt and tools are not recorded. Answers that were aborted or refused stay in the file and are left out of later
prompts, and calls without a result are answered for, as the client does both (pi-ai, transform-messages). Usage is exclusive; the price
that pi noted for a call is kept as the recorded cost. Times are the client's own: of an answer the message's is its start, the row's its
end. Of an error only status and code are kept, never the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import code, fields, integer, items, word
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.formats.pi.history import Entry, History
from seamaudit.ingest.formats.pi.rows import DROPPED, NO_RESULT, Row, blocks, caller, result, row, spoken
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.times import moment
from seamaudit.ingest.transcript import LEVEL, Message, Transcriber, lacks
from seamaudit.providers.hosts import provider_of
from seamaudit.trace import Attribution, Clock, Convention, Locus, Money, Response, Times, Usage
from seamaudit.trace.money import PICO_PER_USD

APP = "pi"
_HEADER = re.compile(rb'\{\s*"type"\s*:\s*"session"\s*,')
_STATUS = re.compile(r"\s*(\d{3})\b")
_ERROR_TYPE = re.compile(r'"type"\s*:\s*"(?!error")([a-z_]{1,64})"')
_STOPS = {"stop": "end_turn", "toolUse": "tool_use", "length": "max_tokens"}
_APIS = {
    "anthropic-messages": "anthropic.messages",
    "openai-completions": "openai.chat",
    "openai-responses": "openai.responses",
    "openai-codex-responses": "openai.responses",
    "azure-openai-responses": "openai.responses",
    "google-generative-ai": "gemini.generate",
    "google-vertex": "gemini.generate",
    "google-gemini-cli": "gemini.generate",
    "bedrock-converse-stream": "bedrock.converse",
}
_PROVIDERS = {
    "anthropic": ("anthropic", "claude_api"),
    "openai": ("openai", "openai"),
    "openai-codex": ("openai", "openai"),
    "google": ("google", "generativelanguage.googleapis.com"),
    "google-vertex": ("google", "vertex"),
    "amazon-bedrock": ("aws", "bedrock"),
    "azure-openai-responses": ("azure", "azure"),
    "xai": ("x-ai", "api.x.ai"),
    "zai": ("zai", "api.z.ai"),
}
_KEPT_STOPS = frozenset({"anthropic.messages"})


class Pi:
    """The format: detection by the header that opens every session file."""

    name = "pi"
    container: Literal["lines"] = "lines"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where the first row is a session's header with a working directory."""
        line = head.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
        return 90 if _HEADER.match(line) and b'"cwd"' in line and b'"timestamp"' in line else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        shape = self._shape_of("/v1/messages", frozenset({"messages"}), None)
        if shape is None:
            raise Rejected("unknown_body")
        return _Session(Transcriber(shape, intern))


class _Session:
    """One file. Every row follows its parent, so an answer's prompt is known when its row comes."""

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._locus = Locus(0, 1, 0, 0)
        self._history = History(self._unanswered)
        self._ids: list[str] = []
        self._session: str | None = None
        self._intended = ""

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        found = row(data)
        if not isinstance(found.type, str) or not found.type:
            raise Rejected("not_an_exchange")
        self._locus = locus
        if found.type == "session":
            self._session = word(found.id) or None
        message = fields(found.message)
        answered = found.type == "message" and message.get("role") == "assistant"
        if answered:
            self._move(found)
            yield self._draft(found, message, locus)
            self._intended = ""
        self._add(found, message, locus)

    def _add(self, found: Row, message: dict[str, Any], locus: Locus) -> None:
        id = word(found.id) if found.type != "session" else ""
        id = id or f"#{len(self._ids)}"
        parent = self._parent(found)
        self._ids.append(id)
        if found.type == "session":
            return
        keeps: str | None = None
        if found.type == "compaction":
            keeps, self._intended = self._kept(found), "compaction"
        self._history.add(id, Entry(parent, self._message(found, message, locus), keeps))

    def _parent(self, found: Row) -> str | None:
        if isinstance(found.parentId, str) or found.parentId is None:
            return found.parentId
        return self._ids[-1] if len(self._ids) > 1 or (self._ids and self._session is None) else None

    def _kept(self, compaction: Row) -> str:
        index = integer(compaction.firstKeptEntryIndex)
        if index is not None and 0 <= index < len(self._ids):
            return self._ids[index]
        return word(compaction.firstKeptEntryId)

    def _message(self, found: Row, message: dict[str, Any], locus: Locus) -> Message | None:
        """What a row adds to later prompts."""
        if found.type in ("compaction", "branch_summary"):
            return self._interned(caller(word(found.summary)), locus.at("/summary"))
        if found.type == "custom_message":
            content = found.content
            return self._interned(caller(content if isinstance(content, str) else blocks(content)), locus)
        if found.type != "message" or (message.get("role") == "assistant" and message.get("stopReason") in DROPPED):
            return None
        told = spoken(message)
        return self._interned(told, locus.at("/message")) if told is not None else None

    def _unanswered(self, call: str) -> Message:
        return self._interned(result(call, NO_RESULT, failed=True), self._locus)

    def _interned(self, message: dict[str, Any], locus: Locus) -> Message:
        return self._transcriber.message(jsontext.ordered(message), locus)
