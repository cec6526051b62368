"""Cost: what each exchange was billed, where usage is missing, and where it cannot be right.

One instance a thread. Unit prices come from outside; what they do not know stays unknown and is never counted as 0.
"""

from seamaudit.layers.cost.checks import CostKnobs
from seamaudit.layers.cost.facts import Check, Gap, Spend, Unpriced, UsageFault, UsageGap
from seamaudit.layers.cost.layer import Cost

__all__ = ["Check", "Cost", "CostKnobs", "Gap", "Spend", "Unpriced", "UsageFault", "UsageGap"]
