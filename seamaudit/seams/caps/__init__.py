"""Caps replayed: where a guard on steps, dollars or equal calls would have stopped a run, and what that would have saved."""

from seamaudit.seams.caps.facts import AgentRun, Cap, CapPassed, CapSuggestion, Stretch, Unattended
from seamaudit.seams.caps.replay import CapKnobs
from seamaudit.seams.caps.seam import Caps

__all__ = ["AgentRun", "Cap", "CapKnobs", "CapPassed", "CapSuggestion", "Caps", "Stretch", "Unattended"]
