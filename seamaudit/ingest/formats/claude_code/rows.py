"""The rows of a Claude Code session file, split without parsing what is not needed."""

from __future__ import annotations

from typing import Any

import msgspec

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import fields
from seamaudit.ingest.rejected import Rejected

SYNTHETIC = "<synthetic>"
"""The model of messages that the client wrote itself."""


class Said(msgspec.Struct, gc=False):
    """A message as it stands in a row; of a response's also what came with it."""

    role: Any = ""
    content: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    id: Any = ""
    model: Any = ""
    stop_reason: Any = None
    usage: Any = None

    @property
    def raw(self) -> bytes:
        """Role and content as a request carries them."""
        role = b"assistant" if self.role == "assistant" else b"user"
        content = b"[]" if isinstance(self.content, msgspec.UnsetType) else bytes(self.content)
        return b'{"role":"%b","content":%b}' % (role, content)


class Row(msgspec.Struct, gc=False):
    """One row of any type; `message` is a user's or assistant's, `error` an API error's, `data` a progress row's."""

    type: Any = ""
    subtype: Any = ""
    uuid: Any = ""
    parentUuid: Any = None  # noqa: N815 - the client's spelling, as below
    sessionId: Any = ""  # noqa: N815
    timestamp: Any = None
    requestId: Any = ""  # noqa: N815
    agentId: Any = ""  # noqa: N815
    isSidechain: Any = False  # noqa: N815
    isApiErrorMessage: Any = False  # noqa: N815
    message: Said | msgspec.UnsetType | None = msgspec.UNSET
    error: Any = None
    retryInMs: Any = None  # noqa: N815
    retryAttempt: Any = None  # noqa: N815
    maxRetries: Any = None  # noqa: N815
    parentToolUseID: Any = ""  # noqa: N815
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Progress(msgspec.Struct, gc=False):
    """What a progress row tells; of a sub-agent, its next row."""

    type: Any = ""
    agentId: Any = ""  # noqa: N815
    message: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_row = msgspec.json.Decoder(Row)
_progress = msgspec.json.Decoder(Progress)


def row(data: bytes) -> Row:
    """A record as a row. Raises Rejected where it is none, jsontext.Unparsable where it is no JSON."""
    try:
        return _row.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = jsontext.parse(data).value
    if not isinstance(value, dict):
        raise Rejected("not_an_exchange")
    return _lenient(value)


def nested(found: Row) -> tuple[str, Row] | None:
    """The agent's name and its row inside a progress row, None where it tells of no agent."""
    if isinstance(found.data, msgspec.UnsetType) or b'"agent_progress"' not in bytes(found.data):
        return None
    try:
        progress = _progress.decode(found.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if progress.type != "agent_progress" or isinstance(progress.message, msgspec.UnsetType):
        return None
    agent = progress.agentId or found.parentToolUseID
    return (agent, row(bytes(progress.message))) if isinstance(agent, str) and agent else None


def _lenient(value: dict[str, Any]) -> Row:
    """A row that the fast splitter refuses: half of a surrogate pair, say."""
    known = {name: value[name] for name in Row.__struct_fields__ if name in value}
    for name in ("message", "data"):
        known.pop(name, None)
    message = fields(value.get("message"))
    said = {name: message[name] for name in Said.__struct_fields__ if name in message and name != "content"}
    if "content" in message:
        said["content"] = msgspec.Raw(jsontext.spelled(message["content"]))
    if message:
        known["message"] = Said(**said)
    if "data" in value:
        known["data"] = msgspec.Raw(jsontext.spelled(value["data"]))
    return Row(**known)
