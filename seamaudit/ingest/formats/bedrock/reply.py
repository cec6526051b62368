"""What a Converse response says, whole or put together from its events. Source: the service model of bedrock-runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seamaudit.ingest import counts, jsontext
from seamaudit.ingest.blocks import answers, arguments, fields, first_code, integer, items, spelled_length, word
from seamaudit.ingest.formats.bedrock.blocks import blocks, is_server, member_of
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import ArgumentState, Convention, Response, StreamRecord, ToolCall, Usage

CUT_STOPS = frozenset({"max_tokens", "model_context_window_exceeded"})
"""Stop reasons under which a last toolUse block may be incomplete."""


def response(payload: Mapping[str, Any], at: str, status: int | None) -> Response:
    """A whole response."""
    message = fields(fields(payload.get("output")).get("message"))
    stop = word(payload.get("stopReason"))
    content = items(message.get("content"))
    pointer = f"{at}/output/message"
    last = len(content) - 1
    calls: list[ToolCall] = []
    for index, item in enumerate(content):
        use = fields(fields(item).get("toolUse"))
        if use:
            cut = stop in CUT_STOPS and index == last
            given = (b"", ArgumentState.CUT) if cut else arguments(use.get("input"))
            calls.append(_call(use, given, use.get("input"), f"{pointer}/content/{index}"))
    return Response(
        at=at,
        status=status,
        stop=stop,
        answers=answers(blocks(message, "assistant"), pointer),
        calls=tuple(calls),
        usage=usage(payload.get("usage")),
    )


def usage(sent: Any) -> Usage | None:
    """`inputTokens` leaves out what the cache read and wrote; `cacheDetails` splits the writes by life."""
    if not isinstance(sent, dict):
        return None
    recorded = counts.flattened(sent)
    plain = recorded.get("inputTokens")
    read = counts.first(recorded, "cacheReadInputTokens", "cacheReadInputTokenCount")
    write = counts.first(recorded, "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    lives = {word(each.get("ttl")): integer(each.get("inputTokens")) for each in map(fields, items(sent.get("cacheDetails")))}
    split = write is not None and sum(lives.get(life) or 0 for life in ("5m", "1h")) == write
    return Usage(
        input=counts.total(plain, read, write),
        cache_read=read,
        cache_write=write,
        cache_write_5m=(lives.get("5m") or 0) if split else None,
        cache_write_1h=(lives.get("1h") or 0) if split else None,
        output=recorded.get("outputTokens"),
        total=recorded.get("totalTokens"),
        convention=Convention.EXCLUSIVE,
        recorded=recorded,
    )


def error_code(payload: Mapping[str, Any]) -> str:
    """The exception's name, where the body has it (mostly it is a header)."""
    return first_code(payload.get("__type"), payload.get("code"))


def _call(use: Mapping[str, Any], given: tuple[bytes, ArgumentState], spelled: Any, pointer: str) -> ToolCall:
    return ToolCall(
        id=word(use.get("toolUseId")),
        name=word(use.get("name")),
        arguments=given[0],
        state=given[1],
        pointer=pointer,
        length=spelled_length(spelled),
        server=is_server(use),
    )


class Assembly:
    """Takes a stream's events one by one and gives the response they make, whole or not."""

    def __init__(self, log: StreamLog) -> None:
        self._log = log
        self._blocks: dict[int, dict[str, Any]] = {}
        self._spelled: dict[int, list[str]] = {}
        self._closed: set[int] = set()
        self._stop = ""
        self._usage: Any = None

    def take(self, name: str, data: Mapping[str, Any]) -> None:
        """One event; InvokeModel's Nova streams carry its name as their only member."""
        if not name and data:
            name = next(iter(data))
            data = fields(data[name])
        index = integer(data.get("contentBlockIndex"))
        detail = ""
        if name == "contentBlockStart":
            detail = self._start(index, fields(data.get("start")))
        elif name == "contentBlockDelta":
            detail = self._delta(index, fields(data.get("delta")))
        elif name == "contentBlockStop" and index is not None:
            self._closed.add(index)
        elif name == "messageStop":
            self._stop = detail = word(data.get("stopReason"))
        elif name == "metadata":
            self._usage = data.get("usage")
        elif name.endswith(("Exception", "Error")):
            self._log.error_type = self._log.error_type or name
        self._log.add(name, index, detail)

    def _start(self, index: int | None, start: Mapping[str, Any]) -> str:
        if index is not None:
            self._blocks[index] = {kind: dict(fields(value)) for kind, value in start.items()}
        return member_of(start)

    def _delta(self, index: int | None, delta: Mapping[str, Any]) -> str:
        kind = "citationsContent" if "citation" in delta else member_of(delta)
        if index is None:
            return kind
        block = self._blocks.setdefault(index, {})
        given = delta.get(kind)
        if kind == "text":
            block["text"] = word(block.get("text")) + word(given)
        elif kind == "toolUse":
            self._spelled.setdefault(index, []).append(word(fields(given).get("input")))
        elif kind == "toolResult":
            opened = block.setdefault("toolResult", {})
            opened["content"] = [*items(opened.get("content")), *items(given)]
        elif kind == "reasoningContent":
            _reason(block.setdefault("reasoningContent", {}), fields(given))
        return kind

    def response(self, record: StreamRecord, at: str, status: int | None) -> Response:
        """What came. Usage follows the stop, so that a stream may lack it and still be whole."""
        content: list[dict[str, Any]] = []
        calls: list[ToolCall] = []
        last = max(self._blocks, default=-1)
        for index, block in sorted(self._blocks.items()):
            if "toolUse" in block:
                spelled = "".join(self._spelled.get(index, ()))
                given = self._arguments(index, spelled, last=index == last)
                whole = given[1] is ArgumentState.PARSED
                block["toolUse"]["input"] = jsontext.parse(spelled.encode("utf-8", "surrogatepass")).value if whole else {}
                calls.append(_call(block["toolUse"], given, spelled, at))
            content.append(block)
        return Response(
            at=at,
            status=status,
            stop=self._stop,
            answers=answers(blocks({"content": content}, "assistant"), at, located=False),
            calls=tuple(calls),
            usage=usage(self._usage),
            stream=record,
            complete=bool(self._stop) and not record.partial_tail,
            broken=tuple((cause, "") for cause in self._log.broken),
        )

    def _arguments(self, index: int, spelled: str, *, last: bool) -> tuple[bytes, ArgumentState]:
        given = arguments(spelled)
        whole = index in self._closed and not (last and self._stop in CUT_STOPS)
        return given if whole or given[1] is ArgumentState.PARSED else (b"", ArgumentState.CUT)


def _reason(opened: dict[str, Any], delta: Mapping[str, Any]) -> None:
    if "redactedContent" in delta:
        opened["redactedContent"] = word(opened.get("redactedContent")) + word(delta["redactedContent"])
        return
    text = opened.setdefault("reasoningText", {})
    if "text" in delta:
        text["text"] = word(text.get("text")) + word(delta["text"])
    if "signature" in delta:
        text["signature"] = delta["signature"]
