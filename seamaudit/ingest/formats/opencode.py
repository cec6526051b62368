"""OpenCode exports (`opencode export <session>`): a session with its messages and their parts.

Level B. Wall clock. A call is a step of an assistant message, from its start to its finish, which counts it; a message without steps is
one. `input` is exclusive. A `retry` part is an attempt that failed. Times are the client's: the first step began with its message, the
next ones when the tools before them had ended. Steps are one by message and place; the conversation is the session. What it cannot give:
tools, the system prompt, streams, and what is only in the database (`opencode.db`) or its older tree of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import code, fields, integer, items, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.dialogue import Dialogue
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.spoken import Message, conversation
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Failure, Teller, Told
from seamaudit.providers.names import named
from seamaudit.trace import Attribution, Convention, Locus, Need, Times, Try, Usage
from seamaudit.trace.money import from_usd

APP = "opencode"
_COUNTS = Names(input=("input",), read=("cache.read",), write=("cache.write",), output=("output",), reasoning=("reasoning",))
_UNTOLD = "system prompt and tools are not recorded"
_ENDED = ("completed", "error")


class OpenCode:
    """The format: detection by a session's head and by parts that only its messages have."""

    name = "opencode"
    container: Literal["document"] = "document"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where a document opens with a session and messages in parts."""
        start = head.lstrip()
        opens = start.startswith(b"{") and b'"info"' in start[:64] and b'"messages"' in start
        return 90 if opens and b'"parts"' in start and b'"sessionID"' in start else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._shape_of, intern)


class _Step(Struct):
    """The parts of one call, with its tools' results, and what its finish counted."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    finish: dict[str, Any] | None = None
    at: int = 0


class _Reader:
    def __init__(self, shape_of: ShapeOf, intern: Interner) -> None:
        self._shape_of = shape_of
        self._intern = intern

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        told = fields(jsontext.parse(data).value)
        if not isinstance(told.get("messages"), list):
            raise Rejected("not_an_exchange")
        session = fields(told.get("info"))
        yield from _Session(session, self._shape_of, self._intern).calls(told["messages"], locus)


class _Session:
    def __init__(self, session: Mapping[str, Any], shape_of: ShapeOf, intern: Interner) -> None:
        self._id = word(session.get("id"))
        self._side = "subagent" if word(session.get("parentID")) else ""
        self._dialogue = Dialogue(shape_of, intern, self._id or "\0opencode")
        self._teller = Teller(shape_of, intern)
        self._asked: float | None = None
        self._intended = ""
        self._number = 0

    def calls(self, messages: Sequence[Any], locus: Locus) -> Iterator[Draft]:
        """The calls of a session in order."""
        for at, message in enumerate(map(fields, messages)):
            info = fields(message.get("info"))
            parts = [fields(part) for part in items(message.get("parts"))]
            place = locus.at(f"/messages/{at}")
            if info.get("role") == "user":
                text = [word(part.get("text")) for part in parts if part.get("type") == "text" and part.get("ignored") is not True]
                self._dialogue.say(conversation([{"role": "user", "content": "\n".join(text)}]) or [], place)
            elif info.get("role") == "assistant":
                yield from self._answered(info, parts, place)

    def _answered(self, info: dict[str, Any], parts: Sequence[dict[str, Any]], place: Locus) -> Iterator[Draft]:
        self._asked = moment(fields(info.get("time")).get("created"))
        steps = _steps(parts)
        for step in steps:
            for retry in (part for part in step.parts if part.get("type") == "retry"):
                yield self._retried(info, retry, place)
            yield self._stepped(info, step, place, is_last=step is steps[-1], is_only=len(steps) == 1)
            self._dialogue.say(_spoken(step), place)
        if info.get("summary") is True:
            self._dialogue.restart(complete=True)
            self._dialogue.say([message for step in steps for message in _spoken(step)], place)
            self._intended = "compaction"

    def _stepped(self, info: dict[str, Any], step: _Step, place: Locus, *, is_last: bool, is_only: bool) -> Draft:
        ended = _ended(step) or (moment(fields(info.get("time")).get("completed")) if is_last else None)
        made = _spoken(step)
        error = fields(info.get("error")) if is_last else {}
        counted = step.finish if step.finish is not None else info if is_only and not error else {}
        told = replace(
            self._told(info, place.at(f"{place.pointer}/parts/{step.at}"), ended),
            answer=made[0] if made and made[0]["role"] == "assistant" else None,
            usage=_usage(counted.get("tokens")),
            stop=word(fields(step.finish).get("reason")) or word(info.get("finish")) * is_only,
            failure=_failure(error) if error and step.finish is None else None,
            intended=self._intended,
            side="compaction" if info.get("summary") is True else self._side,
            cost=from_usd(counted.get("cost")) or None,
        )
        self._intended = ""
        self._asked = max((end for part in step.parts if (end := _tool_end(part)) is not None), default=ended)
        return self._teller.draft(told)

    def _retried(self, info: dict[str, Any], retry: dict[str, Any], place: Locus) -> Draft:
        ended = moment(fields(retry.get("time")).get("created"))
        number = integer(retry.get("attempt"))
        told = replace(
            self._told(info, place, ended),
            failure=_failure(fields(retry.get("error"))),
            attempt=Try(number=number),
            side=self._side,
            key="",
        )
        self._asked = ended or self._asked
        return self._teller.draft(told)

    def _told(self, info: dict[str, Any], place: Locus, ended: float | None) -> Told:
        model = word(info.get("modelID"))
        started = self._asked if ended is None or self._asked is None else min(self._asked, ended)
        self._number += 1
        id = word(info.get("id"))
        return Told(
            locus=place,
            format=OpenCode.name,
            at=place.pointer,
            by=named(word(info.get("providerID")), model),
            model=model,
            request=self._dialogue.request(model, streamed=True),
            times=Times(started=started, ended=ended, dated=started or ended),
            conversation=self._id or None,
            sequence=self._number,
            attribution=Attribution(app=APP, app_declared=True, agent=word(info.get("agent"))[:128]),
            key=f"opencode/{id}/{place.pointer.rpartition('/')[2]}" if id else "",
            missing={Need.CACHE_CONTRACT: _UNTOLD},
        )


