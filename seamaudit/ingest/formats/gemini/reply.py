"""What a GenerateContentResponse says, whole or put together from its chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seamaudit.ingest import counts
from seamaudit.ingest.blocks import answers, arguments, fields, first_code, items, spelled_length, word
from seamaudit.ingest.formats.gemini.blocks import inner, member_of, parts
from seamaudit.trace import ArgumentState, Convention, Response, StreamRecord, ToolCall, Usage

_SERVER_CALLS = ("toolCall", "executableCode")


class Assembly:
    """Takes the chunks of a stream (or the one of a whole response). Its first candidate is the answer."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []
        self.stop = ""

    def take(self, chunk: Mapping[str, Any]) -> None:
        """One chunk: parts are appended, everything else overwrites."""
        self._head |= chunk
        candidate = fields(next(iter(items(chunk.get("candidates"))), None))
        given = fields(candidate.get("content")).get("parts")
        for part in [given] if isinstance(given, dict) else items(given):
            if isinstance(part, dict):
                self._append(part)
        blocked = word(fields(chunk.get("promptFeedback")).get("blockReason"))
        self.stop = word(candidate.get("finishReason")) or self.stop or blocked

    def _append(self, part: dict[str, Any]) -> None:
        """Text that goes on is one part; a thought signature closes it."""
        last = self._parts[-1] if self._parts else {}
        goes_on = "text" in part and "text" in last and part.get("thought") == last.get("thought") and "thoughtSignature" not in last
        if goes_on:
            self._parts[-1] = last | part | {"text": word(last["text"]) + word(part["text"])}
        else:
            self._parts.append(part)

    def response(self, at: str, status: int | None, record: StreamRecord | None = None) -> Response:
        """What came. `at` is where the chunks stand; inside it a whole response's parts have pointers of their own."""
        located = record is None
        pointer = f"{at}/candidates/0/content" if located else at
        return Response(
            at=at,
            status=status,
            id=word(self._head.get("responseId")),
            model=word(self._head.get("modelVersion")),
            stop=self.stop,
            answers=answers(parts({"parts": self._parts}, "model"), pointer, located=located),
            calls=_calls(self._parts, pointer, located=located),
            usage=usage(self._head.get("usageMetadata")),
            stream=record,
            complete=record is None or (bool(self.stop) and not record.partial_tail),
        )


def _calls(given: Sequence[Mapping[str, Any]], at: str, *, located: bool) -> tuple[ToolCall, ...]:
    made: list[ToolCall] = []
    for index, part in enumerate(given):
        member = member_of(part)
        if member != "functionCall" and member not in _SERVER_CALLS:
            continue
        call = inner(part, member)
        spelled = call.get("args", {} if member == "functionCall" else call)
        digest, state = arguments(spelled)
        made.append(
            ToolCall(
                id=word(call.get("id")),
                name=word(call.get("name") or call.get("toolType")) or member,
                arguments=digest,
                state=state if "args" in call or member != "functionCall" else ArgumentState.EMPTY,
                pointer=f"{at}/parts/{index}" if located else at,
                length=spelled_length(spelled),
                server=member in _SERVER_CALLS,
            )
        )
    return tuple(made)


def usage(sent: Any) -> Usage | None:
    """`promptTokenCount` holds what was cached, but not what hosted tools added; thoughts come beside the candidates.

    Source: the SDK's UsageMetadata. Protobuf's JSON leaves out what is 0: once the prompt is counted, an absent count is 0.
    """
    if not isinstance(sent, dict):
        return None
    recorded = counts.flattened(sent)
    prompt, total = recorded.get("promptTokenCount"), recorded.get("totalTokenCount")
    known = prompt is not None and total is not None
    thoughts = recorded.get("thoughtsTokenCount", 0 if known else None)
    candidates = recorded.get("candidatesTokenCount", 0 if known else None)
    return Usage(
        input=counts.total(prompt, recorded.get("toolUsePromptTokenCount")),
        cache_read=recorded.get("cachedContentTokenCount", 0 if known else None),
        output=counts.total(candidates, thoughts),
        reasoning=thoughts,
        total=total,
        convention=Convention.INCLUSIVE,
        recorded=recorded,
        service_tier=word(sent.get("serviceTier")) or word(sent.get("trafficType")),
    )


def error_code(payload: Mapping[str, Any]) -> str:
    """The status word of an error, else its number."""
    error = fields(payload.get("error"))
    return first_code(error.get("status"), error.get("code"))
