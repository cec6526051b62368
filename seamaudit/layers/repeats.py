"""The repeats layer: requests that are sent again, byte for byte, after the same one was answered: what a response cache would serve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Final, NamedTuple

from msgspec import Struct

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.providers.billing import billed
from seamaudit.providers.stop_facts import answered
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange, Locus, Money, Need
from seamaudit.trace.chain import chain

AUTOMATIC: Final = 5.0
"""Seconds after an answer in which its own thread sends the request again: a wrapper that did not take the answer, no question."""
WARMING: Final = 1
"""Output tokens of a request that is made to fill the provider's cache, not to be answered."""


class RepeatKnobs(Struct, frozen=True):
    """`kept`: seconds for which a response cache would keep an answer."""

    kept: float = 86_400.0


@fact("identical_requests", needs=(Need.PROMPT, Need.RESPONSE, Need.TIME))
class IdenticalRequest(Fact, frozen=True, kw_only=True):
    """A request that repeats, byte for byte, one that had been answered before it was sent: the witness.

    Who asks is no part of the comparison (`metadata`, `user`). Requests of eval suites and of calls beside the conversation are left out,
    as is what a thread sends again within seconds.
    """

    provider: Annotated[str, "Who was asked."]
    host: Annotated[str, "The host that was asked."]
    model: Annotated[str, "The model asked for."]
    times: Annotated[int, "How often this request was sent and answered in all, its first time included."]
    after: Annotated[float, "Seconds from the end of the answer before to this request."]
    same_answer: Annotated[bool, "Whether it was answered as before, to the byte."]
    wasted_tokens: Annotated[int | None, "Input and output tokens of this call; unknown where they are not recorded."]
    waste_usd: Annotated[Money | None, "What it cost; unknown where the call is not priced."]


class _Key(NamedTuple):
    """What is equal in equal requests."""

    app: str
    provider: str
    host: str
    model: str
    settings: str
    prompt: bytes


class _Sent(NamedTuple):
    """What is kept of an answered request."""

    exchange: int
    thread: str
    locus: Locus
    started: float
    ended: float
    answer: tuple[bytes, ...]
    tokens: int | None
    usd: Money | None


class Repeats:
    """Compares every request of a trace with all before it. `suite_of` names the eval suite of an exchange, "" where it is none's."""

    scope = Scope.TRACE

    def __init__(self, prices: Prices, suite_of: Callable[[Exchange], str], knobs: RepeatKnobs = RepeatKnobs()) -> None:
        self._prices = prices
        self._suite_of = suite_of
        self._knobs = knobs
        self._sent: defaultdict[_Key, list[_Sent]] = defaultdict(list)

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """That a call cannot be compared, where it cannot; how often a request comes is known at the end."""
        request, times = exchange.request, exchange.times
        if times.started is None or exchange.side or not self._is_question(exchange):
            return
        if times.ended is None or not request.settings:
            yield Unchecked(
                exchange=exchange.id,
                thread=exchange.thread.id,
                app=exchange.attribution.app,
                locus=exchange.locus,
                table="identical_requests",
                aspect="",
                reason="what is sent beside the prompt is not recorded" if times.ended else "no end of the call is recorded",
            )
            return
        prompt = chain(request.prefix, (request.prefix.length,))[request.prefix.length]
        key = _Key(exchange.attribution.app, exchange.provider, exchange.host, request.model, request.settings, prompt)
        sent = self._sent[key]
        sent.append(self._kept(exchange, times.started, times.ended, first=not sent))

    def close(self) -> Iterable[Fact]:
        """An IdenticalRequest for each that a response cache would have answered."""
        for key, sent in self._sent.items():
            if len(sent) > 1:
                yield from _repeats(key, sorted(sent, key=lambda each: each.started), self._knobs.kept)

    def _is_question(self, exchange: Exchange) -> bool:
        """Whether the whole prompt is recorded, asks for an answer and got one, and is no eval suite's."""
        request = exchange.request
        warms = request.max_output is not None and request.max_output <= WARMING
        return request.complete and not warms and answered(exchange) and not self._suite_of(exchange)

    def _kept(self, exchange: Exchange, started: float, ended: float, *, first: bool) -> _Sent:
        """What is kept of a call: its price only where it is not the first of its kind, which repeats nothing. Calls that tell when they
        began come in that order."""
        usage, bill = exchange.usage, None if first else billed(exchange, self._prices).bill
        return _Sent(
            exchange=exchange.id,
            thread=exchange.thread.id,
            locus=exchange.locus,
            started=started,
            ended=ended,
            answer=tuple(block.ordered for block in exchange.response.answers) if exchange.response else (),
            tokens=None if usage is None or usage.input is None or usage.output is None else usage.input + usage.output,
            usd=bill.total if bill else None,
        )


def _repeats(key: _Key, sent: Sequence[_Sent], kept: float) -> Iterator[IdenticalRequest]:
    """Those that began after the same request had been answered, and not too long after."""
    for number, now in enumerate(sent):
        before = max((each for each in sent[:number] if each.ended <= now.started), key=lambda each: each.ended, default=None)
        if before is None or now.started - before.ended > kept:
            continue
        if now.thread == before.thread and now.started - before.ended <= AUTOMATIC:
            continue
        yield IdenticalRequest(
            exchange=now.exchange,
            thread=now.thread,
            app=key.app,
            locus=now.locus,
            witness=(before.locus,),
            provider=key.provider,
            host=key.host,
            model=key.model,
            times=len(sent),
            after=now.started - before.ended,
            same_answer=now.answer == before.answer,
            wasted_tokens=now.tokens,
            waste_usd=now.usd,
        )
