"""The conventions layer: calls whose input count means something else than their API's documents say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.ingest.conventions import INCLUSIVE
from seamaudit.layers.base import Scope
from seamaudit.trace import Convention, ConventionBasis, Exchange, Need


@fact("token_conventions", needs=(Need.USAGE,))
class TokenConvention(Fact, frozen=True, kw_only=True):
    """A call whose emitter counts cached tokens beside the input, where the API counts them inside. Its input is told with them here."""

    provider: Annotated[str, "Who answered."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    host: Annotated[str, "The host that was asked."]
    api: Annotated[str, "The body shape."]
    model: Annotated[str, "The model asked for."]
    basis: Annotated[
        ConventionBasis, "What shows it: its total, more cached tokens than input, or other calls to the same model at the same host."
    ]
    cached_tokens: Annotated[int, "Tokens read from the cache and written to it, which its own input count leaves out."]
    input_tokens: Annotated[int, "All input, with these."]
    inside: Annotated[int, "Calls to the same host in the same API that count cached tokens inside."]
    confidence: Annotated[Literal["high", "medium"], "High where its own total shows it."]


class Conventions:
    """Compares every call's convention with its API's. A format that declares its own convention misleads nobody who knows the format."""

    scope = Scope.TRACE

    def __init__(self) -> None:
        self._apart: list[Exchange] = []
        self._inside: Counter[tuple[str, str]] = Counter()

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """Nothing yet: what else a host counts is known at the end."""
        usage = exchange.usage
        if usage is not None and exchange.api in INCLUSIVE and (usage.cache_read or usage.cache_write):
            if usage.convention is Convention.EXCLUSIVE:
                if usage.convention_basis is not ConventionBasis.DECLARED:
                    self._apart.append(exchange)
            else:
                self._inside[exchange.host, exchange.api] += 1
        return ()

    def close(self) -> Iterable[Fact]:
        """A TokenConvention for each call that counts another way."""
        for exchange in self._apart:
            usage = exchange.usage
            if usage is None or usage.input is None:
                continue
            yield TokenConvention(
                exchange=exchange.id,
                thread=exchange.thread.id,
                app=exchange.attribution.app,
                locus=exchange.locus.at(exchange.response.at) if exchange.response else exchange.locus,
                provider=exchange.provider,
                platform=exchange.platform,
                host=exchange.host,
                api=exchange.api,
                model=exchange.request.model,
                basis=usage.convention_basis,
                cached_tokens=(usage.cache_read or 0) + (usage.cache_write or 0),
                input_tokens=usage.input,
                inside=self._inside[exchange.host, exchange.api],
                confidence="high" if usage.convention_basis is ConventionBasis.TOTAL else "medium",
            )
