"""The second pass: records read again at their place, in one ordered sweep over each source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import attrgetter

from msgspec.structs import replace

from seamaudit.ingest.inflate import Cut, Meter, chunks, compression_of
from seamaudit.ingest.inputs import Readable
from seamaudit.ingest.reader import Reader, bare
from seamaudit.trace import Locus, Source

Stretch = Callable[[int, int], bytes]
"""Gives the bytes at an offset, of a length."""


class Rereader:
    """Reads records again: by seeking in plain files, forward once through compressed ones, stdin from its spool.

    What it gives is what stands there *now*: whoever asks compares digests, for a file may have changed or gone.
    """

    def __init__(self, reader: Reader, sources: Sequence[Source]) -> None:
        self._reader = reader
        self._sources = {source.index: source for source in sources}

    def read(self, loci: Iterable[Locus]) -> Iterator[tuple[Locus, bytes]]:
        """Every record once, in the order of the trace, with its bytes; shorter or empty where they are no longer there.

        The loci come back without their pointers. Records longer than `limits.document` are cut there.
        """
        wanted = sorted({replace(locus, pointer="") for locus in loci}, key=attrgetter("source", "offset", "length"))
        for index, group in groupby(wanted, key=attrgetter("source")):
            yield from self._source(self._sources[index], list(group))

    def _source(self, source: Source, loci: list[Locus]) -> Iterator[tuple[Locus, bytes]]:
        with ExitStack() as stack:
            try:
                stretch = self._stretch(stack.enter_context(self._reader.inputs.open(source)))
            except OSError:
                stretch = _gone
            for locus in loci:
                yield locus, self._record(stretch, locus)

    def _record(self, stretch: Stretch, locus: Locus) -> bytes:
        try:
            return bare(stretch(locus.offset, min(locus.length, self._reader.limits.document)))
        except OSError:
            return b""

    def _stretch(self, file: Readable) -> Stretch:
        start = file.read(4)
        file.seek(0)
        if compression_of(start):
            return _Window(chunks(file, self._reader.limits, Meter())).stretch

        def plain(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        return plain


def _gone(offset: int, length: int) -> bytes:
    return b""


class _Window:
    """A part of a compressed stream that only moves forward."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        self._stream = stream
        self._start = 0
        self._data = bytearray()

    def stretch(self, offset: int, length: int) -> bytes:
        """`length` bytes at `offset`, which lies at or behind the last one asked for; fewer where the stream ends."""
        self._drop(offset)
        while self._start + len(self._data) < offset + length and self._more():
            self._drop(offset)
        return bytes(self._data[:length]) if self._start == offset else b""

    def _drop(self, offset: int) -> None:
        gone = min(offset - self._start, len(self._data))
        del self._data[:gone]
        self._start += gone

    def _more(self) -> bool:
        try:
            self._data += next(self._stream)
        except (Cut, StopIteration):
            return False
        return True
