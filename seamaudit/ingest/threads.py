"""Threads: which exchanges are turns of one conversation, and which turn came before."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct, field

from seamaudit.ingest.draft import Draft
from seamaudit.trace import Kind, Level, Link, Locus, Prefix, ThreadRef, Try, Zone

LOOK_BACK = 64
"""Positions from the end in which an earlier answer is looked for: a turn adds fewer."""


ASSISTANT = frozenset({"assistant", "model"})


class Placed(Struct, frozen=True, gc=False):
    """A thread and the turn before, None for its first."""

    thread: ThreadRef
    previous: Link | None


class _Failure(NamedTuple):
    """When a call had failed, how long the provider asked to wait, and what the request said of itself."""

    ended: float
    asked: float
    attempt: Try | None


_Sent = tuple[str, str, str, int, int]
"""What two requests must share to be compared as one: host, model, parameters, length and last segment."""


class _Turn(Struct, frozen=True, gc=False):
    exchange: int
    thread: str
    locus: Locus
    prefix: Prefix
    started: float | None
    model: str
    offered: frozenset[str] | None
    failure: _Failure | None = None


class _Group(Struct):
    """What is known inside one conversation, or in all undeclared traffic of one provider. `failed` is what has failed and was not
    tried again with success."""

    by_call: dict[str, _Turn] = field(default_factory=dict)
    by_answer: dict[bytes, _Turn] = field(default_factory=dict)
    last: dict[str, _Turn] = field(default_factory=dict)
    failed: dict[_Sent, _Turn] = field(default_factory=dict)
    lanes: int = 0


class Threads:
    """Places exchanges: by an earlier response's call ids or answer that the request carries, else by lane inside a
    declared conversation (same model, same tools, and a prompt that can be a later turn), else by a failure that the same request
    follows soon, else by a shared prefix that reaches past an assistant turn.

    An equal first user message alone never links.
    """

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def place(self, index: int, draft: Draft) -> Placed:
        """The thread of the next exchange in order, which will have the id `index`."""
        declared = draft.conversation is not None
        name = draft.conversation if draft.conversation is not None else f"\0{draft.provider}"
        group = self._groups.setdefault(name, _Group())
        turn, basis = self._before(draft, group, declared)
        if turn is None:
            thread = _thread_name(draft, group, index)
            group.lanes += 1
            basis = "declared" if declared else "alone"
        else:
            thread = turn.thread
        self._remember(index, draft, group, thread)
        conversation = draft.conversation or thread
        return Placed(ThreadRef(thread, conversation, declared, basis), _link(turn, draft.request.prefix) if turn else None)

    def _before(self, draft: Draft, group: _Group, declared: bool) -> tuple[_Turn | None, str]:
        found = _answered(draft.request.prefix, group)
        if found[0] is not None:
            return found
        if declared:
            lane = [turn for turn in group.last.values() if _same_lane(turn, draft) and _may_continue(draft, turn.prefix)]
            if lane:
                return max(lane, key=lambda turn: turn.exchange), "declared"
            return None, ""
        retried = _retried(draft, group)
        return (retried, "retry") if retried is not None else (_continued(draft, group), "prefix")

    @staticmethod
    def _remember(index: int, draft: Draft, group: _Group, thread: str) -> None:
        request, response = draft.request, draft.response
        failure = _failure(draft)
        turn = _Turn(index, thread, draft.locus, request.prefix, draft.times.started, request.model, request.offered, failure)
        group.last[thread] = turn
        sent = _sent(draft) if failure is not None or group.failed else None
        if sent is not None and failure is not None:
            group.failed[sent] = turn
        elif sent is not None:
            group.failed.pop(sent, None)
        if response is None:
            return
        for call in response.calls:
            if call.id:
                group.by_call[call.id] = turn
        for answer in response.answers:
            if answer.kind is not Kind.THINKING and answer.length > MIN_ANSWER:
                group.by_answer[answer.ordered] = turn


MIN_ANSWER = 40
"""Bytes an answer must have to identify the turn that gave it; `ok` is said in every thread."""


def _answered(prefix: Prefix, group: _Group) -> tuple[_Turn | None, str]:
    for segment in reversed(list(prefix.segments(max(0, prefix.length - LOOK_BACK)))):
        if segment.zone is not Zone.MESSAGES or segment.role not in ASSISTANT:
            continue
        by_call = group.by_call.get(segment.call_id) if segment.call_id else None
        if by_call is not None and _overlaps(prefix, by_call.prefix):
            return by_call, "call_id"
        by_answer = group.by_answer.get(segment.ordered)
        if by_answer is not None and _overlaps(prefix, by_answer.prefix):
            return by_answer, "answer"
    return None, ""


def _overlaps(prefix: Prefix, before: Prefix) -> bool:
    """Whether a prompt holds a message of an earlier one: a client may have rewritten its head, trimmed its history, not all of it."""
    if prefix.shared_with(before):
        return True
    start = before.zone_end(Zone.SYSTEM)
    return not set(before.digests(start)).isdisjoint(prefix.digests())


SOON: Final = 60.0
"""Seconds after a failure in which the same request is another try of it: the longest wait of the official SDKs is 8, of common retry
libraries 60. What the provider asked to wait comes on top."""
LATER: Final = 600.0
"""The same where the requests say that they belong together: by the SDK's count, or the id of the call or of the trace."""


