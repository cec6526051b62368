"""The stalls layer: threads that end with a call for the application to run, while the recording goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from msgspec import Struct

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.providers.contracts import StopKind, stop_contract
from seamaudit.trace import Exchange, Kind, Level, Need

_ASKED: Final = frozenset({StopKind.TOOL_USE, StopKind.NORMAL})
"""What an answer with calls stops with: a word for tools, or the word for done where the API has no other."""


@fact("stalls", needs=(Need.RESPONSE, Need.TIME))
class Stall(Fact, frozen=True, kw_only=True):
    """The last answer of a thread asks for tools, and no request of its conversation came after it in the same recording.

    Only tools that the same application did run and answer elsewhere in the trace count: a call of any other may be the answer itself.
    """

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    stop: Annotated[str, "The provider's stop reason."]
    tool: Annotated[str, "The first tool that was called."]
    calls: Annotated[int, "Calls that wait for a result."]
    waited: Annotated[int, "Whole seconds from the answer to the end of the latest call in the same source."]


class _Waiting(Struct, frozen=True):
    """An answer that asks for tools: its exchange, when it ended, and the names and ids of the calls."""

    exchange: Exchange
    ended: float
    tools: tuple[str, ...]
    ids: frozenset[str]


class Stalls:
    """Follows every thread's last exchange to the end of its source. Keeps one exchange a thread."""

    scope = Scope.TRACE

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._latest: dict[tuple[int, str], int] = {}
        self._ends: dict[int, float] = {}
        self._run: set[tuple[str, str]] = set()

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """Nothing yet: only the end of the trace tells what did not follow."""
        before = self._waiting.pop(exchange.thread.id, None)
        if before is not None and _brings_results(exchange, before):
            self._run.update((exchange.attribution.app, tool) for tool in before.tools)
        source = exchange.locus.source
        self._latest[source, exchange.thread.conversation] = exchange.id
        ended = _end(exchange)
        if ended is not None and Need.TIME not in exchange.lacks:
            self._ends[source] = max(ended, self._ends.get(source, ended))
            waiting = _waiting(exchange, ended)
            if waiting is not None:
                self._waiting[exchange.thread.id] = waiting
        return ()

    def close(self) -> Iterable[Fact]:
        """A Stall for each thread that ends so; transcripts are not checked, they end when a person leaves."""
        for waiting in self._waiting.values():
            exchange = waiting.exchange
            if self._latest[exchange.locus.source, exchange.thread.conversation] != exchange.id:
                continue
            if exchange.level is not Level.WIRE:
                yield _unchecked(exchange)
            elif all((exchange.attribution.app, tool) in self._run for tool in waiting.tools):
                yield from self._stall(waiting)

    def _stall(self, waiting: _Waiting) -> Iterator[Stall]:
        exchange = waiting.exchange
        waited = self._ends[exchange.locus.source] - waiting.ended
        response = exchange.response
        if response is None or waited <= 0:
            return
        yield Stall(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus.at(response.at),
            provider=exchange.provider,
            model=response.model or exchange.request.model,
            stop=response.stop,
            tool=waiting.tools[0],
            calls=len(waiting.tools),
            waited=int(waited),
        )


def _waiting(exchange: Exchange, ended: float) -> _Waiting | None:
    """The calls of an answer that the application is to run; None where it asks for none.

    A forced call is the answer's form, not a request; calls beside the conversation end with what started them.
    """
    response = exchange.response
    contract = stop_contract(exchange.provider, exchange.api)
    if response is None or contract is None or exchange.refused or exchange.side or exchange.request.forced_tool:
        return None
    calls = [call for call in response.calls if not call.server]
    if not calls or not response.complete or contract.kind(response.stop) not in _ASKED or Need.RESPONSE in exchange.lacks:
        return None
    return _Waiting(exchange, ended, tuple(call.name for call in calls), frozenset(call.id for call in calls if call.id))


def _brings_results(exchange: Exchange, before: _Waiting) -> bool:
    """Whether a prompt answers a call of the exchange before in its thread."""
    prefix = exchange.request.prefix
    start = exchange.previous.shared if exchange.previous else 0
    last_first = reversed(list(prefix.segments(start)))
    results = (segment for segment in last_first if segment.kind is Kind.TOOL_RESULT)
    return any(not segment.call_id or not before.ids or segment.call_id in before.ids for segment in results)


def _end(exchange: Exchange) -> float | None:
    times = exchange.times
    if times.ended is None and times.started is not None and times.duration is not None:
        return times.started + times.duration
    return times.ended if times.ended is not None else times.started


def _unchecked(exchange: Exchange) -> Unchecked:
    return Unchecked(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        table="stalls",
        aspect="",
        reason="a transcript ends when a person leaves",
    )
