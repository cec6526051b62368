"""The resends layer: a request that is sent again although it was answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.providers.stop_facts import answered
from seamaudit.trace import Exchange, Need

AUTOMATIC: Final = 5.0
"""Seconds after the answer in which no person has read it and asked for another."""


@fact("resends", needs=(Need.PROMPT, Need.RESPONSE, Need.TIME))
class Resend(Fact, frozen=True, kw_only=True):
    """A request of a conversation that repeats, byte for byte, the one before, whose whole answer had just come: the witness."""

    provider: Annotated[str, "Who was asked."]
    model: Annotated[str, "The model asked for."]
    host: Annotated[str, "The host that was asked."]
    after: Annotated[float, "Seconds from the end of the first answer to the second request."]
    wasted_tokens: Annotated[int | None, "Input and output tokens of the second call; unknown where they are not recorded."]


class Resends:
    """Compares each request of a declared conversation with the one before.

    Requests that overlap (parallel agents), that hold no turn of the model yet (samples, evaluations, votes) or that repeat one that was
    refused, cut or left empty are none.
    """

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._last: Exchange | None = None

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One fact where the exchange repeats the last."""
        last, self._last = self._last, exchange
        if last is None or not exchange.thread.declared or exchange.side or not _same_request(last, exchange):
            return
        ended, started = last.times.ended, exchange.times.started
        if ended is None or started is None or not 0 <= started - ended <= AUTOMATIC:
            return
        if not answered(last) or not _converses(exchange):
            return
        usage = exchange.usage
        known = usage is not None and usage.input is not None and usage.output is not None
        yield Resend(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            witness=(last.locus,),
            provider=exchange.provider,
            model=exchange.request.model,
            host=exchange.host,
            after=started - ended,
            wasted_tokens=(usage.input or 0) + (usage.output or 0) if usage is not None and known else None,
        )

    def close(self) -> Iterable[Fact]:
        """Nothing is left for the end."""
        return ()


def _same_request(last: Exchange, exchange: Exchange) -> bool:
    before, now = last.request, exchange.request
    if not now.settings or (before.settings, before.model, last.host) != (now.settings, now.model, exchange.host):
        return False
    return now.complete and now.prefix.length == before.prefix.length == now.prefix.shared_with(before.prefix)


def _converses(exchange: Exchange) -> bool:
    """Whether the model has spoken before in this prompt."""
    return any(segment.role in ("assistant", "model") for segment in exchange.request.prefix.segments())
