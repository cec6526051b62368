"""The composition root: read, merge, replay, join, judge."""

from __future__ import annotations

from seamaudit.audit.compare import Compared, compare
from seamaudit.audit.convert import Converted, convert_to_atif, convert_to_pairs
from seamaudit.audit.examine import Examined, examine
from seamaudit.audit.measure import Followed, Measured, Supposed, follow, measure, measure_cache, measure_cost, suppose
from seamaudit.audit.scan import audit

__all__ = [
    "Compared",
    "Converted",
    "Examined",
    "Followed",
    "Measured",
    "Supposed",
    "audit",
    "compare",
    "convert_to_atif",
    "convert_to_pairs",
    "examine",
    "follow",
    "measure",
    "measure_cache",
    "measure_cost",
    "suppose",
]
