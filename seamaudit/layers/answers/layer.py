"""The layer: looks at each answer of a thread as whoever reads it would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from seamaudit.facts import Fact
from seamaudit.layers.answers.cuts import Cuts, TextOf
from seamaudit.layers.answers.facts import EmptyAnswer, OutputCount, ProvisionalCount, about
from seamaudit.layers.answers.forms import form_breaks
from seamaudit.layers.base import Scope
from seamaudit.providers.contracts import StopKind, stop_contract
from seamaudit.trace import Exchange, Kind, Need, Response
from seamaudit.trace.turns import Side, side_of

STOPPED_BY_THE_CALLER: Final = "stop_sequence"
"""A stop word that the caller's own words bring about: nothing before one of them is no fault of the model's."""

SILENCE: Final = 16
"""Output tokens of an answer that says nothing: Anthropic names 2 to 3. More stand for content that the recording does not show."""


class Answers:
    """Tells of every answer that is not what its reader takes it for. `text_of` gives a segment's text, None where it is gone."""

    scope = Scope.THREAD

    def __init__(self, text_of: TextOf) -> None:
        self._cuts = Cuts(text_of)

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """What became of a cut answer before; then this answer's output count, whether there is anything in it, and its form."""
        yield from self._cuts.carried(exchange)
        yield from self._cuts.note(exchange)
        response = exchange.response
        if response is None or exchange.refused:
            return
        yield from _provisional(exchange, response)
        if Need.RESPONSE in exchange.lacks:
            return
        if _is_silent(exchange, response):
            yield from _empty(exchange, response)
        yield from form_breaks(exchange, response)

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say."""
        return ()


def _provisional(exchange: Exchange, response: Response) -> Iterator[Fact]:
    usage = response.usage
    if usage is None or usage.output is None or not (usage.placeholder_output or usage.output_is_lower_bound):
        return
    yield ProvisionalCount(
        **about(exchange, response),
        format=exchange.format,
        count=OutputCount.PLACEHOLDER if usage.placeholder_output else OutputCount.LOWER_BOUND,
        output=usage.output,
        ended=response.complete and bool(response.stop or response.stream is None),
        confidence="high" if usage.placeholder_output else "medium",
    )


def _is_silent(exchange: Exchange, response: Response) -> bool:
    """Whether the model ended its turn by itself and said nothing, not even a thought."""
    contract = stop_contract(exchange.provider, exchange.api)
    ended = contract is not None and contract.kind(response.stop) is StopKind.NORMAL and response.stop != STOPPED_BY_THE_CALLER
    if not ended or response.answers or response.calls or not response.complete:
        return False
    usage = response.usage
    said = (usage.output or 0) - (usage.reasoning or 0) if usage else 0
    return said <= SILENCE and exchange.request.max_output != 0


def _empty(exchange: Exchange, response: Response) -> Iterator[Fact]:
    asked = _last_turn(exchange)
    if Kind.TOOL_RESULT in asked:
        yield EmptyAnswer(
            **about(exchange, response),
            api=exchange.api,
            stop=response.stop,
            output=response.usage.output if response.usage else None,
            text_after=asked[-1] is not Kind.TOOL_RESULT,
        )


def _last_turn(exchange: Exchange) -> list[Kind]:
    """The kinds of what the prompt's last turn holds, in order; empty where the model's own words come last."""
    prefix = exchange.request.prefix
    kinds: list[Kind] = []
    for position in reversed(range(prefix.length)):
        segment = prefix.at(position)
        if side_of(segment) is Side.MODEL:
            break
        kinds.append(segment.kind)
    return kinds[::-1]
