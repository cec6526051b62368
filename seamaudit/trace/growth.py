"""Growth: which request of a thread put each position of its latest prompt there."""

from __future__ import annotations

from seamaudit.trace.exchange import Exchange
from seamaudit.trace.locus import Locus


class Growth:
    """Follows the prompts of one thread; costs one entry a request, whatever is sent again."""

    def __init__(self) -> None:
        self._added: list[tuple[int, Locus]] = []

    def advance(self, exchange: Exchange) -> None:
        """Take the next exchange: what it does not share with the turn before it put there itself."""
        shared = exchange.previous.shared if exchange.previous is not None else 0
        while self._added and self._added[-1][0] >= shared:
            self._added.pop()
        if shared < exchange.request.prefix.length or not self._added:
            self._added.append((shared, exchange.locus))

    def put_by(self, position: int) -> Locus:
        """The record of the request that first sent what stands at a position, in the place where it stands. Raises IndexError before
        any exchange was taken."""
        return next((locus for start, locus in reversed(self._added) if start <= position), self._added[0][1])


def position_of(exchange: Exchange, pointer: str) -> int | None:
    """The position of a prompt that a pointer into the request's body means: the block itself, the first of a message, the one it
    points into. None where it means none."""
    prefix = exchange.request.prefix
    places = (prefix.pointer(position) for position in range(prefix.length))
    return next((position for position, place in enumerate(places) if _meet(place, pointer)), None) if pointer else None


def _meet(place: str, pointer: str) -> bool:
    return place == pointer or place.startswith(pointer + "/") or pointer.startswith(place + "/")
