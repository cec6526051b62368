"""Exchanges by hand, for tests of layers and seams: everything has a default, so that a test states what it is about.

    story = Story()
    first = story.exchange([say("user", "hi")], answer(stop="end_turn"))
    second = story.exchange([say("user", "hi"), say("assistant", "hello"), say("user", "more")])     # previous = first

A Story is one thread on one tape: it counts exchanges, gives each its line, and links it to the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from seamaudit.trace import (
    Answer,
    ArgumentState,
    Attribution,
    Clock,
    Exchange,
    Kind,
    Level,
    Link,
    Locus,
    Need,
    Prefix,
    Request,
    Response,
    Segment,
    StreamEvent,
    StreamRecord,
    Tape,
    ThreadRef,
    Times,
    ToolCall,
    Usage,
    Zone,
)
from seamaudit.trace.prefix import Runs, common_prefix

START = 1790000000.0
"""Exchange n of a Story starts START + 60 * n seconds after the epoch."""

Event = str | tuple[Any, ...]


def digest(*parts: str) -> bytes:
    """16 bytes that are equal where the parts are."""
    return hashlib.md5("\0".join(parts).encode(), usedforsecurity=False).digest()


def locus(line: int = 1, pointer: str = "") -> Locus:
    """A place in the first source."""
    return Locus(source=0, line=line, offset=line * 1000, length=1000, pointer=pointer)


# --- prompts ---------------------------------------------------------------------------------------------------------


def say(role: str, text: str, **columns: Any) -> Segment:
    """A text segment of a message."""
    return segment(Kind.TEXT, text, role=role, **columns)


def calling(call_id: str, name: str = "look", arguments: str = "{}", **columns: Any) -> Segment:
    """A tool call as it stands in a prompt; `arguments=""` for ones that do not parse."""
    hashed = digest(arguments) if arguments else b""
    return segment(
        Kind.TOOL_CALL, f"{call_id} {name} {arguments}", role="assistant", call_id=call_id, name=name, arguments=hashed, **columns
    )


def result(call_id: str, text: str = "found", *, is_error: bool | None = None, **columns: Any) -> Segment:
    """A tool result as it stands in a prompt."""
    return segment(Kind.TOOL_RESULT, f"{call_id} {text}", role="user", call_id=call_id, is_error=is_error, **columns)


def segment(kind: Kind, text: str, *, role: str = "user", zone: Zone = Zone.MESSAGES, **columns: Any) -> Segment:
    """Any segment; its id is given when it is put on a tape."""
    key = digest(zone, role, kind, text)
    base = Segment(
        id=-1,
        zone=zone,
        role=role,
        kind=kind,
        length=len(text),
        ordered=key,
        canonical=key,
        array=zone,
        path="",
        starts=True,
        locus=locus(),
    )
    return replace(base, **columns)


# --- answers ---------------------------------------------------------------------------------------------------------


def answer(
    *calls: ToolCall, stop: str = "end_turn", stream: StreamRecord | None = None, status: int | None = 200, **columns: Any
) -> Response:
    """A response with these calls."""
    blocks = tuple(Answer(Kind.TOOL_CALL, 10, digest(call.id), call.pointer) for call in calls)
    columns = {"usage": Usage(input=20, output=5), "answers": blocks, **columns}
    return Response(at="/response/body", status=status, stop=stop, calls=calls, stream=stream, **columns)


def call(id: str = "toolu_1", name: str = "look", state: ArgumentState = ArgumentState.PARSED, *, server: bool = False) -> ToolCall:
    """A call of a response."""
    return ToolCall(id=id, name=name, arguments=digest(id), state=state, pointer="", server=server)


def stream(grammar: str, events: Iterable[Event], **columns: Any) -> StreamRecord:
    """A recorded stream. An event is its name, or (name, index) or (name, index, detail); equal ones in a row become one."""
    collapsed: list[StreamEvent] = []
    total = 0
    for event in events:
        name, index, detail = (*((event,) if isinstance(event, str) else event), None, None)[:3]
        last = collapsed[-1] if collapsed else None
        if last and (last.name, last.index, last.detail) == (name, index, detail or ""):
            collapsed[-1] = replace(last, count=last.count + 1)
        else:
            collapsed.append(StreamEvent(name, index, detail or "", 1, total))
        total += 1
    base = StreamRecord(grammar=grammar, host="", path="", events=tuple(collapsed), total=total)
    return replace(base, **columns)


# --- exchanges -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Story:
    """The exchanges of one thread in order, on one tape. Its fields are the defaults of its exchanges."""

    api: str = "anthropic.messages"
    provider: str = "anthropic"
    platform: str = "claude_api"
    host: str = "api.anthropic.com"
    model: str = "claude-sonnet-4-5-20250929"
    thread: str = "t1"
    clock: Clock = Clock.WALL
    level: Level = Level.WIRE
    tape: Tape = field(default_factory=Tape)
    last: Exchange | None = None
    count: int = 0

    def exchange(
        self,
        prompt: Sequence[Segment] = (),
        response: Response | None = None,
        *,
        request: Mapping[str, Any] | None = None,
        lacks: Mapping[Need, str] | None = None,
        **columns: Any,
    ) -> Exchange:
        """The next exchange. `request` and `columns` replace fields of its Request and of itself."""
        prefix = self.prefix(prompt or [say("user", "hi")])
        started = START + 60.0 * self.count
        base = Exchange(
            id=self.count,
            locus=locus(self.count + 1),
            format="pairs",
            level=self.level,
            clock=self.clock,
            provider=self.provider,
            api=self.api,
            platform=self.platform,
            host=self.host,
            request=replace(
                Request(
                    model=self.model,
                    at="/request/body",
                    prefix=prefix,
                    streamed=bool(response and response.stream),
                    length=100 * prefix.length,
                ),
                **(request or {}),
            ),
            response=response,
            times=Times(started=started, first_byte=started + 1, ended=started + 5, duration=5.0, dated=started),
            thread=ThreadRef(self.thread, self.thread, declared=True, basis="declared"),
            attribution=Attribution(app="app"),
            lacks=dict(lacks or {}),
            previous=self._link(prefix),
        )
        self.last = replace(base, **columns)
        self.count += 1
        return self.last

    def prefix(self, prompt: Sequence[Segment]) -> Prefix:
        """Put segments on the tape, those it knows under their old ids; what the last prompt shares refers to its stretches."""
        known = {known.ordered: known.id for known in self.tape.segments}
        ids = []
        for piece in prompt:
            id = known.setdefault(piece.ordered, len(self.tape.segments))
            if id == len(self.tape.segments):
                self.tape.segments.append(replace(piece, id=id))
            ids.append(id)
        runs, shared = self._shared(ids)
        start = len(self.tape.ids)
        self.tape.ids.extend(ids[shared:])
        return Prefix(self.tape, (*runs, (start, len(self.tape.ids))) if shared < len(ids) else runs, len(ids))

    def _shared(self, ids: Sequence[int]) -> tuple[Runs, int]:
        """The stretches of the last prompt that these ids begin with, and how many positions those are."""
        runs: list[tuple[int, int]] = []
        shared = 0
        for low, high in self.last.request.prefix.runs if self.last else ():
            count = common_prefix(self.tape.ids[low:high].tolist(), list(ids[shared : shared + high - low]))
            runs += [(low, low + count)] if count else []
            shared += count
            if count < high - low:
                break
        return tuple(runs), shared

    def _link(self, prefix: Prefix) -> Link | None:
        if self.last is None:
            return None
        before = self.last.request.prefix
        return Link(self.last.id, self.last.locus, before, prefix.shared_with(before), self.last.times.started)
