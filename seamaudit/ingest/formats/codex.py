"""Codex CLI rollouts: `~/.codex/sessions/**/rollout-*.jsonl`, rows of what was said and of what was counted.

Level B: items and usage are recorded, and the base instructions; the tools are not. A call is the run of items that the model made, up to
the count that closes it. Counts are inclusive and are repeated: one whose totals did not change is none, and what stands in the second in
which the file begins was copied from the session it was forked from. Times are the client's: a call began when the last item of the
caller's side was written. Calls are one by session and totals; the conversation is the session. What it cannot give: stop reasons, tools,
attempts that left no row, the model in files of before October 2025; `codex exec --json` counts turns, not calls, and is another format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import code, fields, integer, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.dialogue import Dialogue
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.spoken import Message, conversation
from seamaudit.ingest.times import moment, seconds
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.names import Named, named
from seamaudit.trace import Attribution, Convention, Locus, Need, Request, Times, Try, Usage

APP = "codex"
_RESPONSES = "openai.responses"
_COUNTS = Names(
    input=("input_tokens",),
    read=("cached_input_tokens",),
    write=("cache_write_input_tokens",),
    output=("output_tokens",),
    reasoning=("reasoning_output_tokens",),
    total=("total_tokens",),
)
_MADE = frozenset({"reasoning", "function_call", "custom_tool_call", "local_shell_call"})
_GIVEN = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output"})
_UNTOLD = "tools are not recorded"
_RETRY = re.compile(r"retrying (\d{1,4})/(\d{1,4})(?: in (\d{1,9}(?:\.\d{1,9})?m?s))?")


class Codex:
    """The format: detection by the envelope that every row has, or by the head of files before it."""

    name = "codex"
    container: Literal["lines"] = "lines"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where the first row is a session's head; fairly so where any row has the envelope."""
        first, _, rest = head.lstrip().partition(b"\n")
        compact = first.replace(b'": ', b'":')
        if b'"type":"session_meta"' in compact and b'"payload"' in compact:
            return 92
        rows = head[: 1 << 14].replace(b'": ', b'":')
        if b'"payload":{' in rows and any(b'"type":"%b"' % kind in rows for kind in (b"response_item", b"turn_context", b"event_msg")):
            return 88
        old = all(name in first for name in (b'"id"', b'"timestamp"', b'"instructions"')) and b'"payload"' not in first
        return 70 if old and (b'"record_type"' in rest or b'"input_text"' in rest) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Session(self._shape_of, intern)


class _Call(Struct):
    """What the model made since the caller's side last spoke."""

    request: Request
    locus: Locus
    asked: float | None
    items: list[Message] = field(default_factory=list)
    ended: float | None = None
    intended: str = ""
    usage: Usage | None = None
    totals: tuple[tuple[str, int], ...] = ()
    broken: bool = False


