"""What LiteLLM calls models and counts, in its own logs and in what keeps its responses."""

from __future__ import annotations

from typing import Final

from seamaudit.ingest.counted import Names
from seamaudit.providers.names import NOBODY, Named, named

COUNTS: Final = Names(
    input=("prompt_tokens", "input_tokens"),
    read=("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cache_read_input_tokens"),
    write=("cache_creation_input_tokens", "prompt_tokens_details.cache_creation_tokens", "prompt_tokens_details.cache_write_tokens"),
    write_5m=("prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens",),
    write_1h=("prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",),
    output=("completion_tokens", "output_tokens"),
    reasoning=("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
    total=("total_tokens",),
)
"""A response's usage: always in OpenAI's words, and inclusive."""
_MAKERS: Final = (("gpt-", "openai"), ("chatgpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"), ("claude", "anthropic"))


def routed(model: str) -> tuple[str, Named]:
    """A model without the prefix that routes it, and who answers; without a prefix LiteLLM asks the model's maker."""
    prefix, cut, rest = model.partition("/")
    if cut:
        by = named(prefix, rest)
        return (rest, by) if by != NOBODY else (model, NOBODY)
    return model, next((named(maker) for start, maker in _MAKERS if model.startswith(start)), NOBODY)