def _steps(parts: Sequence[dict[str, Any]]) -> list[_Step]:
    """The steps of a message; what stands outside of any belongs to the step before it."""
    out = [_Step()]
    for at, part in enumerate(parts):
        if part.get("type") == "step-start":
            if out[-1].parts or out[-1].finish is not None:
                out.append(_Step())
            out[-1].at = at
        elif part.get("type") == "step-finish":
            out[-1].finish = part
        else:
            out[-1].parts.append(part)
    return out


def _spoken(step: _Step) -> list[Message]:
    """What the model said and called in a step, and what its tools returned."""
    tools = [part for part in step.parts if part.get("type") == "tool"]
    calls = [{"id": part.get("callID"), "name": part.get("tool"), "args": fields(part.get("state")).get("input")} for part in tools]
    texts = [{"type": "text", "text": part.get("text")} for part in step.parts if part.get("type") == "text" and part.get("text")]
    thoughts = [
        {"type": "reasoning", "text": part.get("text")} for part in step.parts if part.get("type") == "reasoning" and part.get("text")
    ]
    results = [
        {"role": "tool", "tool_call_id": part.get("callID"), "content": state.get("output") or state.get("error") or ""}
        for part in tools
        if (state := fields(part.get("state"))).get("status") in _ENDED
    ]
    said = {"role": "assistant", "content": [*thoughts, *texts], "tool_calls": calls}
    return conversation([said, *results] if texts or calls or thoughts else results) or []


def _usage(tokens: Any) -> Usage | None:
    """Exclusive counts. Reasoning that is more than the output is counted beside it, as some versions do."""
    recorded = counts.flattened(tokens)
    beside = recorded.get("reasoning", 0) > recorded.get("output", 0)
    return usage(recorded, _COUNTS, Convention.EXCLUSIVE, reasoning_beside=beside)


def _failure(error: Mapping[str, Any]) -> Failure:
    data = fields(error.get("data"))
    status = integer(data.get("statusCode"))
    return Failure.of(word(data.get("message")), code(error.get("name")), status=status if status is not None and status >= 400 else None)


def _tool_end(part: Mapping[str, Any]) -> float | None:
    return moment(fields(fields(part.get("state")).get("time")).get("end")) if part.get("type") == "tool" else None


def _ended(step: _Step) -> float | None:
    """When a step's answer was whole: its texts had ended, its tools had begun."""
    ends = [moment(fields(part.get("time")).get("end")) for part in step.parts if part.get("type") in ("text", "reasoning")]
    begun = [moment(fields(fields(part.get("state")).get("time")).get("start")) for part in step.parts if part.get("type") == "tool"]
    return max((each for each in (*ends, *begun) if each is not None), default=None)
