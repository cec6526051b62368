"""What the cache layer measures."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Need


class Verdict(StrEnum):
    """How the reported read compares with the replayed one."""

    COLD = "cold"
    EXACT = "exact"
    WITHIN_STEP = "within_step"
    PROVIDER_SIDE = "provider_side"
    MORE_THAN_PREDICTED = "more_than_predicted"
    UNEXPLAINED = "unexplained"


@fact("cache_reads", needs=(Need.PROMPT, Need.USAGE, Need.CACHE_CONTRACT))
class CacheRead(Fact, frozen=True, kw_only=True):
    """One request against its simulated cache, and against what the request it continues had left there."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    mode: Annotated[CacheMode, "The kind of cache."]
    dated: Annotated[float | None, "When, for prices; unknown where the recording has no time."]
    verdict: Annotated[Verdict, "The reported read against the predicted one."]
    predicted: Annotated[int, "Tokens the replay reads."]
    reported: Annotated[int, "Tokens the provider said it read."]
    written: Annotated[int, "Tokens the provider said it wrote."]
    written_1h: Annotated[int, "Of these, tokens written for an hour."]
    total: Annotated[int, "All input tokens."]
    extends: Annotated[bool, "The request begins with all of the turn before, unchanged."]
    base_exchange: Annotated[int, "The request whose cached prefix this one could have read; -1 for none."]
    base_available: Annotated[int, "Tokens that request left in the cache."]
    base_position: Annotated[int, "Positions they cover."]
    base_bytes: Annotated[int, "Bytes they cover."]
    alive: Annotated[bool | None, "Within the entry's life; unknown without a clock."]
    raced: Annotated[bool, "Sent before the answer that makes the entry readable had begun."]
    same_parameters: Annotated[bool, "The parameters that key the cache are those of the base."]
    flipped: Annotated[str, "The names of those that are not."] = ""
    flip_settled: Annotated[bool, "The documents say for each of these what a change of it makes cold."] = True
    overlooked: Annotated[int, "Positions from the nearest marker down to the base's entry, where these are more than are looked at."] = 0
    overlooked_surely: Annotated[bool, "They are clearly more, however positions are counted."] = False
    settled: Annotated[bool, "The contract that was applied leaves nothing open for this model and platform."]
    documented: Annotated[bool, "The provider's documents say where what it caches may end."] = True
    intended: Annotated[str, "Why the prompt was rewritten on purpose since the turn before; empty where it was not."] = ""
    started: Annotated[float | None, "When the request was sent; unknown without a clock."] = None
    left: Annotated[int, "Tokens it left in the cache itself."] = 0
    life: Annotated[float | None, "Seconds these live unread; unknown where it left none."] = None
    previous: Annotated[int, "The thread's turn before; -1 for none."] = -1
    rested: Annotated[float | None, "Seconds since what the replay reads was last touched; unknown where it reads nothing."] = None


@fact("cache_writes", needs=(Need.PROMPT, Need.USAGE, Need.CACHE_CONTRACT))
class CacheWrite(Fact, frozen=True, kw_only=True):
    """One request's write up to its last marker, and how often it was read before the trace ended."""

    provider: Annotated[str, "Who wrote it."]
    model: Annotated[str, "The model asked for."]
    dated: Annotated[float | None, "When, for prices."]
    written: Annotated[int, "Tokens written beyond what was read."]
    written_1h: Annotated[int, "Of these, tokens written for an hour."]
    read: Annotated[int, "Tokens read by the same request."]
    cached_bytes: Annotated[int, "Bytes up to the last marker."]
    reads: Annotated[int, "Later requests that read this entry."]
    started: Annotated[float | None, "When it was sent; unknown without a clock."] = None
    raced: Annotated[int, "Tokens of these that an earlier request was writing, too, whose answer had not begun."] = 0
    raced_surely: Annotated[bool, "The recording holds that answer's first byte, not its end alone."] = False
    raced_exchange: Annotated[int, "That earlier request; -1 for none."] = -1


@fact("unmarked_repeats", needs=(Need.PROMPT, Need.USAGE, Need.TIME, Need.CACHE_CONTRACT))
class UnmarkedRepeat(Fact, frozen=True, kw_only=True):
    """A request without any cache marker that repeats, within a cache's life, a prefix clearly longer than the model's minimum."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    dated: Annotated[float | None, "When, for prices."]
    repeated: Annotated[int, "Tokens it repeats, apportioned by bytes from what the provider counted."]
    total: Annotated[int, "All input tokens."]
    minimum: Annotated[int, "The shortest prefix the model caches, in tokens."]
    base_exchange: Annotated[int, "The request whose beginning it repeats."]
    settled: Annotated[bool, "The contract that was applied leaves nothing open for this model and platform."]


@fact("short_prefixes", needs=(Need.PROMPT, Need.USAGE, Need.CACHE_CONTRACT))
class ShortPrefix(Fact, frozen=True, kw_only=True):
    """A marked prefix that was not cached and is clearly shorter than anything the model caches."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    marked: Annotated[int, "Tokens up to the last marker, apportioned by bytes from what the provider counted."]
    total: Annotated[int, "All input tokens."]
    minimum: Annotated[int, "The shortest prefix the model caches, in tokens."]
    times: Annotated[int, "Requests of this app and model of which the same is true."]
    confidence: Annotated[Literal["high", "medium"], "Medium where the contract is open."]
