"""What the cost layer says: spend, where recorded dollars differ, calls nobody sees, gaps in usage, and usage that cannot be right."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.providers.billing import Unpriced
from seamaudit.providers.units import Basis
from seamaudit.trace import Money, Need


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


class Why(StrEnum):
    """What explains that recorded and recomputed dollars differ."""

    ROUNDING = "rounding"
    NOTHING_RECORDED = "nothing_recorded"
    CACHE_PRICES = "cache_prices"
    READ_PRICE = "read_price"
    WRITE_PRICE = "write_price"
    OUTPUT_PRICE = "output_price"
    COUNTED_TWICE = "counted_twice"
    RUNNING_TOTAL = "running_total"
    TIER = "tier"
    CONTEXT_TIER = "context_tier"
    PRICE_DATE = "price_date"
    OTHER_MODEL = "other_model"
    OUTPUT_LOWER_BOUND = "output_lower_bound"
    FEES = "fees"
    UNPRICED = "unpriced"
    UNEXPLAINED = "unexplained"


@fact("spend", needs=(Need.USAGE,))
class Spend(Fact, frozen=True, kw_only=True):
    """What one exchange cost. Token counts are as normalised: `input` is all input, cached and written included."""

    conversation: Annotated[str, "The conversation the call belongs to; a sub-agent's is the one it was started in."]
    at: Annotated[float | None, "Seconds since the epoch that date the call; unknown where the recording has no time."]
    side: Annotated[str, "The kind of a call beside the conversation: `subagent`, `title`, `probe`; empty for its turns."]
    provider: Annotated[str, "Who answered and bills; `unknown` for a gateway of unknown making."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    model: Annotated[str, "The model that was billed: the one that answered, where the answer says."]
    input: Annotated[int | None, "All input tokens."]
    cache_read: Annotated[int | None, "Input tokens read from the cache."]
    cache_write: Annotated[int | None, "Input tokens written to the cache."]
    output: Annotated[int | None, "Output tokens, reasoning included."]
    output_is_lower_bound: Annotated[bool, "Whether the answer holds more text than the recorded output count allows."]
    usd: Annotated[Money | None, "What tokens, and web searches that the usage counts, cost; unknown where the exchange is not priced."]
    input_usd: Annotated[Money | None, "The part for input neither read from nor written to the cache."]
    cache_read_usd: Annotated[Money | None, "The part for cache reads."]
    cache_write_usd: Annotated[Money | None, "The part for cache writes."]
    output_usd: Annotated[Money | None, "The part for output."]
    fees_unknown: Annotated[bool, "Whether server tools ran whose fees the recording does not hold, so that the cost is a lower bound."]
    priced: Annotated[bool, "Whether the cost is known."]
    unpriced_reason: Annotated[Unpriced | None, "Why it is not."]
    basis: Annotated[Basis | None, "Whose prices: the provider's own, the maker's list prices, or a price file's own."]
    dated: Annotated[bool | None, "Whether prices are those of the call's day rather than the newest."]
    recorded_usd: Annotated[Money | None, "What the recording says the call cost."]
    cumulative_usd: Annotated[Money | None, "The thread's known cost up to and with this exchange; unknown while nothing is."]
    app_declared: Annotated[bool, "Whether the recording names the app; else it is a digest of the tools it offers."] = False
    team: Annotated[str, "The team the recording names; empty where it names none."] = ""
    user: Annotated[str, "The user it names; empty where it names none."] = ""
    key: Annotated[str, "The name or digest of the API key it names; empty where it names none."] = ""


@fact("cost_differences", needs=(Need.USAGE,))
class CostDifference(Fact, frozen=True, kw_only=True):
    """A call whose recorded dollars are not the recomputed ones, and what explains the gap.

    `read_price` and `write_price`: cache reads, or writes, billed at another of the model's prices or not at all; `cache_prices`: both.
    `counted_twice`: cached tokens billed as plain input too. `running_total`: the thread's cost so far, not the call's. `tier`,
    `context_tier`, `price_date`, `other_model`: the prices of other terms, of a larger or smaller prompt, of today, or of the model that
    was asked for and did not answer.
    """

    provider: Annotated[str, "Who answered and bills."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    model: Annotated[str, "The model that was billed."]
    day: Annotated[str, "The call's day (UTC) as YYYY-MM-DD; empty where the recording has no time."]
    recorded: Annotated[Money, "What the recording says the call cost."]
    recomputed: Annotated[Money | None, "What its usage costs by the price table; unknown where that has no price."]
    difference: Annotated[Money | None, "Recorded less recomputed."]
    why: Annotated[Why, "What explains it."]
    confidence: Annotated[Literal["high", "medium"], "High where another price explains the amount exactly."]


@fact("hidden_calls", needs=(Need.USAGE,))
class HiddenCall(Fact, frozen=True, kw_only=True):
    """A call that a reader of the conversation does not see, and what it cost."""

    side: Annotated[str, "What it is: `subagent`, `title`, `probe`."]
    model: Annotated[str, "The model that was billed."]
    tokens: Annotated[int | None, "Input and output tokens; unknown where one is."]
    usd: Annotated[Money | None, "What they cost; unknown where the call is not priced."]


@fact("usage_gaps")
class UsageGap(Fact, frozen=True, kw_only=True):
    """A call that succeeded and whose usage is not in the recording."""

    provider: Annotated[str, "Who answered."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    model: Annotated[str, "The model asked for."]
    reason: Annotated[Gap, "Why there is no usage."]


@fact("usage_faults", needs=(Need.USAGE,))
class UsageFault(Fact, frozen=True, kw_only=True):
    """A usage that cannot be right: counted twice, in the wrong convention, or for another call."""

    provider: Annotated[str, "Who answered."]
    platform: Annotated[str, "Where: a provider's platform, or the host."]
    model: Annotated[str, "The model asked for."]
    check: Annotated[Check, "What cannot be."]
    recorded: Annotated[int, "The tokens recorded."]
    expected: Annotated[int, "The tokens there can be: at most, or exactly for a sum of parts, or at least for a negative count."]
    confidence: Annotated[Literal["high", "medium"], "High where arithmetic alone decides."]


@fact("tier_crossings", needs=(Need.USAGE,))
class TierCrossing(Fact, frozen=True, kw_only=True):
    """A call whose prompt passed a long-context price tier, so that all of it was billed at the dearer price."""

    provider: Annotated[str, "Who answered and bills."]
    model: Annotated[str, "The model that was billed."]
    input: Annotated[int, "All input tokens."]
    above: Annotated[int, "The most input tokens that the tier below takes."]
    premium_usd: Annotated[Money, "What the call cost above the prices of the lowest tier."]
    usd: Annotated[Money, "What it cost."]
    confidence: Annotated[
        Literal["high", "medium"], "Medium where prices are not those of the call's day, or only the maker's list prices."
    ]
