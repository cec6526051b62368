"""The cache layer: what a provider's prompt cache should have read, against what it said it read."""

from seamaudit.layers.cache.facts import CacheRead, CacheWrite, ShortPrefix, UnmarkedRepeat, Verdict
from seamaudit.layers.cache.layer import CacheLayer

__all__ = ["CacheLayer", "CacheRead", "CacheWrite", "ShortPrefix", "UnmarkedRepeat", "Verdict"]
