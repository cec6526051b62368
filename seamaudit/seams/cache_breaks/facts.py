"""What the seam says: one row for each break of a cached prefix."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.layers.prefix import Edit
from seamaudit.trace import Locus, Money, Need, Zone


class Cause(StrEnum):
    """What broke the prefix."""

    TEXT_CHANGED = "text_changed"
    TOOLS_REORDERED = "tools_reordered"
    TOOLS_CHANGED = "tools_changed"
    KEY_ORDER = "key_order"
    HISTORY_EDITED = "history_edited"
    MOVING_BREAKPOINT = "moving_breakpoint"
    PARAMETER = "parameter"
    LOOKBACK = "lookback"
    MODEL = "model"
    EXPIRED = "expired"
    RACE = "race"
    PROVIDER_SIDE = "provider_side"
    UNEXPLAINED = "unexplained"


class Origin(StrEnum):
    """Who produced the bytes that changed."""

    RETRIEVAL = "retrieval"
    MEMORY = "memory"
    TOOL_RESULT = "tool_result"
    CLOCK = "clock"
    IDENTIFIER = "identifier"
    TOOL_LIST = "tool_list"
    CLIENT = "client"
    PROVIDER = "provider"
    UNKNOWN = "unknown"


Proof = Literal["declared", "proven", "inferred"]


@fact("cache_breaks", needs=(Need.PROMPT, Need.USAGE, Need.CACHE_CONTRACT))
class CacheBreak(Fact, frozen=True, kw_only=True):
    """A request that read less from the cache than the request before it had left there."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    cause: Annotated[Cause, "What broke the prefix."]
    origin: Annotated[Origin, "Who produced the bytes that changed."]
    proof: Annotated[Proof, "How the origin is known."]
    confidence: Annotated[Literal["high", "medium", "low"], "Lower where a thread was inferred or the provider promises no hit."]
    same_thread: Annotated[bool, "The prefix broke between two turns of one thread; else between threads of one app."]
    zone: Annotated[Zone | None, "The part of the prompt that changed first."] = None
    block: Annotated[str, "The block that changed first."] = ""
    role: Annotated[str, "The role of that block."] = ""
    edit: Annotated[Edit | None, "How it changed."] = None
    tool: Annotated[str, "The tool whose definition changed or whose result is quoted, where one is."] = ""
    tools_added: Annotated[int, "Tool definitions that came."] = 0
    tools_removed: Annotated[int, "Tool definitions that went."] = 0
    rewritten_tokens: Annotated[int, "Tokens processed again that the cache already held."]
    shared_tokens: Annotated[int, "Tokens the cache did serve."]
    wasted_tokens: Annotated[int, "Of the rewritten tokens, those that need not change: what a fix would read instead."]
    waste_usd: Annotated[Money | None, "Their price above that of a cache read; unknown where a price is."]
    parameter: Annotated[str, "The request parameters that changed, where these are the cause."] = ""
    overlooked: Annotated[int, "Positions between the nearest marker and the entry, where it looks at fewer."] = 0
    model_before: Annotated[str, "The model of the turn before, where another one."] = ""
    gap: Annotated[float | None, "Seconds since what was left was last touched; unknown without a clock."] = None
    life: Annotated[float | None, "Seconds it was written for; unknown where not recorded, and for caches nobody writes to."] = None
    hour_keeps: Annotated[bool, "Of an expiry: a life of one hour would have kept what was lost."] = False
    hour_keeps_tokens: Annotated[int | None, "Of an expiry: the tokens that a life of one hour would have kept, over all of the app."] = (
        None
    )
    hour_saves_usd: Annotated[Money | None, "What keeping these would have saved; unknown where a price is."] = None
    hour_costs_usd: Annotated[
        Money | None, "What writing for an hour all else that the app wrote for less would have cost more; unknown where a price is."
    ] = None
    was: Annotated[Locus | None, "Where the earlier version stands."] = None
    now: Annotated[Locus | None, "Where the new version stands."] = None
    diverges_at: Annotated[int | None, "First diverging byte inside the block."] = None
