"""A segment: one position of a prompt prefix in wire order."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from seamaudit.trace.locus import Locus


class Zone(StrEnum):
    """The part of the prompt a segment belongs to, in the order providers render them."""

    TOOLS = "tools"
    SYSTEM = "system"
    MESSAGES = "messages"


class Kind(StrEnum):
    """What a segment holds."""

    TOOL_DEFINITION = "tool_definition"
    TEXT = "text"
    THINKING = "thinking"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    SERVER_TOOL_CALL = "server_tool_call"
    SERVER_TOOL_RESULT = "server_tool_result"
    IMAGE = "image"
    DOCUMENT = "document"
    OTHER = "other"


class Segment(Struct, frozen=True, gc=False):
    """One interned prompt position: a tool definition, a system block or a message block.

    `ordered` (16 bytes, xxh3-128) is the cache key: key order kept; whitespace, escapes and number spelling normalised;
    `cache_control` stripped; a string equals one text block; zone and role mixed in. `canonical` is the same with keys
    sorted. `length` is the byte length of the ordered form. `array` is the request member it stands in, `path` the
    pointer inside its element, `starts` whether it opens that element; `scalar` says that the member is told as one value
    (a text, a list of tools), not element by element: `path` is then the pointer inside the member.
    `prints` are keyed, winnowed prints (8 bytes each) of text that may be quoted elsewhere; the text is not kept.
    Of a tool result, `outcome` is the digest of what came back, without the call's id (b"" where it is no text), and `failed`
    whether it is declared or reads as an error; of a tool call, `words` are keyed hashes (4 bytes each) of its arguments' words.
    `signature` holds the digests (16 bytes each) of what a provider knows its own reasoning by again: a signature, an id, the encrypted
    content. `unsized` says that its bytes are no measure of its tokens: an image, a file, a recording.
    """

    id: int
    zone: Zone
    role: str
    kind: Kind
    length: int
    ordered: bytes
    canonical: bytes
    array: str
    path: str
    starts: bool
    locus: Locus
    scalar: bool = False
    call_id: str = ""
    name: str = ""
    arguments: bytes = b""
    is_error: bool | None = None
    retrieved: bool = False
    prints: bytes = b""
    outcome: bytes = b""
    failed: bool = False
    words: bytes = b""
    unsized: bool = False
    signature: bytes = b""
