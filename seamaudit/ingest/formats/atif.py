"""ATIF trajectories (Harbor, terminal-bench): one agent's steps in one document.

Level B. In the order of steps: a step is dated, but not when its call began. A call is a step of the agent; its observation is what its
tools returned. `prompt_tokens` is inclusive. The conversation is the session, in which a step is one by its number. What it cannot give:
tool definitions, what the agent itself put before its messages, stop reasons, streams, retries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, items, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.dialogue import Dialogue
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.routed import routed
from seamaudit.ingest.spoken import Message, conversation
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Teller, Told
from seamaudit.trace import Attribution, Convention, Locus, Need, Times
from seamaudit.trace.money import from_usd

_COUNTS = Names(
    input=("prompt_tokens",),
    read=("cached_tokens",),
    write=("extra.cache_creation_input_tokens",),
    output=("completion_tokens",),
    reasoning=("extra.reasoning_tokens",),
)
_UNTOLD = "what the agent puts before its messages is not recorded"


class Atif:
    """The format: detection by its version."""

    name = "atif"
    container: Literal["document"] = "document"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where a document opens with the version."""
        start = head.lstrip()[:4096]
        return 95 if start.startswith(b"{") and b'"schema_version"' in start and b'"ATIF-v' in start else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._shape_of, intern)


class _Reader:
    def __init__(self, shape_of: ShapeOf, intern: Interner) -> None:
        self._shape_of = shape_of
        self._intern = intern

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        told = fields(jsontext.parse(data).value)
        if not isinstance(told.get("steps"), list):
            raise Rejected("not_an_exchange")
        session, agent = word(told.get("session_id")), fields(told.get("agent"))
        dialogue = Dialogue(self._shape_of, self._intern, session or "\0atif")
        teller = Teller(self._shape_of, self._intern)
        for at, step in enumerate(map(fields, told["steps"])):
            place = locus.at(f"/steps/{at}")
            source = word(step.get("source"))
            if source == "agent":
                yield teller.draft(_told(step, agent, session, at, dialogue, place))
                dialogue.say(_spoken(step), place)
                dialogue.say(_observed(step), place)
            elif source in ("user", "system"):
                dialogue.say(conversation([{"role": source, "content": step.get("message")}]) or [], place)


def _told(
    step: dict[str, Any],
    agent: Mapping[str, Any],
    session: str,
    at: int,
    dialogue: Dialogue,
    locus: Locus,
) -> Told:
    model, by = routed(word(step.get("model_name")) or word(agent.get("model_name")))
    app = word(agent.get("name"))[:128]
    metrics = fields(step.get("metrics"))
    made = _spoken(step)
    when = moment(step.get("timestamp"))
    number = step.get("step_id")
    return Told(
        locus=locus,
        format=Atif.name,
        at=locus.pointer,
        by=by,
        model=model,
        request=dialogue.request(model),
        answer=made[0] if made else None,
        usage=usage(counts.flattened(metrics), _COUNTS, Convention.INCLUSIVE),
        times=Times(ended=when, dated=when),
        conversation=session or None,
        sequence=at,
        attribution=Attribution(app=app, app_declared=bool(app)),
        key=f"atif/{session}/{number}" if session and isinstance(number, int) else "",
        cost=from_usd(metrics.get("cost_usd")),
        missing={Need.CACHE_CONTRACT: _UNTOLD, Need.TIME: "steps are dated, the beginnings of calls are not"},
    )


def _spoken(step: Mapping[str, Any]) -> list[Message]:
    """What the agent said, thought and called."""
    calls = [
        {"id": call.get("tool_call_id"), "name": call.get("function_name"), "arguments": call.get("arguments")}
        for call in map(fields, items(step.get("tool_calls")))
    ]
    said = {"role": "assistant", "content": step.get("message"), "reasoning": step.get("reasoning_content"), "tool_calls": calls}
    return conversation([said]) or []


def _observed(step: Mapping[str, Any]) -> list[Message]:
    """The results: those of calls, and what the environment told beside them."""
    out: list[Message] = []
    for result in map(fields, items(fields(step.get("observation")).get("results"))):
        call, content = word(result.get("source_call_id")), result.get("content")
        told = {"role": "tool", "tool_call_id": call, "content": content} if call else {"role": "user", "content": content}
        out += conversation([told]) or [] if content is not None else []
    return out
