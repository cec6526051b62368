"""The reasoning layer: whether the reasoning behind a call comes back with it, as it was, to a model and behind a prompt it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal

from msgspec import Struct

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.providers.reasoning import binds_reasoning, is_older, wants_reasoning_back
from seamaudit.trace import Answer, Exchange, Kind, Level, Need, Prefix, Response, Segment
from seamaudit.trace.turns import Side, side_of

SIZE: Final = 16
"""Bytes of one signature's digest."""
REACH: Final = 64
"""Positions before an answer's expected place in which it is looked for when the prompt before it changed."""
_TEXT_IS_SIGNED: Final = frozenset({"anthropic.messages", "bedrock.converse"})
"""Body shapes whose signature stands for the block's text, so that an edit of it shows."""


class ReasoningFault(StrEnum):
    """What became of the reasoning behind a call."""

    DROPPED = "dropped"
    EDITED = "edited"
    OLDER_MODEL = "older_model"
    OTHER_PREFIX = "other_prefix"


@fact("reasoning_faults", needs=(Need.PROMPT, Need.RESPONSE))
class ReasoningFaulty(Fact, frozen=True, kw_only=True):
    """A request that sends a call's results back without the reasoning behind the call, or with reasoning that cannot be read there.

    Its locus is the call as it was sent back, or the reasoning; `witness` is the answer that gave the reasoning.
    """

    provider: Annotated[str, "Who was asked."]
    api: Annotated[str, "The body shape."]
    model: Annotated[str, "The model asked for."]
    fault: Annotated[ReasoningFault, "What became of the reasoning."]
    blocks: Annotated[int, "Blocks of reasoning it happened to."]
    accepted: Annotated[bool | None, "The provider took the request; unknown where no answer is recorded."]
    confidence: Annotated[Literal["high", "medium"], "Medium where the provider took the request all the same."]


class Reasoning:
    """Follows the signed reasoning of each answer with calls into the next request of its thread."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._last: Exchange | None = None

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """What became of the reasoning of the answer before; at most one fact for each way to lose it."""
        before, self._last = self._last, exchange if _has_signed_calls(exchange) else None
        link = exchange.previous
        if before is None or before.response is None or link is None or link.exchange != before.id or exchange.api != before.api:
            return
        if exchange.level is not Level.WIRE:
            yield _unchecked(exchange, "a transcript need not hold the reasoning that was sent")
        elif exchange.request.complete and wants_reasoning_back(before):
            yield from _judged(before, before.response, exchange, link.shared)

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say: reasoning that nothing followed is not missing."""
        return ()


def _has_signed_calls(exchange: Exchange) -> bool:
    response = exchange.response
    if response is None or exchange.refused or not any(not call.server for call in response.calls):
        return False
    return any(answer.signature for answer in response.answers)


class _Return(Struct, frozen=True):
    """An answer's turn as the next request sends it back: where it begins, what it holds, and where each signed block went."""

    start: int
    sent: Sequence[Segment]
    places: Sequence[tuple[Answer, int | None]]

    @property
    def call(self) -> int:
        """The position of the first call."""
        return next(at for at, segment in enumerate(self.sent, self.start) if segment.kind is Kind.TOOL_CALL)

    @property
    def kept(self) -> list[tuple[Answer, int]]:
        """The blocks that came back, with their positions."""
        return [(answer, at) for answer, at in self.places if at is not None]

    def strangers(self) -> list[int]:
        """The positions of signatures that the answer did not give."""
        given = {part for answer, _ in self.places for part in _parts(answer.signature)}
        return [at for at, segment in enumerate(self.sent, self.start) if segment.signature and not given & {*_parts(segment.signature)}]


