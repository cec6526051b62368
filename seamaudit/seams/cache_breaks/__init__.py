"""Where the cache broke: what changed, who changed it, and what it cost."""

from seamaudit.seams.cache_breaks.facts import CacheBreak, Cause, Origin
from seamaudit.seams.cache_breaks.knobs import BreakKnobs
from seamaudit.seams.cache_breaks.seam import CacheBreaks

__all__ = ["BreakKnobs", "CacheBreak", "CacheBreaks", "Cause", "Origin"]
