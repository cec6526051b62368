"""What ended an answer early, if anything did."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from seamaudit.providers.contracts import StopKind, stop_contract
from seamaudit.trace import Exchange, Response

TERMINALS: Final = frozenset({"message_stop", "messageStop", "metadata", "done", "completed"})
"""Events that end a whole stream, over all grammars; some gateways send them behind an empty stop word."""


class Blame(StrEnum):
    """Where something unreadable comes from: the stream broke off, the output limit was reached, the model wrote it, or nothing decides."""

    TRANSPORT = "transport"
    LIMIT = "limit"
    MODEL = "model"
    UNKNOWN = "unknown"


def stop_kind(exchange: Exchange, response: Response) -> StopKind | None:
    """What the response's stop word means, None for one that nobody has documented."""
    words = stop_contract(exchange.provider, exchange.api)
    return None if words is None else words.kind(response.stop)


def cut_by(exchange: Exchange, response: Response) -> Blame | None:
    """What ended the answer early, None where it came to its own end."""
    if stop_kind(exchange, response) is StopKind.TRUNCATED:
        return Blame.LIMIT
    stream = response.stream
    ended = response.stop or (stream is not None and any(event.name in TERMINALS for event in stream.events[-1:]))
    return Blame.TRANSPORT if not ended and (stream is not None or not response.complete) else None
