"""The face every layer has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Protocol

from seamaudit.facts import Fact, fact
from seamaudit.trace import Exchange, Need


class Scope(StrEnum):
    """What one instance of a layer must see in order: a thread's exchanges, or a cache's."""

    THREAD = "thread"
    CACHE = "cache"
    TRACE = "trace"


class Layer(Protocol):
    """A model of one layer. Fed the exchanges of its scope in order; `close` reports what only the end can tell."""

    scope: Scope

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """Take one exchange, give the facts it leads to."""
        ...

    def close(self) -> Iterable[Fact]:
        """Give the facts that only the end of the scope can tell: calls never answered, streams never ended."""
        ...


@fact("unchecked")
class Unchecked(Fact, frozen=True, kw_only=True):
    """Something a layer could not decide for one exchange: the table its facts would be in, the aspect, and why not."""

    table: Annotated[str, "The fact table that stays silent."]
    aspect: Annotated[str, "The value of the table's main column it concerns; empty for all of it."]
    reason: Annotated[str, "Why it could not be decided."]


def incomplete(exchange: Exchange, tables: Iterable[str]) -> Iterator[Unchecked]:
    """That nothing is told in some tables of a prompt whose earlier turns are not recorded; where no prompt is, that is known already."""
    if Need.PROMPT in exchange.lacks:
        return
    for table in tables:
        yield Unchecked(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            table=table,
            aspect="",
            reason="earlier turns of the prompt are not in the recording",
        )
