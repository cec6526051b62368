"""Outage windows: one service fails call after call, and what its callers do meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Struct, field

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.layers.outages.service import AMBIGUOUS, Service, caller, is_answered, is_down, service, started
from seamaudit.trace import Exchange, Need

QUIET: Final = 300.0
"""Seconds without a failure after which nobody knows whether the service still fails."""


@fact("outages", needs=(Need.RESPONSE, Need.TIME))
class Outage(Fact, frozen=True, kw_only=True):
    """A window in which every recorded call to one service failed on the provider's side, less than five minutes apart.

    Its exchange is the first that failed; the witnesses are the others.
    """

    provider: Annotated[str, "Who failed."]
    host: Annotated[str, "The host that was asked; empty where it is not recorded."]
    model: Annotated[str, "The model asked for."]
    status: Annotated[int | None, "The HTTP status of the last failure; unknown where the stream failed."]
    failed: Annotated[int, "Calls that failed."]
    requests: Annotated[int, "Different requests among these: a try of the same prompt is no other."]
    conversations: Annotated[int, "Conversations that these belong to."]
    span: Annotated[float, "Seconds from the first failure to the last."]
    shared: Annotated[bool, "Whether no single request can be at fault: several conversations failed, or a status blames the provider."]
    fallbacks: Annotated[int, "Answers that the same conversations got from other services since the first failure."]
    answered_again: Annotated[bool, "Whether the service is seen to answer within five minutes of the last failure."]


class _Window(Struct):
    failed: list[Exchange]
    last: float
    requests: int = 0
    tried: dict[str, Exchange] = field(default_factory=dict)
    callers: set[str] = field(default_factory=set)
    fallbacks: int = 0


class Outages:
    """Follows every call with a clock, service by service."""

    scope = Scope.TRACE

    def __init__(self) -> None:
        self._open: dict[Service, _Window] = {}

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """The windows that ended before this call, and the one it ends."""
        now = started(exchange)
        if now is None:
            return
        for over in [key for key, window in self._open.items() if now - window.last > QUIET]:
            yield _told(self._open.pop(over), answered_again=False)
        asked = service(exchange)
        if is_down(exchange):
            window = self._open.setdefault(asked, _Window([], now))
            _add(window, exchange, now)
        elif is_answered(exchange):
            if asked in self._open:
                yield _told(self._open.pop(asked), answered_again=True)
            if not exchange.side:
                self._fall_back(exchange)

    def close(self) -> Iterable[Fact]:
        """The windows at which the recording ends."""
        return [_told(window, answered_again=False) for window in self._open.values()]

    def _fall_back(self, exchange: Exchange) -> None:
        """Count an answer for every window whose callers it may serve; without declared conversations it may serve any."""
        by = caller(exchange)
        for window in self._open.values():
            window.fallbacks += not by or "" in window.callers or by in window.callers


def _add(window: _Window, exchange: Exchange, now: float) -> None:
    window.failed.append(exchange)
    window.last = now
    window.callers.add(caller(exchange))
    before = window.tried.get(exchange.thread.id)
    window.requests += before is None or not _same_prompt(exchange, before)
    window.tried[exchange.thread.id] = exchange


def _same_prompt(exchange: Exchange, before: Exchange) -> bool:
    now, then = exchange.request.prefix, before.request.prefix
    return now.length == then.length == now.shared_with(then)


def _told(window: _Window, *, answered_again: bool) -> Outage:
    first, last = window.failed[0], window.failed[-1]
    statuses = {each.response.status for each in window.failed if each.response is not None}
    conversations = {each.thread.conversation for each in window.failed}
    return Outage(
        exchange=first.id,
        thread=first.thread.id,
        app=first.attribution.app,
        locus=first.locus,
        witness=tuple(each.locus for each in window.failed[1:]),
        provider=first.provider,
        host=first.host,
        model=first.request.model,
        status=last.response.status if last.response is not None else None,
        failed=len(window.failed),
        requests=window.requests,
        conversations=len(conversations),
        span=window.last - (first.times.started or window.last),
        shared=len(conversations) > 1 or statuses != {AMBIGUOUS},
        fallbacks=window.fallbacks,
        answered_again=answered_again,
    )
