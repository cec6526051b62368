"""Billed once: a call that is recorded more than once, as resumed and forked sessions copy it from file to file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.ingest.draft import Draft


@fact("duplicate_records")
@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRecord(Fact):
    """A copy of a call that is recorded elsewhere too, and is not counted again."""

    tokens: Annotated[int | None, "Input and output tokens the copy tells of; unknown where it tells none."]
    side: Annotated[str, "The kind of a call beside the conversation; empty for its turns."]


def billed_once(drafts: Sequence[Draft]) -> tuple[list[Draft], list[DuplicateRecord]]:
    """The drafts without copies, in their order, and what was left out.

    Drafts of one `duplicate_key` are one call: the one that tells of most tokens is kept, the first of equals. A side call
    whose response a turn of a conversation has too is its copy under another request id (a replay), and goes (ccusage's rules).
    """
    kept = _fullest(drafts)
    turns = {_id(draft) for draft in kept.values() if not draft.side} - {""}
    out: list[Draft] = []
    copies: list[DuplicateRecord] = []
    for draft in drafts:
        replayed = draft.side and draft.duplicate_key and _id(draft) in turns
        if not replayed and (not draft.duplicate_key or kept[draft.duplicate_key] is draft):
            out.append(draft)
        else:
            copies.append(_copy(draft, kept[draft.duplicate_key]))
    return out, copies


def _fullest(drafts: Iterable[Draft]) -> dict[str, Draft]:
    kept: dict[str, Draft] = {}
    for draft in drafts:
        if not draft.duplicate_key:
            continue
        known = kept.get(draft.duplicate_key)
        if known is None or _weight(draft) > _weight(known):
            kept[draft.duplicate_key] = draft
    return kept


def _weight(draft: Draft) -> tuple[bool, int]:
    return not draft.side, _tokens(draft) or 0


def _copy(draft: Draft, original: Draft) -> DuplicateRecord:
    return DuplicateRecord(
        exchange=-1,
        thread=draft.conversation or "",
        app=draft.attribution.app,
        locus=draft.locus,
        witness=(original.locus,) if original is not draft else (),
        tokens=_tokens(draft),
        side=draft.side,
    )


def _tokens(draft: Draft) -> int | None:
    usage = draft.response.usage if draft.response else None
    return (usage.input or 0) + (usage.output or 0) if usage else None


def _id(draft: Draft) -> str:
    return draft.response.id if draft.response else ""
