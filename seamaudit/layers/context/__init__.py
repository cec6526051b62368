"""The context layer: what fills a thread's window, how fast, what is sent again, and what goes missing."""

from seamaudit.layers.context.facts import ContextTurn, Cut, CutKind, LargeResult, PhaseEnd, WindowPhase
from seamaudit.layers.context.layer import Context, ContextKnobs

__all__ = ["Context", "ContextKnobs", "ContextTurn", "Cut", "CutKind", "LargeResult", "PhaseEnd", "WindowPhase"]
