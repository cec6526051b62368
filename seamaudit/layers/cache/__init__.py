"""The cache layer: what a provider's prompt cache should have read, against what it said it read, and what else it could have read."""

from seamaudit.layers.cache.facts import CacheRead, CacheWrite, ShortPrefix, UnmarkedRepeat, Verdict
from seamaudit.layers.cache.layer import CacheLayer
from seamaudit.layers.cache.layout import Calls, Laid
from seamaudit.layers.cache.sent import Sent, is_close
from seamaudit.layers.cache.simulate import Served, simulate
from seamaudit.layers.cache.state import Answered

__all__ = [
    "Answered",
    "CacheLayer",
    "CacheRead",
    "CacheWrite",
    "Calls",
    "Laid",
    "Sent",
    "Served",
    "ShortPrefix",
    "UnmarkedRepeat",
    "Verdict",
    "is_close",
    "simulate",
]
