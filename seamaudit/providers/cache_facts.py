"""Prompt caching of five makers, as dated rows. Plain data: correct it against the sources, not against traces.

Rows go from the general to the special and from old to new; the last that holds wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from seamaudit.providers.rows import ALWAYS, Row
from seamaudit.trace import Zone


class CacheMode(StrEnum):
    """How a provider decides what it caches.

    `explicit`: at the markers the caller sets. `implicit_step`: any prefix, in steps of tokens. `implicit_breakpoints`: at message ends,
    and at markers where the caller sets them.
    """

    EXPLICIT = "explicit"
    IMPLICIT_STEP = "implicit_step"
    IMPLICIT_BREAKPOINTS = "implicit_breakpoints"


# Sources. Anthropic's caching page was read in two states: as of 2026-08-21 and as of September 2026.
A_CACHING: Final = "https://platform.claude.com/docs/en/build-with-claude/prompt-caching"
A_CACHING_SEP: Final = A_CACHING + " (September 2026)"
A_HAIKU_55: Final = "https://platform.claude.com/docs/en/about-claude/models/haiku-5-5/overview"
A_OUTPUTS: Final = "https://platform.claude.com/docs/en/build-with-claude/structured-outputs"
LITELLM: Final = "litellm 1.109.1 model_prices_and_context_window_backup.json, prompt_cache_min_tokens"
B_CACHING: Final = "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html"
O_CACHING: Final = "https://developers.openai.com/api/docs/guides/prompt-caching"
G_CACHING: Final = "https://ai.google.dev/gemini-api/docs/caching"
G_CACHING_OCT: Final = G_CACHING + " (October 2026)"
D_CACHING: Final = "https://api-docs.deepseek.com/guides/kv_cache"
D_NEWS: Final = "https://api-docs.deepseek.com/news/news0802"
O_SDK: Final = "openai 3.52.0 types/responses/response_create_params.py"

_A_CACHING_START: Final = date(2024, 8, 14)
_O_CACHING_START: Final = date(2024, 10, 1)
_G_CACHING_START: Final = date(2025, 5, 8)
_D_CACHING_START: Final = date(2024, 8, 2)
_N_CACHING_START: Final = date(2025, 4, 7)
_GEMINI: Final = "gemini-2.5* gemini-3* gemini-4*"
_NOVA: Final = "amazon.nova-*"
_BREAKPOINTS: Final = "gpt-5.6 gpt-5.6-* gpt-6-* gpt-6.1-*"

MODES: Final = (
    Row("anthropic", "*", "*", _A_CACHING_START, CacheMode.EXPLICIT, A_CACHING),
    Row("openai", "gpt-4o* gpt-4.1* gpt-5 gpt-5-* o1 o1-* o3 o3-* o4-*", "*", _O_CACHING_START, CacheMode.IMPLICIT_STEP, O_CACHING),
    Row("openai", "gpt-5.1* gpt-5.2* gpt-5.3* gpt-5.4* gpt-5.5*", "*", ALWAYS, CacheMode.IMPLICIT_STEP, O_CACHING),
    Row("openai", _BREAKPOINTS, "*", ALWAYS, CacheMode.IMPLICIT_BREAKPOINTS, O_CACHING),
    # Where a cached prefix may end Google does not say, and Nova's documents speak of checkpoints without a look-back.
    Row("google", _GEMINI, "*", _G_CACHING_START, CacheMode.IMPLICIT_STEP, G_CACHING + ": no guarantee", uncertain=True),
    Row("amazon", _NOVA, "bedrock", _N_CACHING_START, CacheMode.EXPLICIT, B_CACHING, uncertain=True),
    Row("deepseek", "*", "*", _D_CACHING_START, CacheMode.IMPLICIT_STEP, D_CACHING + ": best effort", uncertain=True),
)

MINIMUM_TOKENS: Final = (
    Row("anthropic", "claude-3-*", "*", ALWAYS, 1024, A_CACHING + " (2025)", uncertain=True),
    Row("anthropic", "claude-3-haiku claude-3-5-haiku", "*", ALWAYS, 2048, A_CACHING),
    Row("anthropic", "claude-sonnet-4 claude-opus-4 claude-opus-4-1 claude-sonnet-4-5", "*", ALWAYS, 1024, A_CACHING),
    Row("anthropic", "claude-sonnet-4-6", "*", ALWAYS, 1024, A_CACHING + "; 2,048 in April 2026 and in practice", uncertain=True),
    Row("anthropic", "claude-opus-4-5 claude-opus-4-6 claude-haiku-4-5", "*", ALWAYS, 4096, A_CACHING),
    Row("anthropic", "claude-opus-4-7", "*", ALWAYS, 2048, A_CACHING),
    Row("anthropic", "claude-mythos-preview", "*", ALWAYS, 2048, A_CACHING + "; litellm says 512", uncertain=True),
    Row("anthropic", "claude-opus-4-8 claude-sonnet-5", "*", ALWAYS, 1024, A_CACHING),
    Row("anthropic", "claude-opus-5 claude-fable-5 claude-mythos-5", "*", ALWAYS, 512, A_CACHING),
    Row("anthropic", "claude-fable-5-1 claude-mythos-5-1", "*", ALWAYS, 512, A_CACHING_SEP),
    Row("anthropic", "claude-haiku-5-5", "*", ALWAYS, 512, A_HAIKU_55),
    Row("anthropic", "claude-opus-5-5 claude-sonnet-5-5", "*", ALWAYS, 512, LITELLM),
    Row("anthropic", "claude-fable-5-2 claude-mythos-5-2", "*", ALWAYS, 512, "assumed from 5.1", uncertain=True),
    Row("google", "*", "*", ALWAYS, 4096, G_CACHING, uncertain=True),
    Row("google", "gemini-2.5-flash* gemini-3-flash*", "*", ALWAYS, 1024, G_CACHING, uncertain=True),
    Row("google", "gemini-2.5*", "*", date(2026, 10, 13), 2048, G_CACHING_OCT, uncertain=True),
    Row("google", "gemini-3*", "*", date(2026, 10, 13), 4096, G_CACHING_OCT, uncertain=True),
    Row("amazon", _NOVA, "*", ALWAYS, 1000, B_CACHING, uncertain=True),
    Row("deepseek", "*", "*", ALWAYS, 64, D_NEWS, uncertain=True),
    Row("openai", "*", "*", ALWAYS, 1024, O_CACHING),
    Row("openai", "gpt-5.5*", "*", ALWAYS, 1024, O_CACHING + "; newer wording has boundaries of 2,048", uncertain=True),
)

MINIMUM_UNCERTAIN_ON: Final = frozenset({"bedrock"})
"""Platforms with a table of their own (`B_CACHING`), which may differ."""

LOOKBACK: Final = (
    Row("anthropic", "*", "*", ALWAYS, 20, A_CACHING),
    Row("anthropic", "*", "bedrock", ALWAYS, 20, B_CACHING + ": about 20", uncertain=True),
    Row("amazon", _NOVA, "*", ALWAYS, 1, B_CACHING + ": simplified cache management is for Claude", uncertain=True),
    Row("openai", _BREAKPOINTS, "*", ALWAYS, 80, O_SDK + "; the guide says 50 explicit and 20 message ends", uncertain=True),
)

# On the Claude API a run of tool_use blocks counts as one position since some day between the two states of the page.
RUN_COLLAPSE: Final = (
    Row("anthropic", "*", "*", ALWAYS, False, A_CACHING),
    Row("anthropic", "*", "*", date(2026, 8, 21), False, A_CACHING_SEP + " names the Claude API alone", uncertain=True),
    Row("anthropic", "*", "claude_api", date(2026, 8, 21), True, A_CACHING_SEP + "; start not dated", uncertain=True),
    Row("anthropic", "*", "claude_api", date(2026, 10, 1), True, A_CACHING_SEP),
)

STEP: Final = (
    Row("openai", "*", "*", ALWAYS, 128, O_CACHING),
    Row("deepseek", "*", "*", ALWAYS, 64, D_NEWS + "; the guide now speaks of units at message ends and fixed intervals", uncertain=True),
)

MAX_BREAKPOINTS: Final = (
    Row("anthropic", "*", "*", ALWAYS, 4, A_CACHING),
    Row("amazon", _NOVA, "*", ALWAYS, 4, B_CACHING),
    Row("openai", _BREAKPOINTS, "*", ALWAYS, 4, O_CACHING),
)

# A marker for the whole request (top-level cache_control); older models on Bedrock answer 400.
AUTOMATIC: Final = (
    Row("anthropic", "*", "*", ALWAYS, True, A_CACHING),
    Row("anthropic", "claude-3-* claude-sonnet-4* claude-opus-4 claude-opus-4-1", "bedrock", ALWAYS, False, A_CACHING),
    Row("anthropic", "claude-opus-4-5 claude-opus-4-6 claude-haiku-4-5", "bedrock", ALWAYS, False, A_CACHING),
)

# Seconds by name; the first is the default. A life is the least a provider keeps an entry, from the start of the request that last
# touched it.
TTL: Final[tuple[Row[Mapping[str, float]], ...]] = (
    Row("anthropic", "*", "*", ALWAYS, {"5m": 300.0, "1h": 3600.0}, A_CACHING),
    Row("openai", "*", "*", ALWAYS, {"in_memory": 300.0, "24h": 86400.0}, O_CACHING + "; the default depends on data retention", True),
    Row("openai", "gpt-5.5*", "*", ALWAYS, {"24h": 86400.0}, O_CACHING),
    Row("openai", _BREAKPOINTS, "*", ALWAYS, {"30m": 1800.0, "12h": 43200.0}, O_SDK),
    Row("google", "*", "*", ALWAYS, {"implicit": 300.0, "held": 3600.0}, G_CACHING + ": a short time; held contents an hour", True),
    Row("amazon", _NOVA, "*", ALWAYS, {"5m": 300.0}, B_CACHING),
    Row("deepseek", "*", "*", ALWAYS, {"disk": 3600.0}, D_CACHING + ": a few hours to a few days", True),
)

REFRESH_ON_READ: Final = (
    Row("anthropic", "*", "*", ALWAYS, True, A_CACHING),
    Row("openai", "*", "*", ALWAYS, True, O_CACHING),
    Row("amazon", _NOVA, "*", ALWAYS, True, B_CACHING),
    Row("google", "*", "*", ALWAYS, True, "assumed", uncertain=True),
    Row("deepseek", "*", "*", ALWAYS, True, D_CACHING, uncertain=True),
)

WRITE_CHARGED: Final = (
    Row("anthropic", "*", "*", ALWAYS, True, A_CACHING),
    Row("openai", "*", "*", ALWAYS, False, O_CACHING),
    Row("openai", _BREAKPOINTS, "*", ALWAYS, True, O_CACHING),
)

ISOLATION: Final = (
    Row("anthropic", "*", "*", ALWAYS, "workspace", A_CACHING),
    Row("anthropic", "*", "bedrock vertex", ALWAYS, "organisation", A_CACHING),
    Row("openai", "*", "*", ALWAYS, "organisation", O_CACHING),
    Row("amazon", _NOVA, "*", ALWAYS, "organisation", B_CACHING),
    Row("google", "*", "*", ALWAYS, "project", G_CACHING, uncertain=True),
    Row("deepseek", "*", "*", ALWAYS, "user", D_NEWS),
)

# What a change of a request parameter invalidates: the zone it names and every later one. Tools, system and messages themselves are no
# parameters; the comparison of prefixes sees them. A parameter that is missing here is not known to touch the cache.
INVALIDATES: Final = (
    Row("anthropic", "*", "*", ALWAYS, ("speed", Zone.SYSTEM), A_CACHING + "; diagnostics call it a change of model", uncertain=True),
    Row("anthropic", "*", "*", ALWAYS, ("tool_choice", Zone.MESSAGES), A_CACHING),
    Row("anthropic", "*", "*", ALWAYS, ("thinking", Zone.MESSAGES), A_CACHING + "; ahead of the tools on unnamed models", uncertain=True),
    Row("anthropic", "*", "*", ALWAYS, ("output_config", Zone.MESSAGES), A_CACHING + "; ahead of the tools on unnamed models", True),
    Row("anthropic", "*", "*", ALWAYS, ("output_format", Zone.SYSTEM), A_OUTPUTS, uncertain=True),
    Row("anthropic", "*", "*", ALWAYS, ("mcp_servers", Zone.TOOLS), "assumed: a server's tools are definitions", uncertain=True),
    Row("anthropic", "*", "bedrock", ALWAYS, ("toolChoice", Zone.MESSAGES), A_CACHING),
    Row("anthropic", "*", "bedrock", ALWAYS, ("additionalModelRequestFields", Zone.MESSAGES), "holds thinking and effort", uncertain=True),
    Row("openai", "*", "*", ALWAYS, ("parallel_tool_calls", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("response_format", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("text", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("verbosity", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("reasoning", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("reasoning_effort", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("context_management", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("service_tier", Zone.TOOLS), O_CACHING),
    Row("openai", "*", "*", ALWAYS, ("prompt_cache_key", Zone.TOOLS), O_CACHING),
)