def _failure(draft: Draft) -> _Failure | None:
    """How the call failed, None where it did not or no clock tells when."""
    response, times = draft.response, draft.times
    ended = times.ended if times.ended is not None else times.started
    if response is None or ended is None or not (response.error_type or (response.status is not None and response.status >= 400)):
        return None
    asked = draft.attempt.retry_after if draft.attempt is not None else None
    return _Failure(ended, asked or 0.0, draft.attempt)


def _sent(draft: Draft) -> _Sent | None:
    """None where the recording does not hold all that was sent."""
    request = draft.request
    if not request.settings or not request.complete or not request.prefix.length:
        return None
    (last,) = request.prefix.ids(request.prefix.length - 1)
    return draft.host, request.model, request.settings, request.prefix.length, last


def _retried(draft: Draft, group: _Group) -> _Turn | None:
    """The failed call that this one tries again: the same request, sent soon after that had failed."""
    sent = _sent(draft) if group.failed else None
    turn = group.failed.get(sent) if sent is not None else None
    started = draft.times.started
    if turn is None or turn.failure is None or started is None or started < turn.failure.ended:
        return None
    reach = LATER if _belongs(draft.attempt, turn.failure.attempt) else SOON
    soon = started - turn.failure.ended <= reach + turn.failure.asked
    return turn if soon and draft.request.prefix.shared_with(turn.prefix) == draft.request.prefix.length else None


def _belongs(one: Try | None, other: Try | None) -> bool:
    """Whether what two requests say of themselves makes them tries of one thing."""
    if one is None or other is None:
        return False
    return bool(one.retries or (one.call and one.call == other.call) or (one.trace and one.trace == other.trace))


def _continued(draft: Draft, group: _Group) -> _Turn | None:
    """The turn whose prompt this one repeats past its first assistant turn."""
    best: tuple[int, _Turn] | None = None
    prefix = draft.request.prefix
    if not any(segment.role in ASSISTANT for segment in prefix.segments(max(0, prefix.length - LOOK_BACK))):
        return None
    for turn in group.last.values():
        shared = prefix.shared_with(turn.prefix)
        if shared and (best is None or shared > best[0]) and _reaches_an_answer(prefix, shared):
            best = (shared, turn)
    return best[1] if best else None


def _reaches_an_answer(prefix: Prefix, shared: int) -> bool:
    return any(segment.role in ASSISTANT for segment in prefix.segments(max(0, shared - LOOK_BACK), shared))


def _may_continue(draft: Draft, before: Prefix) -> bool:
    """Whether a prompt can be a later turn of another: it holds an answer, is the same again (a retry), was begun anew on purpose, or
    is a transcript's whose beginning stands in another file."""
    prefix = draft.request.prefix
    resumed = draft.level is Level.MESSAGES and not draft.request.complete
    if draft.intended or resumed or any(segment.role in ASSISTANT for segment in prefix.segments(max(0, prefix.length - LOOK_BACK))):
        return True
    return prefix.length == before.length == prefix.shared_with(before)


def _same_lane(turn: _Turn, draft: Draft) -> bool:
    return turn.model == draft.request.model and turn.offered == draft.request.offered


def _thread_name(draft: Draft, group: _Group, index: int) -> str:
    if draft.conversation is None:
        return f"inferred-{index}"
    return draft.conversation if not group.lanes else f"{draft.conversation}#{group.lanes + 1}"


def _link(turn: _Turn, prefix: Prefix) -> Link:
    return Link(turn.exchange, turn.locus, turn.prefix, prefix.shared_with(turn.prefix), turn.started)
