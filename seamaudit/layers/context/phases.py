"""Phases: stretches in which a context grows, each told by its fullest call."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from statistics import median_low
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from seamaudit.layers.context.facts import PhaseEnd, WindowPhase
from seamaudit.providers.contracts import Window
from seamaudit.trace import Exchange

_SHRUNK: Final = 0.7
"""A context that falls below this part of its phase's peak begins a new phase."""
_PACE: Final = 8
"""Calls whose growth tells the pace, and a third of them the fewest that do."""


class Phases(Struct):
    """The phases of one thread. Those whose fullest call stays below `least` of the window are not told."""

    least: float
    _peak: WindowPhase | None = None
    _growths: deque[int] = field(default_factory=lambda: deque(maxlen=_PACE))

    def take(self, exchange: Exchange, window: Window, used: int, growth: int | None) -> Iterator[WindowPhase]:
        """A call that fits into its window; the phase that it ends, if it does."""
        if self._peak is not None and used < _SHRUNK * self._peak.used:
            yield from self.close(PhaseEnd.SHRUNK)
        if growth is not None and growth > 0:
            self._growths.append(growth)
        if self._peak is not None and used <= self._peak.used:
            return
        pace = median_low(self._growths) if len(self._growths) > _PACE // 3 else None
        self._peak = WindowPhase(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            provider=exchange.provider,
            model=exchange.request.model,
            window=window.context,
            used=used,
            share=used / window.context,
            growth=pace,
            calls_left=(window.context - used) // pace if pace else None,
            ended=PhaseEnd.OPEN,
            confidence="low" if window.uncertain else "high",
        )

    def close(self, ended: PhaseEnd) -> Iterator[WindowPhase]:
        """End the phase."""
        peak, self._peak = self._peak, None
        self._growths.clear()
        if peak is not None and peak.share >= self.least:
            yield replace(peak, ended=ended)
