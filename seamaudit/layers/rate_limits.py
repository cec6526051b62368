"""The rate-limit layer: bursts of 429s, and what was sent in the minute before the first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from msgspec import Struct, field

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Clock, Exchange, Need

WINDOW: Final = 60.0
"""Seconds: providers count requests and tokens per minute."""
LIMITED: Final = 429
QUOTA: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached", "credits_exhausted"})
"""Codes of a 429 that speaks of money, not of a rate: no waiting mends it."""


@fact("rate_limits", needs=(Need.RESPONSE, Need.TIME))
class RateLimited(Fact, frozen=True, kw_only=True):
    """A burst of 429s of one account and model, with less than a minute from each to the next.

    Its exchange is the first refused call; the witnesses are the others.
    """

    provider: Annotated[str, "Who refused."]
    model: Annotated[str, "The model asked for."]
    refused: Annotated[int, "Calls refused with 429."]
    callers: Annotated[int, "Threads that these belong to."]
    span: Annotated[float, "Seconds from the first to the last of them."]
    asked: Annotated[float | None, "The longest wait the provider asked for, in seconds; unknown where it asked for none."]
    calls_before: Annotated[int, "Calls that were answered in the minute before the first."]
    input_before: Annotated[int, "Their input tokens, cached ones included."]
    cached_before: Annotated[int, "Of these, tokens read from a cache: some providers do not count them against the limit."]
    output_before: Annotated[int, "Their output tokens."]
    uncounted_before: Annotated[int, "Calls among them whose tokens are not recorded."]


class _Account(Struct):
    """One account and model: the calls of the last minute, and the burst that goes on."""

    recent: deque[tuple[float, Exchange]] = field(default_factory=deque)
    before: tuple[Exchange, ...] = ()
    burst: list[Exchange] = field(default_factory=list)
    last: float = 0.0


class RateLimits:
    """Follows all calls with a clock, account by account and model by model."""

    scope = Scope.TRACE

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str, str], _Account] = {}

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """The burst that ended before this call, if one did."""
        started = exchange.times.started
        if exchange.clock is not Clock.WALL or started is None or exchange.response is None:
            return
        key = (exchange.provider, exchange.attribution.key or exchange.host, exchange.request.model)
        account = self._accounts.setdefault(key, _Account())
        if account.burst and started - account.last > WINDOW:
            yield from _told(account)
        while account.recent and account.recent[0][0] < started - WINDOW:
            account.recent.popleft()
        if exchange.response.status == LIMITED and exchange.response.error_type not in QUOTA:
            if not account.burst:
                account.before = tuple(each for _, each in account.recent)
            account.burst.append(exchange)
            account.last = started
        elif not exchange.refused:
            account.recent.append((started, exchange))

    def close(self) -> Iterable[Fact]:
        """The bursts at which the recording ends."""
        for account in self._accounts.values():
            if account.burst:
                yield from _told(account)


def _told(account: _Account) -> Iterator[RateLimited]:
    burst, account.burst = account.burst, []
    first = burst[0]
    counted = [each.usage for each in account.before if each.usage is not None]
    asked = [each.attempt.retry_after for each in burst if each.attempt is not None and each.attempt.retry_after is not None]
    yield RateLimited(
        exchange=first.id,
        thread=first.thread.id,
        app=first.attribution.app,
        locus=first.locus,
        witness=tuple(each.locus for each in burst[1:]),
        provider=first.provider,
        model=first.request.model,
        refused=len(burst),
        callers=len({each.thread.id for each in burst}),
        span=account.last - (first.times.started or account.last),
        asked=max(asked, default=None),
        calls_before=len(account.before),
        input_before=sum(usage.input or 0 for usage in counted),
        cached_before=sum(usage.cache_read or 0 for usage in counted),
        output_before=sum(usage.output or 0 for usage in counted),
        uncounted_before=len(account.before) - len(counted),
    )
