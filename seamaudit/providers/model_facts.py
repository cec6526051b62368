"""Context windows and longest outputs, in tokens, as dated rows; see `rows` for how a table is read."""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec import Struct

from seamaudit.providers.rows import ALWAYS, Row


class Size(Struct, frozen=True):
    """The most tokens a call can hold, prompt and answer together, and the most of them that can be answer."""

    context: int
    max_output: int


A_MODELS: Final = "https://platform.claude.com/docs/en/about-claude/models/overview"
A_PRICING: Final = "https://platform.claude.com/docs/en/about-claude/pricing"
O_MODELS: Final = "https://developers.openai.com/api/docs/models"

_K64 = 64_000
_K128 = 128_000

WINDOWS: Final = (
    Row("anthropic", "claude-3-*", "*", ALWAYS, Size(200_000, 4_096), A_MODELS + " (2024)"),
    Row("anthropic", "claude-3-5-*", "*", ALWAYS, Size(200_000, 8_192), A_MODELS + " (2025)"),
    Row("anthropic", "claude-3-7-sonnet", "*", ALWAYS, Size(200_000, _K64), A_MODELS + " (2025); 128k under a beta", uncertain=True),
    Row("anthropic", "claude-opus-4 claude-opus-4-1", "*", ALWAYS, Size(200_000, 32_000), A_MODELS + " (2025)"),
    Row("anthropic", "claude-sonnet-4 claude-sonnet-4-5", "*", ALWAYS, Size(200_000, _K64), A_PRICING + "; 1M in a beta", uncertain=True),
    Row("anthropic", "claude-sonnet-4 claude-sonnet-4-5", "*", date(2026, 4, 30), Size(200_000, _K64), A_PRICING + "; the beta ended"),
    Row("anthropic", "claude-opus-4-5 claude-haiku-4-5", "*", ALWAYS, Size(200_000, _K64), A_MODELS),
    Row("anthropic", "claude-opus-4-6 claude-sonnet-4-6", "*", ALWAYS, Size(1_000_000, _K128), A_PRICING + "; a beta at first", True),
    Row("anthropic", "claude-opus-4-6 claude-sonnet-4-6", "*", date(2026, 3, 13), Size(1_000_000, _K128), A_PRICING),
    Row("anthropic", "claude-opus-4-7 claude-opus-4-8 claude-opus-5 claude-opus-5-5", "*", ALWAYS, Size(1_000_000, _K128), A_MODELS),
    Row("anthropic", "claude-sonnet-5 claude-sonnet-5-5 claude-haiku-5-5", "*", ALWAYS, Size(1_000_000, _K128), A_MODELS),
    Row("anthropic", "claude-fable-5 claude-fable-5-1 claude-fable-5-2", "*", ALWAYS, Size(1_000_000, _K128), A_MODELS),
    Row("anthropic", "claude-mythos-5 claude-mythos-5-1 claude-mythos-5-2", "*", ALWAYS, Size(1_000_000, _K128), A_MODELS),
    Row("openai", "gpt-3.5-turbo", "*", ALWAYS, Size(16_385, 4_096), O_MODELS),
    Row("openai", "gpt-4 gpt-4-0613", "*", ALWAYS, Size(8_192, 8_192), O_MODELS),
    Row("openai", "gpt-4-turbo", "*", ALWAYS, Size(_K128, 4_096), O_MODELS),
    Row("openai", "gpt-4o gpt-4o-mini", "*", ALWAYS, Size(_K128, 16_384), O_MODELS),
    Row("openai", "gpt-4.1 gpt-4.1-mini gpt-4.1-nano", "*", ALWAYS, Size(1_047_576, 32_768), O_MODELS),
    Row("openai", "o1 o3 o3-mini o4-mini", "*", ALWAYS, Size(200_000, 100_000), O_MODELS),
    Row("openai", "gpt-5 gpt-5-mini gpt-5-nano gpt-5.1 gpt-5.2", "*", ALWAYS, Size(400_000, _K128), O_MODELS),
    Row("openai", "gpt-5.4-mini gpt-5.4-nano", "*", ALWAYS, Size(400_000, _K128), O_MODELS),
    Row("openai", "gpt-5.5", "*", ALWAYS, Size(1_000_000, _K128), O_MODELS),
    Row("openai", "gpt-5.4 gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna", "*", ALWAYS, Size(1_050_000, _K128), O_MODELS),
    Row("openai", "gpt-6-astra gpt-6-sol gpt-6-luna gpt-6.1-sol gpt-6.1-terra", "*", ALWAYS, Size(1_050_000, _K128), O_MODELS),
)
