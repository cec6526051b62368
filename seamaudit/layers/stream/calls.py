"""What a thread does with its answers' calls: stop reasons that contradict them, and cut calls that are answered all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from seamaudit.facts import Fact
from seamaudit.layers.stream.facts import CutCall, StopFault, StopMismatch, about
from seamaudit.layers.stream.life import Life, unchecked
from seamaudit.providers.streams import STOP_WORDS
from seamaudit.trace import ArgumentState, Exchange, Kind, Level, Locus, Need, Response

CutBy = Literal["length", "stream", "unknown"]


def stop_faults(exchange: Exchange, response: Response, life: Life | None) -> Iterator[Fact]:
    """At most one contradiction between the stop reason and the calls; nothing where the transport failed first."""
    words = STOP_WORDS.get(exchange.api)
    stop = response.stop
    if words is None or exchange.refused or Need.RESPONSE in exchange.lacks:
        return
    if not stop:
        if exchange.level is not Level.WIRE:
            yield unchecked(exchange, "stop_faults", "no stop reason is recorded")
        return
    if life and not life.whole:
        return
    if not life and not response.complete:
        yield unchecked(exchange, "stop_faults", "the response body was cut")
        return
    own = sum(not call.server for call in response.calls)
    if stop in words.tool and not response.calls:
        yield _stop_fault(exchange, response, StopMismatch.TOOL_STOP_WITHOUT_CALL, own)
    elif stop in words.done and own and not (words.forced and exchange.request.forced_tool):
        yield _stop_fault(exchange, response, StopMismatch.CALL_WITHOUT_TOOL_STOP, own)


def _stop_fault(exchange: Exchange, response: Response, fault: StopMismatch, calls: int) -> StopFault:
    return StopFault(
        **about(exchange, response),
        fault=fault,
        stop=response.stop,
        calls=calls,
        blocks=len(response.answers),
        streamed=response.stream is not None,
    )


class _Cut(Struct, frozen=True):
    """A call that waits to be seen again, and the answer it stood in."""

    locus: Locus
    provider: str
    api: str
    host: str
    model: str
    tool: str
    cut_by: CutBy
    stop: str


class CutCalls:
    """Follows the cut calls of a thread into its later requests, looking at new prompt positions alone."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Cut] = {}
        self._seen: set[str] = set()

    def remember(self, exchange: Exchange, response: Response, life: Life | None) -> None:
        """Keep the answer's cut calls. An id that came before is not followed: its results could not be told apart."""
        for call in response.calls:
            if call.server or not call.id:
                continue
            if call.id in self._seen:
                self._waiting.pop(call.id, None)
            elif call.state is ArgumentState.CUT:
                self._waiting[call.id] = _cut(exchange, response, call.name, _cut_by(exchange, response, life))
            self._seen.add(call.id)

    def answered(self, exchange: Exchange) -> Iterator[CutCall]:
        """The waiting calls that this request brings a result for."""
        if not self._waiting:
            return
        prefix = exchange.request.prefix
        fresh = exchange.previous.shared if exchange.previous else 0
        repaired: set[str] = set()
        for position, segment in enumerate(prefix.segments(fresh), fresh):
            if segment.kind is Kind.TOOL_CALL and segment.arguments:
                repaired.add(segment.call_id)
            elif segment.kind is Kind.TOOL_RESULT and segment.call_id in self._waiting:
                cut, id = self._waiting.pop(segment.call_id), segment.call_id
                mended = id in repaired
                yield CutCall(
                    exchange=exchange.id,
                    thread=exchange.thread.id,
                    app=exchange.attribution.app,
                    locus=exchange.place(position),
                    witness=(cut.locus,),
                    provider=cut.provider,
                    api=cut.api,
                    host=cut.host,
                    model=cut.model,
                    tool=cut.tool,
                    call=id,
                    cut_by=cut.cut_by,
                    stop=cut.stop,
                    is_error=segment.is_error,
                    repaired=mended,
                    confidence="high" if mended or cut.api == "anthropic.messages" else "medium",
                )


def _cut(exchange: Exchange, response: Response, tool: str, cut_by: CutBy) -> _Cut:
    return _Cut(
        locus=exchange.locus.at(response.at),
        provider=exchange.provider,
        api=exchange.api,
        host=exchange.host,
        model=response.model or exchange.request.model,
        tool=tool,
        cut_by=cut_by,
        stop=response.stop,
    )


def _cut_by(exchange: Exchange, response: Response, life: Life | None) -> CutBy:
    words = STOP_WORDS.get(exchange.api)
    if words and response.stop in words.length:
        return "length"
    return "stream" if life and not life.whole else "unknown"
