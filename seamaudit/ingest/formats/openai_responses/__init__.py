"""OpenAI Responses. Sources: OpenAI's API reference and guides, the SDK's `types/responses/`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seamaudit.ingest import diagnosis
from seamaudit.ingest.blocks import answers, fields, word
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.formats.base import RawBody
from seamaudit.ingest.formats.openai_responses import reply
from seamaudit.ingest.formats.openai_responses.blocks import input_text, instructions, item, leading, tool
from seamaudit.ingest.formats.openai_responses.stream import Assembly
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import DEFERRED, INCOMPLETE, Members, Prompt, openai_breakpoints, output_form
from seamaudit.ingest.refused import refusal
from seamaudit.ingest.sse import SseEvent
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Locus, OutputForm, Request, Response

_OWN = frozenset({"instructions", "previous_response_id", "max_output_tokens", "reasoning", "text", "tools", "conversation", "store"})
_HELD = ("previous_response_id", "conversation", "prompt")
_PARAMS = (
    "tool_choice",
    "parallel_tool_calls",
    "text",
    "reasoning",
    "truncation",
    "context_management",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
)


class OpenAIResponses:
    """The Responses body shape."""

    api = "openai.responses"
    provider = "openai"

    def matches(self, path: str, keys: frozenset[str]) -> bool:
        """By path; without one by `input` (which embeddings and moderations have too) and a member that only Responses has."""
        if path.endswith("/responses"):
            return bool(keys & {"input", "prompt", *_HELD})
        return path in ("", "/") and "input" in keys and "messages" not in keys and bool(keys & _OWN)

    def request(self, body: RawBody, path: str, at: str, base: str, intern: Interner, locus: Locus) -> Request:
        """Read a request: its prompt, then what is sent beside it. What a chained response holds is not in the recording."""
        members = Members(body)
        prompt = self.prompt(members, intern, locus)
        held = [name for name in _HELD if members.raw(name) is not None]
        choice = members.value("tool_choice")
        return Request(
            model=members.text("model"),
            at=at,
            prefix=intern.prefix(prompt.ids, base),
            complete=not held and INCOMPLETE not in prompt.notes,
            breakpoints=openai_breakpoints(prompt.breakpoints, members),
            offered=None if "prompt" in held else prompt.offered,
            deferred=DEFERRED in prompt.notes,
            params=members.params(_PARAMS),
            max_output=members.number("max_output_tokens"),
            streamed=members.flag("stream"),
            forced_tool=choice == "required" or (isinstance(choice, dict) and choice.get("mode") != "auto"),
            length=prompt.length,
            unsized=prompt.unsized,
            broken=tuple(prompt.broken),
            withheld=prompt.withheld,
            output=_output(members, intern),
            compares_with=word(fields(members.value("prompt_cache_options")).get("comparison_response_id")),
        )

    def prompt(self, members: Members, intern: Interner, locus: Locus) -> Prompt:
        """Read tools, then instructions, then input."""
        prompt = Prompt(self.api, members.body, intern, locus)
        prompt.tools("tools", tool, members.raw("tools"))
        system, sent = members.raw("instructions"), members.raw("input")
        if system is not None:
            prompt.whole("instructions", instructions, system)
        if sent is not None and sent.startswith(b'"'):
            prompt.whole("input", input_text, sent)
        elif sent is not None:
            prompt.turns("input", item, leading)
        return prompt

    def response(self, payload: Any, at: str, status: int | None) -> Response:
        """Read a response or an error."""
        sent = fields(payload)
        given = reply.output(sent)
        if "output" not in sent:
            refused = bool(sent.get("error")) or (status is not None and status >= 400)
            return Response(at=at, status=status, error_type=reply.error_code(sent), refusal=refusal(sent, status), complete=refused)
        pointers = [f"{at}/output/{index}" for index in range(len(given))]
        return Response(
            at=at,
            status=status,
            id=word(sent.get("id")),
            model=word(sent.get("model")),
            stop=reply.stop_of(sent),
            answers=tuple(
                answer for pointer, each in zip(pointers, reply.output_blocks(given), strict=True) for answer in answers(each, pointer)
            ),
            calls=reply.calls(given, pointers, cut=sent.get("status") == "incomplete"),
            usage=reply.usage(sent),
            diagnosis=diagnosis.openai(sent),
            error_type=reply.error_code(sent),
        )

    def stream(self, events: Iterable[SseEvent], partial_tail: bool, at: str, status: int | None, host: str, path: str) -> Response:
        """Assemble a response from its events."""
        log = StreamLog("responses", host, path)
        assembly = Assembly(log)
        for name, data in log.payloads(events):
            if isinstance(data, dict):
                assembly.take(name, data)
        return assembly.response(log.record(partial_tail), at, status)


def _output(members: Members, intern: Interner) -> OutputForm | None:
    """What `text.format` asks for. Only a schema that is strict is decoded by (structured outputs)."""
    asked = fields(fields(members.value("text")).get("format"))
    schema = declared(asked.get("schema"), promised=asked.get("strict") is True) if asked.get("type") == "json_schema" else None
    return output_form(intern, schema, json=asked.get("type") == "json_object")
