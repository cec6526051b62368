"""pi agent sessions: `~/.pi/agent/sessions/**/*.jsonl`, one message a row.

Level B: system prompt and tools are not recorded. Answers that were aborted or refused stay in the file and are left out of later
prompts, and calls without a result are answered for, as the client does both (pi-ai, transform-messages). Usage is exclusive; the price
that pi noted for a call is kept as the recorded cost. Times are the client's own: of an answer the message's is its start, the row's its
end. Of an error only status and code are kept, never the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import code, fields, integer, word
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import BodyShape, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.formats.pi import answers
from seamaudit.ingest.formats.pi.history import Entry, History
from seamaudit.ingest.formats.pi.rows import DROPPED, NO_RESULT, Row, blocks, caller, result, row, spoken
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.times import moment
from seamaudit.ingest.transcript import LEVEL, Message, Transcriber, lacks
from seamaudit.providers.hosts import provider_of
from seamaudit.trace import Attribution, Clock, Locus, Times

APP = "pi"
_HEADER = re.compile(rb'\{\s*"type"\s*:\s*"session"\s*,')
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
        return _Session(shape, intern)


class _Session:
    """One file. Every row follows its parent, so an answer's prompt is known when its row comes."""

    def __init__(self, shape: BodyShape, intern: Interner) -> None:
        self._shape = shape
        self._transcriber = Transcriber(shape.prompt, intern)
        self._locus = Locus(0, 1, 0, 0)
        self._history = History(self._unanswered)
        self._ids: list[str] = []
        self._last: str | None = None
        self._session: str | None = None
        self._intended = ""

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        found = row(data)
        if not isinstance(found.type, str) or not found.type:
            raise Rejected("not_an_exchange")
        self._locus = locus
        id = (word(found.id) if found.type != "session" else "") or f"#{len(self._ids)}"
        message = fields(found.message)
        parent = self._last if found.parentId is msgspec.UNSET else word(found.parentId) or None
        if found.type == "message" and message.get("role") == "assistant":
            yield self._draft(found, message, parent, locus)
        self._ids.append(id)
        if found.type == "session":
            self._session = word(found.id) or None
            return
        keeps = self._kept(found) if found.type == "compaction" else None
        self._history.add(id, Entry(parent, self._message(found, message, locus), keeps))
        self._last = id

    def _kept(self, compaction: Row) -> str:
        """The first row a compaction keeps: by its number in the file (version 1) or by its id."""
        self._intended = "compaction"
        index = integer(compaction.firstKeptEntryIndex)
        return self._ids[index] if index is not None and 0 <= index < len(self._ids) else word(compaction.firstKeptEntryId)

    def _message(self, found: Row, message: dict[str, Any], locus: Locus) -> Message | None:
        """What a row adds to later prompts."""
        if found.type in ("compaction", "branch_summary"):
            return self._interned(caller(word(found.summary)), locus.at("/summary"))
        if found.type == "custom_message":
            return self._interned(caller(found.content if isinstance(found.content, str) else blocks(found.content)), locus)
        if found.type != "message" or (message.get("role") == "assistant" and word(message.get("stopReason")) in DROPPED):
            return None
        told = spoken(message)
        return self._interned(told, locus.at("/message")) if told is not None else None

    def _unanswered(self, call: str) -> Message:
        return self._interned(result(call, NO_RESULT, failed=True), self._locus)

    def _interned(self, message: dict[str, Any], locus: Locus) -> Message:
        return self._transcriber.message(jsontext.ordered(message), locus)

    def _draft(self, found: Row, message: dict[str, Any], parent: str | None, locus: Locus) -> Draft:
        named = word(message.get("provider"))
        api = _APIS.get(word(message.get("api")), "")
        provider, platform = _PROVIDERS.get(named, (code(named), code(named)) if named else provider_of("", api))
        request = self._transcriber.request(self._history.prompt(parent), word(message.get("model")), self._session or "\0pi")
        response = answers.response(message, api, self._shape)
        intended, dropped = self._intended, word(message.get("stopReason")) in DROPPED
        self._intended = intended if dropped else ""
        started, ended = moment(message.get("timestamp")), moment(found.timestamp)
        refused = response.status is not None and response.status >= 400
        return Draft(
            locus=locus,
            format=Pi.name,
            level=LEVEL,
            provider=provider,
            api=api,
            platform=platform,
            host="",
            request=request,
            response=response,
            times=Times(started=started, ended=ended, dated=started or ended),
            conversation=self._session,
            sequence=len(self._ids),
            clock=Clock.SEQUENCE if started is None else Clock.WALL,
            attribution=Attribution(app=APP, app_declared=True),
            lacks=lacks(
                request, answered=refused or response.complete, used=refused or response.usage is not None, timed=started is not None
            ),
            duplicate_key=_key(found, message),
            intended=intended,
            recorded_cost=answers.cost(message),
        )


def _key(found: Row, message: dict[str, Any]) -> str:
    """What makes a row of a session and its copy in a branch of it one call: both its times, to the millisecond, and its tokens."""
    times = found.timestamp, message.get("timestamp")
    return f"pi/{times[0]}/{times[1]}/{fields(message.get('usage')).get('totalTokens')}" if all(times) else ""
