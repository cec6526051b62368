"""Requests as they were sent, replayed once: an edit of some of them need not replay those that nothing of it reaches."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from seamaudit.layers.cache.edits import Edit, applied, keep_order
from seamaudit.layers.cache.explicit import ExplicitCache
from seamaudit.layers.cache.layout import Counts, Laid
from seamaudit.layers.cache.marks import Looked, looked_at
from seamaudit.layers.cache.pins import Pins
from seamaudit.layers.cache.press import Press
from seamaudit.layers.cache.simulate import Caches, Served, served, simulate
from seamaudit.layers.cache.state import Answered, Entry, Key, Texts, no_text
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Usage

CLOSE: Final = 0.01
"""How far a predicted read may be off, as a share of the prompt, and still be the one that was reported."""


Changes = Sequence[tuple[Key, Entry]]
"""Entries as they were put in, by their keys."""


class Step(Struct, frozen=True, gc=False):
    """What one request did to a cache that is written at markers: the positions it looked at, the entries it changed."""

    looked: Sequence[Sequence[int]]
    changed: Changes


class Sent:
    """One cache's requests as they were sent: `requests`, each laid out; `served`, what the model makes of each; and `outside`, the
    prefixes that were read although nothing recorded wrote them, as positions by exchange. A recording is a window."""

    def __init__(self, calls: Iterable[Answered], text_of: Texts = no_text) -> None:
        self._text_of = text_of
        self.requests: list[Laid] = []
        self.outside: dict[int, int] = {}
        self.served: list[Served] = []
        self._steps: dict[int, Step] = {}
        caches, pins = Caches(text_of), Pins()
        for call in calls:
            looked = looked_at(call)
            laid = pins.laid(call, looked)
            self.requests.append(laid)
            self._serve(laid, caches, looked)
            self._find_outside(laid, caches)
        if self.outside:
            self._again()

    def edited(self, edits: Sequence[Edit]) -> Iterable[Served]:
        """The requests replayed after edits, one by one: the same that `simulate` gives. A request that no edit concerns, and that looks
        at no entry which is another than before, is served as before."""
        if not keep_order(edits) or any(laid.call.contract.mode is CacheMode.IMPLICIT_STEP for laid in self.requests):
            return simulate(self.requests, edits, self.outside, self._text_of)
        return self._partly(applied(edits, self.requests))

    def _partly(self, requests: Iterable[Laid]) -> Iterable[Served]:
        caches, press = Caches(self._text_of), Press()
        cache, differences = caches.explicit, _Differences(caches.explicit)
        before = iter(zip(self.requests, self.served, strict=True))
        for laid in requests:
            step = self._steps.get(laid.call.exchange.id)
            was, as_before = next(before) if step is not None else (None, None)
            cache.changed.clear()
            if step is not None and as_before is not None and laid is was and not differences.concern(laid.call, step):
                cache.take(step.changed)
                differences.both(step.changed)
                yield as_before
            else:
                yield served(laid, press.call(laid), caches, self.outside)
                differences.note(step.changed if step else (), cache.changed)

    def _serve(self, laid: Laid, caches: Caches, looked: Looked) -> None:
        """Serve a request and note what it did."""
        caches.explicit.changed.clear()
        self.served.append(served(laid, laid.call, caches, self.outside, looked))
        known = self.outside.get(laid.call.exchange.id)
        reaches = looked.reaches if known is None else [*looked.reaches, [known]]
        self._steps[laid.call.exchange.id] = Step(tuple(reaches), tuple(caches.explicit.changed.items()))

    def _find_outside(self, laid: Laid, caches: Caches) -> None:
        """Where a request read what nothing recorded had written, hold it from here on."""
        call, usage = laid.call, self.served[-1].usage
        reported = call.usage.cache_read or 0
        if reported > (usage.cache_read or 0) and not is_close(call, usage):
            position = _longest_within(call, laid.tokens(), reported)
            if position:
                self.outside[call.exchange.id] = position
                served(laid, call, caches, self.outside)

    def _again(self) -> None:
        """Replay with what is known to have been there before."""
        self.served, self._steps = [], {}
        caches = Caches(self._text_of)
        for laid in self.requests:
            self._serve(laid, caches, looked_at(laid.call))


class _Differences:
    """Entries that are not what they were at the same request of the replay without edits."""

    def __init__(self, cache: ExplicitCache) -> None:
        self._cache = cache
        self._before: dict[Key, Entry] = {}
        self._keys: dict[int, set[Key]] = {}

    def concern(self, call: Answered, step: Step) -> bool:
        """Whether a request looks at one of them."""
        for looked in step.looked:
            if not self._keys.keys().isdisjoint(looked):
                keys = call.keys()
                if any(keys[at] in self._keys[at] for at in looked if at in self._keys):
                    return True
        return False

    def both(self, changed: Changes) -> None:
        """A request did the same as before."""
        self._before.update(changed)

    def note(self, before: Changes, now: Iterable[Key]) -> None:
        """What a request changed before, and the keys of what it changed now."""
        self._before.update(before)
        for key in {key for key, _ in before}.union(now):
            was, entry = self._before.get(key), self._cache.holds(key)
            for position in {each.position for each in (was, entry) if each is not None}:
                keys = self._keys.setdefault(position, set())
                keys.discard(key)
                if was != entry:
                    keys.add(key)
                elif not keys:
                    del self._keys[position]


def is_close(call: Answered, predicted: Usage) -> bool:
    """Whether a predicted read is the reported one: within a hundredth of the prompt, or a step."""
    off = abs((predicted.cache_read or 0) - (call.usage.cache_read or 0))
    return off <= max(CLOSE * (call.usage.input or 0), call.contract.step if call.contract.step > 1 else 0)


def _longest_within(call: Answered, counts: Counts, reported: int) -> int:
    """The position that a reported read ends at: exactly where markers say where entries end, else the last whole block of it."""
    slack = 0 if call.contract.mode is CacheMode.IMPLICIT_STEP else round(CLOSE * counts[len(counts) - 1])
    position = bisect_right(counts, reported + slack) - 1
    return position if call.contract.mode is CacheMode.IMPLICIT_STEP or reported - counts[position] <= slack else 0
