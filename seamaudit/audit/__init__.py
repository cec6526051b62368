"""The composition root: read, merge, replay, join, judge."""

from __future__ import annotations

from seamaudit.audit.compare import Compared, compare
from seamaudit.audit.examine import Examined, examine
from seamaudit.audit.measure import Followed, Measured, Supposed, follow, measure, measure_cache, measure_cost, suppose
from seamaudit.audit.scan import audit

__all__ = [
    "Compared",
    "Examined",
    "Followed",
    "Measured",
    "Supposed",
    "audit",
    "compare",
    "examine",
    "follow",
    "measure",
    "measure_cache",
    "measure_cost",
    "suppose",
]
