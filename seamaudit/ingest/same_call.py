"""Which records are of one provider call, as an SDK, a gateway and a tracer each make one: told by the response's id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Final

from seamaudit.ingest.draft import Draft
from seamaudit.providers.hosts import UNKNOWN
from seamaudit.providers.models import canonical
from seamaudit.trace import Clock, Level, Times

SPAN: Final = 600.0
"""Seconds that records of one call may lie apart, where only the response's id tells that they are one."""
ISSUED: Final = 16
"""Characters that an id which a provider drew by chance has at least; shorter ones are counters, or made up for tests."""
MOST: Final = 32
"""Records that one response's id may stand in; what more of them share was made up."""


def recorded_again(drafts: Sequence[Draft]) -> dict[int, Draft]:
    """The drafts that tell of a call another one tells of better, by identity, and which one that is."""
    by_response: defaultdict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if response_id(draft):
            by_response[response_id(draft)].append(draft)
    out: dict[int, Draft] = {}
    for found in by_response.values():
        kept: list[Draft] = []
        for draft in sorted(found, key=_detail, reverse=True) if 1 < len(found) <= MOST else ():
            original = next((each for each in kept if _same_call(each, draft)), None)
            if original is None:
                kept.append(draft)
            else:
                out[id(draft)] = original
    return out


def _detail(draft: Draft) -> tuple[bool, bool, bool, bool, int]:
    """What is kept of several records of one call: the one that knows what was billed, the exact one, the one with a clock, the one that
    names who bills."""
    counted, known = tokens(draft) is not None, draft.provider != UNKNOWN
    return counted, draft.level is Level.WIRE, draft.clock is Clock.WALL, known, tokens(draft) or 0


def completed(draft: Draft, others: Sequence[Draft]) -> Draft:
    """A record, with what others of the same call know besides: the conversation, who caused it, what it was said to cost."""
    for other in others:
        attribution = draft.attribution
        missing = {each.name: getattr(other.attribution, each.name) for each in fields(attribution) if not getattr(attribution, each.name)}
        draft = replace(
            draft,
            conversation=other.conversation if draft.conversation is None else draft.conversation,
            attribution=replace(attribution, **missing),
            recorded_cost=other.recorded_cost if draft.recorded_cost is None else draft.recorded_cost,
        )
    return draft


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
