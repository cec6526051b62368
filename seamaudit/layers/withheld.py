"""The withheld layer: calls of which the recorder kept content back, so that what was said cannot be told from what was logged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Exchange, Locus, Withheld


@fact("withheld_bodies")
class WithheldBody(Fact, frozen=True, kw_only=True):
    """A prompt or an answer that is in the recording in part only, or not at all, although one was recorded."""

    format: Annotated[str, "The recording's format."]
    provider: Annotated[str, "Who was asked."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    side: Annotated[Literal["prompt", "answer"], "What is not all there."]
    how: Annotated[Withheld, "Redacted by a recorder that says so, masked by a word that may be the application's own, or cut at a length."]
    confidence: Annotated[Literal["high", "medium"], "Medium where the application may have masked the text before it was sent."]


class WithheldBodies:
    """Tells of every call that is not all there."""

    scope = Scope.TRACE

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """A WithheldBody for the prompt, and one for the answer, where something of it was kept back."""
        if exchange.request.withheld is not None:
            yield _fact(exchange, exchange.locus.at(exchange.request.at), "prompt", exchange.request.withheld)
        response = exchange.response
        if response is not None and response.withheld is not None:
            yield _fact(exchange, exchange.locus.at(response.at), "answer", response.withheld)

    def close(self) -> Iterable[Fact]:
        """Nothing: a call tells by itself."""
        return ()


def _fact(exchange: Exchange, locus: Locus, side: Literal["prompt", "answer"], how: Withheld) -> WithheldBody:
    return WithheldBody(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=locus,
        format=exchange.format,
        provider=exchange.provider,
        platform=exchange.platform,
        side=side,
        how=how,
        confidence="medium" if how is Withheld.MASKED else "high",
    )
