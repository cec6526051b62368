"""What the cost layer says: spend, gaps in usage, and usage that cannot be right."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.providers.units import Basis
from seamaudit.trace import Money, Need


class Unpriced(StrEnum):
    """Why an exchange has no price."""

    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_PROVIDER = "unknown_provider"
    UNKNOWN_TERMS = "unknown_terms"
    UNKNOWN_PRICE_PART = "unknown_price_part"
    USAGE_INCOMPLETE = "usage_incomplete"
    NO_USAGE = "no_usage"
    REFUSED = "refused"


class Gap(StrEnum):
    """Why a successful call came without usage."""

    STREAM_WITHOUT_USAGE = "stream_without_usage"
    STREAM_CUT = "stream_cut"
    STREAM_UNREADABLE = "stream_unreadable"
    BODY_CUT = "body_cut"
    ABSENT = "absent"
    NOT_RECORDED = "not_recorded"


class Check(StrEnum):
    """What about a usage cannot be."""

    NEGATIVE = "negative"
    CACHED_EXCEEDS_TOTAL = "cached_exceeds_total"
    PARTS_DIFFER_FROM_TOTAL = "parts_differ_from_total"
    OUTPUT_EXCEEDS_MAX = "output_exceeds_max"
    INPUT_EXCEEDS_BODY = "input_exceeds_body"


@fact("spend", needs=(Need.USAGE,))
@dataclass(frozen=True, slots=True, kw_only=True)
class Spend(Fact):
    """What one exchange cost. Token counts are as normalised: `input` is all input, cached and written included."""

    provider: Annotated[str, "Who answered and bills; `unknown` for a gateway of unknown making."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    model: Annotated[str, "The model that was billed: the one that answered, where the answer says."]
    input: Annotated[int | None, "All input tokens."]
    cache_read: Annotated[int | None, "Input tokens read from the cache."]
    cache_write: Annotated[int | None, "Input tokens written to the cache."]
    output: Annotated[int | None, "Output tokens, reasoning included."]
    usd: Annotated[Money | None, "What tokens, and web searches that the usage counts, cost; unknown where the exchange is not priced."]
    input_usd: Annotated[Money | None, "The part for input neither read from nor written to the cache."]
    cache_read_usd: Annotated[Money | None, "The part for cache reads."]
    cache_write_usd: Annotated[Money | None, "The part for cache writes."]
    output_usd: Annotated[Money | None, "The part for output."]
    fees_unknown: Annotated[bool, "Whether server tools ran whose fees the recording does not hold, so that the cost is a lower bound."]
    priced: Annotated[bool, "Whether the cost is known."]
    unpriced_reason: Annotated[Unpriced | None, "Why it is not."]
    basis: Annotated[Basis | None, "Whose prices: the provider's own, or the maker's list prices."]
    dated: Annotated[bool | None, "Whether prices are those of the call's day rather than the newest."]
    cumulative_usd: Annotated[Money | None, "The thread's known cost up to and with this exchange; unknown while nothing is."]


@fact("usage_gaps")
@dataclass(frozen=True, slots=True, kw_only=True)
class UsageGap(Fact):
    """A call that succeeded and whose usage is not in the recording."""

    provider: Annotated[str, "Who answered."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    model: Annotated[str, "The model asked for."]
    reason: Annotated[Gap, "Why there is no usage."]


@fact("usage_faults", needs=(Need.USAGE,))
@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFault(Fact):
    """A usage that cannot be right: counted twice, in the wrong convention, or for another call."""

    provider: Annotated[str, "Who answered."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    model: Annotated[str, "The model asked for."]
    check: Annotated[Check, "What cannot be."]
    recorded: Annotated[int, "The tokens recorded."]
    expected: Annotated[int, "The tokens there can be: at most, or exactly for a sum of parts, or at least for a negative count."]
    confidence: Annotated[Literal["high", "medium"], "High where arithmetic alone decides."]
