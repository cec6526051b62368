"""What a model answered with: blocks, and the calls among them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from seamaudit.trace.segment import Kind


class ArgumentState(StrEnum):
    """Whether a call's arguments could be read: parsed, absent, cut off in the middle, or not JSON."""

    PARSED = "parsed"
    EMPTY = "empty"
    CUT = "cut"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call a response made. `arguments` is the canonical digest, b"" where they could not be parsed."""

    id: str
    name: str
    arguments: bytes
    state: ArgumentState
    pointer: str
    length: int = 0
    server: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One block of a response. `ordered` equals the segment the block becomes when it is sent back unchanged."""

    kind: Kind
    length: int
    ordered: bytes
    pointer: str
