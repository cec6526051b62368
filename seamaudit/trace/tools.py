"""What a model answered with: blocks, and the calls among them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from seamaudit.trace.segment import Kind
from seamaudit.trace.withheld import Withheld


class ArgumentState(StrEnum):
    """Whether a call's arguments could be read: parsed, absent, cut off in the middle, or not JSON."""

    PARSED = "parsed"
    EMPTY = "empty"
    CUT = "cut"
    INVALID = "invalid"


class Conformance(Struct, frozen=True, gc=False):
    """Whether a value is what its schema says: `valid`, `invalid`, or `unchecked` with the `reason`.

    Of what is invalid, `keyword` is the schema's word that it breaks and `where` the place of that word in the schema, as a JSON
    pointer; a missing member ends it. `promised` says that the provider undertook to keep to the schema.
    """

    state: Literal["valid", "invalid", "unchecked"]
    keyword: str = ""
    where: str = ""
    promised: bool = False
    reason: str = ""


class OutputForm(Struct, frozen=True, gc=False):
    """The form a request asks the answer's text to have: any JSON, or a schema's, which goes by its digest."""

    schema: bytes = b""


class ToolCall(Struct, frozen=True, gc=False):
    """One call a response made. `arguments` is the canonical digest, b"" where they could not be parsed.

    `conforms` says how they fit the schema that the request itself declares for the tool, None where it declares none.
    """

    id: str
    name: str
    arguments: bytes
    state: ArgumentState
    pointer: str
    length: int = 0
    server: bool = False
    conforms: Conformance | None = None


class Answer(Struct, frozen=True, gc=False):
    """One block of a response. `ordered` equals the segment the block becomes when it is sent back unchanged.

    `signature` is as in Segment. `said` is a text's text or a call's arguments as JSON, `spelled` the whole block; both are there
    while a record is read, and let go with it. `troubled` says that a text has a word in it that may speak of something that went wrong;
    `withheld` that a mark of the recorder stands in its place.
    """

    kind: Kind
    length: int
    ordered: bytes
    pointer: str
    said: bytes = b""
    signature: bytes = b""
    troubled: bool = False
    spelled: bytes = b""
    withheld: Withheld | None = None
