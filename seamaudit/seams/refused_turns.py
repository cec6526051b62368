"""Refused turns: a provider's refusal joined to the turn that caused it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.reasoning import ReasoningFault, ReasoningFaulty
from seamaudit.layers.refusals import Refused, Seen
from seamaudit.layers.tools.facts import PairFault, PairingFault
from seamaudit.providers.refusals import RefusalFamily, RefusalKind
from seamaudit.trace import Need


class Cause(StrEnum):
    """What in the recording explains a refusal."""

    PAIRING_FAULT = "a call and a result that do not fit"
    REASONING = "reasoning that did not come back as it was given"
    NAMED_PLACE = "the place that the provider names"
    IN_REQUEST = "in the request, at a place that is not named"
    NOT_RECORDED = "not in the recording"


@fact("refused_turns", needs=(Need.RESPONSE,))
class RefusedTurn(Fact, frozen=True, kw_only=True):
    """What a provider refused in a thread, once for each complaint, and what in the recording explains it.

    Its exchange is the first refused; the witnesses are the places of the fault, then the later refusals.
    """

    provider: Annotated[str, "Who refused."]
    api: Annotated[str, "The body shape."]
    model: Annotated[str, "The model asked for."]
    kind: Annotated[RefusalKind, "What the provider found wrong."]
    family: Annotated[RefusalFamily, "What the refusal is about."]
    status: Annotated[int | None, "The HTTP status."]
    refusals: Annotated[int, "Requests of the thread that were refused with this complaint."]
    cause: Annotated[Cause, "What in the recording explains it."]
    fault: Annotated[PairFault | None, "The fault in the pairs of the prompt; none where no such fault explains it."]
    reasoning: Annotated[ReasoningFault | None, "What became of the reasoning; none where that does not explain it."]
    caused_by: Annotated[int | None, "The id of the exchange that first sent the fault; unknown where the cause is not recorded."]
    confidence: Annotated[Literal["high", "medium"], "Medium where the provider names neither an id nor a place: then the kind decides."]


_MISPLACED: Final = (PairFault.RESULT_NOT_ADJACENT, PairFault.TEXT_BEFORE_RESULT)
_EXPLAINS: Final[Mapping[RefusalKind, tuple[PairFault, ...]]] = {
    RefusalKind.CALL_WITHOUT_RESULT: (PairFault.ORPHANED_CALL, *_MISPLACED, PairFault.DUPLICATE_CALL_ID),
    RefusalKind.RESULT_WITHOUT_CALL: (PairFault.ORPHANED_RESULT, PairFault.DUPLICATE_RESULT, *_MISPLACED),
    RefusalKind.DUPLICATE_RESULT: (PairFault.DUPLICATE_RESULT,),
    RefusalKind.DUPLICATE_CALL_ID: (PairFault.DUPLICATE_CALL_ID, PairFault.ID_REUSED_LATER),
    RefusalKind.UNEQUAL_COUNTS: (PairFault.ORPHANED_CALL, PairFault.ORPHANED_RESULT, PairFault.DUPLICATE_RESULT, *_MISPLACED),
    RefusalKind.TURN_ORDER: (PairFault.ORPHANED_CALL, PairFault.ORPHANED_RESULT, *_MISPLACED),
}
"""The faults of a prompt that a complaint can mean."""

_LOST: Final[Mapping[RefusalKind, tuple[ReasoningFault, ...]]] = {
    RefusalKind.REASONING_CHANGED: (ReasoningFault.EDITED,),
    RefusalKind.REASONING_MISSING: (ReasoningFault.DROPPED,),
    RefusalKind.SIGNATURE_INVALID: (ReasoningFault.EDITED, ReasoningFault.OTHER_PREFIX, ReasoningFault.OLDER_MODEL),
    RefusalKind.SIGNATURE_MISSING: (ReasoningFault.DROPPED,),
}
"""What may have become of the reasoning that a complaint is about."""

_SEEN: Final[Mapping[Seen, Cause]] = {
    Seen.PLACE: Cause.NAMED_PLACE,
    Seen.REQUEST: Cause.IN_REQUEST,
    Seen.NOTHING: Cause.NOT_RECORDED,
}
"""What explains a complaint that is not about pairs. Of pairs the tools layer sees all: where it found no fault, there is none."""


class RefusedTurns:
    """Joins refusals with the faults of their threads' prompts."""

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One RefusedTurn for each complaint of a thread."""
        faults: dict[str, list[PairingFault]] = defaultdict(list)
        for row in facts.rows(PairingFault):
            faults[row.thread].append(row)
        lost = {(row.exchange, row.fault): row for row in facts.rows(ReasoningFaulty)}
        complaints: dict[tuple[str, RefusalKind, str], list[Refused]] = defaultdict(list)
        for refused in facts.rows(Refused):
            complaints[refused.thread, refused.kind, refused.call_ids].append(refused)
        for told in sorted(complaints.values(), key=lambda told: told[0].exchange):
            first = told[0]
            meant = (lost.get((first.exchange, fault)) for fault in _LOST.get(first.kind, ()))
            yield _turn(told, _fault(first, faults[first.thread]), next((row for row in meant if row), None))


def _fault(refused: Refused, faults: Sequence[PairingFault]) -> PairingFault | None:
    """The latest fault sent by then that the complaint can mean and, where ids are named, that is about one of these."""
    named = frozenset(refused.call_ids.split())
    meant = (
        row
        for row in faults
        if row.exchange <= refused.exchange
        and row.fault in _EXPLAINS.get(refused.kind, ())
        and (not named or not row.call_id or row.call_id in named)
    )
    return max(meant, key=lambda row: row.exchange, default=None)


def _turn(told: Sequence[Refused], fault: PairingFault | None, lost: ReasoningFaulty | None) -> RefusedTurn:
    first = told[0]
    cause = _cause(first, fault, lost)
    places = (fault.locus, *fault.witness) if fault else (lost.locus, *lost.witness) if lost else first.witness
    return RefusedTurn(
        exchange=first.exchange,
        thread=first.thread,
        app=first.app,
        locus=first.locus,
        witness=(*places, *(row.locus for row in told[1:])),
        provider=first.provider,
        api=first.api,
        model=first.model,
        kind=first.kind,
        family=first.family,
        status=first.status,
        refusals=len(told),
        cause=cause,
        fault=fault.fault if fault else None,
        reasoning=lost.fault if lost else None,
        caused_by=fault.exchange if fault else None if cause is Cause.NOT_RECORDED else first.exchange,
        confidence="high" if first.call_ids or first.seen is Seen.PLACE else "medium",
    )


def _cause(refused: Refused, fault: PairingFault | None, lost: ReasoningFaulty | None) -> Cause:
    if fault or lost:
        return Cause.PAIRING_FAULT if fault else Cause.REASONING
    return _SEEN[refused.seen] if refused.family is not RefusalFamily.PAIRING else Cause.NOT_RECORDED
