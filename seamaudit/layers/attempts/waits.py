"""The waits between the tries of an intent: as the client announced them, else by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from seamaudit.trace import Exchange

TOLERANCE: Final = 0.9
"""The part of an asked wait that counts as having kept it: clocks and headers are coarse."""
HAMMERING: Final = 0.5
"""Seconds: the base delay of the official SDKs. Four waits that all stay below it are no backoff."""
PATIENT: Final = 5.0
"""Seconds from which on a constant wait is spread enough."""
_STEADY: Final = 0.1
_LONGEST: Final = 600.0
"""Seconds after which the next try is a person's, not a loop's."""

Waits = Sequence[float | None]


def waits(tries: Sequence[Exchange]) -> Waits:
    """Seconds between each try and the next; None where neither the client nor a clock tells."""
    return [_between(earlier, later) for earlier, later in pairwise(tries)]


def _between(earlier: Exchange, later: Exchange) -> float | None:
    if earlier.attempt is not None and earlier.attempt.wait is not None:
        return earlier.attempt.wait
    ended, started = earlier.times.ended, later.times.started
    return None if ended is None or started is None else max(0.0, started - ended)


def hasty(tries: Sequence[Exchange], known: Waits) -> int:
    """Tries that came too early: before the wait the provider had asked for after the try before."""
    asked = [each.attempt.retry_after if each.attempt else None for each in tries]
    return sum(wait is not None and least is not None and wait < least * TOLERANCE for wait, least in zip(known, asked, strict=False))


def spread(known: Waits) -> bool | None:
    """Whether a client backs off: False for waits that stay as they are, or stay below any backoff's base."""
    told = [wait for wait in known if wait is not None and wait < _LONGEST]
    if len(told) < 3 or len(told) < len(known):
        return None
    longest = max(told)
    is_steady = longest < PATIENT and longest - min(told) <= _STEADY * longest and not all(wait == int(wait) for wait in told)
    return not (is_steady or (len(told) > 3 and longest < HAMMERING))
