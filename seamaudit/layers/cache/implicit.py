"""Caches that nobody marks: the longest shared prefix, rounded down to a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Final, NamedTuple

from seamaudit.layers.cache.facts import Verdict
from seamaudit.layers.cache.state import Answered, Extent, Older, Texts, no_text, packed, size
from seamaudit.providers.contracts import CacheContract
from seamaudit.trace import Link, Segment, Usage
from seamaudit.trace.textdiff import first_difference


def stepped(tokens: float, contract: CacheContract) -> int:
    """Tokens rounded down to the step; 0 below the minimum (developers.openai.com prompt-caching)."""
    floor = int(tokens) // contract.step * contract.step
    return floor if floor >= contract.minimum_tokens else 0


def replay(call: Answered, base: tuple[Link, Extent] | None, older: Older, text_of: Texts = no_text) -> tuple[int, Verdict, Extent | None]:
    """Predicted read, the verdict on the reported one, and what the request left behind. Best effort: the provider promises no hit.

    What both prompts share ends inside a block where its text is at hand. A request whose usage is a sum over passes leaves nothing that
    is known: what the provider's own tools returned was in its prompt and may not be in the next.
    """
    predicted = 0
    if base is not None:
        link, extent = base
        share = 1.0 if link.shared >= extent.position else _shared_bytes(call, link, text_of) / max(extent.size, 1)
        predicted = stepped(extent.tokens * share, call.contract)
    verdict = _judged(predicted, call, older)
    return predicted, verdict, _extent(call, base[0].exchange if base else -1, older.newest is not None)


def _shared_bytes(call: Answered, link: Link, text_of: Texts) -> int:
    """Bytes that a request shares with an earlier one, the beginning of the first block that differs among them."""
    if link.shared >= min(call.prefix.length, link.prefix.length):
        return size(call.prefix, link.shared)
    return size(call.prefix, link.shared) + _alike(link.prefix.at(link.shared), call.prefix.at(link.shared), text_of)


def _alike(was: Segment, now: Segment, text_of: Texts) -> int:
    """Bytes that two blocks begin with alike; 0 where one of them was never read as such."""
    before, after = text_of(was.id), text_of(now.id)
    return first_difference(before, after) if before is not None and after is not None else 0


class _Touched(NamedTuple):
    """When a prefix was last sent, from when on it can be read, and for how long. Times are seconds since the epoch, None without a
    clock."""

    at: float | None
    readable: float | None
    life: float

    def serves(self, now: float | None) -> bool:
        """Whether a request sent at `now` reads it."""
        return self.lives(now) and (now is None or self.at is None or self.readable is None or self.readable <= now)

    def lives(self, now: float | None) -> bool:
        """Whether a request sent at `now` or later may read it."""
        return now is None or self.at is None or now - self.at <= self.life

    def again(self, call: Answered) -> _Touched:
        """The same, read by a request: what was asked to be kept for longer still is."""
        return _Touched(call.started, self.readable, max(self.life, life_of(call)))


MANY: Final = 1 << 14
"""Prefixes that are held before any is let go."""


class ImplicitCache:
    """The longest prefix that any request sent before: what is left to the contract where no earlier request is named. It ends inside a
    block where its text is at hand. Requests come in the order of their times; what none can read any more is let go, once it is `many`."""

    def __init__(self, text_of: Texts = no_text, many: int = MANY) -> None:
        self._room = self._many = many
        self._sent: dict[bytes, _Touched] = {}
        self._after: dict[bytes, tuple[Segment, bytes]] = {}
        self._text_of = text_of

    def serve(self, call: Answered, tokens: Callable[[int], int]) -> Usage:
        """What the request reads by the contract alone, and keep it: `tokens` tells how many so many positions are."""
        keys = call.every_key()
        keys[0] = packed((b"", call.params()))
        hit = next((at for at in range(call.prefix.length, 0, -1) if self._serves(keys[at], call.started)), 0)
        read = tokens(hit) + self._within(call, hit, keys[hit], tokens)
        self._keep(call, keys, hit)
        if len(self._sent) > self._room:
            self._let_go(call.started)
        return Usage(input=call.usage.input, cache_read=stepped(read, call.contract), cache_write=0)

    def _keep(self, call: Answered, keys: Sequence[bytes], hit: int) -> None:
        """Hold what was sent up to every position, and which block stood there; what was read can still be read."""
        sent = self._sent
        known: _Touched | None = None
        touched = _Touched(call.started, None, life_of(call))  # below what was read it is there, too
        for key in keys[1 : hit + 1]:
            before = sent.get(key)
            if before is not None and before is not known:  # most were last sent together
                known, touched = before, before.again(call)
            sent[key] = touched
        sent.update(zip(keys[hit + 1 :], repeat(_Touched(call.started, call.readable, life_of(call)))))
        self._after.update(zip(keys, zip(call.prefix.segments(), keys[1:], strict=True), strict=False))

    def _let_go(self, now: float | None) -> None:
        self._sent = {key: sent for key, sent in self._sent.items() if sent.lives(now)}
        self._after = {key: after for key, after in self._after.items() if after[1] in self._sent}
        self._room = max(self._many, 2 * len(self._sent))

    def _within(self, call: Answered, hit: int, key: bytes, tokens: Callable[[int], int]) -> int:
        """Tokens of the next block that the block which last stood there began with."""
        before = self._after.get(key)
        if before is None or hit >= call.prefix.length or not self._serves(before[1], call.started):
            return 0
        now = call.prefix.at(hit)
        return int((tokens(hit + 1) - tokens(hit)) * min(1.0, _alike(before[0], now, self._text_of) / now.length))

    def know(self, call: Answered, position: int, tokens: int) -> None:
        """Hold a prefix that the request is known to have found, though nothing recorded sent it."""
        self._sent[packed(call.keys()[position])] = _Touched(call.started, None, life_of(call))

    def _serves(self, key: bytes, now: float | None) -> bool:
        sent = self._sent.get(key)
        return sent is not None and sent.serves(now)


def _judged(predicted: int, call: Answered, older: Older) -> Verdict:
    reported, step = call.usage.cache_read or 0, call.contract.step
    if not predicted and not reported:
        return Verdict.COLD
    if predicted == reported:
        return Verdict.EXACT
    if abs(predicted - reported) <= step:
        return Verdict.WITHIN_STEP
    if reported > predicted:
        return Verdict.MORE_THAN_PREDICTED
    served = any(reported in (extent.read, stepped(extent.tokens, call.contract)) for extent in older if reported)
    return Verdict.PROVIDER_SIDE if served else Verdict.UNEXPLAINED


def life_of(call: Answered) -> float:
    """Seconds that what a request leaves is kept for, unread."""
    lives = call.contract.ttl_seconds
    named = call.exchange.request.params.get("prompt_cache_retention", "").strip('"')
    return lives.get(named, lives[call.contract.default_ttl])


def _extent(call: Answered, before: int, chained: bool) -> Extent | None:
    if call.summed:
        return None
    return Extent(
        position=call.prefix.length,
        tokens=call.usage.input or 0,
        read=call.usage.cache_read or 0,
        size=size(call.prefix, call.prefix.length),
        life=life_of(call),
        touched=call.started,
        readable=call.readable,
        params=call.params(),
        before=before,
        chained=chained,
        locus=call.exchange.locus,
    )
