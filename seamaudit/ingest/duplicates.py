"""Billed once: a call that is recorded more than once, as resumed and forked sessions copy it from file to file, and as an SDK, a gateway
and a tracer each record it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.same_call import Basis, completed, emitter, recorded_again, response_id, tokens


class Copied(StrEnum):
    """How a call came to be recorded more than once."""

    CARRIED = "carried"
    RECORDED_AGAIN = "recorded_again"


@fact("duplicate_records")
class DuplicateRecord(Fact, frozen=True, kw_only=True):
    """A copy of a call that is recorded elsewhere too (the witness), and is not counted again."""

    tokens: Annotated[int | None, "Input and output tokens the copy tells of; unknown where it tells none."]
    side: Annotated[str, "The kind of a call beside the conversation; empty for its turns."]
    how: Annotated[Copied, "Whether one recorder copied its own row, or the call was recorded twice, told by its response's id."] = (
        Copied.CARRIED
    )
    emitter: Annotated[str, "Who recorded the copy: the format, and the host that was asked."] = ""
    kept: Annotated[str, "Who recorded the call that is counted."] = ""
    known_by: Annotated[Basis, "How the two are known to be one call: the recorder's key, the response's id, or usage, time and words."] = (
        Basis.KEY
    )
    confidence: Annotated[Literal["high", "medium"], "How sure that is: medium where no id says it."] = "high"


def billed_once(drafts: Sequence[Draft]) -> tuple[list[Draft], list[DuplicateRecord]]:
    """The drafts without copies, in their order, and what was left out: first what a recorder copied, then what was recorded again.

    Drafts of one `duplicate_key` are one call: the one that tells of most tokens is kept, the first of equals. A side call
    whose response a turn of a conversation has too is its copy under another request id (a replay), and goes (ccusage's rules).
    """
    out, copies = _carried_once(drafts)
    again = recorded_again(out)
    copies += [_copy(draft, *again[id(draft)], Copied.RECORDED_AGAIN) for draft in out if id(draft) in again]
    others: defaultdict[int, list[Draft]] = defaultdict(list)
    for draft in out:
        if id(draft) in again:
            others[id(again[id(draft)].original)].append(draft)
    return [completed(draft, others[id(draft)]) for draft in out if id(draft) not in again], copies


def _carried_once(drafts: Sequence[Draft]) -> tuple[list[Draft], list[DuplicateRecord]]:
    kept = _fullest(drafts)
    turns = {response_id(draft) for draft in kept.values() if not draft.side} - {""}
    out: list[Draft] = []
    copies: list[DuplicateRecord] = []
    for draft in drafts:
        replayed = draft.side and draft.duplicate_key and response_id(draft) in turns
        if not replayed and (not draft.duplicate_key or kept[draft.duplicate_key] is draft):
            out.append(draft)
        else:
            copies.append(_copy(draft, kept[draft.duplicate_key], Basis.KEY, Copied.CARRIED))
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
    return not draft.side, tokens(draft) or 0


def _copy(draft: Draft, original: Draft, basis: Basis, how: Copied) -> DuplicateRecord:
    return DuplicateRecord(
        exchange=-1,
        thread=draft.conversation or "",
        app=draft.attribution.app,
        locus=draft.locus,
        witness=(original.locus,) if original is not draft else (),
        tokens=tokens(draft),
        side=draft.side,
        how=how,
        emitter=emitter(draft),
        kept=emitter(original),
        known_by=basis,
        confidence="medium" if basis is Basis.USAGE else "high",
    )
