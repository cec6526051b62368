"""The diagnoses layer: what providers say of their caches' misses, and what they compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from msgspec import Struct

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Exchange, Need
from seamaudit.trace.diagnosis import Said


@fact("cache_diagnoses", needs=(Need.PROMPT, Need.RESPONSE))
class CacheDiagnosis(Fact, frozen=True, kw_only=True):
    """A response in which the provider says why its cache did not serve what an earlier request had left."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    said: Annotated[Said, "The part the provider found changed first, nothing, or that it has no result."]
    missed: Annotated[int | None, "The tokens the provider estimates to have been lost; unknown where it does not say."]
    base_exchange: Annotated[int, "The request of this thread it was compared with; -1 where that is not in the recording."]
    is_previous: Annotated[bool, "That request is the turn before, with which the replay compares, too."]
    other_model: Annotated[bool, "That request asked for another model."]
    flipped: Annotated[str, "The parameters whose values are not those of that request."]


class _Asked(Struct, frozen=True):
    exchange: int
    model: str
    params: Mapping[str, str]


class Diagnoses:
    """Gives each diagnosis with the request it is about, found by its response's id."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """The response's diagnosis, where a comparison was asked for."""
        request, response = exchange.request, exchange.response
        if response is None:
            return
        base = self._asked.get(request.compares_with) if request.compares_with else None
        if response.id:
            self._asked[response.id] = _Asked(exchange.id, request.model, request.params)
        if response.diagnosis is None or not request.compares_with:
            return
        params = base.params if base else {}
        names = sorted(request.params.keys() | params.keys()) if base else []
        yield CacheDiagnosis(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            provider=exchange.provider,
            model=request.model,
            said=response.diagnosis.said,
            missed=response.diagnosis.missed,
            base_exchange=base.exchange if base else -1,
            is_previous=base is not None and exchange.previous is not None and exchange.previous.exchange == base.exchange,
            other_model=base is not None and base.model != request.model,
            flipped=", ".join(name for name in names if request.params.get(name) != params.get(name)),
        )

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say."""
        return ()
