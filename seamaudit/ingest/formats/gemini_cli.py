"""Gemini CLI chat recordings: `~/.gemini/tmp/<project>/chats/session-*.json`, and the newer `.jsonl` of rows.

Level B: messages, tools' results and usage are recorded, the system instruction and the tools are not. A call is a `gemini` message with
tokens; one without repeats nothing: it holds calls of the message before it, which were done after something else was shown. Input
is inclusive, thoughts are counted beside the output. Times are the client's: a message's own is when its answer was whole, the call began
when the user had spoken or the last tool had ended. Messages are one by session and id; the conversation is the session. What it
cannot give: stop reasons, what a compression or an edit of the history left of the prompt, calls that failed and were tried again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, items, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.dialogue import Dialogue
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.spoken import Message, answer, conversation
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.hosts import UNKNOWN
from seamaudit.providers.names import Named, named
from seamaudit.trace import Attribution, Convention, Locus, Need, Times

APP = "gemini-cli"
_GOOGLE = replace(named("gemini"), platform=UNKNOWN)
_COUNTS = Names(input=("input",), read=("cached",), output=("output",), reasoning=("thoughts",), total=("total",))
_UNTOLD = "system prompt and tools are not recorded"
_COMPRESSED = 0.5
"""Share of the prompt before below which a prompt is taken for one that was compressed: the CLI compresses to 30 percent and less."""
_API_ERROR = "API Error"


class GeminiCli:
    """The document: a session with its messages."""

    name = "gemini-cli"
    container: Literal["document"] = "document"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where a session opens with its project and its messages."""
        start = head.lstrip()[:4096]
        return 92 if _opens(start) and b'"messages"' in start else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _DocumentReader(self._shape_of, intern)


class GeminiCliRows:
    """The rows: a session's head, then messages, of which a later one replaces the earlier one of its id."""

    name = "gemini-cli-rows"
    container: Literal["lines"] = "lines"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where the first line is a session's head alone."""
        line, ended, _ = head.lstrip().partition(b"\n")
        return 92 if ended and line.rstrip().endswith(b"}") and _opens(line) and b'"messages"' not in line else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _RowReader(self._shape_of, intern)


def _opens(start: bytes) -> bool:
    return start.startswith(b"{") and all(name in start for name in (b'"sessionId"', b'"projectHash"', b'"startTime"'))


class _DocumentReader:
    def __init__(self, shape_of: ShapeOf, intern: Interner) -> None:
        self._shape_of = shape_of
        self._intern = intern

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        session = fields(jsontext.parse(data).value)
        if not isinstance(session.get("messages"), list):
            raise Rejected("not_an_exchange")
        rows = [(fields(row), locus.at(f"/messages/{at}")) for at, row in enumerate(session["messages"])]
        yield from _Session(word(session.get("sessionId")), self._shape_of, self._intern).calls(rows)


class _RowReader:
    """Rows are known by their ids when the file has ended: later ones replace earlier ones."""

    def __init__(self, shape_of: ShapeOf, intern: Interner) -> None:
        self._shape_of = shape_of
        self._intern = intern
        self._session = ""
        self._rows: dict[str, tuple[dict[str, Any], Locus]] = {}

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        row = jsontext.parse(data).value
        if not isinstance(row, dict):
            raise Rejected("not_an_exchange")
        self._session = self._session or word(row.get("sessionId"))
        back = word(row.get("$rewindTo"))
        if back in self._rows:
            names = list(self._rows)
            for name in names[names.index(back) :]:
                del self._rows[name]
        elif "type" in row:
            self._rows[word(row.get("id")) or f"\0{locus.line}"] = (row, locus)
        return iter(())

    def close(self) -> Iterator[Draft]:
        """The calls of the session."""
        yield from _Session(self._session, self._shape_of, self._intern).calls(self._rows.values())


class _Said(Struct):
    """One message with the tool calls that belong to it, each with its place."""

    row: dict[str, Any]
    locus: Locus
    calls: list[tuple[dict[str, Any], Locus]] = field(default_factory=list)


