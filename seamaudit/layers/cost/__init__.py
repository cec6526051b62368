"""Cost: what each exchange was billed, where recorded dollars differ, where usage is missing, and where it cannot be right.

One instance a thread. Unit prices come from outside; what they do not know stays unknown and is never counted as 0.
"""

from seamaudit.layers.cost.checks import CostKnobs
from seamaudit.layers.cost.facts import Check, CostDifference, Gap, HiddenCall, Spend, TierCrossing, UsageFault, UsageGap, Why
from seamaudit.layers.cost.layer import Cost

__all__ = [
    "Check",
    "Cost",
    "CostDifference",
    "CostKnobs",
    "Gap",
    "HiddenCall",
    "Spend",
    "TierCrossing",
    "UsageFault",
    "UsageGap",
    "Why",
]
