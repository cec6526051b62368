"""A service that may fail: one model at one provider's host; and what a call says of it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from seamaudit.trace import Clock, Exchange, Need

DOWN: Final = frozenset({500, 502, 503, 504, 529})
"""Statuses that speak of the provider (https://platform.claude.com/docs/en/api/errors): 429 is the account's affair, not an outage."""
AMBIGUOUS: Final = 500
"""The one of these that a single request can bring about by what it holds."""
OVERLOADED: Final = frozenset({"overloaded_error"})
"""Codes that say the same in a stream that began with 200."""
LASTING: Final = frozenset({400, 404, 413, 422})
"""Statuses of a request that no other service is asked for: the request is wrong."""


class Service(Struct, frozen=True):
    """Who is asked: provider, host and model."""

    provider: str
    host: str
    model: str


def service(exchange: Exchange) -> Service:
    """The service that a call asks."""
    return Service(exchange.provider, exchange.host, exchange.request.model)


def caller(exchange: Exchange) -> str:
    """The conversation that asks, "" for all that declare none: another provider's threads cannot be told to be the same."""
    return exchange.thread.conversation if exchange.thread.declared else ""


def started(exchange: Exchange) -> float | None:
    """When the call started by a wall clock; None without one."""
    return exchange.times.started if exchange.clock is Clock.WALL and Need.TIME not in exchange.lacks else None


def is_down(exchange: Exchange) -> bool:
    """Whether the provider said that it fails."""
    response = exchange.response
    return response is not None and (response.status in DOWN or response.error_type in OVERLOADED)


def is_turned_away(exchange: Exchange) -> bool:
    """Whether the call failed in a way that another service may be asked instead: an outage, a limit, credentials."""
    refused = exchange.refused and exchange.response is not None and exchange.response.status not in LASTING
    return refused or is_down(exchange)


def is_answered(exchange: Exchange) -> bool:
    """Whether an answer came."""
    response = exchange.response
    return response is not None and not exchange.refused and not response.error_type and Need.RESPONSE not in exchange.lacks
