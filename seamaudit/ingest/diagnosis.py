"""Providers' own diagnoses of cache misses, as they stand in responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from seamaudit.ingest.blocks import fields, integer, word
from seamaudit.trace.diagnosis import Diagnosis, Said

_REASONS: Final[Mapping[str, Said]] = {
    "model_changed": Said.MODEL,
    "tools_changed": Said.TOOLS,
    "system_changed": Said.SYSTEM,
    "messages_changed": Said.MESSAGES,
    "input_changed": Said.INPUT,
    "context_compacted": Said.COMPACTED,
    **dict.fromkeys(
        ("prompt_cache_key_changed", "service_tier_changed", "text_format_changed", "reasoning_effort_changed", "verbosity_changed"),
        Said.PARAMETER,
    ),
}


def anthropic(payload: Mapping[str, Any]) -> Diagnosis | None:
    """`diagnostics` of a message: absent where it was not asked for, null where nothing diverged, an object whose `cache_miss_reason` is
    null while the comparison runs (platform.claude.com cache-diagnostics)."""
    if "diagnostics" not in payload:
        return None
    told = payload["diagnostics"]
    if told is None:
        return Diagnosis(Said.NOTHING)
    reason = fields(told).get("cache_miss_reason")
    if reason is None:
        return Diagnosis(Said.PENDING)
    name = word(reason) or word(fields(reason).get("type"))
    return Diagnosis(_REASONS.get(name, Said.NOT_COMPARED), integer(fields(reason).get("cache_missed_input_tokens")))


def openai(payload: Mapping[str, Any]) -> Diagnosis | None:
    """`prompt_cache_diagnostics` of a response (developers.openai.com prompt-caching/diagnostics)."""
    told = fields(payload.get("prompt_cache_diagnostics"))
    if not told:
        return None
    if word(told.get("type")) == "cache_hit":
        return Diagnosis(Said.NOTHING)
    miss = fields(told.get("cache_miss")) or told
    return Diagnosis(_REASONS.get(word(miss.get("reason")), Said.NOT_COMPARED), integer(miss.get("cache_missed_tokens")))
