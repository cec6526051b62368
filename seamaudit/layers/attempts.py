"""The attempts layer: one intent of the application and the calls it took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Exchange, Locus, Need


class Outcome(StrEnum):
    """How an intent ended."""

    SUCCEEDED = "succeeded"
    GIVEN_UP = "given_up"
    OPEN = "open"


@fact("attempts", needs=(Need.PROMPT,))
@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Fact):
    """One intent that did not succeed at once: the same prompt, tried until it was answered or the thread went on without.

    Its exchange is the first try; `witness` holds the others.
    """

    provider: Annotated[str, "Who was asked."]
    model: Annotated[str, "The model asked for."]
    tries: Annotated[int, "Calls of this intent that are in the recording."]
    failed: Annotated[int, "Of these, calls that failed."]
    outcome: Annotated[
        Outcome, "How it ended: open where the recording ends after a failure and the client's limit, if it is known, was not reached."
    ]
    status: Annotated[int | None, "The HTTP status of the last failure; unknown where the call broke off."]
    error: Annotated[str, "The provider's or the transport's code for the last failure."]
    last_exchange: Annotated[int, "The id of the last try."]
    waited: Annotated[float | None, "Seconds the client said it would wait, over all tries; unknown where it said nothing."]
    asked: Annotated[float | None, "The longest wait the provider asked for, in seconds (retry-after); unknown where it asked for none."]
    span: Annotated[float | None, "Seconds from the first try's start to the last one's; unknown without a clock."]
    limit: Annotated[int | None, "Tries the client allows itself; unknown where it does not say."]


class Attempts:
    """Gathers the calls of each intent: consecutive exchanges of a thread with one prompt, of which all but the last failed."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._tries: list[Exchange] = []

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One fact for each intent that ended here, by success or because the thread went on to something else."""
        if self._tries and not _repeats(exchange, self._tries[-1]):
            yield from self._ended(Outcome.GIVEN_UP)
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
            yield _fact(tries, outcome)


def _failed(exchange: Exchange) -> bool:
    """Refused, ended by an error, never answered, or told by the client as a try that failed."""
    response = exchange.response
    if response is None or (response.usage is None and exchange.attempt is not None):
        return exchange.attempt is not None or Need.RESPONSE not in exchange.lacks
    return exchange.refused or bool(response.error_type)


def _repeats(exchange: Exchange, before: Exchange) -> bool:
    """Whether an exchange asks the same as the one before: the recording counts it as a later try, or the prompt is the same."""
    number, earlier = (each.attempt.number if each.attempt else None for each in (exchange, before))
    if number is not None and earlier is not None:
        return number > earlier
    prompt, known = exchange.request.prefix, before.request.prefix
    return prompt.length == known.length == prompt.shared_with(known)


def _fact(tries: Sequence[Exchange], outcome: Outcome) -> Intent:
    first, last = tries[0], tries[-1]
    failures = [each for each in tries if _failed(each)]
    told = [each.attempt for each in tries if each.attempt is not None]
    failure = failures[-1].response
    waits = [attempt.wait for attempt in told if attempt.wait is not None]
    asked = [attempt.retry_after for attempt in told if attempt.retry_after is not None]
    limits = [attempt.limit for attempt in told if attempt.limit is not None]
    others: tuple[Locus, ...] = tuple(each.locus for each in tries[1:])
    return Intent(
        exchange=first.id,
        thread=first.thread.id,
        app=first.attribution.app,
        locus=first.locus,
        witness=others,
        provider=first.provider,
        model=first.request.model,
        tries=len(tries),
        failed=len(failures),
        outcome=outcome,
        status=failure.status if failure else None,
        error=failure.error_type if failure else "",
        last_exchange=last.id,
        waited=sum(waits) if waits else None,
        asked=max(asked) if asked else None,
        span=_between(first, last),
        limit=max(limits) if limits else None,
    )


def _between(first: Exchange, last: Exchange) -> float | None:
    start, end = first.times.started, last.times.started
    return None if start is None or end is None else max(0.0, end - start)
