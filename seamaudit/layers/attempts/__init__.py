"""The attempts layer: one intent of the application and the calls it took."""

from seamaudit.layers.attempts.facts import Intent, Outcome
from seamaudit.layers.attempts.layer import Attempts

__all__ = ["Attempts", "Intent", "Outcome"]
