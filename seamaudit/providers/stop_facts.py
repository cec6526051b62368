"""What the stop words of each body shape say, and who speaks a shape as its author. Plain data, with its sources.

Stop words belong to the language a body is written in: a gateway that speaks it says them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from seamaudit.trace import Exchange

A_STOPS: Final = "https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons"
O_STREAMING: Final = "openai 3.52.0 types/chat/chat_completion_chunk.py"
O_RESPONSE: Final = "openai 3.52.0 types/responses/response.py"
G_TYPES: Final = "google-genai 3.4.0 types.py"
BOTO: Final = "botocore 1.44.5 data/bedrock-runtime"


class StopKind(StrEnum):
    """What a stop word means for the caller."""

    NORMAL = "normal"
    TOOL_USE = "tool_use"
    TRUNCATED = "truncated"
    REFUSAL = "refusal"
    PAUSED = "paused"
    FAILED = "failed"


class StopContract(Struct, frozen=True):
    """The stop words of a body shape. `announces_tools`: a turn with calls stops with a word of its own."""

    words: Mapping[str, StopKind]
    announces_tools: bool
    source: str

    def kind(self, word: str) -> StopKind | None:
        """What `word` means; None for a word nobody has documented."""
        return self.words.get(word)


NATIVE: Final[Mapping[str, frozenset[str]]] = {
    "anthropic.messages": frozenset({"anthropic", "aws", "google", "azure"}),
    "openai.chat": frozenset({"openai", "azure"}),
    "openai.responses": frozenset({"openai", "azure"}),
    "gemini.generate": frozenset({"google"}),
    "bedrock.converse": frozenset({"aws"}),
}
"""Who speaks a body shape as its author or for its author. Everybody else's server is compatible, more or less."""

OUTPUT_CAP_ENFORCED: Final = frozenset({"anthropic.messages", "openai.chat", "openai.responses"})
"""Shapes whose native servers never answer with more than the request's cap, hidden reasoning included (Gemini counts thoughts apart)."""

_ANTHROPIC_STOPS: Final = {
    "end_turn": StopKind.NORMAL,
    "stop_sequence": StopKind.NORMAL,
    "tool_use": StopKind.TOOL_USE,
    "max_tokens": StopKind.TRUNCATED,
    "model_context_window_exceeded": StopKind.TRUNCATED,
    "refusal": StopKind.REFUSAL,
    "pause_turn": StopKind.PAUSED,
    "compaction": StopKind.PAUSED,
}

_CHAT_STOPS: Final = {
    "stop": StopKind.NORMAL,
    "tool_calls": StopKind.TOOL_USE,
    "function_call": StopKind.TOOL_USE,
    "length": StopKind.TRUNCATED,
    "content_filter": StopKind.REFUSAL,
    # Said by compatible servers: Mistral, DeepSeek, OpenRouter.
    "model_length": StopKind.TRUNCATED,
    "insufficient_system_resource": StopKind.FAILED,
    "error": StopKind.FAILED,
}

# A status, or the reason of an incomplete one.
_RESPONSES_STOPS: Final = {
    "completed": StopKind.NORMAL,
    "incomplete": StopKind.TRUNCATED,
    "max_output_tokens": StopKind.TRUNCATED,
    "content_filter": StopKind.REFUSAL,
    "failed": StopKind.FAILED,
    "cancelled": StopKind.FAILED,
}

_GEMINI_REFUSALS: Final = (
    *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "PUP_LIMITED_DISABLED"),
)
_GEMINI_FAILURES: Final = (
    *("OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE"),
    *("MALFORMED_RESPONSE", "IMAGE_OTHER", "NO_IMAGE"),
)
_GEMINI_STOPS: Final = {
    "STOP": StopKind.NORMAL,
    "MAX_TOKENS": StopKind.TRUNCATED,
    "CONTINUATION": StopKind.PAUSED,
    **dict.fromkeys(_GEMINI_REFUSALS, StopKind.REFUSAL),
    **dict.fromkeys(_GEMINI_FAILURES, StopKind.FAILED),
}

_BEDROCK_STOPS: Final = {
    "end_turn": StopKind.NORMAL,
    "stop_sequence": StopKind.NORMAL,
    "tool_use": StopKind.TOOL_USE,
    "max_tokens": StopKind.TRUNCATED,
    "model_context_window_exceeded": StopKind.TRUNCATED,
    "guardrail_intervened": StopKind.REFUSAL,
    "content_filtered": StopKind.REFUSAL,
    "malformed_model_output": StopKind.FAILED,
    "malformed_tool_use": StopKind.FAILED,
}

STOPS: Final[Mapping[str, StopContract]] = {
    "anthropic.messages": StopContract(_ANTHROPIC_STOPS, announces_tools=True, source=A_STOPS),
    "openai.chat": StopContract(_CHAT_STOPS, announces_tools=True, source=O_STREAMING),
    "openai.responses": StopContract(_RESPONSES_STOPS, announces_tools=False, source=O_RESPONSE),
    "gemini.generate": StopContract(_GEMINI_STOPS, announces_tools=False, source=G_TYPES),
    "bedrock.converse": StopContract(_BEDROCK_STOPS, announces_tools=True, source=BOTO),
}


_WHOLE: Final = frozenset({StopKind.NORMAL, StopKind.TOOL_USE})


def answered(exchange: Exchange) -> bool:
    """Whether the whole answer came, and held something."""
    response = exchange.response
    if response is None or exchange.refused or response.error_type or not response.complete or not response.answers:
        return False
    contract = STOPS.get(exchange.api)
    return contract is not None and contract.kind(response.stop) in _WHOLE
