"""Where usage pins how many tokens the beginning of a prompt has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seamaudit.layers.cache.layout import Laid
from seamaudit.layers.cache.marks import Looked
from seamaudit.layers.cache.state import BAND, Answered, Key


class Pins:
    """Counts that usage gave for whole prefixes, by what the prefixes hold.

    Tokens are exact where usage pins them: at a prompt's end, at its last marker, and where a request repeats what an earlier one pinned.
    Between two such positions they are apportioned by bytes.
    """

    def __init__(self) -> None:
        self._known: dict[Key, int] = {}

    def laid(self, call: Answered, looked: Looked) -> Laid:
        """The next request of a cache, as it was recorded."""
        return Laid.of(call, self._of(call, looked))

    def _of(self, call: Answered, where: Looked) -> dict[int, int]:
        """Tokens by position, rising: at the prompt's end, at its last marker, where an earlier request's pins lie within reach of a
        marker, and at the lower marker that the request seems to have read up to."""
        usage, (written_at, reaches, keys) = call.usage, where
        marks = [at for at, _ in written_at]
        looked = {at for reached in reaches for at in reached}
        link = call.exchange.previous or call.exchange.nearest
        if link is not None and link.prefix.length == link.shared:
            looked.add(link.shared)
        pins = {call.prefix.length: usage.input or 0}
        read, cached = usage.cache_read or 0, (usage.cache_read or 0) + (usage.cache_write or 0)
        pinned = bool(marks and cached and not call.summed)
        if pinned:
            pins[marks[-1]] = min(cached, usage.input or 0)
        for at in sorted(looked - pins.keys(), reverse=True):
            tokens = self._known.get(keys[at])
            if tokens is not None and _fits(pins, at, tokens):
                pins[at] = tokens
        if pinned and read not in pins.values():
            pins |= _lower(call, marks, pins, read)
        self._known.update((keys[at], tokens) for at, tokens in pins.items())
        return dict(sorted(pins.items()))


def _lower(call: Answered, marks: Sequence[int], pins: Mapping[int, int], read: int) -> dict[int, int]:
    """The marker below the last that a read of so many tokens ends at, by bytes; none where they say nothing of the kind."""
    whole = max(1, call.prefix.size(marks[-1]))
    guesses = {at: pins[marks[-1]] * call.prefix.size(at) / whole for at in marks[:-1] if at not in pins}
    near = min(guesses, key=lambda at: abs(guesses[at] - read), default=None)
    return {near: read} if near is not None and abs(guesses[near] - read) <= BAND * read and _fits(pins, near, read) else {}


def _fits(pins: Mapping[int, int], at: int, tokens: int) -> bool:
    """Whether a count at a position lies between those around it."""
    below = max((count for place, count in pins.items() if place < at), default=0)
    above = min((count for place, count in pins.items() if place > at), default=0)
    return below < tokens < above
