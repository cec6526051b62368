"""Where something stands: a source, a record in it, and a place inside the record."""

from __future__ import annotations

from sys import intern

from msgspec import Struct


class Source(Struct, frozen=True, gc=False):
    """One input as the run read it: its index, its path as given (`-` for stdin) and its compression."""

    index: int
    path: str
    compression: str = ""
    explicit: bool = True


class Locus(Struct, frozen=True, gc=False, order=True):
    """The place of a record, and with `pointer` (RFC 6901) of a value inside it.

    `source` indexes the run's `Source` table. `line` is 1-based; `offset` and `length` are bytes of the decompressed
    stream and cover the whole record, so that a second pass can read exactly it again.
    """

    source: int
    line: int
    offset: int
    length: int
    pointer: str = ""

    def at(self, pointer: str) -> Locus:
        """The same record, at another place inside it."""
        return Locus(self.source, self.line, self.offset, self.length, intern(pointer))
