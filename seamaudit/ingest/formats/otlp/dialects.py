"""The dialects spoken over OpenTelemetry: which span is a provider call, and what each calls the same thing. Plain data, with its sources.

OpenTelemetry's GenAI conventions (1.27, 1.28 to 1.36, 1.37 and later), OpenLLMetry, OpenInference, the Vercel AI SDK's own spans, Logfire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from seamaudit.ingest.blocks import fields, items, word
from seamaudit.ingest.counted import Names
from seamaudit.ingest.formats.otlp.spans import Event, Span
from seamaudit.ingest.spoken import Message, answer, conversation, tools, unquoted

OPERATION: Final = "gen_ai.operation.name"
_CALLS: Final = frozenset({"chat", "text_completion", "generate_content", "completion"})
_USES: Final = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.total_tokens", "gen_ai.usage.output_tokens")
_MODELS: Final = ("gen_ai.request.model", "gen_ai.response.model")
_DETAILS: Final = "gen_ai.client.inference.operation.details"
_SPEAKERS: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE: Final = "gen_ai.choice"
SPOKEN: Final = frozenset({*_SPEAKERS, CHOICE, _DETAILS})
"""Events that hold what was said."""

MODEL: Final = (*_MODELS[:1], "llm.model_name", "ai.model.id", "llm.request.model", *_MODELS[1:], "llm.response.model")
ANSWERED_BY: Final = ("gen_ai.response.model", "ai.response.model", "llm.response.model")
PROVIDER: Final = ("gen_ai.provider.name", "gen_ai.system", "ai.model.provider", "llm.provider", "llm.system", "llm.vendor")
RESPONSE_ID: Final = ("gen_ai.response.id", "ai.response.id")
CONVERSATION: Final = (
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.conversation_id",
    "ai.telemetry.metadata.sessionId",
    "ai.telemetry.metadata.threadId",
)
AGENT: Final = ("gen_ai.agent.name", "agent.name")
USER: Final = ("user.id", "enduser.id", "langfuse.user.id", "ai.telemetry.metadata.userId")
HOST: Final = ("server.address",)
MAX_OUTPUT: Final = ("gen_ai.request.max_tokens", "ai.settings.maxOutputTokens", "ai.settings.maxTokens", "llm.request.max_tokens")
STREAMED: Final = ("llm.is_streaming", "gen_ai.request.stream", "gen_ai.is_streaming")
COST: Final = ("gen_ai.usage.cost", "llm.cost.total", "operation.cost")
STATUS: Final = ("http.response.status_code", "http.status_code")
FIRST_CHUNK: Final = {
    "gen_ai.response.time_to_first_chunk": 1.0,
    "gen_ai.server.time_to_first_token": 1.0,
    "gen_ai.response.time_to_first_token": 1.0,
    "ai.response.msToFirstChunk": 1e-3,
}
COUNTS: Final = Names(
    input=(
        *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens"),
        *("ai.usage.inputTokens", "ai.usage.promptTokens"),
    ),
    read=(
        *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.details.cache_read_tokens"),
        *("llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens", "llm.usage.cache_read_input_tokens"),
    ),
    write=(
        *("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        *("gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens", "gen_ai.usage.details.cache_write_tokens"),
        *("llm.token_count.prompt_details.cache_write", "llm.usage.cache_creation_input_tokens"),
    ),
    output=(
        *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion", "llm.usage.completion_tokens"),
        *("ai.usage.outputTokens", "ai.usage.completionTokens"),
    ),
    reasoning=(
        *("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens"),
        *("llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens", "llm.usage.reasoning_tokens"),
    ),
    total=("llm.usage.total_tokens", "gen_ai.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens"),
)
DOCUMENTED: Final = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "llm.token_count.prompt")
"""Counts whose convention says that the input holds what was cached."""


def is_call(span: Span) -> bool:
    """Whether a span is a call to a provider's model, by what its dialect says; by its usage where none says anything."""
    said = span.attributes
    vercel = word(said.get("ai.operationId"))
    if vercel:
        return vercel.endswith((".doGenerate", ".doStream"))
    kind = word(said.get("openinference.span.kind"))
    if kind:
        return kind.upper() == "LLM"
    operation = word(said.get(OPERATION))
    if operation:
        return operation in _CALLS
    asked = word(said.get("llm.request.type"))
    if asked:
        return asked in _CALLS
    if said.get("traceloop.span.kind") or "pydantic_ai.all_messages" in said:
        return False
    if "request_data" in said:
        return "messages" in fields(unquoted(said["request_data"])) and "combined_chunk_content" not in fields(
            unquoted(said.get("response_data"))
        )
    return any(said.get(name) for name in _MODELS) and any(name in said for name in _USES)


