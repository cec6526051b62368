"""The identity layer: calls that no id puts into a conversation, so that what they say had to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Clock, Exchange, Locus


class Basis(StrEnum):
    """What joined a call to the one before: a call's id that came back, an answer that came back, a beginning that is the same."""

    CALL_ID = "call_id"
    ANSWER = "answer"
    PREFIX = "prefix"


_BASES: Final = frozenset(Basis)


@fact("inferred_turns")
class InferredTurn(Fact, frozen=True, kw_only=True):
    """A call without a declared conversation that was taken for a later turn of another, its witness."""

    format: Annotated[str, "The recording's format."]
    provider: Annotated[str, "Who was asked."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    basis: Annotated[Basis, "What joined them: the id of a call, an answer, or the beginning of the prompt."]


class Identity:
    """Tells of every turn that was inferred. One that merely is sent again after a failure is no turn, and a batch, which has no order,
    has none."""

    scope = Scope.TRACE

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """An InferredTurn where the call was joined to another by what it says."""
        thread = exchange.thread
        if thread.declared or thread.basis not in _BASES or exchange.clock is Clock.NONE:
            return
        before: tuple[Locus, ...] = (exchange.previous.locus,) if exchange.previous else ()
        yield InferredTurn(
            exchange=exchange.id,
            thread=thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            witness=before,
            format=exchange.format,
            provider=exchange.provider,
            platform=exchange.platform,
            basis=Basis(thread.basis),
        )

    def close(self) -> Iterable[Fact]:
        """Nothing: a call tells by itself."""
        return ()
