"""An application's hit rate over time, against what its own unchanged prefixes allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

from msgspec import Struct

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.cache import CacheRead
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Need


@fact("cache_collapses", needs=(Need.PROMPT, Need.USAGE, Need.CACHE_CONTRACT))
class CacheCollapse(Fact, frozen=True, kw_only=True):
    """A request that read little of what its unchanged prompt allowed, in a window in which its application did no better."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    confidence: Annotated[Literal["medium", "low"], "Low where the provider promises no hit."]
    healthy_percent: Annotated[int, "What the application read of what could be read, in its best window before."]
    window_percent: Annotated[int, "The same, in this window."]
    missed_tokens: Annotated[int, "Tokens that were in the cache and were not read."]


class HealthKnobs(Struct, frozen=True):
    """What a collapse is: of `window` reads in a row that could have been served, an application gets at most `collapsed` of the
    tokens, and got at least `healthy` in a window before. The share of a healthy agent loop is 84 % of all input
    (platform.claude.com optimizing-for-cost-and-intelligence); of what can be read it is more.
    """

    window: int = 20
    healthy: float = 0.8
    collapsed: float = 0.4


class CacheHealth:
    """Looks at each application and model window by window. Reads that nobody could expect (a prompt rewritten on purpose, a life that
    is over) count in none."""

    def __init__(self, knobs: HealthKnobs = HealthKnobs()) -> None:
        self._knobs = knobs

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One CacheCollapse for each short read of a collapsed window."""
        by_app: dict[tuple[str, str, str], list[CacheRead]] = defaultdict(list)
        for read in facts.rows(CacheRead):
            if read.base_available and read.extends and not read.intended and read.alive is not False and not read.raced:
                by_app[(read.app, read.provider, read.model)].append(read)
        for reads in by_app.values():
            yield from self._collapses(reads)

    def _collapses(self, reads: Sequence[CacheRead]) -> Iterator[CacheCollapse]:
        best, size = 0.0, self._knobs.window
        for start in range(0, len(reads) - size + 1, size):
            window = reads[start : start + size]
            rate = sum(map(_served, window)) / sum(map(_allowed, window))
            if rate <= self._knobs.collapsed and best >= self._knobs.healthy:
                yield from (_row(read, best, rate) for read in window if _served(read) < _allowed(read) * self._knobs.collapsed)
            best = max(best, rate)


def _allowed(read: CacheRead) -> int:
    return max(1, min(read.base_available, read.total))


def _served(read: CacheRead) -> int:
    return min(read.reported, _allowed(read))


def _row(read: CacheRead, best: float, rate: float) -> CacheCollapse:
    return CacheCollapse(
        exchange=read.exchange,
        thread=read.thread,
        app=read.app,
        locus=read.locus,
        witness=read.witness,
        provider=read.provider,
        model=read.model,
        confidence="medium" if read.mode is CacheMode.EXPLICIT and read.settled else "low",
        healthy_percent=round(100 * best),
        window_percent=round(100 * rate),
        missed_tokens=_allowed(read) - _served(read),
    )
