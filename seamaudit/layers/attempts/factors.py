"""Who tried again: the application, its SDK or a gateway, by the SDK's own count and the id that a call of it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from seamaudit.trace import Exchange


@dataclass(frozen=True, slots=True)
class Factors:
    """Calls the application made, the most tries the SDK made of one, the most calls a gateway made of one try."""

    app: int
    sdk: int
    gateway: int

    @property
    def multipliers(self) -> int:
        """How many of the three are more than one."""
        return sum(factor > 1 for factor in (self.app, self.sdk, self.gateway))


def factors(tries: Sequence[Exchange]) -> Factors | None:
    """None where a try does not carry the SDK's count.

    A count that goes up is the SDK's next try, one that falls back to the first a new call of the application. One that stays was
    forwarded twice, unless the ids say otherwise: an SDK that was told not to try again sends 0 each time, so that a first try that
    stays is a gateway's only where a later count stays too, or the id does.
    """
    counts = [(each.attempt.retries, each.attempt.call) for each in tries if each.attempt is not None and each.attempt.retries is not None]
    if len(counts) < len(tries):
        return None
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
    return Factors(len(apps), max(map(len, apps)), max(map(max, apps)))
