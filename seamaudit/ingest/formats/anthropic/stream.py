"""A message as its events build it up. Source: Anthropic's streaming page and the SDK's `lib/streaming/_messages.py`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from seamaudit.ingest import diagnosis, jsontext
from seamaudit.ingest.blocks import answers, arguments, fields, integer, items, word
from seamaudit.ingest.formats.anthropic.blocks import blocks
from seamaudit.ingest.formats.anthropic.reply import CUT_STOPS, call, error_code, usage
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import ArgumentState, Response, StreamRecord, ToolCall


class _Open(Struct):
    """A content block while its deltas come in: what it began with, and the texts that are added to its members."""

    block: dict[str, Any]
    parts: dict[str, list[str]] = field(default_factory=dict)
    closed: bool = False

    def add(self, member: str, delta: Any) -> None:
        """Append to a text member."""
        if isinstance(delta, str):
            self.parts.setdefault(member, []).append(delta)

    @property
    def spelled(self) -> str:
        """The arguments as streamed so far."""
        return "".join(self.parts.get("input", ()))

    def whole(self) -> dict[str, Any]:
        """The block with its texts put together; arguments as far as they are JSON."""
        texts = {name: word(self.block.get(name)) + "".join(parts) for name, parts in self.parts.items() if name != "input"}
        value = self.block | texts
        if self.spelled and arguments(self.spelled)[1] is ArgumentState.PARSED:
            value["input"] = jsontext.parse(self.spelled.encode("utf-8", "surrogatepass")).value
        return value


class Assembly:
    """Takes a stream's events one by one and gives the response they make, whole or not."""

    def __init__(self, log: StreamLog) -> None:
        self._log = log
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, _Open] = {}
        self._stop = ""
        self._counted = False
        self._ended = False

    def take(self, name: str, data: dict[str, Any]) -> None:
        """One event; unknown ones only leave their name, as clients must ignore them."""
        if name == "error":
            self._log.fail(error_code(data))
            return
        index = integer(data.get("index"))
        detail = ""
        if name == "message_start":
            self._message = fields(data.get("message"))
            self._usage = dict(fields(self._message.get("usage")))
        elif name == "content_block_start":
            detail = self._start(index, fields(data.get("content_block")))
        elif name == "content_block_delta":
            detail = self._delta(index, fields(data.get("delta")))
        elif name == "content_block_stop":
            self._close(index)
        elif name == "message_delta":
            detail = self._message_delta(data)
        elif name == "message_stop":
            self._ended = True
        self._log.add(name, index, detail)

    def _start(self, index: int | None, block: dict[str, Any]) -> str:
        if index is not None:
            self._blocks[index] = _Open(dict(block))
        return word(block.get("type"))

    def _close(self, index: int | None) -> None:
        if index is not None and index in self._blocks:
            self._blocks[index].closed = True

    def _delta(self, index: int | None, delta: dict[str, Any]) -> str:
        kind = word(delta.get("type"))
        opened = None if index is None else self._blocks.get(index)
        if opened is None:
            return kind
        if kind == "signature_delta":
            opened.block["signature"] = delta.get("signature")
        elif kind == "citations_delta":
            opened.block["citations"] = [*items(opened.block.get("citations")), delta.get("citation")]
        elif kind == "input_json_delta":
            opened.add("input", delta.get("partial_json"))
        else:
            for member in ("text", "thinking", "content"):
                opened.add(member, delta.get(member))
        return kind

    def _message_delta(self, data: dict[str, Any]) -> str:
        """Usage is cumulative: it overwrites and is never added."""
        detail = word(fields(data.get("delta")).get("stop_reason"))
        self._stop = detail or self._stop
        told = {key: value for key, value in fields(data.get("usage")).items() if value is not None}
        self._counted = self._counted or "output_tokens" in told
        self._usage |= told
        return detail

    def response(self, record: StreamRecord, at: str, status: int | None) -> Response:
        """What came."""
        opened = [block for _, block in sorted(self._blocks.items())]
        content = [block.whole() for block in opened]
        calls = (self._call(block, value, at, last=block is opened[-1]) for block, value in zip(opened, content, strict=True))
        return Response(
            at=at,
            status=status,
            id=word(self._message.get("id")),
            model=word(self._message.get("model")),
            stop=self._stop,
            answers=answers(blocks(content, "assistant"), at, located=False),
            calls=tuple(each for each in calls if each),
            usage=usage(self._usage or None, placeholder=not self._counted),
            stream=record,
            diagnosis=diagnosis.anthropic(self._message),
            complete=self._ended and not record.partial_tail,
            broken=tuple((cause, "") for cause in self._log.broken),
        )

    def _call(self, opened: _Open, value: dict[str, Any], at: str, *, last: bool) -> ToolCall | None:
        given = arguments(opened.spelled or opened.block.get("input") or None)
        whole = opened.closed and not (last and self._stop in CUT_STOPS)
        if not whole and given[1] is not ArgumentState.PARSED:
            given = b"", ArgumentState.CUT
        return call(value, given, opened.spelled or opened.block.get("input"), at)
