"""What providers promise, as of the day of a call: caching, pairing, stop words, windows.

The data stand in `cache_facts`, `model_facts`, `stop_facts` and `pairing`, one sourced row a fact; here they are looked up and put
together. What no table holds is None: unknown, never a default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeVar

from msgspec import Struct

from seamaudit.providers import cache_facts as cache
from seamaudit.providers.cache_facts import CacheMode
from seamaudit.providers.hosts import UNKNOWN
from seamaudit.providers.model_facts import WINDOWS
from seamaudit.providers.models import canonical, maker_of
from seamaudit.providers.pairing import Pairing, pairing_contract
from seamaudit.providers.rows import Row, day_of, find
from seamaudit.providers.stop_facts import NATIVE, OUTPUT_CAP_ENFORCED, STOPS, StopContract, StopKind
from seamaudit.trace import Zone

__all__ = [
    "CacheContract",
    "CacheMode",
    "Pairing",
    "StopContract",
    "StopKind",
    "Window",
    "cache_contract",
    "context_window",
    "enforces_output_cap",
    "pairing_contract",
    "stop_contract",
]

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CacheContract:
    """How a model's prompt cache works on one platform, on one day.

    `minimum_tokens` is the shortest prefix that is cached. `lookback` is how many positions are looked at from a marker, the marker's own
    included; `run_collapse` whether a run of tool calls, or of tool results, counts as one of them; both, and `max_breakpoints`, are 0 or
    False where markers play no part. `step` is the grain of cached tokens, 1 where a boundary can be anywhere. `automatic`: one marker for
    the whole request is understood. `ttl_seconds` gives lives by name, counted from the start of the request that last touched an entry;
    `default_ttl` is the one nobody has to name. `invalidates` maps a request parameter to the first zone that a change of it makes cold.
    `isolation` is the widest unit that shares entries.

    `uncertain` names the fields no document settles (`invalidates.thinking` for one entry), and `platform` where the platform's own rules
    are not known at all: a verdict that hangs on one of them is at most of medium confidence.
    """

    mode: CacheMode
    minimum_tokens: int
    lookback: int
    run_collapse: bool
    step: int
    max_breakpoints: int
    automatic: bool
    ttl_seconds: Mapping[str, float] = field(hash=False)
    default_ttl: str
    refresh_on_read: bool
    write_charged: bool
    invalidates: Mapping[str, Zone] = field(hash=False)
    isolation: str
    uncertain: frozenset[str] = frozenset()

    @property
    def invalidating_params(self) -> frozenset[str]:
        """The request parameters whose change makes at least a part of the cache cold."""
        return frozenset(self.invalidates)


class Window(Struct, frozen=True):
    """A model's context window and longest answer, in tokens; `uncertain` where a beta or a missing source leaves it open."""

    context: int
    max_output: int
    uncertain: bool = False


# Where the makers themselves document their caches.
_DOCUMENTED: Final = {
    "anthropic": frozenset({"claude_api", "bedrock", "vertex", "foundry"}),
    "openai": frozenset({"openai"}),
    "google": frozenset({"generativelanguage.googleapis.com", "vertex"}),
    "amazon": frozenset({"bedrock"}),
    "deepseek": frozenset({"api.deepseek.com"}),
}
_SELLERS: Final = {
    "anthropic": frozenset({"anthropic", "aws", "google", "azure"}),
    "openai": frozenset({"openai", "aws", "azure"}),
    "google": frozenset({"google"}),
    "amazon": frozenset({"aws"}),
    "deepseek": frozenset({"deepseek"}),
}
_NATIVE_APIS: Final = {"anthropic": ("anthropic.messages",), "openai": ("openai.chat", "openai.responses")}


def cache_contract(provider: str, model: str, platform: str, when: float | None, api: str = "") -> CacheContract | None:
    """The cache contract of `model` at `when` (seconds since the epoch; None: the newest), or None where none is known.

    Known are Anthropic's and OpenAI's models at their makers and on the clouds they are sold through, Gemini at Google, Nova on Bedrock and
    what DeepSeek serves itself. An unknown gateway (`provider` is
    `unknown`) that is spoken to in the maker's own language (`api`) is taken to pass requests on; `platform` is then uncertain. A router
    that translates (OpenRouter) has no contract.
    """
    maker = maker_of(model) or _cached_by(provider, model)
    passes_on = provider == UNKNOWN and api in _NATIVE_APIS.get(maker, ())
    if provider not in _SELLERS.get(maker, ()) and not passes_on:
        return None
    return _cache_contract(maker, canonical(model), platform, day_of(when))


