"""What another layout of the same content would have cost: the replayed saving that a finding's fix quotes."""

from seamaudit.seams.fixes.counterfactual import Counterfactual, Outcome
from seamaudit.seams.fixes.facts import FixReplay, Mend
from seamaudit.seams.fixes.plans import Group, Plan, groups, plans
from seamaudit.seams.fixes.seam import Fixes, Replay, Replays, replays

__all__ = ["Counterfactual", "FixReplay", "Fixes", "Group", "Mend", "Outcome", "Plan", "Replay", "Replays", "groups", "plans", "replays"]
