"""The attempts layer: one intent of the application and the calls it took."""

from seamaudit.layers.attempts.facts import Intent, IntentTry, Outcome
from seamaudit.layers.attempts.layer import Attempts

__all__ = ["Attempts", "Intent", "IntentTry", "Outcome"]
