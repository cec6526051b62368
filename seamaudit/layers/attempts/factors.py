"""Who tried again: the application, its SDK or a gateway, by the SDK's own count and the id that a call of it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from seamaudit.trace import Exchange


class Factors(Struct, frozen=True):
    """Calls the application made, the most tries the SDK made of one, the most calls a gateway made of one try; None where that is not
    known. `tries` is how many calls are recorded."""

    tries: int
    app: int | None = None
    sdk: int | None = None
    gateway: int | None = None

    @property
    def multipliers(self) -> int | None:
        """How many of the three are more than one; None where none is known. Tries that nobody counts are the application's or the
        SDK's: one of the two."""
        if self.gateway is None:
            return None
        above = [self.tries] if self.app is None or self.sdk is None else [self.app, self.sdk]
        return len([factor for factor in (*above, self.gateway) if factor > 1])


def factors(tries: Sequence[Exchange]) -> Factors:
    """The three factors of an intent, as far as the SDK's count and a gateway's words tell them.

    A count that goes up is the SDK's next try, one that falls back to the first a new call of the application. One that stays was
    forwarded twice, unless the ids say otherwise: an SDK that was told not to try again sends 0 each time, so that a first try that
    stays is a gateway's only where a later count stays too, or the id does.
    """
    told = [each.attempt.forwarded for each in tries if each.attempt is not None and each.attempt.forwarded is not None]
    said = max(told, default=None)
    counts = [(each.attempt.retries, each.attempt.call) for each in tries if each.attempt is not None and each.attempt.retries is not None]
    if len(counts) < len(tries):
        return Factors(len(tries), gateway=said)
    apps = _counted(counts)
    return Factors(len(tries), len(apps), max(map(len, apps)), max(said or 1, *(seen for app in apps for seen in app)))


def _counted(counts: Sequence[tuple[int | None, str]]) -> list[list[int]]:
    """For each call of the application, how often each try of the SDK is recorded."""
    forwards = any(count and count == before and id == known for (before, known), (count, id) in pairwise(counts))
    apps: list[list[int]] = []
    last: tuple[int | None, str] = (None, "")
    for count, id in counts:
        same = (count, id) == last
        if apps and same and (count or id or forwards):
            apps[-1][-1] += 1
        elif apps and last[0] is not None and count is not None and count > last[0]:
            apps[-1].append(1)
        else:
            apps.append([1])
        last = (count, id)
    return apps


def calls(tries: Sequence[Exchange]) -> int:
    """All the calls of an intent: each recorded one as often as its gateway says that it forwarded it."""
    return sum(max(1, each.attempt.forwarded or 1) if each.attempt is not None else 1 for each in tries)
