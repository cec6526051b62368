"""tau2-bench results: simulations of an agent and a user who is simulated too.

Level B. Wall clock. A call is a message of the agent; one without usage and price was written by the harness. A message of the simulated
user is a call beside the conversation, of whose prompt nothing is recorded, and what that user does with tools of its own stays out of
the agent's prompt. `prompt_tokens` is inclusive. Messages are one by simulation and turn; the conversation is the simulation. What it
cannot give: the policy and the tools the agent was given, streams, retries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec.structs import replace

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, items, word
from seamaudit.ingest.counted import usage
from seamaudit.ingest.dialogue import Dialogue
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.routed import COUNTS, routed
from seamaudit.ingest.spoken import conversation, response_id, stop
from seamaudit.ingest.times import moment
from seamaudit.ingest.told import Teller, Told
from seamaudit.trace import Attribution, Convention, Locus, Need, Times, Usage
from seamaudit.trace.money import from_usd

_UNTOLD = "policy and tools are not recorded"
_USER = "user"


class Tau2:
    """The format: detection by simulations and who took part in them."""

    name = "tau2"
    container: Literal["document"] = "document"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where a document opens with what a run was configured with, or with its simulations."""
        start = head.lstrip()
        if not start.startswith(b"{"):
            return 0
        configured = b'"agent_info"' in start and b'"user_info"' in start
        played = b'"simulations"' in start and b'"termination_reason"' in start
        return 90 if configured or played else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._shape_of, intern)


class _Reader:
    def __init__(self, shape_of: ShapeOf, intern: Interner) -> None:
        self._shape_of = shape_of
        self._intern = intern

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        run = fields(jsontext.parse(data).value)
        if not isinstance(run.get("simulations"), list):
            raise Rejected("not_an_exchange")
        info = fields(run.get("info"))
        for at, simulation in enumerate(map(fields, run["simulations"])):
            yield from self._played(simulation, info, locus.at(f"/simulations/{at}"))

    def _played(self, simulation: dict[str, Any], info: dict[str, Any], locus: Locus) -> Iterator[Draft]:
        id = word(simulation.get("id")) or f"{simulation.get('task_id')}/{simulation.get('trial')}"[:128]
        dialogue = Dialogue(self._shape_of, self._intern, id)
        teller = Teller(self._shape_of, self._intern)
        asked = moment(simulation.get("start_time"))
        for at, message in enumerate(map(fields, items(simulation.get("messages")))):
            place, when = locus.at(f"{locus.pointer}/messages/{at}"), moment(message.get("timestamp"))
            made = bool(message.get("usage") or message.get("cost") or message.get("raw_data"))
            role = word(message.get("role"))
            if made and role in ("assistant", _USER):
                yield teller.draft(_told(message, info, id, at, asked, when, dialogue, place))
            if role == "assistant" or (role == _USER and message.get("content")):
                dialogue.say(conversation([_said(message)]) or [], place)
            elif role == "tool":
                dialogue.say([each for result in _results(message) for each in conversation([result]) or []], place)
            asked = when or asked


def _said(message: Mapping[str, Any]) -> dict[str, Any]:
    """What both sides hear: the calls of a user are its own."""
    calls = message.get("tool_calls") if message.get("role") == "assistant" else None
    return {"role": message.get("role"), "content": message.get("content"), "tool_calls": calls}


def _results(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for result in map(fields, items(message.get("tool_messages")) or [message]):
        if result.get("requestor", "assistant") == "assistant":
            yield {"role": "tool", "tool_call_id": result.get("id"), "content": result.get("content")}


def _told(
    message: dict[str, Any],
    info: Mapping[str, Any],
    id: str,
    at: int,
    asked: float | None,
    when: float | None,
    dialogue: Dialogue,
    locus: Locus,
) -> Told:
    is_user = message.get("role") == _USER
    model, by = routed(word(fields(info.get("user_info" if is_user else "agent_info")).get("llm")))
    got = fields(message.get("raw_data"))
    started = asked if when is None or asked is None else min(asked, when)
    made = conversation([{**_said(message), "role": "assistant"}]) or []
    told = Told(
        locus=locus,
        format=Tau2.name,
        at=locus.pointer,
        by=by,
        model=model,
        id=response_id(got),
        answered_by=word(got.get("model")),
        usage=_usage(message, got),
        times=Times(started=started, ended=when, dated=started or when),
        conversation=f"{id}/{_USER}" if is_user else id,
        sequence=at,
        attribution=Attribution(app="tau2", app_declared=True, agent=_USER if is_user else ""),
        key=f"tau2/{id}/{at}",
        side=_USER if is_user else "",
        cost=from_usd(message.get("cost")) or None,
    )
    if is_user:
        return told
    return replace(
        told,
        request=dialogue.request(model),
        answer=made[0] if made else None,
        stop=stop(got) if got else "",
        missing={Need.CACHE_CONTRACT: _UNTOLD},
    )


def _usage(message: Mapping[str, Any], got: Mapping[str, Any]) -> Usage | None:
    for held in (got.get("usage"), message.get("usage")):
        read = usage(counts.flattened(held), COUNTS, Convention.INCLUSIVE)
        if read is not None:
            return read
    return None