class _Session:
    def __init__(self, id: str, shape_of: ShapeOf, intern: Interner) -> None:
        self._id = id
        self._teller = Teller(shape_of, intern)
        self._dialogue = Dialogue(shape_of, intern, id or "\0gemini-cli")
        self._asked: float | None = None
        self._input = 0

    def calls(self, rows: Iterable[tuple[dict[str, Any], Locus]]) -> Iterator[Draft]:
        """The calls of a session in order."""
        for number, said in enumerate(_joined(rows)):
            kind, when = said.row.get("type"), moment(said.row.get("timestamp"))
            if kind == "user":
                self._dialogue.say(conversation([{"role": "user", "content": said.row.get("content")}]) or [], said.locus)
                self._asked = when
            elif kind == "gemini":
                yield self._answered(said, when, number)
            elif kind == "error" and _API_ERROR in word(said.row.get("content"))[:64]:
                yield self._failed(said, when, number)

    def _answered(self, said: _Said, when: float | None, number: int) -> Draft:
        used = usage(counts.flattened(said.row.get("tokens")), _COUNTS, Convention.INCLUSIVE, reasoning_beside=True)
        before, self._input = self._input, used.input or 0 if used else self._input
        compressed = used is not None and used.input is not None and used.input < _COMPRESSED * before
        if compressed:
            self._dialogue.restart(complete=False)
        told = _spoken(said)
        draft = self._teller.draft(
            replace(self._told(said, when, number), usage=used, answer=answer([told]) if told else None, intended="compaction" * compressed)
        )
        self._dialogue.say([told] if told else [], said.locus)
        for call, locus in said.calls:
            results = [{"role": "user", "parts": call["result"]}] if items(call.get("result")) else []
            self._dialogue.say(_results(results, word(call.get("id"))), locus)
            self._asked = max(self._asked or 0.0, moment(call.get("timestamp")) or 0.0, when or 0.0) or None
        return draft

    def _failed(self, said: _Said, when: float | None, number: int) -> Draft:
        return self._teller.draft(replace(self._told(said, when, number), failure=Failure.of(word(said.row.get("content")))))

    def _told(self, said: _Said, when: float | None, number: int) -> Told:
        model = word(said.row.get("model"))
        started = self._asked if when is None or self._asked is None else min(self._asked, when)
        id = word(said.row.get("id"))
        return Told(
            locus=said.locus,
            format=GeminiCli.name,
            at=said.locus.pointer,
            by=_GOOGLE if not model or model.startswith(("gemini", "gemma")) else Named(),
            model=model,
            request=self._dialogue.request(model, streamed=True),
            times=Times(started=started, ended=when, dated=started or when),
            conversation=self._id or None,
            sequence=number,
            attribution=_CLIENT,
            key=f"gemini-cli/{self._id}/{id}" if self._id and id else "",
            missing={Need.CACHE_CONTRACT: _UNTOLD},
        )


_CLIENT = Attribution(app=APP, app_declared=True)


def _joined(rows: Iterable[tuple[dict[str, Any], Locus]]) -> list[_Said]:
    """The messages; what is no answer of its own, as it cost nothing and says nothing, gives its calls to the answer before it."""
    out: list[_Said] = []
    for row, locus in rows:
        made = [(fields(call), locus.at(f"{locus.pointer}/toolCalls/{at}")) for at, call in enumerate(items(row.get("toolCalls")))]
        last = next((said for said in reversed(out) if said.row.get("type") in ("gemini", "user")), None)
        is_rest = row.get("type") == "gemini" and not row.get("content") and not any(counts.flattened(row.get("tokens")).values())
        if is_rest and last is not None and last.row.get("type") == "gemini":
            last.calls += made
        else:
            out.append(_Said(row, locus, made))
    return out


def _spoken(said: _Said) -> Message | None:
    """What the model said and called. Its thoughts are summaries, and are not sent back."""
    calls = [{"id": call.get("id"), "name": call.get("name"), "args": call.get("args")} for call, _ in said.calls]
    return next(iter(conversation([{"role": "assistant", "content": said.row.get("content"), "tool_calls": calls}]) or []), None)


def _results(given: list[Message], call: str) -> list[Message]:
    """A call's results; older files leave its id out."""
    told = [message for message in conversation(given) or [] if message["role"] == "tool"]
    return [{**message, "tool_call_id": message["tool_call_id"] or call} for message in told]
