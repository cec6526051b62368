"""Caches that are written at markers: Anthropic's and Nova's wherever they run, and OpenAI's from GPT-5.6 on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from seamaudit.layers.cache.facts import CacheWrite, Verdict
from seamaudit.layers.cache.marks import Looked, looked_at
from seamaudit.layers.cache.state import Answered, Entry, Extent, Key, Older, behind, size
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Usage

HOUR = "1h"
"""The longer of the lives that a marker can ask for."""


class Replayed(NamedTuple):
    """Predicted read, the verdict on the reported one, what the request left behind, the seconds since what it read was touched, and
    how far the entry of the turn before is out of the markers' reach."""

    predicted: int
    verdict: Verdict
    left: Extent | None
    rested: float | None = None
    overlooked: int = 0
    overlooked_surely: bool = False


class Write(NamedTuple):
    """A request that wrote, the bytes it covered, and the entry it raced for, if it did."""

    call: Answered
    covered: int
    raced: Entry | None


class ExplicitCache:
    """The provider's reference walk: from each marker down, the first live entry wins; one marker writes one entry; an entry can be
    read once its writer's answer began; a read refreshes it (platform.claude.com prompt-caching).

    Reported usage pins token positions: read + written is exactly the prefix up to the last marker. `changed` holds the entries that have
    been put in or changed since it was last emptied.
    """

    def __init__(self) -> None:
        self.changed: dict[Key, Entry] = {}
        self._entries: dict[Key, Entry] = {}
        self._latest: dict[int, float] = {}
        self._writes: dict[int, Write] = {}
        self._reads: Counter[int] = Counter()

    def replay(self, call: Answered, older: Older, before: int) -> Replayed:
        """What the request should have read and left behind.

        `older` is what the turns before left, of which this request repeats the whole; `before` is the id of the newest.
        """
        marks, reaches, keys = looked_at(call)
        raced = self._raced(call, reaches, keys)
        key, hit = self._hit(reaches, keys, call.started)
        predicted = hit.tokens if hit else 0
        rested = _since(hit, call.started)
        if key is not None and hit is not None:
            hit = hit.pinned(call.usage.cache_read or 0)
            self._hold(key, self._read(call, hit))
        verdict = self._judged(call, hit, older)
        out = Replayed(
            predicted if verdict is not Verdict.EXACT else call.usage.cache_read or 0,
            verdict,
            self._written(call, marks, keys, before, older.newest is not None, raced),
            rested,
            *_overlooked(call, [position for position, _ in marks], older.newest.position if older.newest else 0),
        )
        self.changed.clear()
        return out

    def serve(self, call: Answered, tokens: Callable[[int], int], looked: Looked | None = None) -> Usage:
        """What the request reads and writes by the contract alone, and keep it: `tokens` tells how many so many positions are, `looked`
        where the request looks, where that is known.

        With the hit at A, the last marker for an hour at B and the last marker at C, A is read, B-A written for an hour, C-B for less
        (platform.claude.com prompt-caching, mixed lives).
        """
        marks, reaches, keys = looked or looked_at(call)
        key, hit = self._hit(reaches, keys, call.started)
        read = tokens(hit.position) if hit else 0
        above = [(tokens(at), ttl) for at, ttl in marks if hit is None or at > hit.position]
        writes = [(count, ttl) for count, ttl in above if count >= call.contract.minimum_tokens]
        last = max((count for count, _ in writes), default=read)
        hour = max((count for count, ttl in writes if ttl == HOUR), default=read)
        if key is not None and hit is not None:
            hit = hit.pinned(read)
            self._hold(key, replace(hit, touched=call.started) if read else hit)
        if marks and last and not call.summed:
            self._enter(call, marks, keys, last)
        return Usage(
            input=call.usage.input,
            cache_read=read,
            cache_write=last - read,
            cache_write_5m=last - hour,
            cache_write_1h=hour - read,
        )

    def know(self, call: Answered, position: int, tokens: int) -> None:
        """Hold an entry that the request is known to have found, though nothing recorded wrote it."""
        key = call.keys()[position]
        entry = self._entries.get(key)
        if entry is None or not entry.is_readable(call.started):
            self._hold(key, Entry(position, tokens, True, _life(call, ""), call.started, None, -1))

    def take(self, changed: Iterable[tuple[Key, Entry]]) -> None:
        """Change entries as a request did that was replayed elsewhere."""
        for key, entry in changed:
            self._hold(key, entry)

    def holds(self, key: Key) -> Entry | None:
        """The entry a key names, None where there is none."""
        return self._entries.get(key)

    def _hit(self, reaches: Sequence[Sequence[int]], keys: Mapping[int, Key], now: float | None) -> tuple[Key, Entry] | tuple[None, None]:
        for looked in reversed(reaches):
            for at in looked:
                if at in self._latest:
                    entry = self._entries.get(key := keys[at])
                    if entry is not None and entry.is_readable(now):
                        return key, entry
        return None, None

    def _judged(self, call: Answered, hit: Entry | None, older: Older) -> Verdict:
        reported = call.usage.cache_read or 0
        if hit is None:
            return Verdict.MORE_THAN_PREDICTED if reported else Verdict.COLD
        if reported == hit.tokens:
            return Verdict.EXACT
        if reported > hit.tokens:
            return Verdict.MORE_THAN_PREDICTED
        served = any(reported in (extent.read, extent.tokens) for extent in older if reported)
        return Verdict.PROVIDER_SIDE if served or self._ends_at_older(call, hit, reported) else Verdict.UNEXPLAINED

    def _ends_at_older(self, call: Answered, hit: Entry, reported: int) -> bool:
        """Whether the provider stopped exactly at a live, older, shorter entry of the same chain.

        Older and of equal life, it would have gone first: that the newer one was not served is then the provider's doing.
        """
        known = [entry for entry in self._entries.values() if entry.position < hit.position and entry.exact and entry.tokens == reported]
        keys = call.keys()
        return any(self._entries.get(keys[entry.position]) is entry and entry.is_readable(call.started) for entry in known)

    def _read(self, call: Answered, hit: Entry) -> Entry:
        if not call.usage.cache_read:
            return hit
        self._reads[hit.owner] += 1
        return replace(hit, touched=call.started)

    def writes(self) -> list[CacheWrite]:
        """What each request wrote, and how often it was read."""
        return [self._write_fact(write) for write in self._writes.values()]

    def _write_fact(self, write: Write) -> CacheWrite:
        call, covered, entry = write
        exchange, usage = call.exchange, call.usage
        first = self._writes.get(entry.owner) if entry else None
        read, written = usage.cache_read or 0, usage.cache_write or 0
        return CacheWrite(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            witness=(first.call.exchange.locus,) if first else (),
            provider=exchange.provider,
            model=exchange.request.model,
            dated=exchange.times.dated,
            written=written,
            written_1h=usage.cache_write_1h or 0,
            read=read,
            cached_bytes=covered,
            reads=self._reads[exchange.id],
            started=call.started,
            raced=max(0, min(written, entry.tokens - read)) if entry and first else 0,
            raced_exchange=first.call.exchange.id if first else -1,
            raced_surely=first is not None and first.call.exchange.times.first_byte is not None,
        )

    def _raced(self, call: Answered, reaches: Sequence[Sequence[int]], keys: Mapping[int, Key]) -> Entry | None:
        """The longest entry that this request looks at while its writer's answer has not begun."""
        now = call.started
        if now is None:
            return None
        for looked in reversed(reaches):
            for at in looked:
                entry = self._entries.get(keys[at]) if now < self._latest.get(at, 0.0) else None
                if entry is not None and entry.is_pending(now):
                    return entry
        return None

    def _written(
        self, call: Answered, marks: list[tuple[int, str]], keys: Mapping[int, Key], before: int, chained: bool, raced: Entry | None
    ) -> Extent | None:
        read, written = call.usage.cache_read or 0, call.usage.cache_write or 0
        if not marks or not read + written or call.summed or (call.usage.cache_write is None and call.contract.write_charged):
            return None
        last, ttl = marks[-1]
        covered = self._enter(call, marks, keys, read + written)
        if written:
            self._writes[call.exchange.id] = Write(call, covered, raced)
        return Extent(
            position=last,
            tokens=read + written,
            read=read,
            size=covered,
            life=_life(call, ttl),
            touched=call.started,
            readable=call.readable,
            params=call.params(),
            before=before,
            chained=chained,
            locus=call.exchange.locus,
        )

    def _enter(self, call: Answered, marks: Sequence[tuple[int, str]], keys: Mapping[int, Key], cached: int) -> int:
        """Put entries where markers stand, `cached` tokens up to the last, which covers so many bytes. A position below it is apportioned
        by bytes until a read pins it."""
        last = marks[-1][0]
        covered = size(call.prefix, last)
        for position, ttl in marks:
            key, pinned = keys[position], position == last
            known = self._entries.get(key)
            if known is not None and pinned:
                known = replace(known, tokens=cached, exact=True)
                self._hold(key, known)
            if known is not None and known.is_readable(call.started):
                continue
            if pinned:
                tokens, exact = cached, True
            elif known is not None:
                tokens, exact = known.tokens, known.exact
            else:
                tokens, exact = round(cached * size(call.prefix, position) / max(covered, 1)), False
            if pinned or tokens >= call.contract.minimum_tokens:
                readable = _readable(call, known)
                self._hold(key, Entry(position, tokens, exact, _life(call, ttl), call.started, readable, call.exchange.id))
        return covered

    def _hold(self, key: Key, entry: Entry) -> None:
        """Put an entry in. For each position it is known when the last of its entries becomes readable, so that most look-ups need no
        key."""
        self._entries[key] = self.changed[key] = entry
        self._latest[entry.position] = max(self._latest.get(entry.position, 0.0), entry.readable or 0.0)


