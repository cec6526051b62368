"""A block: what a body shape makes of one prompt position, before it is interned."""

from __future__ import annotations

from typing import Any

import msgspec

from seamaudit.ingest.conform.schema import Declared
from seamaudit.trace import Kind, Zone


class Block(msgspec.Struct, frozen=True, gc=False):
    """What a body shape makes of one prompt position, before it is interned.

    `value` is the block as sent, `cache_control` already taken out; `ttl` is the marker's life or "". `text` is the text
    a quotation may come from. `array`, `path`, `starts` and `scalar` are as in Segment. `unsized` marks content whose
    bytes are no measure of its tokens (images, audio, files). `apart` gives no segment: a cache marker that stands alone
    (Bedrock's `cachePoint`; it marks the segment before it), a tool definition that is loaded later. `note` is a word about
    the whole request. `signature` is as in Segment; `schema` is what a tool definition says its arguments are.
    """

    zone: Zone
    role: str
    kind: Kind
    value: Any
    array: str
    path: str
    starts: bool
    scalar: bool = False
    call_id: str = ""
    name: str = ""
    arguments: bytes = b""
    is_error: bool | None = None
    ttl: str = ""
    retrieved: bool = False
    text: str = ""
    unsized: bool = False
    apart: bool = False
    note: str = ""
    signature: bytes = b""
    schema: Declared | None = None
