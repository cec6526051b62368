"""The layer: gathers the tries of each intent of a thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.attempts.factors import calls, factors
from seamaudit.layers.attempts.facts import Intent, IntentTry, Outcome
from seamaudit.layers.attempts.waits import hasty, spread, waits
from seamaudit.layers.base import Scope
from seamaudit.providers.billing import billed
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange, Level, Locus, Money, Need
from seamaudit.trace.growth import Growth, position_of

LASTING: Final = frozenset({400, 401, 404, 413, 422})
"""Statuses that the same request gets again: the request itself, its credentials or its address are wrong."""
PASSING: Final = frozenset({"tool_use_failed"})
"""Codes under such a status that speak of one generation, not of the request (Groq)."""


class Attempts:
    """Gathers the calls of each intent: consecutive exchanges of a thread with one prompt, of which all but the last failed."""

    scope = Scope.THREAD

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._tries: list[Exchange] = []
        self._growth = Growth()

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One fact for each intent that ended here, by success or because the thread went on to something else."""
        if self._tries and not _repeats(exchange, self._tries[-1]):
            yield from self._ended(Outcome.GIVEN_UP)
        self._growth.advance(exchange)
        self._tries.append(exchange)
        if not _failed(exchange):
            yield from self._ended(Outcome.SUCCEEDED)

    def close(self) -> Iterable[Fact]:
        """The intent at which the recording ends."""
        last = self._tries[-1].attempt if self._tries else None
        spent = last is not None and last.number is not None and last.limit is not None and last.number >= last.limit
        yield from self._ended(Outcome.GIVEN_UP if spent else Outcome.OPEN)

    def _ended(self, outcome: Outcome) -> Iterable[Fact]:
        tries, self._tries = self._tries, []
        failed = sum(map(_failed, tries))
        if failed and (len(tries) > 1 or outcome is Outcome.GIVEN_UP):
            yield replace(_fact(tries, outcome, self._prices), witness=(*_cause(tries, self._growth), *(each.locus for each in tries[1:])))
            yield from (_numbered(each, number, len(tries)) for number, each in enumerate(tries, 1))


def _failed(exchange: Exchange) -> bool:
    """Refused, ended by an error, never answered, or told by the client as a try that failed."""
    response = exchange.response
    numbered = exchange.attempt is not None and exchange.attempt.number is not None
    if response is None or (response.usage is None and numbered):
        return numbered or Need.RESPONSE not in exchange.lacks
    return exchange.refused or bool(response.error_type)


def _repeats(exchange: Exchange, before: Exchange) -> bool:
    """Whether an exchange asks the same as the one before: the recording counts it as a later try, or the prompt is the same."""
    number, earlier = (each.attempt.number if each.attempt else None for each in (exchange, before))
    if number is not None and earlier is not None:
        return number > earlier
    prompt, known = exchange.request.prefix, before.request.prefix
    return prompt.length == known.length == prompt.shared_with(known)


def _fact(tries: Sequence[Exchange], outcome: Outcome, prices: Prices) -> Intent:
    first, last = tries[0], tries[-1]
    failures = [each for each in tries if _failed(each)]
    told = [each.attempt for each in tries if each.attempt is not None]
    failure = failures[-1].response
    announced = [attempt.wait for attempt in told if attempt.wait is not None]
    asked = [attempt.retry_after for attempt in told if attempt.retry_after is not None]
    limits = [attempt.limit for attempt in told if attempt.limit is not None]
    known = waits(tries)
    layers = factors(tries)
    return Intent(
        exchange=first.id,
        thread=first.thread.id,
        app=first.attribution.app,
        locus=first.locus,
        provider=first.provider,
        model=first.request.model,
        tries=len(tries),
        failed=len(failures),
        outcome=outcome,
        status=failure.status if failure else None,
        error=failure.error_type if failure else "",
        last_exchange=last.id,
        waited=sum(announced) if announced else None,
        asked=max(asked) if asked else None,
        span=_between(first, last),
        limit=max(limits) if limits else None,
        refused_again=sum(_refused_again(earlier, later) for earlier, later in pairwise(tries)),
        hasty=hasty(tries, known),
        spread=spread(known),
        shortest_wait=min((wait for wait in known if wait is not None), default=None),
        calls=calls(tries),
        app_tries=layers.app,
        sdk_tries=layers.sdk,
        gateway_tries=layers.gateway,
        multipliers=layers.multipliers,
        failed_tokens=sum(_tokens(each) for each in failures),
        failed_usd=_spent(failures, prices),
    )


def _numbered(exchange: Exchange, number: int, tries: int) -> IntentTry:
    return IntentTry(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        number=number,
        tries=tries,
        failed=_failed(exchange),
    )


def _cause(tries: Sequence[Exchange], growth: Growth) -> Iterator[Locus]:
    """The block that the provider's refusal names, and the request that first sent it, where these are known."""
    response = tries[0].response
    refusal = response.refusal if response is not None else None
    if refusal is None or tries[0].level is not Level.WIRE:
        return
    position = position_of(tries[0], refusal.pointer)
    if position is not None:
        yield tries[0].place(position)
        row = growth.put_by(position)
        if row != tries[0].locus:
            yield row


def _between(first: Exchange, last: Exchange) -> float | None:
    start, end = first.times.started, last.times.started
    return None if start is None or end is None else max(0.0, end - start)


def _refused_again(earlier: Exchange, later: Exchange) -> bool:
    """Whether the very same body was refused twice for what lasts."""
    if earlier.response is None or later.response is None or earlier.response.status not in LASTING:
        return False
    reason, again = ((each.status, each.error_type) for each in (earlier.response, later.response))
    return reason == again and reason[1] not in PASSING and _same_body(earlier, later)


def _same_body(earlier: Exchange, later: Exchange) -> bool:
    """Whether two requests are recorded and equal: prompt, parameters and address."""
    sent, again = earlier.request, later.request
    whole = sent.prefix.length == again.prefix.length == sent.prefix.shared_with(again.prefix)
    return bool(sent.settings) and whole and (sent.settings, sent.model, earlier.host) == (again.settings, again.model, later.host)


def _tokens(exchange: Exchange) -> int:
    usage = exchange.usage
    return (usage.input or 0) + (usage.output or 0) if usage else 0


def _spent(failures: Sequence[Exchange], prices: Prices) -> Money | None:
    """What these cost. What a provider refuses it does not bill; a call that broke off it may have."""
    bills = [billed(each, prices).bill for each in failures if not each.refused]
    known = [bill.total for bill in bills if bill is not None]
    return Money(sum(known)) if len(known) == len(bills) else None
