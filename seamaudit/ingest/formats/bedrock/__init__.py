"""Bedrock Converse, and InvokeModel with a Nova body, which is the same but for small things.

Sources: the service model of bedrock-runtime, the Bedrock user guide on prompt caching.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import fields, model_in, word
from seamaudit.ingest.conform.schema import Declared, declared
from seamaudit.ingest.formats.base import RawBody
from seamaudit.ingest.formats.bedrock import reply
from seamaudit.ingest.formats.bedrock.blocks import TOOLS, message, system, tool
from seamaudit.ingest.formats.bedrock.reply import Assembly
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import Members, Prompt, output_form
from seamaudit.ingest.refused import refusal
from seamaudit.ingest.sse import SseEvent
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Locus, Request, Response

_OWN = frozenset({"inferenceConfig", "toolConfig", "modelId", "schemaVersion", "additionalModelRequestFields", "guardrailConfig"})
_PARAMS = ("additionalModelRequestFields", "guardrailConfig", "outputConfig", "performanceConfig", "serviceTier", "promptVariables")


class BedrockConverse:
    """The Converse body shape."""

    api = "bedrock.converse"
    provider = "aws"

    def matches(self, path: str, keys: frozenset[str]) -> bool:
        """By path; without one, or for InvokeModel, by members that only Converse has."""
        if "messages" not in keys:
            return False
        if path.endswith(("/converse", "/converse-stream")):
            return True
        if path in ("", "/") or path.endswith(("/invoke", "/invoke-with-response-stream")):
            return bool(keys & _OWN) or "amazon.nova" in path
        return False

    def request(self, body: RawBody, path: str, at: str, base: str, intern: Interner, locus: Locus) -> Request:
        """Read a request: its prompt, then what is sent beside it."""
        members = Members(body)
        tools = members.inner("toolConfig")
        prompt = self.prompt(members, intern, locus)
        return Request(
            model=members.text("modelId") or model_in(path),
            at=at,
            prefix=intern.prefix(prompt.ids, base),
            breakpoints=tuple(prompt.breakpoints),
            offered=prompt.offered,
            params={**tools.params(("toolChoice",)), **members.params(_PARAMS)},
            max_output=members.inner("inferenceConfig").number("maxTokens", "max_new_tokens"),
            streamed=path.endswith("-stream"),
            forced_tool=bool({"any", "tool"} & fields(tools.value("toolChoice")).keys()),
            length=prompt.length,
            unsized=prompt.unsized,
            broken=tuple(prompt.broken),
            withheld=prompt.withheld,
            output=output_form(intern, _output(members)),
        )

    def prompt(self, members: Members, intern: Interner, locus: Locus) -> Prompt:
        """Read tools, then system, then messages."""
        prompt = Prompt(self.api, members.body, intern, locus)
        prompt.tools(TOOLS, tool, members.inner("toolConfig").raw("tools"))
        given = members.raw("system")
        if given is not None:
            prompt.array("system", system, given)
        prompt.turns("messages", message)
        return prompt

    def response(self, payload: Any, at: str, status: int | None) -> Response:
        """Read a response or an error."""
        sent = fields(payload)
        if "output" not in sent:
            refused = status is not None and status >= 400
            return Response(at=at, status=status, error_type=reply.error_code(sent), refusal=refusal(sent, status), complete=refused)
        return reply.response(sent, at, status)

    def stream(self, events: Iterable[SseEvent], partial_tail: bool, at: str, status: int | None, host: str, path: str) -> Response:
        """Assemble a response from its events; a binary stream of which no frame could be found again says so."""
        log = StreamLog("bedrock", host, path)
        assembly = Assembly(log)
        for name, data in log.payloads(events):
            assembly.take(name, fields(data))
        record = log.record(partial_tail)
        return assembly.response(log.record(partial_tail, decodable=record.total > 0), at, status)


def _output(members: Members) -> Declared | None:
    """The schema of a structured output, spelled as JSON text (OutputFormat, JsonSchemaDefinition). The service decodes by it."""
    format = fields(fields(members.value("outputConfig")).get("textFormat"))
    text = word(fields(fields(format.get("structure")).get("jsonSchema")).get("schema"))
    schema: Any = text or None
    with suppress(jsontext.Unparsable):
        schema = jsontext.parse(text.encode("utf-8", "surrogatepass")).value
    return declared(schema, promised=True)
