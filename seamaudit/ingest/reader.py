"""Bytes to located lines: bounded, chunked, and exact to the byte."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct, field

from seamaudit.ingest.faults import Cause
from seamaudit.ingest.inflate import Cut, Limits, Meter, chunks
from seamaudit.ingest.inputs import Inputs
from seamaudit.ingest.span import Span
from seamaudit.trace import Locus, Source

BOM: Final = b"\xef\xbb\xbf"
"""Dropped wherever a line begins: files with one are concatenated."""

Progress = Callable[[int], None]


class Line(Struct, frozen=True):
    """One line, or a whole document of `lines` lines.

    `number` is 1-based; `offset` and `length` are bytes of the decompressed stream, line end and BOM included; `data`
    comes without them. `ended` is False for a last line without a line end.
    """

    source: int
    number: int
    offset: int
    length: int
    data: bytes
    lines: int = 1
    ended: bool = True

    @property
    def locus(self) -> Locus:
        """Where it stands."""
        return Locus(self.source, self.number, self.offset, self.length)

    def part(self, start: int, stop: int) -> Locus:
        """Where `data[start:stop]` stands."""
        bom = len(BOM) if self.length - len(self.data) >= len(BOM) else 0
        return Locus(self.source, self.number, self.offset + bom + start, stop - start)


class Lost(Struct, frozen=True):
    """A line (or a document of `lines` lines) that was there and was not kept. Its length may be 0 where a stream was cut
    right after a line end: something was to follow."""

    source: int
    number: int
    offset: int
    length: int
    cause: Cause
    lines: int = 1

    @property
    def locus(self) -> Locus:
        """Where it stands."""
        return Locus(self.source, self.number, self.offset, self.length)


class Splitter:
    """Chunks in, lines out, the same lines however the chunks fall.

    A line longer than `cap` bytes, line end included, comes as one Lost; of it no more than `cap` bytes are ever held. The first line
    stands at byte `offset`.
    """

    def __init__(self, source: int, cap: int, offset: int = 0) -> None:
        self._source = source
        self._cap = cap
        self._number = 1
        self._offset = offset
        self._length = 0
        self._held: list[memoryview] = []

    def feed(self, chunk: bytes) -> Iterator[Line | Lost]:
        """The lines that end in this chunk."""
        start, view = 0, memoryview(chunk)  # the parts of a long line are copied once, when they are put together
        while (end := chunk.find(b"\n", start)) >= 0:
            yield self._resumed(view[start:end]) if self._length else self._line(chunk[start:end])
            start = end + 1
        if start < len(chunk):
            self._hold(view[start:])

    def close(self, cut: Cause | None = None) -> Iterator[Line | Lost]:
        """What follows the last line end; with `cut`, why the stream ended before its end."""
        length = self._length
        if cut is not None:
            yield Lost(self._source, self._number, self._offset, length, cut)
        elif length > self._cap:
            yield Lost(self._source, self._number, self._offset, length, Cause.OVERSIZE)
        elif length:
            yield Line(self._source, self._number, self._offset, length, bare(b"".join(self._held)), ended=False)

    def _hold(self, part: memoryview) -> None:
        self._length += len(part)
        if self._length <= self._cap:
            self._held.append(part)
        else:
            self._held = []

    def _resumed(self, part: memoryview) -> Line | Lost:
        before = self._length
        self._hold(part)
        whole = b"".join(self._held)
        self._held, self._length = [], 0
        return self._line(whole, before + len(part) + 1)

    def _line(self, data: bytes, length: int = 0) -> Line | Lost:
        length = length or len(data) + 1
        number, offset = self._number, self._offset
        self._number += 1
        self._offset += length
        if length > self._cap:
            return Lost(self._source, number, offset, length, Cause.OVERSIZE)
        return Line(self._source, number, offset, length, bare(data))


def bare(data: bytes) -> bytes:
    """A record's own bytes: without its BOM, and without its line end."""
    if data[-1:] in (b"\n", b"\r"):
        data = data.removesuffix(b"\n").removesuffix(b"\r")
    return data[len(BOM) :] if data.startswith(BOM) else data


class Reader(Struct):
    """Reads sources within limits. Nothing but programming errors is raised for any content: what is cut comes as Lost.

    With a `span`, of a source of lines only those are read that begin in it, numbered from 1 on.
    """

    limits: Limits = field(default_factory=Limits)
    inputs: Inputs = field(default_factory=Inputs)
    span: Span | None = None

    def head(self, source: Source) -> bytes:
        """The first `limits.head` bytes, decompressed, without a BOM; what can be read of them. Consumes nothing."""
        out = io.BytesIO()
        try:
            for chunk in self._chunks(source, Meter()):
                out.write(chunk)
                if out.tell() >= self.limits.head:
                    break
        except Cut:
            pass
        return out.getvalue()[: self.limits.head].removeprefix(BOM)

    def lines(self, source: Source, meter: Meter | None = None, progress: Progress | None = None) -> Iterator[Line | Lost]:
        """The lines of a source, in order. At most a line and two chunks are held; zstd may add its window.

        `meter` is filled as the bytes go by; `progress` is told the stored bytes of every read.
        """
        meter = meter or Meter()
        if self.span is not None:
            yield from self._spanned(source, self.span, meter, progress)
            return
        splitter = Splitter(source.index, self.limits.line)
        try:
            for chunk in self._chunks(source, meter, progress):
                yield from splitter.feed(chunk)
        except Cut as cut:
            meter.open = True
            yield from splitter.close(cut.cause)
        else:
            yield from splitter.close()

    def _spanned(self, source: Source, span: Span, meter: Meter, progress: Progress | None) -> Iterator[Line | Lost]:
        splitter = Splitter(source.index, self.limits.line, span.start)
        try:
            with self.inputs.open(source) as file:
                first = span.first(file)
                splitter = Splitter(source.index, self.limits.line, span.start if first is None else first)
                for chunk in () if first is None else span.chunks(file, first):
                    meter.take(chunk)
                    meter.stored += len(chunk)
                    if progress:
                        progress(len(chunk))
                    yield from splitter.feed(chunk)
        except OSError:
            meter.open = True
            yield from splitter.close(Cause.IO_ERROR)
        else:
            yield from splitter.close()

    def document(self, source: Source, meter: Meter | None = None, progress: Progress | None = None) -> Line | Lost:
        """The whole source as one record; Lost where it is over `limits.document` or cut."""
        meter = meter or Meter()
        held = io.BytesIO()
        cause: Cause | None = None
        try:
            for chunk in self._chunks(source, meter, progress):
                if meter.size <= self.limits.document:
                    held.write(chunk)
                else:
                    held, cause = io.BytesIO(), Cause.OVERSIZE
        except Cut as cut:
            meter.open = True
            cause = cut.cause
        if cause:
            return Lost(source.index, 1, 0, meter.size, cause, meter.lines)
        return Line(source.index, 1, 0, meter.size, bare(held.getvalue()), meter.lines, ended=not meter.open)

    def _chunks(self, source: Source, meter: Meter, progress: Progress | None = None) -> Iterator[bytes]:
        try:
            with self.inputs.open(source) as file:
                yield from chunks(file, self.limits, meter, progress)
        except OSError:
            raise Cut(Cause.IO_ERROR) from None
