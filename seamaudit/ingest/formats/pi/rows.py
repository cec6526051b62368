"""The rows of a pi session file, and its messages as a provider gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import fields, items, word
from seamaudit.ingest.rejected import Rejected

DROPPED = frozenset({"aborted", "error"})
"""Stop reasons of answers that the client leaves out of later prompts (pi-ai, transform-messages)."""
NO_RESULT = "No result provided"
"""What the client answers a call with that never got its result (pi-ai, transform-messages)."""


class Row(msgspec.Struct, gc=False):
    """One row of any type. Files before version 2 have no ids: there the row before is the parent."""

    type: Any = ""
    id: Any = ""
    parentId: Any | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - the client's spelling, as below
    timestamp: Any = None
    message: Any = None
    content: Any = None
    summary: Any = ""
    firstKeptEntryIndex: Any = None  # noqa: N815
    firstKeptEntryId: Any = ""  # noqa: N815


_row = msgspec.json.Decoder(Row)


def row(data: bytes) -> Row:
    """A record as a row. Raises Rejected where it is none, jsontext.Unparsable where it is no JSON."""
    try:
        return _row.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = jsontext.parse(data).value
    if not isinstance(value, dict):
        raise Rejected("not_an_exchange")
    return Row(**{name: value[name] for name in Row.__struct_fields__ if name in value})


def spoken(message: dict[str, Any]) -> dict[str, Any] | None:
    """A recorded message in the Messages API's spelling, None where the client keeps it to itself."""
    role, content = word(message.get("role")), message.get("content")
    if role == "assistant":
        return {"role": "assistant", "content": blocks(content)}
    if role == "toolResult":
        return result(word(message.get("toolCallId")), blocks(content), message.get("isError") is True)
    if role == "bashExecution":
        if message.get("excludeFromContext") is True:
            return None
        return caller(f"Ran `{word(message.get('command'))}`\n```\n{word(message.get('output'))}\n```")
    if role in ("branchSummary", "compactionSummary"):
        return caller(word(message.get("summary")))
    return caller(content if isinstance(content, str) else blocks(content)) if role in ("user", "custom", "hookMessage") else None


def caller(content: Any) -> dict[str, Any]:
    """A message of the caller's side."""
    return {"role": "user", "content": content}


def result(call: str, content: Any, failed: bool) -> dict[str, Any]:
    """A tool result."""
    return caller([{"type": "tool_result", "tool_use_id": call, "content": content, "is_error": failed}])


def blocks(content: Any) -> list[Any]:
    """Content blocks in the Messages API's spelling."""
    return [_block(fields(item)) for item in items(content)]


def _block(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type")
    if kind == "toolCall":
        return {"type": "tool_use", "id": item.get("id"), "name": item.get("name"), "input": item.get("arguments")}
    if kind == "thinking":
        return {"type": "thinking", "thinking": item.get("thinking"), "signature": item.get("thinkingSignature")}
    if kind == "image":
        return {"type": "image", "source": {"type": "base64", "media_type": item.get("mimeType"), "data": item.get("data")}}
    return {"type": "text", "text": word(item.get("text"))}


def call_ids(message: dict[str, Any]) -> Sequence[str]:
    """The ids of the calls a message makes."""
    return [word(item.get("id")) for item in map(fields, items(message.get("content"))) if item.get("type") == "toolCall"]
