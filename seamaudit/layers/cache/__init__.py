"""The cache layer: what a provider's prompt cache should have read, against what it said it read, and what else it could have read."""

from seamaudit.layers.cache.facts import CacheRead, CacheWrite, ShortPrefix, UnmarkedRepeat, Verdict
from seamaudit.layers.cache.layer import CacheLayer
from seamaudit.layers.cache.layout import Calls, Laid, laid_out
from seamaudit.layers.cache.simulate import Plain, Served, as_sent, is_close, simulate
from seamaudit.layers.cache.state import Answered

__all__ = [
    "Answered",
    "CacheLayer",
    "CacheRead",
    "CacheWrite",
    "Calls",
    "Laid",
    "Plain",
    "Served",
    "ShortPrefix",
    "UnmarkedRepeat",
    "Verdict",
    "as_sent",
    "is_close",
    "laid_out",
    "simulate",
]
