"""Where calls and results of a prompt do not fit each other under a pairing contract."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from seamaudit.layers.tools.facts import PairFault
from seamaudit.layers.tools.rounds import Round
from seamaudit.providers.pairing import Pairing, Place
from seamaudit.trace.turns import Before, Item, Transcript


class Mismatch(Struct, frozen=True):
    """A fault before it is told: where it stands, the tool if known, and what else witnesses it."""

    fault: PairFault
    at: Item
    tool: str
    other: Item | None = None


def mismatches(transcript: Transcript, round: Round, contract: Pairing) -> Iterator[Mismatch]:
    """What does not fit in one round, seen against the whole prompt."""
    yield from _repeated_ids(transcript, round)
    yield from _orphaned_calls(transcript, round, contract)
    yield from _stray_results(transcript, round, contract)
    yield from _repeated_results(transcript, round)
    yield from _misplaced_results(transcript, round, contract)


def _repeated_ids(transcript: Transcript, round: Round) -> Iterator[Mismatch]:
    made_at = round.at - 1
    seen: dict[str, Item] = {}
    for call in round.calls:
        id = call.segment.call_id
        if not id:
            continue
        if id in seen:
            yield Mismatch(PairFault.DUPLICATE_CALL_ID, call, call.segment.name, seen[id])
            continue
        seen[id] = call
        if earlier := transcript.calls_of(id).before(made_at):
            answered = transcript.results_of(id).before(made_at)
            fault = PairFault.ID_REUSED_LATER if answered and answered.turn > earlier.turn else PairFault.DUPLICATE_CALL_ID
            yield Mismatch(fault, call, call.segment.name, earlier.item)


def _orphaned_calls(transcript: Transcript, round: Round, contract: Pairing) -> Iterator[Mismatch]:
    answered_ids = {round.calls[index].segment.call_id for index in round.answers} - {""}
    for index, call in enumerate(round.calls):
        id = call.segment.call_id
        if index in round.answers or id in answered_ids or (id and _answered_elsewhere(transcript, round.at, id, contract)):
            continue
        yield Mismatch(PairFault.ORPHANED_CALL, call, call.segment.name)


def _answered_elsewhere(transcript: Transcript, at: int, id: str, contract: Pairing) -> bool:
    """Whether a result that no other call claims stands further on, or, where the place is free, anywhere."""
    calls, results = transcript.calls_of(id), transcript.results_of(id)
    if contract.place is Place.ANYWHERE and len(results) >= len(calls):
        return True
    result, call = results.after(at), calls.after(at)
    return result is not None and (call is None or result.turn < call.turn)


def _stray_results(transcript: Transcript, round: Round, contract: Pairing) -> Iterator[Mismatch]:
    """Results for none of the round's calls: given late, given twice, or for no call at all."""
    seen: set[str] = set()
    for index in round.strays:
        result = round.results[index]
        id = result.segment.call_id
        call = transcript.calls_of(id).before(round.at) if id else None
        if call is None:
            if not _excused(transcript, id, contract):
                yield Mismatch(PairFault.ORPHANED_RESULT, result, result.segment.name)
            continue
        answered = transcript.results_of(id).before(round.at)
        if id in seen or (answered and answered.turn > call.turn):
            yield Mismatch(PairFault.DUPLICATE_RESULT, result, call.item.segment.name, call.item)
        elif contract.place is not Place.ANYWHERE:
            yield Mismatch(PairFault.RESULT_NOT_ADJACENT, result, call.item.segment.name, call.item)
        seen.add(id)


def _excused(transcript: Transcript, id: str, contract: Pairing) -> bool:
    """Whether a result with no call before it is none of ours: a hosted call's, or one whose call may follow and does."""
    if not id:
        return False
    follows = contract.place is Place.ANYWHERE and len(transcript.calls_of(id)) >= len(transcript.results_of(id))
    return follows or transcript.is_hosted(id)


def _repeated_results(transcript: Transcript, round: Round) -> Iterator[Mismatch]:
    for index in round.repeated:
        result = round.results[index]
        if call := transcript.calls_of(result.segment.call_id).before(round.at):
            yield Mismatch(PairFault.DUPLICATE_RESULT, result, call.item.segment.name, call.item)


def _misplaced_results(transcript: Transcript, round: Round, contract: Pairing) -> Iterator[Mismatch]:
    last_message = transcript.turns[round.at - 1].messages - 1 if round.at else 0
    told: set[PairFault] = set()
    for call_index, index in sorted(round.answers.items(), key=lambda pair: pair[1]):
        call, result = round.calls[call_index], round.results[index]
        fault = _misplacement(result.before, call.message < last_message, contract)
        if fault is not None and fault not in told:
            told.add(fault)
            yield Mismatch(fault, result, call.segment.name, call)


def _misplacement(before: Before, call_is_earlier: bool, contract: Pairing) -> PairFault | None:
    if contract.place is Place.NEXT_MESSAGES:
        return PairFault.RESULT_NOT_ADJACENT if before or call_is_earlier else None
    if contract.results_first and before:
        return PairFault.TEXT_BEFORE_RESULT if before is Before.CONTENT else PairFault.RESULT_NOT_ADJACENT
    return None