class _Session:
    """One file. A call goes out when it is counted, or when nothing can count it any more."""

    def __init__(self, shape_of: ShapeOf, intern: Interner) -> None:
        self._teller = Teller(shape_of, intern)
        self._dialogue = Dialogue(shape_of, intern)
        self._id = ""
        self._root = ""
        self._agent = ""
        self._by = named("openai")
        self._model = ""
        self._first: int | None = None
        self._asked: float | None = None
        self._open: _Call | None = None
        self._uncounted: _Call | None = None
        self._totals: tuple[tuple[str, int], ...] = ()
        self._intended = ""
        self._number = 0

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        row = jsontext.parse(data).value
        if not isinstance(row, dict):
            raise Rejected("not_an_exchange")
        when = moment(row.get("timestamp"))
        self._first = int(when) if self._first is None and when is not None else self._first
        payload = fields(row.get("payload")) or row
        kind = word(row.get("type"))
        if kind == "session_meta" or ("instructions" in row and "type" not in row):
            self._begin(payload, locus)
        elif kind == "turn_context":
            self._model = word(payload.get("model")) or self._model
        elif kind == "compacted":
            yield from self._compacted(payload, locus)
        elif kind == "event_msg":
            yield from self._event(payload, locus, when)
        elif kind == "response_item" or kind in _MADE | _GIVEN | {"message"}:
            yield from self._item(payload, locus.at("/payload" if "payload" in row else ""), when)
        elif not kind and "record_type" not in row:
            raise Rejected("not_an_exchange")

    def close(self) -> Iterator[Draft]:
        """The calls that nothing counted."""
        yield from self._closed()
        yield from self._settled()

    def _begin(self, payload: dict[str, Any], locus: Locus) -> None:
        """A session's head; files of forks hold their parent's after their own."""
        if self._id:
            return
        self._id = word(payload.get("id"))
        self._root = word(payload.get("forked_from_id")) or self._id
        self._dialogue.base = self._id or "\0codex"
        maker = word(payload.get("model_provider"))
        by = named(maker) if maker else self._by
        self._by = Named(by.provider, by.platform, _RESPONSES) if by.api == "openai.chat" else by
        source = payload.get("source")
        if isinstance(source, dict) and "subagent" in source:
            self._agent = code(source["subagent"]) or "subagent"
        instructions = word(fields(payload.get("base_instructions")).get("text"))
        if instructions:
            self._dialogue.say([{"role": "system", "content": instructions}], locus.at("/payload/base_instructions"))

    def _item(self, item: dict[str, Any], locus: Locus, when: float | None) -> Iterator[Draft]:
        kind = word(item.get("type"))
        if kind in _MADE or (kind == "message" and item.get("role") == "assistant"):
            yield from self._settled()
            if self._open is None:
                self._open = _Call(self._dialogue.request(self._model, streamed=True), locus, self._asked, intended=self._intended)
                self._intended = ""
            self._open.items.append(_spelled(item))
            self._open.ended = when
        elif kind in _GIVEN or kind == "message":
            yield from self._closed()
            self._dialogue.say(conversation([_spelled(item)]) or [], locus)
            self._asked = when

    def _event(self, event: dict[str, Any], locus: Locus, when: float | None) -> Iterator[Draft]:
        kind = word(event.get("type"))
        if kind == "token_count":
            yield from self._counted(fields(event.get("info")), locus, when)
        elif kind in ("stream_error", "error"):
            yield from self._failed(event, kind, locus, when)
        elif kind == "turn_aborted" and self._open is not None:
            self._open.broken = True
            yield from self._closed()
            yield from self._settled()
        elif kind == "thread_rolled_back":
            yield from self._closed()
            self._dialogue.restart(complete=False)
            self._intended = "rollback"

    def _counted(self, info: dict[str, Any], locus: Locus, when: float | None) -> Iterator[Draft]:
        """A count. It is told again when limits change, and copied into the beginning of forks."""
        totals = tuple(sorted(counts.flattened(info.get("total_token_usage")).items()))
        if not totals or totals == self._totals:
            return
        before, self._totals = dict(self._totals), totals
        copied = when is not None and int(when) == self._first
        call = self._open or self._uncounted
        if call is None and not copied:
            call = self._uncounted = _Call(self._dialogue.request(self._model), locus, self._asked, intended=self._intended)
        if call is None:
            return
        last = counts.flattened(info.get("last_token_usage")) or {name: told - before.get(name, 0) for name, told in totals}
        call.usage = usage(last, _COUNTS, Convention.INCLUSIVE)
        call.totals = totals
        call.ended = when or call.ended
        yield from self._closed(copied=copied)
        if copied:
            self._uncounted = None
        yield from self._settled()

    def _closed(self, *, copied: bool = False) -> Iterator[Draft]:
        """The model has ended: what it made is part of the prompt from now on."""
        call, self._open = self._open, None
        if call is None:
            return
        yield from self._settled()
        self._dialogue.say(conversation(call.items) or [], call.locus)
        self._uncounted = None if copied else call

    def _settled(self) -> Iterator[Draft]:
        """The last call, as nothing can be said of it any more."""
        call, self._uncounted = self._uncounted, None
        if call is None:
            return
        made = conversation(call.items) if call.items else None
        self._number += 1
        missing = {Need.RESPONSE: "the call broke off"} if call.broken else {}
        told = replace(
            self._told(call.locus, call.request, call.asked, call.ended),
            answer=made[0] if made else None,
            usage=call.usage,
            intended=call.intended,
            side=self._side(call),
            key=f"codex/{self._root}/{'/'.join(str(number) for _, number in call.totals)}" if self._root and call.totals else "",
            complete=bool(call.items),
        )
        yield self._teller.draft(replace(told, missing={**told.missing, **missing}))

    def _side(self, call: _Call) -> str:
        """A call that made no item wrote the summary of a compaction."""
        return "compaction" if not call.items else "subagent" if self._agent else ""

    def _failed(self, event: dict[str, Any], kind: str, locus: Locus, when: float | None) -> Iterator[Draft]:
        """A call that failed: the client tries again, or it is told why it gave up."""
        info = event.get("codex_error_info")
        inner = fields(next(iter(info.values()), None)) if isinstance(info, dict) else {}
        name = code(next(iter(info), "")) if isinstance(info, dict) else code(info)
        failure = Failure.of(word(event.get("message")), name, status=integer(inner.get("http_status_code")))
        if kind == "error" and failure.status is None and not name:
            return
        self._number += 1
        told = self._told(locus.at("/payload"), self._dialogue.request(self._model), self._asked, when)
        found = _RETRY.search(word(event.get("message"))[:4096])
        attempt = Try(number=int(found[1]), limit=int(found[2]), wait=seconds(found[3])) if found else None
        yield self._teller.draft(replace(told, failure=failure, attempt=attempt, side="subagent" if self._agent else ""))

    def _compacted(self, payload: dict[str, Any], locus: Locus) -> Iterator[Draft]:
        """The history begins anew, with what replaces it where that is recorded."""
        yield from self._closed()
        history = payload.get("replacement_history")
        self._dialogue.restart(complete=isinstance(history, list))
        if isinstance(history, list):
            told = conversation([_spelled(fields(item)) for item in history])
        else:
            told = conversation([{"role": "user", "content": payload.get("message")}]) if payload.get("message") else []
        self._dialogue.say(told or [], locus.at("/payload"))
        self._intended = "compaction"

    def _told(self, locus: Locus, request: Request, asked: float | None, ended: float | None) -> Told:
        started = asked if ended is None or asked is None else min(asked, ended)
        return Told(
            locus=locus,
            format=Codex.name,
            at=locus.pointer,
            by=self._by,
            model=self._model,
            request=request,
            times=Times(started=started, ended=ended, dated=started or ended),
            conversation=self._id or None,
            sequence=self._number,
            attribution=Attribution(app=APP, app_declared=True, agent=self._agent),
            missing={Need.CACHE_CONTRACT: _UNTOLD},
        )


def _spelled(item: dict[str, Any]) -> dict[str, Any]:
    """An item in words that are read everywhere: a shell call is one of a tool, an outcome told as an object its text."""
    if item.get("type") == "local_shell_call":
        return {"type": "function_call", "call_id": item.get("call_id"), "name": "local_shell", "arguments": item.get("action")}
    told = item.get("output")
    if isinstance(told, dict) and "content" in told:
        return {**item, "output": told["content"]}
    return item
