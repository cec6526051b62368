"""A recorded event stream, reduced to what a state machine needs."""

from __future__ import annotations

from msgspec import Struct


class StreamEvent(Struct, frozen=True, gc=False):
    """One event, or a run of equal ones: its grammar's `name`, the block or choice `index` (None where it has none),
    the `detail` a state machine needs (block type, delta type, stop reason), how many in a row, and where the first stood.

    `event` is the 0-based ordinal of the first event in the stream.
    """

    name: str
    index: int | None = None
    detail: str = ""
    count: int = 1
    event: int = 0


class StreamRecord(Struct, frozen=True, gc=False):
    """What was recorded of a stream.

    `grammar` names the event language: `anthropic`, `chat`, `responses`, `gemini`, `bedrock`, `legacy`. `tail` says what
    follows the last whole event: empty, or a partial event. `unreadable` counts events whose data could not be parsed.
    `error_type` is the provider's error code of an in-stream error event (a code, never its message); `left` says that the caller stopped
    reading before the connection ended, so that what is missing was never asked for.
    """

    grammar: str
    host: str
    path: str
    events: tuple[StreamEvent, ...]
    total: int
    partial_tail: bool = False
    unreadable: int = 0
    error_type: str = ""
    decodable: bool = True
    left: bool = False
