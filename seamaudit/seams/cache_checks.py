"""Holds the replay against the provider's own diagnosis of a cache miss: the auditor audits itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.cache import CacheRead, Verdict
from seamaudit.layers.diagnoses import CacheDiagnosis
from seamaudit.layers.prefix import PrefixChange
from seamaudit.trace import Locus, Need, Zone
from seamaudit.trace.diagnosis import Said


class Check(StrEnum):
    """How both compare. `provider_side`: both saw nothing change and the provider served less all the same; `not_compared`: the
    provider has no result, or compared with a request that the replay does not compare with."""

    AGREE = "agree"
    DISAGREE = "disagree"
    PENDING = "pending"
    PROVIDER_SIDE = "provider_side"
    NOT_COMPARED = "not_compared"


@fact("cache_checks", needs=(Need.PROMPT, Need.RESPONSE))
class CacheCheck(Fact, frozen=True, kw_only=True):
    """A provider's diagnosis beside what the prompts say."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    check: Annotated[Check, "How both compare."]
    said: Annotated[Said, "What the provider found changed first."]
    replayed: Annotated[Said, "What the recorded prompts show to have changed first."]
    missed: Annotated[int | None, "The tokens the provider estimates to have been lost; unknown where it does not say."]
    was: Annotated[Locus | None, "Where the earlier version stands."] = None
    now: Annotated[Locus | None, "Where the new version stands."] = None
    diverges_at: Annotated[int | None, "First diverging byte inside the block."] = None


_ZONES: Final = {Zone.TOOLS: Said.TOOLS, Zone.SYSTEM: Said.SYSTEM, Zone.MESSAGES: Said.MESSAGES}
_INPUT: Final = frozenset({Said.SYSTEM, Said.MESSAGES})


class CacheChecks:
    """Joins diagnoses with prefix changes and replayed reads."""

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One CacheCheck for each diagnosis."""
        told = facts.rows(CacheDiagnosis)
        if not told:
            return
        changes = {change.exchange: change for change in facts.rows(PrefixChange) if change.base == "previous"}
        reads = {read.exchange: read for read in facts.rows(CacheRead)}
        for diagnosis in told:
            yield from _checked(diagnosis, changes.get(diagnosis.exchange), reads.get(diagnosis.exchange))


def _checked(told: CacheDiagnosis, change: PrefixChange | None, read: CacheRead | None) -> Iterator[CacheCheck]:
    replayed = _replayed(told, change)
    yield CacheCheck(
        exchange=told.exchange,
        thread=told.thread,
        app=told.app,
        locus=told.locus,
        provider=told.provider,
        model=told.model,
        check=_check(told, replayed, change, read),
        said=told.said,
        replayed=replayed,
        missed=told.missed,
        was=change.was if change else None,
        now=change.now if change else None,
        diverges_at=change.diverges_at if change else None,
    )


def _replayed(told: CacheDiagnosis, change: PrefixChange | None) -> Said:
    """What changed first by the recording: the model before all, parameters only where no text did."""
    if told.other_model:
        return Said.MODEL
    if change is not None:
        return _ZONES[change.zone]
    return Said.PARAMETER if told.flipped else Said.NOTHING


def _check(told: CacheDiagnosis, replayed: Said, change: PrefixChange | None, read: CacheRead | None) -> Check:
    if told.said is Said.PENDING:
        return Check.PENDING
    if not told.is_previous or told.said in (Said.NOT_COMPARED, Said.COMPACTED) or (read is not None and read.intended):
        return Check.NOT_COMPARED
    if told.said is Said.NOTHING:
        return _nothing(replayed, change, read)
    # A parameter may be rendered into any part of the prompt, so the provider may find it as a change of that part, or the part first.
    if told.said is replayed or told.flipped or (told.said is Said.INPUT and replayed in _INPUT):
        return Check.AGREE
    return Check.DISAGREE


def _nothing(replayed: Said, change: PrefixChange | None, read: CacheRead | None) -> Check:
    """The provider found no difference. What changed behind the cached part is none to it."""
    if replayed is Said.NOTHING:
        return Check.PROVIDER_SIDE if read is not None and read.verdict is Verdict.PROVIDER_SIDE else Check.AGREE
    if replayed is Said.PARAMETER or read is None:
        return Check.NOT_COMPARED
    inside = replayed is Said.MODEL or (change is not None and change.shared < read.base_position)
    return Check.DISAGREE if inside else Check.AGREE
