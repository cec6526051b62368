"""claude-trace logs: `.claude-trace/log-*.jsonl`, the HTTP pairs of Claude Code as its interceptor saw them.

Level A, in the pair format; what is its own is read here. Rows stand in the order of completion. `response.timestamp` is when the
response's head came, `logged_at` when its body had. A request without a response is one that was underway when the client ended.
Claude Code's side calls are told from the conversation: the quota probe, and calls of a small model without tools (titles, topics).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from seamaudit.ingest.blocks import word
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import Format, Found, RecordReader
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.times import moment
from seamaudit.trace import Attribution, Clock, Locus, Need, Request, Try

APP = "claude-code"
_OPENING = re.compile(rb'\{\s*"request"\s*:\s*\{\s*"timestamp"\s*:\s*\d+(?:\.\d+)?\s*,\s*"method"\s*:\s*"[A-Z]+"\s*,\s*"url"\s*:')
_SESSION = re.compile(r"_session_([0-9a-f-]{36})\Z")


class _Metadata(msgspec.Struct, gc=False):
    user_id: Any = None


class _Body(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None


class _Sent(msgspec.Struct, gc=False):
    body: _Body | None = None


class _Got(msgspec.Struct, gc=False):
    timestamp: Any = None


class _Around(msgspec.Struct, gc=False):
    """What stands around the bodies."""

    request: _Sent | None = None
    response: _Got | None = None
    logged_at: Any = None


_decoder = msgspec.json.Decoder(_Around)


class ClaudeTrace:
    """The format: the pair format's reading of each record, and what only this recorder tells."""

    name = "claude-trace"
    container: Literal["lines"] = "lines"

    def __init__(self, pairs: Format) -> None:
        self._pairs = pairs

    def detect(self, head: bytes) -> int:
        """Sure where the first row begins as the interceptor writes it: the request first, and its time before all else."""
        return 85 if _OPENING.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._pairs.open(intern), intern)


class _Reader:
    def __init__(self, pairs: RecordReader, intern: Interner) -> None:
        self._pairs = pairs
        self._intern = intern

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        around = _Around()
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            around = _decoder.decode(data)
        for draft in self._pairs(data, locus):
            yield self._refined(draft, around) if isinstance(draft, Draft) else draft

    def _refined(self, draft: Draft, around: _Around) -> Draft:
        side = self._side(draft.request)
        session = _session(around)
        ended = moment(around.logged_at) if around.response else None
        times = replace(draft.times, first_byte=moment(around.response.timestamp) if around.response else None, ended=ended)
        unanswered = {need: "no response had come when the client ended" for need in (Need.RESPONSE, Need.USAGE) if draft.response is None}
        return replace(
            draft,
            format=ClaudeTrace.name,
            conversation=f"{session}/{side}" if session and side else session,
            times=times,
            clock=Clock.SEQUENCE if times.started is None else Clock.WALL,
            attribution=Attribution(app=APP, app_declared=True),
            attempt=_numbered(draft.attempt),
            side=side,
            lacks={**draft.lacks, **unanswered},
        )

    def _side(self, request: Request) -> str:
        """The kind of call Claude Code makes beside its conversation."""
        alone = request.prefix.length == 1 and self._intern.texts.get(request.prefix.at(0).id) == b"quota"
        if request.max_output == 1 and alone:
            return "probe"
        spoken = any(segment.role == "assistant" for segment in request.prefix.segments())
        return "title" if "haiku" in request.model and not request.offered and not spoken else ""


def _session(around: _Around) -> str | None:
    """The session that newer clients put into `metadata.user_id`."""
    body = around.request.body if around.request else None
    found = _SESSION.search(word(body.metadata.user_id)) if body and body.metadata else None
    return found[1] if found else None


def _numbered(attempt: Try | None) -> Try | None:
    """The SDK alone tries again here: its count is the number of the try."""
    return attempt if attempt is None or attempt.retries is None else replace(attempt, number=attempt.retries + 1)
