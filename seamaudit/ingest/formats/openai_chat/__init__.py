"""OpenAI Chat Completions, and the many servers that speak it (Azure, Mistral, Groq, DeepSeek, OpenRouter, Ollama, vLLM, Perplexity).

Sources: OpenAI's API reference and prompt-caching guide, the SDK's `types/chat/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest.blocks import fields, model_in
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.formats.base import RawBody
from seamaudit.ingest.formats.openai_chat import reply
from seamaudit.ingest.formats.openai_chat.blocks import function, leading, message, tool
from seamaudit.ingest.formats.openai_chat.stream import Assembly
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import DEFERRED, Members, Prompt, openai_breakpoints, output_form
from seamaudit.ingest.refused import refusal
from seamaudit.ingest.sse import SseEvent
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Locus, OutputForm, Request, Response

_GENERIC_PATHS = ("/invocations", "/invoke", "/invoke-with-response-stream")
_FOREIGN = frozenset({"anthropic_version", "inferenceConfig", "toolConfig", "modelId", "schemaVersion", "additionalModelRequestFields"})
_PARAMS = (
    "tool_choice",
    "function_call",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "enable_thinking",
    "verbosity",
    "modalities",
    "web_search_options",
    "safe_prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
    "provider",
)


class OpenAIChat:
    """The Chat Completions body shape."""

    api = "openai.chat"
    provider = "openai"

    def matches(self, path: str, keys: frozenset[str]) -> bool:
        """By path; without one, or behind a generic one, by `messages` that no other shape claims."""
        if path.endswith("/chat/completions"):
            return "messages" in keys
        return (path in ("", "/") or path.endswith(_GENERIC_PATHS)) and "messages" in keys and not keys & _FOREIGN

    def request(self, body: RawBody, path: str, at: str, base: str, intern: Interner, locus: Locus) -> Request:
        """Read a request: its prompt, then what is sent beside it."""
        members = Members(body)
        prompt = self.prompt(members, intern, locus)
        choice = members.value("tool_choice")
        return Request(
            model=members.text("model") or model_in(path),
            at=at,
            prefix=intern.prefix(prompt.ids, base),
            breakpoints=openai_breakpoints(prompt.breakpoints, members),
            offered=prompt.offered,
            deferred=DEFERRED in prompt.notes,
            params=members.params(_PARAMS),
            max_output=members.number("max_completion_tokens", "max_tokens"),
            streamed=members.flag("stream"),
            forced_tool=choice in ("required", "any") or isinstance(choice, dict) or isinstance(members.value("function_call"), dict),
            length=prompt.length,
            unsized=prompt.unsized,
            broken=tuple(prompt.broken),
            withheld=prompt.withheld,
            output=_output(members, intern),
        )

    def prompt(self, members: Members, intern: Interner, locus: Locus) -> Prompt:
        """Read tools, then messages; system and developer messages that lead are the system zone."""
        prompt = Prompt(self.api, members.body, intern, locus)
        prompt.tools("tools", tool, members.raw("tools"))
        prompt.tools("functions", function, members.raw("functions"))
        prompt.turns("messages", message, leading)
        return prompt

    def response(self, payload: Any, at: str, status: int | None) -> Response:
        """Read a completion or an error; some servers wrap theirs into a list."""
        sent: Mapping[str, Any] = fields(payload[0] if isinstance(payload, list) and payload else payload)
        if "choices" in sent:
            read = reply.response(sent, at, status)
            return replace(read, error_type=reply.error_code(sent)) if sent.get("error") else read
        refused = bool(sent.get("error")) or (status is not None and status >= 400)
        return Response(at=at, status=status, error_type=reply.error_code(sent), refusal=refusal(sent, status), complete=refused)

    def stream(self, events: Iterable[SseEvent], partial_tail: bool, at: str, status: int | None, host: str, path: str) -> Response:
        """Assemble a completion from its chunks."""
        log = StreamLog("chat", host, path)
        assembly = Assembly(log)
        for name, data in log.payloads(events):
            assembly.take(name, data)
        return assembly.response(log.record(partial_tail), at, status)


def _output(members: Members, intern: Interner) -> OutputForm | None:
    """What `response_format` asks for. Only a schema that is strict is decoded by (structured outputs)."""
    asked = fields(members.value("response_format"))
    given = fields(asked.get("json_schema")) if asked.get("type") == "json_schema" else {}
    return output_form(intern, declared(given.get("schema"), promised=given.get("strict") is True), json=asked.get("type") == "json_object")
