"""A part of a file of lines: the lines that begin in a range of bytes, wherever they end."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from seamaudit.ingest.inputs import CHUNK, Readable


class Span(Struct, frozen=True):
    """The lines that begin at byte `start` or behind it and before `stop`, which is None where they are read to the end.

    Spans that follow each other hold every line once, however they are cut.
    """

    start: int
    stop: int | None = None

    def first(self, file: Readable) -> int | None:
        """Where the first of them begins, None where none does."""
        if self.start == 0:
            return 0
        at = self.start - 1  # a line begins behind a line end
        file.seek(at)
        while (self.stop is None or at < self.stop - 1) and (chunk := file.read(CHUNK)):
            found = chunk.find(b"\n")
            if found >= 0:
                begin = at + found + 1
                return begin if self.stop is None or begin < self.stop else None
            at += len(chunk)
        return None

    def chunks(self, file: Readable, first: int) -> Iterator[bytes]:
        """The bytes of them all, from the first on."""
        file.seek(first)
        at = first
        while chunk := file.read(CHUNK):
            last = -1 if self.stop is None or at + len(chunk) < self.stop else chunk.find(b"\n", max(0, self.stop - 1 - at))
            if last >= 0:
                yield chunk[: last + 1]
                return
            yield chunk
            at += len(chunk)
