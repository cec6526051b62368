"""Bills exchanges one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.layers.cost.checks import CostKnobs, faults, undecided
from seamaudit.layers.cost.differences import differences
from seamaudit.layers.cost.facts import HiddenCall, Spend
from seamaudit.layers.cost.gaps import gaps
from seamaudit.layers.cost.tiers import crossings
from seamaudit.providers.billing import Billed, billed
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange, Money, Usage


class Cost:
    """Bills a thread's exchanges one by one, in order."""

    scope = Scope.THREAD

    def __init__(self, prices: Prices, knobs: CostKnobs = CostKnobs()) -> None:
        self._prices = prices
        self._knobs = knobs
        self._spent: Money | None = None

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """One Spend, and what is odd about it: dollars that differ, a call nobody sees, usage that is missing or cannot be right."""
        made = billed(exchange, self._prices)
        fees_unknown = _has_unknown_fees(exchange)
        yield from differences(exchange, made, self._prices, self._knobs, spent=self._spent or 0, fees_unknown=fees_unknown)
        yield self._spend(exchange, made, fees_unknown)
        yield from _hidden(exchange, made)
        yield from crossings(exchange, made, self._prices)
        usage = exchange.usage
        if usage is None:
            yield from gaps(exchange)
        else:
            yield from faults(exchange, usage, self._knobs)
            yield from undecided(exchange)

    def close(self) -> Iterable[Fact]:
        """Nothing more: a bill does not wait for the end."""
        return ()

    def _spend(self, exchange: Exchange, made: Billed, fees_unknown: bool) -> Spend:
        usage, bill, prices = exchange.usage or Usage(), made.bill, made.prices
        if bill is not None:
            self._spent = Money((self._spent or 0) + bill.total)
        return Spend(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus.at(exchange.response.at) if exchange.response else exchange.locus,
            conversation=_conversation(exchange),
            at=exchange.times.dated,
            side=exchange.side,
            provider=exchange.provider,
            platform=exchange.platform,
            model=made.model,
            input=usage.input,
            cache_read=usage.cache_read,
            cache_write=usage.cache_write,
            output=None if usage.placeholder_output else usage.output,
            output_is_lower_bound=usage.output_is_lower_bound,
            usd=bill.total if bill else None,
            input_usd=bill.plain if bill else None,
            cache_read_usd=bill.cache_read if bill else None,
            cache_write_usd=bill.cache_write if bill else None,
            output_usd=bill.output if bill else None,
            fees_unknown=fees_unknown,
            priced=bill is not None,
            unpriced_reason=made.unpriced,
            basis=prices.basis if prices else None,
            dated=prices.dated if prices else None,
            recorded_usd=exchange.recorded_cost,
            cumulative_usd=self._spent,
            app_declared=exchange.attribution.app_declared,
            team=exchange.attribution.team,
            user=exchange.attribution.user,
            key=exchange.attribution.key,
        )


def _conversation(exchange: Exchange) -> str:
    """The conversation, without the sub-agent's name that adapters put behind a slash to keep its turns apart."""
    agent, conversation = exchange.attribution.agent, exchange.thread.conversation
    return conversation.removesuffix(f"/{agent}") if exchange.side and agent else conversation


def _hidden(exchange: Exchange, made: Billed) -> Iterator[HiddenCall]:
    """A HiddenCall for what was billed beside the conversation. A refused call costs nothing."""
    usage = exchange.usage
    if not exchange.side or usage is None or exchange.refused:
        return
    yield HiddenCall(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus,
        side=exchange.side,
        model=made.model,
        tokens=None if usage.input is None or usage.output is None else usage.input + usage.output,
        usd=made.bill.total if made.bill else None,
    )


_NO_FEE: Final = frozenset({"tool_search", "mcp"})


def _has_unknown_fees(exchange: Exchange) -> bool:
    """Whether a tool of the provider's ran for a fee that the usage does not count. Anthropic's counts its web searches."""
    response = exchange.response
    if response is None or exchange.api == "anthropic.messages":
        return False
    return any(call.server and call.name not in _NO_FEE for call in response.calls)
