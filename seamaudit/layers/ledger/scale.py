"""What positions weigh: their bytes at the rate of their texture, and media what they were found to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

from seamaudit.trace import Kind, Prefix, Segment, Tape

ONE = 1 << 20
"""A rate of one token a byte."""
STEPS = 64
"""A request that has fewer tokens than its text weighs at the fitted rate is weighed at the next lower 64th that fits."""

Stretch = tuple[bool, int, int]
"""A half-open range of a tape's positions: whether of its heads, from, to."""


class Texture(IntEnum):
    """Texts of one density: what people and models write, what programs do, and reasoning, much of which is a signature."""

    PROSE = 0
    DATA = 1
    REASONING = 2


class Rates(NamedTuple):
    """Tokens a byte by texture, in 2**-20."""

    prose: int
    data: int
    reasoning: int

    def scaled(self, top: int, bottom: int) -> Rates:
        """All rates times a fraction."""
        return Rates(*(rate * top // bottom for rate in self))


NO_RATES = Rates(0, 0, 0)
"""Of a model of which nothing is known."""

_PROSE = frozenset({Kind.TEXT, Kind.DOCUMENT, Kind.OTHER})


def texture(segment: Segment) -> Texture:
    """The texture of a position."""
    if segment.kind is Kind.THINKING:
        return Texture.REASONING
    return Texture.PROSE if segment.kind in _PROSE else Texture.DATA


def stretches(prefix: Prefix) -> tuple[Stretch, ...]:
    """A prompt's positions in wire order."""
    return (*((True, low, high) for low, high in prefix.head), *((False, low, high) for low, high in prefix.runs))


class Scale:
    """Token counts along a tape, at given rates. Positions whose bytes say nothing weigh what `weigh` was told."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._bytes = {heads: _running(tape, ids) for heads, ids in ((True, tape.heads), (False, tape.ids))}
        self._unsized = {
            heads: [at for at, i in enumerate(ids) if tape.segments[i].unsized] for heads, ids in ((True, tape.heads), (False, tape.ids))
        }
        self._media: dict[bool, list[int]] = {heads: [0] * (len(places) + 1) for heads, places in self._unsized.items()}

    def segment(self, heads: bool, at: int) -> Segment:
        """The segment at a position of the tape."""
        return self._tape.segments[(self._tape.heads if heads else self._tape.ids)[at]]

    def bytes(self, parts: Iterable[Stretch]) -> tuple[int, ...]:
        """Bytes of text in some stretches, by texture."""
        sums = [0] * len(Texture)
        for heads, low, high in parts:
            for kind, running in enumerate(self._bytes[heads]):
                sums[kind] += running[high] - running[low]
        return tuple(sums)

    def unsized(self, parts: Iterable[Stretch]) -> list[tuple[bool, int]]:
        """The positions in some stretches whose bytes say nothing."""
        found: list[tuple[bool, int]] = []
        for heads, low, high in parts:
            places = self._unsized[heads]
            found.extend((heads, at) for at in places[bisect_left(places, low) : bisect_left(places, high)])
        return found

    def weigh(self, media: Mapping[tuple[bool, int], int]) -> None:
        """Set the tokens of unsized positions."""
        for heads, places in self._unsized.items():
            self._media[heads] = list(accumulate((media.get((heads, at), 0) for at in places), initial=0))

    def upto(self, heads: bool, at: int, rates: Rates) -> int:
        """Tokens of the first `at` positions of the tape."""
        prose, data, reasoning = self._bytes[heads]
        text = (prose[at] * rates[0] >> 20) + (data[at] * rates[1] >> 20) + (reasoning[at] * rates[2] >> 20)
        places = self._unsized[heads]
        return text + self._media[heads][bisect_left(places, at)] if places else text

    def tokens(self, parts: Iterable[Stretch], rates: Rates) -> int:
        """Tokens in some stretches."""
        return sum(self.upto(heads, high, rates) - self.upto(heads, low, rates) for heads, low, high in parts)

    def fitting(self, parts: Sequence[Stretch], rates: Rates, total: int) -> Rates:
        """The rates, or the next lower 64ths of them, at which some stretches weigh no more than `total`; none where media alone do."""
        most = self.tokens(parts, rates)
        if most <= total:
            return rates
        step = min(STEPS, max(1, STEPS - STEPS * max(0, total) // most))
        while step < STEPS and self.tokens(parts, rates.scaled(STEPS - step, STEPS)) > total:
            step += 1
        return rates.scaled(STEPS - step, STEPS)


def _running(tape: Tape, ids: Iterable[int]) -> tuple[list[int], ...]:
    """Running sums of the bytes of each texture along a tape."""
    told = [(texture(segment), 0 if segment.unsized else segment.length) for segment in map(tape.segments.__getitem__, ids)]
    return tuple(list(accumulate((length if kind is each else 0 for kind, length in told), initial=0)) for each in Texture)
