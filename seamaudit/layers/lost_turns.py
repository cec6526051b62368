"""The lost turns layer: answers in a history that no recorded call gave, between two calls that are recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from string import ascii_letters, digits
from typing import Annotated, Final, Literal

from msgspec import Struct

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Exchange, Kind, Link, Locus, Need, Segment
from seamaudit.trace.turns import Side, Turn, side_of, turns_of


class Sign(StrEnum):
    """What shows that a model gave the answer: reasoning that the provider signed, an answered call whose id is of the form that the
    provider gives, or long texts alone, which count where several turns are missing."""

    SIGNATURE = "signature"
    CALL = "call"
    TEXT = "text"


LONG: Final = 200
"""Bytes of a text that nobody puts into a model's mouth by rote: "Understood." and its like are shorter."""

_LETTERS_AND_DIGITS: Final = ascii_letters + digits
_CONFIDENCE: Final[dict[Sign, Literal["high", "medium", "low"]]] = {Sign.SIGNATURE: "high", Sign.CALL: "medium", Sign.TEXT: "low"}


@fact("lost_turns", needs=(Need.PROMPT, Need.RESPONSE))
class LostTurn(Fact, frozen=True, kw_only=True):
    """A model's turn that the next recorded request repeats and no recorded call answered with. The witness is the recorded call before
    it, whose own answer stands in the request unchanged."""

    format: Annotated[str, "The recording's format."]
    provider: Annotated[str, "Who was asked."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    sign: Annotated[Sign, "What shows that a model said it: a signature, an answered call with an id as the provider gives them, or text."]
    lost: Annotated[int, "Turns that are missing between the same two recorded calls, this one among them."]
    confidence: Annotated[Literal["high", "medium", "low"], "High where the provider signed it, low where it is text alone."]


class _Turn(Struct, frozen=True):
    """A model's turn in a history, by what can be found again: the ids of its calls and those that were answered, the digests of its
    blocks and of what it answers; whether it holds signed reasoning, and whether its text is long."""

    position: int
    ids: frozenset[str]
    answered: frozenset[str]
    blocks: frozenset[bytes]
    asked: bytes
    signed: bool
    long: bool


class _History(Struct, frozen=True):
    """The model's turns that are new in a request, the first of them the answer of the call before."""

    exchange: Exchange
    before: Link
    turns: tuple[_Turn, ...]


class LostTurns:
    """Collects what was asked and answered, and which turns histories hold; at the end the ones are missing that nobody asked for.

    A session file's prompts are made of its own messages, so that nothing can be missing in them.
    """

    scope = Scope.TRACE

    def __init__(self) -> None:
        self._made: set[str] = set()
        self._forms: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
        self._said: set[bytes] = set()
        self._asked: set[bytes] = set()
        self._histories: list[_History] = []

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """Nothing yet: a turn that seems lost may stand further down."""
        response, request = exchange.response, exchange.request
        if response is not None:
            ids = [call.id for call in response.calls if call.id]
            self._made.update(ids)
            self._forms[exchange.provider].update(map(_form, ids))
            self._said.update(answer.ordered for answer in response.answers)
        if request.prefix.length:
            self._asked.update(request.prefix.digests(request.prefix.length - 1))
            self._remember(exchange)
        return ()

    def close(self) -> Iterable[Fact]:
        """A LostTurn for every turn that no recorded call was asked for, once however many requests repeat it."""
        told: set[tuple[str, frozenset[bytes]]] = set()
        for history in self._histories:
            first, *later = history.turns
            unknown = [turn for turn in later if not self._is_recorded(turn)] if self._is_known(first) else []
            signs = {turn: sign for turn in unknown if (sign := self._sign(turn, history.exchange.provider)) is not None}
            if len(signs) == 1 and Sign.TEXT in signs.values():
                continue
            for turn, sign in signs.items():
                key = (history.exchange.thread.conversation, turn.blocks)
                if key not in told:
                    told.add(key)
                    yield _fact(history, turn, sign, len(signs))

    def _sign(self, turn: _Turn, provider: str) -> Sign | None:
        """What shows that a model gave it. Applications give ids of their own to the calls that they write into a history."""
        if turn.signed:
            return Sign.SIGNATURE
        if any(_form(id) in self._forms[provider] for id in turn.answered):
            return Sign.CALL
        return Sign.TEXT if turn.long and not turn.ids else None

    def _remember(self, exchange: Exchange) -> None:
        before = exchange.previous
        if before is None or not before.prefix.length or before.shared < before.prefix.length:
            return
        if exchange.request.scattered or not exchange.request.complete or exchange.intended:
            return
        segments = list(exchange.request.prefix.segments(before.shared))
        if not _speaks_again(segments):
            return
        turns = list(turns_of(segments, before.shared))
        models = sum(turn.side is Side.MODEL for turn in turns)
        if models > 1 and turns[0].side is Side.MODEL and side_of(before.prefix.at(before.shared - 1)) is Side.CALLER:
            self._histories.append(_History(exchange, before, tuple(_read(exchange, turns))))

    def _is_known(self, turn: _Turn) -> bool:
        return not (turn.ids.isdisjoint(self._made) and turn.blocks.isdisjoint(self._said))

    def _is_recorded(self, turn: _Turn) -> bool:
        """Whether a recorded call answered with it, or was asked for it: a client may change an answer before it sends it back."""
        return turn.asked in self._asked or self._is_known(turn)


def _speaks_again(segments: Iterable[Segment]) -> bool:
    """Whether a model has the word after somebody else had: most requests bring one answer and what it asked for."""
    answered = False
    for segment in segments:
        if side_of(segment) is Side.CALLER:
            answered = True
        elif answered:
            return True
    return False


def _read(exchange: Exchange, turns: Sequence[Turn]) -> Iterable[_Turn]:
    """The model's turns; each ends where the next turn begins, and the last where the prompt does."""
    prefix = exchange.request.prefix
    for number, turn in enumerate(turns):
        if turn.side is not Side.MODEL:
            continue
        after = turns[number + 1] if number + 1 < len(turns) else None
        segments = list(prefix.segments(turn.start, after.start if after else None))
        ids = frozenset(item.segment.call_id for item in turn.calls if item.segment.call_id)
        yield _Turn(
            position=turn.start,
            ids=ids,
            answered=ids.intersection(item.segment.call_id for item in after.results) if after else frozenset(),
            blocks=frozenset(segment.ordered for segment in segments),
            asked=prefix.at(turn.start - 1).ordered,
            signed=any(segment.kind is Kind.THINKING and segment.signature for segment in segments),
            long=after is not None and any(segment.kind is Kind.TEXT and segment.length >= LONG for segment in segments),
        )


def _form(id: str) -> tuple[str, int]:
    """What ids of one maker have in common: all up to the last sign that is no letter or digit, and the length."""
    if id.isascii():
        return id.rstrip(_LETTERS_AND_DIGITS), len(id)
    at = max((number for number, sign in enumerate(id) if not sign.isalnum()), default=-1)
    return id[: at + 1], len(id)


def _fact(history: _History, turn: _Turn, sign: Sign, lost: int) -> LostTurn:
    exchange, before = history.exchange, history.before
    witness: tuple[Locus, ...] = (before.locus,)
    return LostTurn(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.place(turn.position),
        witness=witness,
        format=exchange.format,
        provider=exchange.provider,
        platform=exchange.platform,
        sign=sign,
        lost=lost,
        confidence=_CONFIDENCE[sign],
    )