class Content(Struct, frozen=True):
    """What was said: `cut` where it was recorded and cannot be read, as attributes are cut at a length."""

    messages: list[Message] | None = None
    answer: Message | None = None
    tools: list[Message] | None = None
    stop: str = ""
    cut: bool = False


def content(span: Span, logged: tuple[Event, ...] = ()) -> Content:
    """The content of a call in whatever dialect and era holds it."""
    events = [*span.events, *logged]
    said = dict(span.attributes)
    for event in events:
        if event.name == _DETAILS:
            said |= event.said
    found = next((read for era in _ERAS if (read := era(said, events)) is not None), Content())
    offered = found.tools if found.tools is not None else _tools(said)
    return Content(found.messages, found.answer, offered, found.stop or _stop(said), found.cut)


def _latest(said: Mapping[str, Any], events: list[Event]) -> Content | None:
    """1.37 and later: messages of parts, as JSON or as JSON text."""
    sent, got = said.get("gen_ai.input.messages"), said.get("gen_ai.output.messages")
    if sent is None and got is None:
        return None
    system = unquoted(said.get("gen_ai.system_instructions"))
    leading = [{"role": "system", "parts": system if isinstance(system, list) else [system]}] if system else []
    asked, answered = unquoted(sent), unquoted(got)
    cut = any(isinstance(each, str) and each[:1] in ("[", "{") for each in (asked, answered, system))
    first = next(iter(items(answered)), None)
    return Content(
        messages=conversation([*leading, *items(asked)]) if isinstance(asked, list) else None,
        answer=answer(first) if first else None,
        stop=word(fields(first).get("finish_reason")),
        cut=cut,
    )


def _evented(said: Mapping[str, Any], events: list[Event]) -> Content | None:
    """1.28 to 1.36: an event for every message, one for every choice; Logfire keeps them in one attribute."""
    spoken = [(event.name, dict(event.said)) for event in events if event.name in _SPEAKERS or event.name == CHOICE]
    if not spoken:
        spoken = [(word(each.get("event.name")), each) for each in map(fields, items(unquoted(said.get("events"))))]
        spoken = [(name, each) for name, each in spoken if name in _SPEAKERS or name == CHOICE]
    if not spoken:
        return None
    asked: list[Message] = []
    chosen: Message = {}
    for name, sent in spoken:
        body = {**sent, **fields(unquoted(sent.get("gen_ai.event.content"))), **fields(sent.get("event_body"))}
        if name == CHOICE:
            chosen = chosen or body
        elif any(body.get(member) for member in ("content", "tool_calls")):
            asked.append({**body, "role": word(body.get("role")) or _SPEAKERS[name], "type": ""})
    message = unquoted(chosen.get("message", chosen))
    return Content(
        messages=conversation([{**each, "tool_calls": unquoted(each.get("tool_calls"))} for each in asked]) if asked else None,
        answer=answer([{**fields(message), "role": "assistant", "type": ""}]) if isinstance(message, dict) and message else answer(message),
        stop=word(chosen.get("finish_reason")),
    )


def _flattened(said: Mapping[str, Any], events: list[Event]) -> Content | None:
    """1.27 and OpenLLMetry: a member of a message an attribute."""
    asked, answered = listed(said, "gen_ai.prompt"), listed(said, "gen_ai.completion")
    if not asked and not answered:
        return None
    chosen = fields(next(iter(answered), None))
    functions = listed(said, "llm.request.functions")
    return Content(
        messages=conversation(asked) if asked else None,
        answer=answer([{**chosen, "role": "assistant"}]) if chosen else None,
        tools=tools(functions) if functions else None,
        stop=word(chosen.get("finish_reason")),
    )


