"""What following a cache by its usage measures."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.trace import Need


class UsageVerdict(StrEnum):
    """How the reported read compares with what the turn before had left.

    `fallback`: the turn before was sent the other way, with or without a stream, and what was read is what the last of its own kind left.
    """

    NO_BASE = "no_base"
    EXACT = "exact"
    MORE = "more"
    EXPIRED = "expired"
    MODEL_SWITCH = "model_switch"
    INTENDED = "intended"
    REWOUND = "rewound"
    FALLBACK = "fallback"
    PROVIDER_SIDE = "provider_side"
    UNEXPLAINED = "unexplained"


@fact("usage_reads", needs=(Need.USAGE, Need.CACHE_LIFE))
class UsageRead(Fact, frozen=True, kw_only=True):
    """One answered request of a recording without whole prompts, against what the turn before had left in the cache."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    model_before: Annotated[str, "The model of the turn before; empty for none."]
    dated: Annotated[float | None, "When, for prices; unknown where the recording has no time."]
    verdict: Annotated[UsageVerdict, "The reported read against what was left."]
    available: Annotated[int, "Tokens the turn before left: what it read and what it wrote."]
    reported: Annotated[int, "Tokens the provider said it read."]
    written: Annotated[int, "Tokens the provider said it wrote."]
    written_1h: Annotated[int, "Of these, tokens written for an hour."]
    total: Annotated[int, "All input tokens."]
    lost: Annotated[int, "Tokens that were left, sent again and not read; where they expired only in part, those that did."]
    shrank: Annotated[bool, "Fewer tokens were sent than the turn before, so that not all of its prompt can be in this one."]
    base_exchange: Annotated[int, "The id of the turn before; -1 for none."]
    gap: Annotated[float | None, "Seconds since the start of the request that last touched what was left; unknown without a clock."]
    life: Annotated[float | None, "Seconds it was written for; unknown where that was not in the recording."]
    alive: Annotated[bool | None, "Within that life, whenever the request was really sent; unknown at its edge."]