def _judged(before: Exchange, response: Response, exchange: Exchange, shared: int) -> Iterator[Fact]:
    back = _sent_back(before, response, exchange.request.prefix, shared)
    if back is None:
        return
    strangers = back.strangers()
    if strangers and _is_accepted(exchange):
        yield _unchecked(exchange, "another signature stands there than was given, and the provider took it: the recorder changed it")
        return
    told = _fact(exchange, before)
    lost = [answer for answer, at in back.places if at is None and _is_wanted(answer, exchange.api)]
    if len(lost) > len(strangers):
        yield told(ReasoningFault.DROPPED, back.call, len(lost) - len(strangers))
    changed = [
        at for answer, at in back.kept if exchange.api in _TEXT_IS_SIGNED and exchange.request.prefix.at(at).ordered != answer.ordered
    ]
    edited = sorted([*strangers, *changed])
    if edited and not _is_accepted(exchange):
        yield told(ReasoningFault.EDITED, edited[0], len(edited))
    if not back.kept:
        return
    first = back.kept[0][1]
    if is_older(exchange.request.model, before.request.model):
        yield told(ReasoningFault.OLDER_MODEL, first, len(back.kept))
    elif _is_bound(exchange) and _is_edited(before.request.prefix, exchange.request.prefix, shared, back.start):
        yield told(ReasoningFault.OTHER_PREFIX, first, len(back.kept))


def _is_changed(answer: Answer, exchange: Exchange, at: int) -> bool:
    return exchange.api in _TEXT_IS_SIGNED and exchange.request.prefix.at(at).ordered != answer.ordered


def _is_accepted(exchange: Exchange) -> bool:
    return exchange.response is not None and not exchange.refused


def _is_bound(exchange: Exchange) -> bool:
    """Whether an edit before the reasoning shows: a provider that took the request does not hold it against this account."""
    return binds_reasoning(exchange) and not _is_accepted(exchange)


def _sent_back(before: Exchange, response: Response, prefix: Prefix, shared: int) -> _Return | None:
    """The answer's turn as the prompt sends it back; None where the loop does not run on with its calls' results."""
    low = max(shared, min(before.request.prefix.length, prefix.length) - REACH)
    made: list[Segment] = []
    for at, segment in enumerate(prefix.segments(low), low):
        if side_of(segment) is Side.MODEL:
            made.append(segment)
        elif any(_is_theirs(each, response) for each in made):
            return _returned(at - len(made), made, response) if segment.kind is Kind.TOOL_RESULT else None
        else:
            made = []
    return None


def _is_theirs(segment: Segment, response: Response) -> bool:
    """Whether a call in a prompt is one that the response made: by its id, else by what it calls."""
    if segment.kind is not Kind.TOOL_CALL:
        return False
    by_id = any(call.id and call.id == segment.call_id for call in response.calls)
    return by_id or any(not call.id and (call.name, call.arguments) == (segment.name, segment.arguments) for call in response.calls)


def _returned(start: int, sent: Sequence[Segment], response: Response) -> _Return:
    back = {part: at for at, segment in enumerate(sent, start) for part in _parts(segment.signature)}
    signed = [answer for answer in response.answers if answer.signature]
    return _Return(
        start, sent, [(answer, next((back[part] for part in _parts(answer.signature) if part in back), None)) for answer in signed]
    )


def _is_wanted(answer: Answer, api: str) -> bool:
    """Gemini wants the signatures of calls back; those of texts are a recommendation."""
    return api != "gemini.generate" or answer.kind is Kind.TOOL_CALL


def _is_edited(before: Prefix, now: Prefix, shared: int, start: int) -> bool:
    """Whether what stood before the answer is another than it was. Leaving reasoning away is no edit, nor is putting more behind."""
    if shared >= before.length:
        return False
    return _bound(before.segments(shared)) != _bound(now.segments(shared, start))


def _bound(segments: Iterable[Segment]) -> list[bytes]:
    return [segment.ordered for segment in segments if segment.kind is not Kind.THINKING]


def _parts(signature: bytes) -> list[bytes]:
    return [signature[at : at + SIZE] for at in range(0, len(signature), SIZE)]


def _fact(exchange: Exchange, before: Exchange) -> Callable[[ReasoningFault, int, int], ReasoningFaulty]:
    """How to tell of a fault, given its place and how many blocks it happened to."""
    accepted = None if exchange.response is None else _is_accepted(exchange)

    def told(fault: ReasoningFault, position: int, blocks: int) -> ReasoningFaulty:
        return ReasoningFaulty(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.place(position),
            witness=(before.locus,),
            provider=exchange.provider,
            api=exchange.api,
            model=exchange.request.model,
            fault=fault,
            blocks=blocks,
            accepted=accepted,
            confidence="medium" if accepted else "high",
        )

    return told


def _unchecked(exchange: Exchange, reason: str) -> Unchecked:
    return Unchecked(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        table="reasoning_faults",
        aspect="",
        reason=reason,
    )
