"""The stream layer: how every streamed answer of a thread lived and ended, and what its stop reason and its cut calls led to."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.layers.stream.calls import CutCalls, stop_faults
from seamaudit.layers.stream.life import life_of
from seamaudit.trace import Exchange


class StreamKnobs(Struct, frozen=True):
    """Knobs of the stream layer. `history`: letters kept of a stream's life, room for an answer with twenty calls."""

    history: int = 64


class Stream:
    """Reads each stream through its grammar, sets stop reasons beside calls, and follows cut calls into later requests.

    Transport comes first: where a stream was cut or ended by an error, nothing is said of how the model stopped.
    """

    scope = Scope.THREAD

    def __init__(self, knobs: StreamKnobs = StreamKnobs()) -> None:
        self._knobs = knobs
        self._cut_calls = CutCalls()

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """The cut calls that the request answers; then the stream's life and faults, and what its stop reason contradicts."""
        yield from self._cut_calls.answered(exchange)
        response = exchange.response
        if response is None:
            return
        life = life_of(exchange, response, self._knobs.history)
        if life:
            yield from life.facts(exchange, response)
        yield from stop_faults(exchange, response, life)
        self._cut_calls.remember(exchange, response, life)

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say: a cut call that never came back is the tools layer's."""
        return ()
