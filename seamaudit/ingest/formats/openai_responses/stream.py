"""A response as its events build it up. Source: the SDK's `types/responses/*_event.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from seamaudit.ingest import diagnosis
from seamaudit.ingest.blocks import answers, fields, integer, word
from seamaudit.ingest.formats.openai_responses import reply
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Response, StreamRecord

_TERMINAL = frozenset({"completed", "incomplete", "failed", "cancelled"})
_SPELLED: Mapping[str, str] = {"function_call_arguments": "arguments", "mcp_call_arguments": "arguments", "custom_tool_call_input": "input"}


class _Item(Struct):
    """An output item while its deltas come in."""

    value: dict[str, Any]
    done: bool = False
    spelled: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[int, list[str]] = field(default_factory=dict)

    def whole(self) -> dict[str, Any]:
        """The item as its `done` event gave it, else as far as its deltas came."""
        if self.done:
            return self.value
        value = self.value | {member: "".join(parts) for member, parts in self.spelled.items()}
        if self.texts:
            value["content"] = [{"type": "output_text", "text": "".join(parts)} for _, parts in sorted(self.texts.items())]
        return value


class Assembly:
    """Takes a stream's events one by one and gives the response they make, whole or not."""

    def __init__(self, log: StreamLog) -> None:
        self._log = log
        self._head: dict[str, Any] = {}
        self._items: dict[int, _Item] = {}
        self._ended = False

    def take(self, name: str, data: Mapping[str, Any]) -> None:
        """One event."""
        kind = (word(data.get("type")) or name).removeprefix("response.")
        index = integer(data.get("output_index"))
        if kind == "error":
            self._log.fail(reply.error_code(data))
            return
        self._log.add(kind, index, self._detail(kind, index, data))

    def _detail(self, kind: str, index: int | None, data: Mapping[str, Any]) -> str:
        sent = fields(data.get("response"))
        self._head |= {key: value for key, value in sent.items() if value is not None}
        if kind in _TERMINAL:
            return self._terminal(kind, sent)
        if kind in ("output_item.added", "output_item.done"):
            value = fields(data.get("item"))
            if index is not None:
                self._items[index] = _Item(value, done=kind == "output_item.done")
            return word(value.get("type"))
        if index is not None and index in self._items and kind.endswith(".delta"):
            self._delta(kind.removesuffix(".delta"), self._items[index], data)
        return ""

    def _terminal(self, kind: str, sent: Mapping[str, Any]) -> str:
        self._ended = True
        if kind == "failed":
            self._log.error_type = reply.error_code(sent)
        return reply.stop_of(sent) or kind

    @staticmethod
    def _delta(kind: str, opened: _Item, data: Mapping[str, Any]) -> None:
        delta = word(data.get("delta"))
        if kind in _SPELLED:
            opened.spelled.setdefault(_SPELLED[kind], []).append(delta)
        elif kind == "output_text":
            opened.texts.setdefault(integer(data.get("content_index")) or 0, []).append(delta)

    def response(self, record: StreamRecord, at: str, status: int | None) -> Response:
        """What came: the last event's own account of it, else what the items add up to."""
        opened = [item for _, item in sorted(self._items.items())]
        given = (reply.output(self._head) if self._ended else []) or [item.whole() for item in opened]
        cut = not self._ended or reply.stop_of(self._head) not in ("completed", "")
        return Response(
            at=at,
            status=status,
            id=word(self._head.get("id")),
            model=word(self._head.get("model")),
            stop=reply.stop_of(self._head) if self._ended else "",
            answers=answers((block for item in reply.output_blocks(given) for block in item), at, located=False),
            calls=reply.calls(given, [at] * len(given), cut=cut and not (opened and opened[-1].done)),
            usage=reply.usage(self._head),
            diagnosis=diagnosis.openai(self._head),
            stream=record,
            complete=self._ended and not record.partial_tail,
            broken=tuple((cause, "") for cause in self._log.broken),
        )
