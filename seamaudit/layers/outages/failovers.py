"""Failovers: a conversation that a failing service sent to another one, and whether it came back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final, Literal

from msgspec import Struct, field

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.layers.outages.service import Service, caller, is_answered, is_turned_away, service, started
from seamaudit.providers.billing import billed
from seamaudit.providers.bills import cost
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange, Money, Need

AT_ONCE: Final = 600.0
"""Seconds after a failure in which an answer from elsewhere is its failover; later it is somebody's choice."""


@fact("failovers", needs=(Need.RESPONSE, Need.TIME))
class Failover(Fact, frozen=True, kw_only=True):
    """A declared conversation that went to another service right after one had turned it away, and what it cost to stay there.

    Its exchange is the first answer of the other service; the witnesses are the call that was turned away and the last answer.
    """

    provider: Annotated[str, "Who turned the call away."]
    model: Annotated[str, "The model it was asked for."]
    status: Annotated[int | None, "With which HTTP status; unknown where a stream failed."]
    to_provider: Annotated[str, "Who answered instead."]
    to_model: Annotated[str, "The model asked for there."]
    calls: Annotated[int, "Answers of the other service until the conversation asked the first one again, or ended."]
    late_calls: Annotated[int, "Of these, calls made after the first service was seen to answer others again."]
    lasted: Annotated[float, "Seconds from the first of them to the last."]
    returned: Annotated[bool, "Whether the conversation asked the first service again."]
    cold_tokens: Annotated[int | None, "Input tokens of the first of them that came from no cache; unknown where they are not recorded."]
    usd: Annotated[Money | None, "What all of them cost; unknown where a price is."]
    first_usd: Annotated[Money | None, "What the same tokens cost at the first service's prices; unknown where a price is."]
    confidence: Annotated[Literal["high", "medium"], "High where the first service was seen to answer again."]


class _Away(Struct):
    """A conversation away from its service: the call that was turned away, and the answers since."""

    failed: Exchange
    answers: list[Exchange] = field(default_factory=list)
    late: int = 0


class Failovers:
    """Follows every declared conversation that is turned away, and with what its service answers to others."""

    scope = Scope.TRACE

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._failed: dict[str, Exchange] = {}
        self._away: dict[str, _Away] = {}
        self._answered: dict[Service, float] = {}

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """A failover that ended, because its conversation asked the first service again."""
        now, by = started(exchange), caller(exchange)
        if now is None:
            return
        asked = service(exchange)
        if by and not exchange.side:
            yield from self._turn(exchange, asked, by, now)
        if is_answered(exchange):
            self._answered[asked] = now

    def close(self) -> Iterable[Fact]:
        """The conversations that never came back."""
        for away in self._away.values():
            yield self._told(away, returned=False)

    def _turn(self, exchange: Exchange, asked: Service, by: str, now: float) -> Iterator[Fact]:
        away = self._away.get(by)
        if away is not None and asked == service(away.failed):
            yield self._told(self._away.pop(by), returned=True)
            away = None
        if is_turned_away(exchange):
            self._failed[by] = exchange
        elif is_answered(exchange):
            failed = self._failed.pop(by, None)
            if away is None and failed is not None and asked != service(failed) and now - (failed.times.started or now) <= AT_ONCE:
                away = self._away[by] = _Away(failed)
            if away is not None:
                away.answers.append(exchange)
                away.late += self._answered.get(service(away.failed), 0.0) > (away.answers[0].times.started or now)

    def _told(self, away: _Away, *, returned: bool) -> Failover:
        failed, first, last = away.failed, away.answers[0], away.answers[-1]
        return Failover(
            exchange=first.id,
            thread=first.thread.id,
            app=first.attribution.app,
            locus=first.locus,
            witness=(failed.locus, last.locus),
            provider=failed.provider,
            model=failed.request.model,
            status=failed.response.status if failed.response is not None else None,
            to_provider=first.provider,
            to_model=first.request.model,
            calls=len(away.answers),
            late_calls=away.late,
            lasted=(last.times.started or 0.0) - (first.times.started or 0.0),
            returned=returned,
            cold_tokens=_cold(first),
            usd=_sum([made.total if (made := billed(each, self._prices).bill) else None for each in away.answers]),
            first_usd=_sum([self._at_first(failed, each) for each in away.answers]),
            confidence="high" if away.late else "medium",
        )

    def _at_first(self, failed: Exchange, answer: Exchange) -> Money | None:
        usage = answer.usage
        if usage is None:
            return None
        prices = self._prices.unit(failed.provider, failed.request.model, answer.times.dated, input_tokens=usage.input)
        return cost(usage, prices) if prices is not None else None


def _cold(first: Exchange) -> int | None:
    usage = first.usage
    return None if usage is None or usage.input is None else usage.input - (usage.cache_read or 0)


def _sum(parts: Sequence[Money | None]) -> Money | None:
    known = [part for part in parts if part is not None]
    return Money(sum(known)) if len(known) == len(parts) else None
