"""How streams end and which words stop an answer, endpoint by endpoint: contracts as data, each row with its source.

None of these contracts changed at a known date, so a row is dated by when its source was last read (`as_of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct


class Ending(StrEnum):
    """What ends a whole stream: an event of its own, the stop reason alone, or nobody has said."""

    EVENT = "event"
    STOP = "stop"
    UNKNOWN = "unknown"


class StreamEnd(Struct, frozen=True):
    """How the streams of one grammar end, at one host and its subdomains (every host where `host` is empty)."""

    grammar: str
    host: str
    ending: Ending
    source: str
    as_of: date


_READ = date(2026, 11, 20)

ENDINGS: tuple[StreamEnd, ...] = (
    StreamEnd("chat", "perplexity.ai", Ending.STOP, "https://github.com/perplexityai/api-discussion/issues/209", _READ),
    StreamEnd("chat", "gmi-serving.com", Ending.STOP, "https://github.com/Dstack-TEE/private-ai-gateway/issues/114", _READ),
    StreamEnd("chat", "openai.com", Ending.EVENT, "https://platform.openai.com/docs/api-reference/chat-streaming", _READ),
    StreamEnd("chat", "openai.azure.com", Ending.EVENT, "https://learn.microsoft.com/azure/ai-services/openai/reference", _READ),
    StreamEnd("chat", "openrouter.ai", Ending.EVENT, "https://openrouter.ai/docs/api-reference/streaming", _READ),
    StreamEnd("chat", "groq.com", Ending.EVENT, "https://console.groq.com/docs/api-reference", _READ),
    StreamEnd("chat", "mistral.ai", Ending.EVENT, "https://docs.mistral.ai/api", _READ),
    StreamEnd("chat", "deepseek.com", Ending.EVENT, "https://api-docs.deepseek.com/api/create-chat-completion", _READ),
    StreamEnd("chat", "x.ai", Ending.EVENT, "https://docs.x.ai/docs/guides/streaming-response", _READ),
    StreamEnd("chat", "", Ending.UNKNOWN, "no document binds a compatible server to [DONE]", _READ),
    StreamEnd("anthropic", "", Ending.EVENT, "https://platform.claude.com/docs/en/build-with-claude/streaming", _READ),
    StreamEnd("responses", "", Ending.EVENT, "https://developers.openai.com/api/docs/guides/streaming-responses", _READ),
    StreamEnd("gemini", "", Ending.STOP, "https://ai.google.dev/api/generate-content#FinishReason", _READ),
    StreamEnd(
        "bedrock",
        "",
        Ending.STOP,
        "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html",
        _READ,
    ),
    StreamEnd("legacy", "", Ending.STOP, "https://docs.claude.com/en/api/streaming", _READ),
)
"""First match wins: exemptions stand before a grammar's own rule. Bedrock's `metadata` follows `messageStop` and adds usage alone."""


def ending_of(grammar: str, host: str) -> Ending:
    """What ends a whole stream of this grammar from this host (a port is ignored)."""
    name = host.rsplit("@", 1)[-1].split(":", 1)[0].lower()
    for row in ENDINGS:
        if row.grammar == grammar and (not row.host or name == row.host or name.endswith("." + row.host)):
            return row.ending
    return Ending.UNKNOWN


class StopWords(Struct, frozen=True):
    """Which stop words of an API ask for tools, which say the model is done, and which say it ran out of room.

    `forced` says that a forced tool choice is answered under a word of `done`: that is the API's contract, no fault.
    """

    tool: frozenset[str]
    done: frozenset[str]
    length: frozenset[str]
    source: str
    as_of: date
    forced: bool = False


STOP_WORDS: Mapping[str, StopWords] = {
    "anthropic.messages": StopWords(
        tool=frozenset({"tool_use"}),
        done=frozenset({"end_turn"}),
        length=frozenset({"max_tokens", "model_context_window_exceeded"}),
        source="https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons",
        as_of=_READ,
    ),
    "openai.chat": StopWords(
        tool=frozenset({"tool_calls", "function_call"}),
        done=frozenset({"stop"}),
        length=frozenset({"length"}),
        source="https://github.com/vllm-project/vllm/pull/25054",
        as_of=_READ,
        forced=True,
    ),
    "bedrock.converse": StopWords(
        tool=frozenset({"tool_use"}),
        done=frozenset({"end_turn"}),
        length=frozenset({"max_tokens", "model_context_window_exceeded"}),
        source="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html",
        as_of=_READ,
    ),
    "openai.responses": StopWords(
        tool=frozenset(),
        done=frozenset(),
        length=frozenset({"max_output_tokens", "incomplete"}),
        source="https://developers.openai.com/api/docs/guides/reasoning",
        as_of=_READ,
    ),
    "gemini.generate": StopWords(
        tool=frozenset(),
        done=frozenset(),
        length=frozenset({"MAX_TOKENS"}),
        source="https://ai.google.dev/api/generate-content#FinishReason",
        as_of=_READ,
    ),
}
"""By body shape. Responses and Gemini have no word for tools: `completed` and `STOP` stand over calls as well."""
