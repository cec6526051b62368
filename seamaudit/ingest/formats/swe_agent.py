"""Trajectories of SWE-agent (`.traj`) and mini-swe-agent (`.traj.json`).

Level B. Without a clock. SWE-agent: a call is a step, sent with the step's `query`, which since 1.1 is the exact prompt; before, the
history that stands in front of it. mini-swe-agent: a call is an assistant message, with LiteLLM's response beside it, whose counts are
inclusive. The conversation is the file. Nothing makes two steps one. What it cannot give: times, tools, and for SWE-agent usage but in
total.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import fields, items, word
from seamaudit.ingest.counted import usage
from seamaudit.ingest.dialogue import Dialogue
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.routed import COUNTS, routed
from seamaudit.ingest.spoken import Message, answer, conversation, response_id, stop, unquoted
from seamaudit.ingest.told import Teller, Told
from seamaudit.trace import Attribution, Convention, Locus, Need
from seamaudit.trace.digest import short_digest

_UNTOLD = "tools are not recorded"


class SweAgent:
    """Both formats: detection by the members that only they have together."""

    name = "swe-agent"
    container: Literal["document"] = "document"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where a document opens with a trajectory of actions, or with messages and a model's statistics."""
        start = head.lstrip()
        if not start.startswith(b"{"):
            return 0
        if b'"trajectory"' in start and b'"action"' in start and b'"observation"' in start:
            return 88
        if b'"trajectory_format"' in start and b"mini-swe-agent" in start:
            return 92
        mini = b'"model_stats"' in start and b'"api_calls"' in start and (b'"messages"' in start or b'"mini_version"' in start)
        return 86 if mini and b'"exit_status"' in start else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(self._shape_of, intern)


class _Reader:
    def __init__(self, shape_of: ShapeOf, intern: Interner) -> None:
        self._shape_of = shape_of
        self._intern = intern

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        told = fields(jsontext.parse(data).value)
        own = f"trajectory {short_digest(data.decode('utf-8', 'replace'), 12)}"
        teller = Teller(self._shape_of, self._intern)
        if isinstance(told.get("trajectory"), list):
            yield from (teller.draft(each) for each in _steps(told, own, locus))
        elif isinstance(told.get("messages"), list):
            dialogue = Dialogue(self._shape_of, self._intern, own)
            yield from _messages(told, own, locus, dialogue, teller)
        else:
            raise Rejected("not_an_exchange")


def _steps(told: dict[str, Any], own: str, locus: Locus) -> Iterator[Told]:
    """SWE-agent: the steps with their prompts."""
    history = [_entry(fields(each)) for each in items(told.get("history"))]
    model, by = routed(word(_configured(told)))
    answers = [at for at, entry in enumerate(history) if entry.get("role") == "assistant" and not entry.get("is_demo")]
    for number, step in enumerate(map(fields, told["trajectory"])):
        place = locus.at(f"/trajectory/{number}")
        sent = items(step.get("query")) or items(step.get("messages"))
        known = answers[number] if number < len(answers) else None
        asked = [_entry(fields(each)) for each in sent] or (history[:known] if known is not None else [])
        said = history[known] if known is not None else {}
        if not said.get("tool_calls"):
            said = {"role": "assistant", "content": step.get("response")}
        yield Told(
            locus=place,
            format=SweAgent.name,
            at=place.pointer,
            arrays={"messages": "query"},
            by=by,
            model=model,
            messages=conversation(asked),
            answer=answer([said]) if said.get("content") or said.get("tool_calls") else None,
            conversation=own,
            sequence=number,
            attribution=Attribution(app="swe-agent", app_declared=True),
            missing={Need.CACHE_CONTRACT: _UNTOLD},
        )


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    """A message of the history: a tool's row names the calls it answers in a list."""
    named_calls = items(entry.get("tool_call_ids"))
    if entry.get("role") == "tool" and named_calls:
        return {**entry, "tool_call_id": named_calls[0]}
    return entry


def _configured(told: Mapping[str, Any]) -> Any:
    """The model's name, in the configuration that a replay would use."""
    config = fields(unquoted(told.get("replay_config")))
    return fields(fields(config.get("agent")).get("model")).get("name")


def _messages(told: dict[str, Any], own: str, locus: Locus, dialogue: Dialogue, teller: Teller) -> Iterator[Draft]:
    """mini-swe-agent: the messages with the responses beside them."""
    info = fields(told.get("info"))
    configured = fields(fields(fields(info.get("config")).get("model")))
    model, by = routed(word(configured.get("model_name")))
    for at, each in enumerate(map(fields, told["messages"])):
        place = locus.at(f"/messages/{at}")
        said: Sequence[Message] = conversation([{name: held for name, held in each.items() if name != "extra"}]) or []
        if each.get("role") == "assistant":
            got = fields(fields(each.get("extra")).get("response"))
            yield teller.draft(
                Told(
                    locus=place,
                    format=SweAgent.name,
                    at=place.pointer,
                    by=by,
                    model=model or word(got.get("model")),
                    request=dialogue.request(model or word(got.get("model"))),
                    answer=said[0] if said else None,
                    id=response_id(got),
                    answered_by=word(got.get("model")),
                    stop=stop(got) if got else "",
                    usage=usage(counts.flattened(got.get("usage")), COUNTS, Convention.INCLUSIVE),
                    conversation=own,
                    sequence=at,
                    attribution=Attribution(app="mini-swe-agent", app_declared=True),
                    missing={Need.CACHE_CONTRACT: _UNTOLD},
                )
            )
        dialogue.say(said, place)
