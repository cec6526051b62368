"""Anthropic Messages, also through Bedrock's InvokeModel and Vertex, and the legacy text completions.

Sources: Anthropic's API reference, streaming and prompt-caching pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seamaudit.ingest.blocks import fields, life, model_in, word
from seamaudit.ingest.conform.schema import Declared, declared
from seamaudit.ingest.formats.anthropic import legacy, reply
from seamaudit.ingest.formats.anthropic.blocks import can_be_marked, legacy_prompt, message, system_item, system_text, tool
from seamaudit.ingest.formats.anthropic.stream import Assembly
from seamaudit.ingest.formats.base import RawBody
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import DEFERRED, Members, Prompt, output_form
from seamaudit.ingest.refused import refusal
from seamaudit.ingest.sse import SseEvent
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Breakpoint, Locus, Request, Response, Tape

_PATHS = ("/messages", "/complete")
_CLOUD_PATHS = ("/invoke", "/invoke-with-response-stream", ":rawPredict", ":streamRawPredict", "/invocations")
_STREAM_PATHS = ("-stream", ":streamRawPredict")
_OWN = frozenset({"system", "anthropic_version", "mcp_servers", "output_config", "output_format", "thinking", "speed", "cache_control"})
_PARAMS = (
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "speed",
    "context_management",
    "mcp_servers",
    "service_tier",
    "inference_geo",
    "anthropic_beta",
)


class AnthropicMessages:
    """The Messages body shape."""

    api = "anthropic.messages"
    provider = "anthropic"

    def matches(self, path: str, keys: frozenset[str]) -> bool:
        """By path (a cloud's needs `anthropic_version` too); without one by members that only Anthropic has."""
        if path.endswith(_PATHS):
            return bool(keys & {"messages", "prompt"})
        if path.endswith(_CLOUD_PATHS):
            return {"anthropic_version", "messages"} <= keys
        if path not in ("", "/"):
            return False
        return ({"messages", "max_tokens"} <= keys and bool(keys & _OWN)) or {"prompt", "max_tokens_to_sample"} <= keys

    def request(self, body: RawBody, path: str, at: str, base: str, intern: Interner, locus: Locus) -> Request:
        """Read a request: its prompt as it is rendered, then what is sent beside it."""
        members = Members(body)
        prompt = self.prompt(members, intern, locus)
        choice = fields(members.value("tool_choice"))
        return Request(
            model=members.text("model") or model_in(path),
            at=at,
            prefix=intern.prefix(prompt.ids, base),
            breakpoints=(*prompt.breakpoints, *_automatic(life(members.value("cache_control")), prompt, intern.tape)),
            offered=prompt.offered,
            deferred=DEFERRED in prompt.notes,
            params=members.params(_PARAMS),
            max_output=members.number("max_tokens", "max_tokens_to_sample"),
            streamed=members.flag("stream") or path.endswith(_STREAM_PATHS),
            forced_tool=choice.get("type") in ("any", "tool"),
            length=prompt.length,
            unsized=prompt.unsized,
            broken=tuple(prompt.broken),
            withheld=prompt.withheld,
            output=output_form(intern, _output(members)),
            compares_with=word(fields(members.value("diagnostics")).get("previous_message_id")),
        )

    def prompt(self, members: Members, intern: Interner, locus: Locus) -> Prompt:
        """Read tools, system and messages, or the one text of a legacy completion."""
        prompt = Prompt(self.api, members.body, intern, locus)
        prompt.tools("tools", tool, members.raw("tools"))
        system = members.raw("system")
        if system is not None and system.startswith(b"["):
            prompt.array("system", system_item, system)
        elif system is not None:
            prompt.whole("system", system_text, system)
        if "messages" in members.body:
            prompt.turns("messages", message)
        else:
            prompt.whole("prompt", legacy_prompt, members.raw("prompt") or b"null")
        return prompt

    def response(self, payload: Any, at: str, status: int | None) -> Response:
        """Read a message, a legacy completion or an error."""
        sent = fields(payload)
        if sent.get("type") != "error" and "content" in sent:
            return reply.response(sent, at, status)
        if "completion" in sent:
            return legacy.response(sent, at, status)
        refused = "error" in sent or (status is not None and status >= 400)
        return Response(at=at, status=status, error_type=reply.error_code(sent), refusal=refusal(sent, status), complete=refused)

    def stream(self, events: Iterable[SseEvent], partial_tail: bool, at: str, status: int | None, host: str, path: str) -> Response:
        """Assemble a message from its events."""
        if path.endswith("/complete"):
            return legacy.stream(events, partial_tail, at, status, host, path)
        log = StreamLog("anthropic", host, path)
        assembly = Assembly(log)
        for name, data in log.payloads(events):
            event = fields(data)
            assembly.take(word(event.get("type")) or name, event)
        return assembly.response(log.record(partial_tail), at, status)


def _output(members: Members) -> Declared | None:
    """The schema of a structured output, under its present or its beta name (structured outputs). The provider decodes by it."""
    format = fields(fields(members.value("output_config")).get("format")) or fields(members.value("output_format"))
    return declared(format.get("schema"), promised=True) if format.get("type") == "json_schema" else None


def _automatic(ttl: str, prompt: Prompt, tape: Tape) -> list[Breakpoint]:
    """The top-level marker: on the last block that can carry one; none where one of the same life stands there already."""
    if not ttl:
        return []
    for position in range(len(prompt.ids), 0, -1):
        if can_be_marked(tape.segments[prompt.ids[position - 1]]):
            return [] if Breakpoint(position, ttl) in prompt.breakpoints else [Breakpoint(position, ttl, automatic=True)]
    return []
