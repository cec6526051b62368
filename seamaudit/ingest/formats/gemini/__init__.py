"""Gemini's generateContent, on the Gemini API and Vertex. Sources: https://ai.google.dev/api/generate-content, the SDK's `types.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest.blocks import fields, integer, items, model_in, word
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.formats.base import RawBody
from seamaudit.ingest.formats.gemini.blocks import content, member_of, system, tool
from seamaudit.ingest.formats.gemini.reply import Assembly, error_code
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import Members, Prompt, output_form
from seamaudit.ingest.refused import refusal
from seamaudit.ingest.sse import SseEvent
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Locus, OutputForm, Request, Response

_SYSTEM = ("systemInstruction", "system_instruction")
_CACHED = ("cachedContent", "cached_content")
_CONFIG = ("generationConfig", "generation_config")
_JSON = "application/json"
_JSON_SCHEMAS = ("responseJsonSchema", "response_json_schema")
_SCHEMAS = ("responseSchema", "response_schema")
_TOOL_CONFIG = ("toolConfig", "tool_config")
_PARAMS = (
    "thinkingConfig",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "mediaResolution",
    "speechConfig",
)
_PART_DETAILS: Mapping[str, str] = {"text": "text", "functionCall": "function_call"}


class GeminiGenerate:
    """The generateContent body shape."""

    api = "gemini.generate"
    provider = "google"

    def matches(self, path: str, keys: frozenset[str]) -> bool:
        """By the method in the path; without one by `contents`."""
        return "contents" in keys and (path in ("", "/") or path.endswith((":generateContent", ":streamGenerateContent")))

    def request(self, body: RawBody, path: str, at: str, base: str, intern: Interner, locus: Locus) -> Request:
        """Read a request: its prompt, then what is sent beside it. A cached content is not in the recording."""
        members = Members(body)
        prompt = self.prompt(members, intern, locus)
        held = any(members.raw(name) is not None for name in _CACHED)
        config = members.inner(*_CONFIG)
        calling = members.inner(*_TOOL_CONFIG).inner("functionCallingConfig", "function_calling_config")
        return Request(
            model=members.text("model") or model_in(path),
            at=at,
            prefix=intern.prefix(prompt.ids, base),
            complete=not held,
            offered=None if held and not prompt.offered else prompt.offered,
            params={**members.params((*_TOOL_CONFIG, *_CACHED)), **config.params(_PARAMS)},
            max_output=config.number("maxOutputTokens", "max_output_tokens"),
            streamed=path.endswith(":streamGenerateContent"),
            forced_tool=calling.text("mode").upper() == "ANY",
            length=prompt.length,
            unsized=prompt.unsized,
            broken=tuple(prompt.broken),
            withheld=prompt.withheld,
            output=_output(config, intern),
        )

    def prompt(self, members: Members, intern: Interner, locus: Locus) -> Prompt:
        """Read tools, then the system instruction, then contents."""
        prompt = Prompt(self.api, members.body, intern, locus)
        prompt.tools("tools", tool, members.raw("tools"))
        for name in _SYSTEM:
            raw = members.raw(name)
            if raw is not None:
                prompt.whole(name, system(name), raw)
        prompt.turns("contents", content)
        return prompt

    def response(self, payload: Any, at: str, status: int | None) -> Response:
        """Read a response, an error, or the list of chunks that a stream without `alt=sse` is."""
        chunks = [fields(chunk) for chunk in payload] if isinstance(payload, list) else [fields(payload)]
        failed = next((chunk for chunk in chunks if chunk.get("error")), None)
        if failed is not None:
            return Response(at=at, status=status, error_type=error_code(failed), refusal=refusal(failed, status))
        if not any({"candidates", "promptFeedback", "usageMetadata"} & chunk.keys() for chunk in chunks):
            return Response(at=at, status=status, complete=status is not None and status >= 400)
        assembly = Assembly()
        for chunk in chunks:
            assembly.take(chunk)
        return assembly.response(at, status)

    def stream(self, events: Iterable[SseEvent], partial_tail: bool, at: str, status: int | None, host: str, path: str) -> Response:
        """Assemble a response from its chunks."""
        log = StreamLog("gemini", host, path)
        assembly = Assembly()
        for _, data in log.payloads(events):
            chunk = fields(data)
            if chunk.get("error"):
                log.fail(error_code(chunk))
                continue
            _note(log, chunk)
            assembly.take(chunk)
        read = assembly.response(at, status, log.record(partial_tail))
        return replace(read, broken=tuple((cause, "") for cause in log.broken))


def _note(log: StreamLog, chunk: Mapping[str, Any]) -> None:
    """A chunk's events. Every chunk carries usage so far; only what comes with the end, or alone, is an event of its own."""
    finished = False
    candidates = [fields(candidate) for candidate in items(chunk.get("candidates"))]
    for candidate in candidates:
        index = integer(candidate.get("index")) or 0
        given = fields(candidate.get("content")).get("parts")
        for part in [given] if isinstance(given, dict) else items(given):
            member = member_of(fields(part))
            thought = member == "text" and fields(part).get("thought") is True
            log.add("chunk", index, "thought" if thought else _PART_DETAILS.get(member, "other"))
        if word(candidate.get("finishReason")):
            finished = True
            log.add("finish", index, candidate["finishReason"])
    blocked = word(fields(chunk.get("promptFeedback")).get("blockReason"))
    if blocked:
        log.add("blocked", None, blocked)
    if isinstance(chunk.get("usageMetadata"), dict) and (finished or not candidates):
        log.add("usage")


def _output(config: Members, intern: Interner) -> OutputForm | None:
    """What the generation config asks for: a schema of either kind, else JSON, by its media type."""
    if _first(config, ("responseMimeType", "response_mime_type")) != _JSON:
        return None
    schema = declared(_first(config, _JSON_SCHEMAS)) or declared(_first(config, _SCHEMAS), is_openapi=True)
    return output_form(intern, schema, json=True)


def _first(config: Members, names: tuple[str, ...]) -> Any:
    return next((value for name in names if (value := config.value(name)) is not None), None)