def _openinference(said: Mapping[str, Any], events: list[Event]) -> Content | None:
    """OpenInference: as above under other names; the body itself may stand in `input.value`."""
    asked, answered = (
        [_message(fields(each.get("message"))) for each in listed(said, f"llm.{side}_messages")] for side in ("input", "output")
    )
    if not asked and not answered:
        return None
    sent = fields(unquoted(said.get("input.value")))
    offered = [fields(each).get("tool", each) for each in listed(said, "llm.tools")]
    return Content(
        messages=conversation(asked) if asked else None,
        answer=answer([{**answered[0], "role": "assistant"}]) if answered else None,
        tools=tools(offered) if offered else tools(sent.get("tools")),
        stop=word(said.get("llm.finish_reason")),
    )


def _message(sent: Message) -> Message:
    parts = [fields(fields(each).get("message_content")) for each in items(sent.get("contents"))]
    calls = [fields(fields(each).get("tool_call")) for each in items(sent.get("tool_calls"))]
    told = {"role": sent.get("role"), "content": parts or sent.get("content"), "tool_calls": calls}
    return {**told, **({"tool_call_id": sent["tool_call_id"]} if sent.get("tool_call_id") else {})}


def _vercel(said: Mapping[str, Any], events: list[Event]) -> Content | None:
    """The Vercel AI SDK: the prompt as JSON text, the answer's text, calls or object beside each other."""
    asked = said.get("ai.prompt.messages")
    text = word(said.get("ai.response.text")) or word(said.get("ai.response.object"))
    calls = items(unquoted(said.get("ai.response.toolCalls")))
    if asked is None and not text and not calls:
        return None
    read = unquoted(asked)
    offered = said.get("ai.prompt.tools")
    return Content(
        messages=conversation(read) if isinstance(read, list) else None,
        answer=answer([{"role": "assistant", "content": text, "reasoning": said.get("ai.response.reasoning"), "tool_calls": calls}])
        if text or calls
        else None,
        tools=tools([fields(unquoted(each)) for each in items(unquoted(offered))]) if offered is not None else None,
        cut=isinstance(read, str) and read[:1] == "[",
    )


def _logfire(said: Mapping[str, Any], events: list[Event]) -> Content | None:
    """Logfire's own instrumentations: the request as it was passed, the answer's message."""
    sent, got = fields(unquoted(said.get("request_data"))), fields(unquoted(said.get("response_data")))
    if not sent.get("messages"):
        return None
    return Content(
        messages=conversation(sent),
        answer=answer([{**fields(got.get("message")), "role": "assistant"}]) if fields(got.get("message")) else None,
        tools=tools(sent["tools"]) if "tools" in sent else [],
    )


_ERAS = (_vercel, _latest, _openinference, _flattened, _evented, _logfire)


def _tools(said: Mapping[str, Any]) -> list[Message] | None:
    held = said.get("gen_ai.tool.definitions", said.get("gen_ai.request.tools"))
    if held is None and "model_request_parameters" in said:
        given = fields(unquoted(said["model_request_parameters"]))
        held = [*items(given.get("function_tools")), *items(given.get("output_tools"))]
    return tools(held)


def _stop(said: Mapping[str, Any]) -> str:
    reasons = unquoted(said.get("gen_ai.response.finish_reasons"))
    return word(said.get("ai.response.finishReason")) or (word(reasons[0]) if isinstance(reasons, list) and reasons else word(reasons))


def listed(said: Mapping[str, Any], prefix: str) -> list[Any]:
    """What stands under `prefix.0`, `prefix.1` and so on, with all that is below, in the order of the numbers; or the list itself."""
    if isinstance(said.get(prefix), list | str):
        return items(unquoted(said[prefix]))
    tree: dict[str, Any] = {}
    start = prefix + "."
    for key, value in said.items():
        if key.startswith(start):
            *way, last = key[len(start) :].split(".")[:_DEEPEST]
            at = tree
            for step in way:
                held = at.get(step)
                below: dict[str, Any] = held if isinstance(held, dict) else {}
                at[step], at = below, below
            at[last] = value
    grown = _grown(tree)
    return grown if isinstance(grown, list) else []


_DEEPEST: Final = 16
"""Steps of a flattened name that are followed."""


def _grown(tree: Any) -> Any:
    """A tree in which what is numbered is a list."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isdecimal() and len(key) < 10 for key in tree):
        return [_grown(tree[key]) for key in sorted(tree, key=int)]
    return {key: _grown(value) for key, value in tree.items()}
