"""Replays an application's requests with and without edits, and says what the difference is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.layers.cache import Answered, Sent, Served, is_close
from seamaudit.layers.cache.edits import Edit, applied
from seamaudit.layers.cache.state import Texts
from seamaudit.providers.billing import billed, rebilled, with_lives
from seamaudit.providers.bills import Bill
from seamaudit.providers.units import Prices, UnitPrices
from seamaudit.seams.fixes.plans import Group
from seamaudit.trace import Exchange, Money, Usage


class Outcome(Struct, frozen=True, gc=False):
    """Input tokens of some requests, and what they cost; `usd` is the price of the `priced` ones, None where none has one."""

    requests: int = 0
    input: int = 0
    read: int = 0
    written: int = 0
    usd: Money | None = None
    priced: int = 0

    @classmethod
    def total(cls, parts: Iterable[Outcome]) -> Outcome:
        """The sum."""
        requests = tokens = read = written = priced = 0
        usd: Money | None = None
        for part in parts:
            requests, tokens = requests + part.requests, tokens + part.input
            read, written = read + part.read, written + part.written
            priced += part.priced
            if part.usd is not None:
                usd = Money((usd or 0) + part.usd)
        return cls(requests, tokens, read, written, usd, priced)

    @property
    def plain(self) -> int:
        """Tokens that were neither read nor written."""
        return self.input - self.read - self.written

    @property
    def hit_rate(self) -> float:
        """The share of the input that was read from a cache."""
        return self.read / self.input if self.input else 0.0


class _Known(Struct, frozen=True, gc=False):
    """A recorded call, what it came to, what the replay without an edit makes of it, and whether that is what was reported."""

    call: Answered
    recorded: Outcome
    plain: Usage
    reproduced: bool


class Counterfactual:
    """One application's requests to one model. What is predicted rests on what was recorded: what an edit does not touch, and
    what the model cannot reproduce, is taken to stay as it is (`changed`)."""

    def __init__(self, group: Group, prices: Prices, text_of: Texts) -> None:
        self.group = group
        self._text_of = text_of
        self._prices = prices
        self._units: dict[int, UnitPrices | None] = {}

    @cached_property
    def _sent(self) -> Sent:
        return Sent(self.group.calls, self._text_of)

    @cached_property
    def actual(self) -> Outcome:
        """What was recorded."""
        return Outcome.total(known.recorded for known in self._known.values())

    @cached_property
    def _known(self) -> dict[int, _Known]:
        return {served.exchange.id: self._of(call, served.usage) for call, served in zip(self.group.calls, self._sent.served, strict=True)}

    def _of(self, call: Answered, plain: Usage) -> _Known:
        return _Known(call, self._outcome(call.exchange, call.usage), plain, is_close(call, plain))

    @property
    def comparable(self) -> int:
        """Requests whose recorded read the recording can explain: it holds what they found."""
        return len(self.group.calls) - len(self._sent.outside)

    @property
    def reproduced(self) -> int:
        """Of these, those whose read the model predicts."""
        return sum(known.reproduced and exchange not in self._sent.outside for exchange, known in self._known.items())

    def with_edits(self, edits: Sequence[Edit]) -> Outcome:
        """What is predicted for the same content sent otherwise."""
        return Outcome.total(map(self._predicted, self._sent.edited(edits)))

    def best(self, ways: Sequence[Edit], beside: Sequence[Edit] = ()) -> tuple[Edit, Outcome]:
        """The cheapest of several ways, taken after other edits, and what it leads to."""
        tried = [(way, self.with_edits((*beside, way))) for way in ways]
        return min(tried, key=lambda each: (each[1].usd is None, each[1].usd or 0, -each[1].read))

    def floor(self, edits: Sequence[Edit] = ()) -> Outcome:
        """Less than any layout can cost: each block that was sent before is read, and nothing is paid for writing it. Blocks are those
        that `edits` part."""
        seen: set[bytes] = set()
        parts: list[Outcome] = []
        for laid in applied(edits, self._sent.requests):
            if laid.call.exchange.id < 0:
                continue
            pieces = list(laid.pieces())
            again = round(sum(tokens for segment, tokens in pieces if segment.ordered in seen))
            seen.update(segment.ordered for segment, _ in pieces)
            usage = laid.call.usage
            read = max(again, usage.cache_read or 0)
            parts.append(self._outcome(laid.call.exchange, _with(usage, read, 0, 0)))
        return Outcome.total(parts)

    def _predicted(self, served: Served) -> Outcome:
        exchange, then = served.exchange, served.usage
        known = self._known.get(exchange.id)
        if known is None:  # a request that an edit added: it is all new, and answered by nothing
            return self._outcome(exchange, replace(then, output=0, recorded={}))
        if then == known.plain:
            return known.recorded
        recorded = with_lives(known.call.exchange, known.call.usage)
        return self._outcome(known.call.exchange, changed(recorded, known.plain, then, reproduced=known.reproduced))

    def _outcome(self, exchange: Exchange, usage: Usage) -> Outcome:
        prices = self._prices_of(exchange)
        bill = rebilled(exchange, usage, prices) if prices is not None else None
        usd = bill.total if isinstance(bill, Bill) else None
        return Outcome(1, usage.input or 0, usage.cache_read or 0, usage.cache_write or 0, usd, int(usd is not None))

    def _prices_of(self, exchange: Exchange) -> UnitPrices | None:
        """What the call was billed at, if it was."""
        if exchange.id not in self._units:
            unit = billed(exchange, self._prices)
            self._units[exchange.id] = unit.prices if unit.bill is not None else None
        return self._units[exchange.id]


def changed(recorded: Usage, plain: Usage, edited: Usage, *, reproduced: bool) -> Usage:
    """The recorded usage as an edit changes it: to what the edited replay says where the plain one reproduces what was recorded; else by
    as much as both replays differ. Never more than was sent."""
    total = recorded.input or 0
    before = plain if not reproduced else _counts(recorded)
    was = _counts(recorded)
    read = _read(total, was.cache_read or 0, before.cache_read or 0, edited.cache_read or 0)
    hour = _within(total - read, was.cache_write_1h, before.cache_write_1h, edited.cache_write_1h)
    return _with(recorded, read, _within(total - read - hour, was.cache_write_5m, before.cache_write_5m, edited.cache_write_5m), hour)


def _counts(usage: Usage) -> Usage:
    """The usage with what no hour is recorded for told as written for less."""
    return replace(usage, cache_write_5m=(usage.cache_write or 0) - (usage.cache_write_1h or 0))


def _read(most: int, recorded: int, plain: int, edited: int) -> int:
    """What is read more than the plain replay knows of may be a part of what the edited one reads: it is not counted twice."""
    return min(most, max(recorded, edited) if recorded > plain < edited else max(0, recorded + edited - plain))


def _within(most: int, recorded: int | None, plain: int | None, edited: int | None) -> int:
    return min(most, max(0, (recorded or 0) + (edited or 0) - (plain or 0)))


def _with(usage: Usage, read: int, short: int, hour: int) -> Usage:
    return replace(usage, cache_read=read, cache_write=short + hour, cache_write_5m=short, cache_write_1h=hour)
