"""Legacy Text Completions (`/v1/complete`): one text, no usage, a stream without a terminal event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seamaudit.ingest.block import Block
from seamaudit.ingest.blocks import answers, fields, word
from seamaudit.ingest.formats.anthropic.reply import error_code
from seamaudit.ingest.sse import SseEvent
from seamaudit.ingest.streamlog import StreamLog
from seamaudit.trace import Kind, Response, StreamRecord, Zone


def response(payload: Mapping[str, Any], at: str, status: int | None, record: StreamRecord | None = None) -> Response:
    """A whole completion, or what was streamed of one."""
    value = {"type": "text", "text": word(payload.get("completion"))}
    block = Block(Zone.MESSAGES, "assistant", Kind.TEXT, value, "prompt", "/completion", True)
    stop = word(payload.get("stop_reason"))
    return Response(
        at=at,
        status=status,
        id=word(payload.get("id")),
        model=word(payload.get("model")),
        stop=stop,
        answers=answers([block], at, located=record is None),
        stream=record,
        complete=record is None or (bool(stop) and not record.partial_tail),
    )


def stream(events: Iterable[SseEvent], partial_tail: bool, at: str, status: int | None, host: str, path: str) -> Response:
    """A completion from its events; the last one carries the stop reason."""
    log = StreamLog("legacy", host, path)
    whole: dict[str, Any] = {}
    texts: list[str] = []
    for name, data in log.payloads(events):
        event = fields(data)
        if name == "error" or "error" in event:
            log.fail(error_code(event))
        elif "completion" in event:
            texts.append(word(event["completion"]))
            whole |= {key: value for key, value in event.items() if value is not None}
            log.add("completion", None, event.get("stop_reason"))
        else:
            log.add(name)
    return response(whole | {"completion": "".join(texts)}, at, status, log.record(partial_tail))
