"""The account of one thread: every call entered, the entries summed by what they are for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from seamaudit.layers.ledger.answers import outputs
from seamaudit.layers.ledger.facts import Billing, LedgerRow, Producer
from seamaudit.layers.ledger.firsts import First, firsts
from seamaudit.layers.ledger.producers import APART, producer
from seamaudit.layers.ledger.scale import NO_RATES, Rates, Scale, stretches
from seamaudit.layers.ledger.spread import shares, spread
from seamaudit.layers.ledger.sums import Running, Sum, Tally
from seamaudit.providers.billing import Billed, billed, with_lives
from seamaudit.providers.units import Prices
from seamaudit.trace import Exchange, Kind, Locus, Money, Segment

_CALLS = (Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL)


class _Key(NamedTuple):
    """What a row is about: the call that sent it first, its producer, and its place on the tape where it has a row of its own."""

    call: int
    producer: Producer
    name: str = ""
    heads: bool = False
    at: int = -1


class Account:
    """The account of one thread: its calls in order, what positions weigh, the rates of every model, and prices."""

    def __init__(self, calls: Sequence[Exchange], scale: Scale, rates: Mapping[str, Rates], prices: Prices) -> None:
        self._calls = calls
        self._scale = scale
        self._rates = [rates.get(call.request.model, NO_RATES) for call in calls]
        self._prices = prices
        self._tally = Tally()
        self._sums: defaultdict[tuple[_Key, Billing], Sum] = defaultdict(Sum)
        self._sizes: Counter[_Key] = Counter()
        self._positions: dict[_Key, int] = {}
        self._tools: dict[str, str] = {}
        self._keys: dict[tuple[bool, int], _Key] = {}

    def rows(self) -> Iterator[LedgerRow]:
        """Every row, in the order in which things entered the thread."""
        for number, call in enumerate(self._calls):
            self._enter(number, call)
        found = firsts(self._calls)
        self._name_tools(found)
        for heads in (True, False):
            self._take_whole(heads, [first for first in found if first.heads is heads])
        for number, part in self._tally.parts:
            key = self._keys[part.heads, part.at] if part.at >= 0 else self._unheld(number)
            self._add(key, part.share.billing, number, part.tokens, part.share.price)
        for (key, billing), total in sorted(self._sums.items(), key=itemgetter(0)):
            if total.tokens or total.usd:
                yield self._row(key, billing, total)

    def _enter(self, number: int, call: Exchange) -> None:
        made = billed(call, self._prices)
        usage, prices = call.usage, made.prices if made.bill else None
        classes = shares(with_lives(call, usage), prices) if usage else ()
        if classes:
            parts = stretches(call.request.prefix)
            rates = self._scale.fitting(parts, self._rates[number], sum(share.tokens for share in classes))
            self._tally.add(number, rates, spread(parts, classes, self._scale, rates))
        for kind, tokens in outputs(call).items():
            key = _Key(number, kind)
            self._sizes[key] += tokens
            self._add(key, Billing.OUTPUT, number, tokens, prices.output if prices else None)
        self._enter_fees(number, made)

    def _enter_fees(self, number: int, made: Billed) -> None:
        if made.bill and made.bill.fees:
            self._sums[_Key(number, Producer.FEES), Billing.FEE].charge(number, made.bill.fees)

    def _name_tools(self, found: Sequence[First]) -> None:
        """The tools' names by call id, from answers and from prompts."""
        for call in self._calls:
            self._tools.update((made.id, made.name) for made in (call.response.calls if call.response else ()) if made.id)
        for first in found:
            for at in range(first.low, first.high):
                segment = self._scale.segment(first.heads, at)
                if segment.kind in _CALLS and segment.call_id:
                    self._tools[segment.call_id] = segment.name

    def _take_whole(self, heads: bool, found: Sequence[First]) -> None:
        """Sum what was entered for whole positions, walking along the tape."""
        stretches_ = self._tally.running(heads)
        low, high, running = next(stretches_, (0, 0, ()))
        for first in found:
            for at in range(first.low, first.high):
                key = self._key(first, at, self._scale.segment(heads, at))
                while high <= at and high:
                    low, high, running = next(stretches_, (0, 0, ()))
                if low <= at < high:
                    self._add_running(key, heads, at, running)

    def _key(self, first: First, at: int, segment: Segment) -> _Key:
        """The row of a position, which is noted with its size and place."""
        kind, name = producer(segment, self._tools)
        key = _Key(first.call, kind, name, first.heads, at) if kind in APART else _Key(first.call, kind, name)
        self._keys[first.heads, at] = key
        self._positions.setdefault(key, first.position + at - first.low)
        self._sizes[key] += self._scale.tokens(((first.heads, at, at + 1),), self._rates[first.call])
        return key

    def _unheld(self, number: int) -> _Key:
        """The row of tokens that no position holds: what the provider's own tools read, where the call ran some, otherwise the thread's."""
        response = self._calls[number].response
        ran = {call.name for call in response.calls if call.server} if response else set()
        if not ran:
            return _Key(0, Producer.UNRECORDED)
        return _Key(number, Producer.SERVER_TOOLS, ran.pop() if len(ran) == 1 else "")

    def _add_running(self, key: _Key, heads: bool, at: int, running: Sequence[Running]) -> None:
        for each in running:
            tokens = self._scale.tokens(((heads, at, at + 1),), each.rates)
            self._sums[key, each.billing].add(each.calls, key.call, tokens, each.usd, each.unpriced)

    def _add(self, key: _Key, billing: Billing, call: int, tokens: int, price: int | None) -> None:
        self._sums[key, billing].add(1 << call, key.call, tokens, price or 0, int(price is None))

    def _row(self, key: _Key, billing: Billing, total: Sum) -> LedgerRow:
        call = self._calls[key.call]
        return LedgerRow(
            exchange=call.id,
            thread=call.thread.id,
            app=call.attribution.app,
            locus=self._locus(call, key),
            conversation=call.thread.conversation,
            provider=call.provider,
            model=call.request.model,
            producer=key.producer,
            name=key.name,
            billing=billing,
            size=self._sizes[key],
            sent=total.calls.bit_count(),
            tokens=total.tokens,
            usd=Money(total.usd),
            unpriced=total.unpriced,
            first=total.ages[0],
            recent=total.ages[1],
            old=total.ages[2],
            stale=total.ages[3],
        )

    def _locus(self, call: Exchange, key: _Key) -> Locus:
        position = self._positions.get(key)
        if position is not None:
            return call.place(position)
        return call.locus.at(call.response.at) if call.response and key.producer is not Producer.UNRECORDED else call.locus
