"""What a provider itself says of a cache miss."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Said(StrEnum):
    """What the provider found when it compared a request with an earlier one: the part that changed first, nothing, or no result."""

    NOTHING = "nothing"
    MODEL = "model"
    TOOLS = "tools"
    SYSTEM = "system"
    MESSAGES = "messages"
    INPUT = "input"
    PARAMETER = "parameter"
    COMPACTED = "compacted"
    PENDING = "pending"
    NOT_COMPARED = "not_compared"


class Diagnosis(Struct, frozen=True, gc=False):
    """The provider's diagnosis; `missed` are the tokens it estimates to have been lost, None where it does not say."""

    said: Said
    missed: int | None = None
