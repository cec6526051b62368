"""Follows what one thread holds in its window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from msgspec import Struct

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope, incomplete
from seamaudit.layers.context.cuts import Gap, gap, kind_of
from seamaudit.layers.context.facts import ContextTurn, Cut, PhaseEnd
from seamaudit.layers.context.held import Held, Part, Step
from seamaudit.layers.context.phases import Phases
from seamaudit.layers.context.results import Added, Results
from seamaudit.providers.contracts import Window, context_window
from seamaudit.providers.refusals import RefusalKind
from seamaudit.providers.rows import day_of
from seamaudit.trace import Exchange, Kind, Level, Prefix, Zone
from seamaudit.trace.prefix import Runs

JUDGED: Final = ("history_cuts", "full_windows", "resent_results", "thread_growths")
"""The tables that rules speak of: this layer's own, and those that seams make of its."""


class ContextKnobs(Struct, frozen=True):
    """What is worth a word.

    `large_result`: tokens from which a tool result is followed. `phase_share`: the part of the window from which on a phase of growth is
    told.
    """

    large_result: int = 2_000
    phase_share: float = 0.5


class Context:
    """Tells what every call of a thread holds, when its history is cut, and how its large results and its window fare."""

    scope = Scope.THREAD

    def __init__(self, knobs: ContextKnobs = ContextKnobs()) -> None:
        self._held = Held()
        self._results = Results(knobs.large_result)
        self._phases = Phases(knobs.phase_share)
        self._cut: tuple[Cut, frozenset[bytes]] | None = None
        self._before: tuple[int, int] | None = None
        self._head: tuple[Runs, int, int] = ((), 0, 0)
        self._window: tuple[tuple[str, str, date] | None, Window | None] = (None, None)

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """The call's context, and what it is no longer."""
        if exchange.refused:
            if _is_too_long(exchange):
                yield from self._phases.close(PhaseEnd.REFUSED)
            return
        if not exchange.request.complete or not exchange.request.prefix.length:
            yield from incomplete(exchange, JUDGED)
            return
        step = self._held.step(exchange)
        yield from self._settled(exchange, step)
        if not exchange.after_hole:
            self._note_cut(exchange, step)
        yield from self._results.drop(step)
        self._results.name(exchange, step)
        yield from self._weighed(exchange, step)

    def close(self) -> Iterable[Fact]:
        """What the last prompt still holds."""
        if self._cut is not None:
            yield self._cut[0]
            self._cut = None
        yield from self._results.close()
        yield from self._phases.close(PhaseEnd.OPEN)

    def _note_cut(self, exchange: Exchange, step: Step) -> None:
        found = gap(exchange.request.prefix.tape, step)
        if found is not None:
            self._cut = (_cut(exchange, step, found), frozenset(segment.ordered for segment in found.gone))

    def _settled(self, exchange: Exchange, step: Step) -> Iterator[Cut]:
        """The cut before, unless what was gone is back: then a part of the history was sent beside it, to be summed up for instance."""
        if self._cut is None:
            return
        cut, gone = self._cut
        self._cut = None
        ordered = exchange.request.prefix.tape.ordered
        if gone.isdisjoint(ordered[id] for id in step.came):
            yield cut

    def _weighed(self, exchange: Exchange, step: Step) -> Iterator[Fact]:
        """What the usage tells; without one nothing is known of the next call's growth either."""
        usage, before = exchange.usage, self._before
        self._before = None
        if usage is None or usage.input is None:
            return
        window = self._window_of(exchange)
        extends = before is not None and exchange.previous is not None and exchange.previous.exchange == before[0] and not step.gone
        growth = usage.input - before[1] if before is not None and extends else None
        used = usage.input + (usage.output or 0)
        fits = window if window is not None and used <= window.context else None
        yield self._turn(exchange, fits, used, growth)
        self._results.send(exchange, step, _added(exchange, step, usage.input, growth), fits.context if fits else None)
        if fits is not None:
            yield from self._phases.take(exchange, fits, used, growth)
        self._before = (exchange.id, usage.input)

    def _turn(self, exchange: Exchange, window: Window | None, used: int, growth: int | None) -> ContextTurn:
        tools, system = self._head_of(exchange.request.prefix)
        sizes = self._held.sizes
        return ContextTurn(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            model=exchange.request.model,
            window=window.context if window else None,
            used=used,
            share=used / window.context if window else None,
            growth=growth,
            tool_bytes=tools,
            system_bytes=system + sizes[Part.SYSTEM],
            user_bytes=sizes[Part.USER],
            model_bytes=sizes[Part.MODEL],
            result_bytes=sizes[Part.RESULT],
        )

    def _head_of(self, prefix: Prefix) -> tuple[int, int]:
        """Bytes of tools and of the system prompt, added up once for each head."""
        if not prefix.head or self._head[0] != prefix.head:
            tools = prefix.size(prefix.zone_end(Zone.TOOLS))
            self._head = (prefix.head, tools, prefix.size(prefix.zone_end(Zone.SYSTEM)) - tools)
        return self._head[1:]

    def _window_of(self, exchange: Exchange) -> Window | None:
        """The window, looked up once for each day of a model."""
        key = (exchange.provider, exchange.request.model, day_of(exchange.times.dated))
        if self._window[0] != key:
            self._window = (key, context_window(exchange.provider, exchange.request.model, exchange.times.dated))
        return self._window[1]


def _added(exchange: Exchange, step: Step, total: int, growth: int | None) -> Added | None:
    """What came in with this call: what it has more than the turn before, else its part of a prompt that is recorded whole. None where
    bytes do not tell."""
    request = exchange.request
    segments = [request.prefix.tape.segments[id] for id in step.came]
    if growth is not None:
        known = growth > 0 and not any(segment.unsized for segment in segments)
        return Added(growth, sum(segment.length for segment in segments), total) if known else None
    known = exchange.level is Level.WIRE and not request.unsized
    return Added(total, request.prefix.size(), total) if known else None


def _cut(exchange: Exchange, step: Step, found: Gap) -> Cut:
    return Cut(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.place(step.at),
        witness=(exchange.previous.locus,) if exchange.previous else (),
        kind=kind_of(found, step, exchange.intended),
        messages=sum(segment.starts for segment in found.gone),
        calls=sum(segment.kind is Kind.TOOL_CALL for segment in found.gone),
        bytes=sum(segment.length for segment in found.gone),
        first=step.at == step.first,
    )


def _is_too_long(exchange: Exchange) -> bool:
    response = exchange.response
    return response is not None and response.refusal is not None and response.refusal.kind == RefusalKind.WINDOW_EXCEEDED