def _readable(call: Answered, known: Entry | None) -> float | None:
    """When what a request writes can be read: when its answer begins, or that of another that is writing the same."""
    readable = call.readable if call.started is not None else None
    if known is not None and known.is_pending(call.started) and known.readable is not None and readable is not None:
        return min(known.readable, readable)
    return readable


def _life(call: Answered, ttl: str) -> float:
    lives = call.contract.ttl_seconds
    return lives.get(ttl, lives[call.contract.default_ttl])


def _since(hit: Entry | None, now: float | None) -> float | None:
    return None if hit is None or hit.touched is None or now is None else now - hit.touched


EDGE = 2
"""Positions beyond the last one looked at within which a miss may be one of counting: the documents leave open what counts as one."""


def _overlooked(call: Answered, marks: Sequence[int], entry: int) -> tuple[int, bool]:
    """How many positions lie between the nearest marker and an entry it cannot see, and whether any way of counting says so."""
    nearest = min((position for position in marks if position >= entry), default=0)
    if not entry or not nearest or call.contract.mode is not CacheMode.EXPLICIT:
        return 0, False
    contract, prefix = call.contract, call.prefix
    counted = behind(prefix, nearest, entry, collapse=contract.run_collapse)
    if counted < contract.lookback:
        return 0, False
    fewest = behind(prefix, nearest, entry, collapse=True) if "run_collapse" in contract.uncertain else counted
    return counted, fewest > contract.lookback + EDGE and "lookback" not in contract.uncertain
