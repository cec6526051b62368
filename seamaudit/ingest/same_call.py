"""Which records are of one provider call, as an SDK, a gateway and a tracer each make one: by the response's id, or by all they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec.structs import fields, replace

from seamaudit.ingest.draft import Draft
from seamaudit.providers.hosts import UNKNOWN
from seamaudit.providers.models import canonical
from seamaudit.trace import Clock, Kind, Level, Need, Times

SPAN: Final = 600.0
"""Seconds that records of one call may lie apart, where only the response's id tells that they are one."""
ISSUED: Final = 16
"""Characters that an id which a provider drew by chance has at least; shorter ones are counters, or made up for tests."""
MOST: Final = 32
"""Records that one response's id may stand in; what more of them share was made up."""
NEAR: Final = 5.0
"""Seconds that the beginnings of one call may lie apart in two recordings, where no id tells that they are one."""
LONG: Final = 64
"""Bytes of text that two answers of several calls hardly have in common, times, prompts and tokens being the same."""
_COUNTS: Final = ("cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "reasoning")


class Basis(StrEnum):
    """How two records are known to be of one call: the recorder's own key, the response's id, or all that they tell of it."""

    KEY = "key"
    RESPONSE_ID = "response_id"
    USAGE = "usage_and_words"


class Again(NamedTuple):
    """The record of a call that is kept, and how another is known to be of the same call."""

    original: Draft
    basis: Basis


def recorded_again(drafts: Sequence[Draft]) -> dict[int, Again]:
    """The drafts that tell of a call another one tells of better, by identity, and which one that is.

    By the response's id where both name it; else by the usage, with the model, the time, the end of the prompt and the answer: tokens
    alone never join, and one record joins no more than one of each other recorder.
    """
    by_response: defaultdict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if response_id(draft):
            by_response[response_id(draft)].append(draft)
    out: dict[int, Again] = {}
    for found in by_response.values():
        kept: list[Draft] = []
        for draft in sorted(found, key=_detail, reverse=True) if 1 < len(found) <= MOST else ():
            original = next((each for each in kept if _same_call(each, draft)), None)
            if original is None:
                kept.append(draft)
            else:
                out[id(draft)] = Again(original, Basis.RESPONSE_ID)
    for found in _alike([draft for draft in drafts if id(draft) not in out]):
        out |= _told_again(found)
    return {name: _last(again, out) for name, again in out.items()}


def _last(again: Again, out: dict[int, Again]) -> Again:
    """The record that is kept in the end: one that others lead to may itself be told of better."""
    after = out.get(id(again.original))
    return again if after is None else Again(_last(after, out).original, again.basis)


def _alike(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """Records of several recorders that tell of the same tokens."""
    by_usage: defaultdict[tuple[int, int], list[Draft]] = defaultdict(list)
    for draft in drafts:
        usage = draft.response.usage if draft.response else None
        if usage is not None and usage.input and usage.output and draft.times.started is not None:
            by_usage[usage.input, usage.output].append(draft)
    return (found for found in by_usage.values() if len({draft.format for draft in found}) > 1)


def _told_again(drafts: Sequence[Draft]) -> dict[int, Again]:
    kept: defaultdict[int, list[Draft]] = defaultdict(list)
    taken: set[tuple[int, str]] = set()
    out: dict[int, Again] = {}
    for draft in sorted(drafts, key=_detail, reverse=True):
        about = int((draft.times.started or 0) / NEAR)
        near = [each for at in (about - 1, about, about + 1) for each in kept[at]]
        free = [each for each in near if (id(each), draft.format) not in taken] if len(near) <= MOST else []
        fits = [each for each in free if _tells_the_same(each, draft)]
        if fits:
            original = min(fits, key=lambda each: _apart(each, draft))
            taken.add((id(original), draft.format))
            out[id(draft)] = Again(original, Basis.USAGE)
        else:
            kept[about].append(draft)
    return out


def _tells_the_same(one: Draft, other: Draft) -> bool:
    """Whether two recorders, one of which at least names no response, tell of a model's same answer to the same thing at the same time."""
    if one.format == other.format or (response_id(one) and response_id(other)) or _apart(one, other) > NEAR:
        return False
    read = {each.response.usage.cache_read for each in (one, other) if each.response and each.response.usage} - {None}
    return len(read) < 2 and _one_model(one, other) and _ends_alike(one, other) and _answers_alike(one, other)


def _apart(one: Draft, other: Draft) -> float:
    return abs((one.times.started or 0) - (other.times.started or 0))


def _answers_alike(one: Draft, other: Draft) -> bool:
    """Whether both answers are recorded, are the same, and say enough to be no coincidence."""
    told, again = _said(one), _said(other)
    if told != again or told is None or one.response is None:
        return False
    calls, _ = told
    return bool(calls) or sum(each.length for each in one.response.answers if each.kind is Kind.TEXT) >= LONG


def _said(draft: Draft) -> tuple[list[tuple[str, str, bytes]], list[bytes]] | None:
    """Calls and texts of an answer, whatever the recorder's words; None where none are recorded."""
    if draft.response is None or Need.RESPONSE in draft.lacks:
        return None
    calls = [(call.id, call.name, call.arguments) for call in draft.response.calls if call.id]
    return calls, [each.ordered for each in draft.response.answers if each.kind is Kind.TEXT]


def _ends_alike(one: Draft, other: Draft) -> bool:
    """Whether both prompts are recorded, and end in the same words or results."""
    return None is not _end(one) == _end(other)


def _end(draft: Draft) -> object:
    prefix = draft.request.prefix
    if not prefix.length or Need.PROMPT in draft.lacks:
        return None
    last = prefix.at(prefix.length - 1)
    return (last.call_id, last.outcome) if last.kind is Kind.TOOL_RESULT else last.ordered


def _detail(draft: Draft) -> tuple[bool, bool, bool, bool, int, int]:
    """What is kept of several records of one call: the exact one, the one that knows what was billed, the one with a clock, the one that
    names who bills, the one with most counts."""
    counted, known = tokens(draft) is not None, draft.provider != UNKNOWN
    return draft.level is Level.WIRE, counted, draft.clock is Clock.WALL, known, _counts(draft), tokens(draft) or 0


def _counts(draft: Draft) -> int:
    usage = draft.response.usage if draft.response else None
    return sum(getattr(usage, name) is not None for name in _COUNTS) if usage else 0


def completed(draft: Draft, others: Sequence[Draft]) -> Draft:
    """A record, with what others of the same call know besides: the conversation, who caused it, what it was said to cost, when it was,
    what it used."""
    for other in others:
        attribution = draft.attribution
        missing = {each.name: getattr(other.attribution, each.name) for each in fields(attribution) if not getattr(attribution, each.name)}
        draft = replace(
            draft,
            conversation=other.conversation if draft.conversation is None else draft.conversation,
            attribution=replace(attribution, **missing),
            recorded_cost=other.recorded_cost if draft.recorded_cost is None else draft.recorded_cost,
        )
        draft = _counted(_timed(draft, other), other)
    return draft


def _timed(draft: Draft, other: Draft) -> Draft:
    if draft.times.started is not None or other.clock is not Clock.WALL:
        return draft
    return replace(draft, times=other.times, clock=other.clock, lacks=_without(draft, Need.TIME))


def _counted(draft: Draft, other: Draft) -> Draft:
    """With the other's counts, where the record has none, or fewer that are the same as far as they go."""
    known = draft.response.usage if draft.response else None
    told = other.response.usage if other.response else None
    if draft.response is None or told is None:
        return draft
    if known is None:
        return replace(draft, response=replace(draft.response, usage=told), lacks=_without(draft, Need.USAGE))
    if (known.input, known.output) != (told.input, told.output):
        return draft
    fuller = {name: getattr(told, name) for name in _COUNTS if getattr(known, name) is None}
    return replace(draft, response=replace(draft.response, usage=replace(known, **fuller)))


def _without(draft: Draft, need: Need) -> dict[Need, str]:
    return {each: why for each, why in draft.lacks.items() if each is not need}


def _same_call(one: Draft, other: Draft) -> bool:
    """Whether two records whose responses have one id are of one call, made by two recorders or kept in two files.

    What one recorder tells twice in one file are two calls, unless it tells of one conversation and one instant. Where both hold the
    exact bodies these decide: a stand-in for a provider may give every answer the same id. Otherwise the id must be one that a provider
    drew, for a model of one name, at about the same time.
    """
    if (emitter(one), one.locus.source) == (emitter(other), other.locus.source) and not _one_instant(one, other):
        return False
    if one.level is other.level is Level.WIRE and one.api == other.api:
        asked, again = one.request.prefix, other.request.prefix
        return asked.length == again.length == asked.shared_with(again) and _answer(one) == _answer(other)
    return _is_issued(response_id(one)) and _one_model(one, other) and _close(one.times, other.times)


def _one_instant(one: Draft, other: Draft) -> bool:
    began = one.times.started
    return began is not None and (one.conversation, began) == (other.conversation, other.times.started)


def _answer(draft: Draft) -> tuple[bytes, ...]:
    return tuple(block.ordered for block in draft.response.answers) if draft.response else ()


def _is_issued(name: str) -> bool:
    return len(name) >= ISSUED and any(map(str.isdigit, name)) and any(map(str.isalpha, name))


def _one_model(one: Draft, other: Draft) -> bool:
    named, again = ({canonical(name) for name in _models(draft)} for draft in (one, other))
    return not named or not again or not named.isdisjoint(again)


def _models(draft: Draft) -> set[str]:
    return {draft.request.model, draft.response.model if draft.response else ""} - {""}


def _close(one: Times, other: Times) -> bool:
    return one.started is None or other.started is None or abs(one.started - other.started) <= SPAN


def emitter(draft: Draft) -> str:
    """Who recorded a call: the format, and the host that was asked."""
    return f"{draft.format} ({draft.host})" if draft.host else draft.format


def tokens(draft: Draft) -> int | None:
    """Input and output tokens a record tells of, None where it tells none."""
    usage = draft.response.usage if draft.response else None
    return (usage.input or 0) + (usage.output or 0) if usage else None


def response_id(draft: Draft) -> str:
    """The id the provider gave its response, "" where none is recorded."""
    return draft.response.id if draft.response else ""