def _cached_by(provider: str, model: str) -> str:
    """Whose cache serves a model that its name leaves to anybody: DeepSeek's own at DeepSeek, Amazon's for Nova."""
    if provider == "deepseek":
        return provider
    return "amazon" if provider == "aws" and canonical(model).startswith("amazon.nova-") else ""


@lru_cache(maxsize=1024)
def _cache_contract(maker: str, model: str, platform: str, day: date) -> CacheContract | None:
    seen = _Lookup(maker, model, platform, day)
    mode = seen.get("mode", cache.MODES)
    minimum = seen.get("minimum_tokens", cache.MINIMUM_TOKENS)
    ttl = seen.get("ttl", cache.TTL)
    if mode is None or minimum is None or ttl is None:
        return None
    return CacheContract(
        mode=mode,
        minimum_tokens=minimum,
        lookback=seen.get("lookback", cache.LOOKBACK) or 0,
        run_collapse=seen.get("run_collapse", cache.RUN_COLLAPSE) or False,
        step=(seen.get("step", cache.STEP) if mode is CacheMode.IMPLICIT_STEP else None) or 1,
        max_breakpoints=seen.get("max_breakpoints", cache.MAX_BREAKPOINTS) or 0,
        automatic=seen.get("automatic", cache.AUTOMATIC) or False,
        ttl_seconds=MappingProxyType(dict(ttl)),
        default_ttl=next(iter(ttl)),
        refresh_on_read=seen.get("refresh_on_read", cache.REFRESH_ON_READ) or False,
        write_charged=seen.get("write_charged", cache.WRITE_CHARGED) or False,
        invalidates=MappingProxyType(seen.invalidates()),
        isolation=seen.get("isolation", cache.ISOLATION) or "",
        uncertain=seen.uncertain(),
    )


class _Lookup:
    """Looks facts up one by one and remembers which of them are uncertain."""

    def __init__(self, maker: str, model: str, platform: str, day: date) -> None:
        self._key = (maker, model, platform, day)
        self._uncertain: set[str] = set()
        if platform not in _DOCUMENTED[maker]:
            self._uncertain.add("platform")
        if platform in cache.MINIMUM_UNCERTAIN_ON:
            self._uncertain.add("minimum_tokens")

    def get(self, name: str, rows: Sequence[Row[V]]) -> V | None:
        row = find(rows, *self._key)
        if row is None:
            return None
        if row.uncertain:
            self._uncertain.add(name)
        return row.value

    def invalidates(self) -> dict[str, Zone]:
        out: dict[str, Zone] = {}
        for row in cache.INVALIDATES:
            if row.holds(*self._key):
                param, zone = row.value
                out[param] = zone
                if row.uncertain:
                    self._uncertain.add(f"invalidates.{param}")
        return out

    def uncertain(self) -> frozenset[str]:
        return frozenset(self._uncertain)


def stop_contract(provider: str, api: str) -> StopContract | None:
    """The stop words of the body shape `api`. Compatible servers say the author's words, so `provider` changes nothing yet."""
    return STOPS.get(api)


def context_window(provider: str, model: str, when: float | None) -> Window | None:
    """The window of `model` at `when`, or None where it is not known. A deployment under a name of its own is not known."""
    maker = maker_of(model)
    row = find(WINDOWS, maker, canonical(model), "*", day_of(when)) if maker else None
    if row is None:
        return None
    sold = provider == maker or provider in _SELLERS.get(maker, ())
    return Window(row.value.context, row.value.max_output, row.uncertain or not sold)


def enforces_output_cap(provider: str, api: str) -> bool:
    """Whether answers are never longer than the request's cap, so that more output tokens than that cannot be."""
    return api in OUTPUT_CAP_ENFORCED and provider in NATIVE[api]
