"""Cut answers: where a thread sends one on as if it were whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from seamaudit.facts import Fact
from seamaudit.layers.answers.facts import CutCarried, about
from seamaudit.layers.base import Unchecked
from seamaudit.providers.contracts import StopKind, stop_contract
from seamaudit.trace import Exchange, Kind, Level, Need, Response, Segment
from seamaudit.trace.turns import Side, side_of

TextOf = Callable[[int], bytes | None]
"""Gives the comparable text of a segment, None where it is no longer at hand."""

GOES_ON: Final = re.compile(
    rb"continu|go on|going|carry on|resum|proceed|finish|complet|truncat|incomplete|cut (?:off|short)|left off|stopp|the rest|more|"
    rb"too long|shorter|limit|length|error|weiter|fortsetz|continuez|suite|continua|sigue|prosig|\xe7\xbb\xa7\xe7\xbb\xad|\xe7\xb6\x9a",
    re.IGNORECASE,
)
"""Words of a turn that knows, or may know, that the answer before it was cut. Read only to be silent where one of them stands."""


class Cuts:
    """Keeps a thread's last answer where it was cut, until the next request shows what became of it."""

    def __init__(self, text_of: TextOf) -> None:
        self._text_of = text_of
        self._cut: Exchange | None = None

    def carried(self, exchange: Exchange) -> Iterator[Fact]:
        """A CutCarried where this request sends the cut answer back, as it was, with a turn behind it that does not ask for the rest."""
        cut, self._cut = self._cut, None
        link = exchange.previous
        if cut is None or cut.response is None or link is None or link.exchange != cut.id:
            return
        answered, said = _turns(list(exchange.request.prefix.segments(link.shared)))
        if not said or answered != [answer.ordered for answer in cut.response.answers if answer.kind is Kind.TEXT]:
            return
        texts = [self._text_of(segment.id) for segment in said]
        known = [text for text in texts if text is not None]
        if len(known) < len(texts):
            yield _unchecked(cut, "the text of the next turn is no longer at hand")
        elif not any(GOES_ON.search(text) for text in known):
            yield _fact(cut, cut.response, exchange)

    def note(self, exchange: Exchange) -> Iterator[Fact]:
        """Keep the exchange where its answer is text that was cut; Unchecked where a recording of messages does not say why it ended."""
        response = exchange.response
        if response is None or exchange.refused or response.calls or Need.RESPONSE in exchange.lacks:
            return
        if not any(answer.kind is Kind.TEXT for answer in response.answers):
            return
        if _by_length(exchange, response) or _by_stream(response):
            self._cut = exchange
        elif not response.stop and exchange.level is not Level.WIRE:
            yield _unchecked(exchange, "no stop reason is recorded")


def _turns(new: Sequence[Segment]) -> tuple[list[bytes], list[Segment]]:
    """The model's texts at the beginning of what is new, and the caller's behind them; nothing said where anything else is there."""
    start = next((at for at, segment in enumerate(new) if side_of(segment) is Side.CALLER), len(new))
    said = list(new[start:])
    if any(segment.kind is not Kind.TEXT or side_of(segment) is Side.MODEL for segment in said):
        return [], []
    return [segment.ordered for segment in new[:start] if segment.kind is Kind.TEXT], said


def _by_length(exchange: Exchange, response: Response) -> bool:
    contract = stop_contract(exchange.provider, exchange.api)
    return contract is not None and contract.kind(response.stop) is StopKind.TRUNCATED


def _by_stream(response: Response) -> bool:
    return response.stream is not None and response.stream.decodable and not response.complete and not response.stop


def _fact(cut: Exchange, response: Response, exchange: Exchange) -> CutCarried:
    return CutCarried(
        **about(cut, response),
        witness=(exchange.locus,),
        stop=response.stop,
        cut_by="length" if response.stop else "stream",
        limit=cut.request.max_output,
    )


def _unchecked(cut: Exchange, reason: str) -> Unchecked:
    return Unchecked(
        exchange=cut.id,
        thread=cut.thread.id,
        app=cut.attribution.app,
        locus=cut.locus,
        table="carried_cuts",
        aspect="",
        reason=reason,
    )
