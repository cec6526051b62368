"""Token counts in one convention, and what the recording said beside it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field


class Convention(StrEnum):
    """What the emitter's input count means: all input, or only what the cache neither read nor wrote."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"
    UNKNOWN = "unknown"


class ConventionBasis(StrEnum):
    """How a convention is known: by the format that declares it, by a total that only it gives, by a bound that the other one would
    break, or by other calls of the same emitter."""

    DECLARED = "declared"
    TOTAL = "total"
    BOUND = "bound"
    EMITTER = "emitter"


class Usage(Struct, frozen=True, gc=False):
    """Integer tokens of one provider call; None is unknown, never zero.

    `input` is the total input: cached, written and plain together. `cache_write` is the sum of both lives;
    `cache_write_5m` and `cache_write_1h` are its split where the recording gives it. `output` includes `reasoning`.
    `convention` is what the emitter's own input count means, `convention_basis` how that is known.
    `placeholder_output` says that `output` is what a stream's opening announced, `output_is_lower_bound` that the answer holds more
    text than the recorded count allows. `recorded` is the provider's own object, flattened to dotted integer fields, untouched.
    """

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    reasoning: int | None = None
    total: int | None = None
    convention: Convention = Convention.UNKNOWN
    convention_basis: ConventionBasis = ConventionBasis.DECLARED
    recorded: Mapping[str, int] = field(default_factory=dict)
    service_tier: str = ""
    placeholder_output: bool = False
    output_is_lower_bound: bool = False

    @property
    def plain(self) -> int | None:
        """Input tokens billed at the base rate: neither read from nor written to a cache."""
        if self.input is None:
            return None
        return self.input - (self.cache_read or 0) - (self.cache_write or 0)
