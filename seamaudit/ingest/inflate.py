"""Stored bytes to the bytes they stand for: decompressed, capped and metered."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

import zstandard
from msgspec import Struct

from seamaudit.ingest.faults import Cause
from seamaudit.ingest.inputs import CHUNK, Readable

GZIP: Final = "gzip"
ZSTD: Final = "zstd"

_ZSTD_SLICE: Final = 1 << 10
"""Compressed bytes given to zstd at a time. Four of them can become a 128 KB block (RFC 8878 3.1.1.2.2), so one slice
gives at most 32 MB; measured, it costs a tenth of the speed of 64 KB slices."""
_GZIP_SLICE: Final = 16 << 10
"""Compressed bytes given to gzip at a time. What follows a member is copied, and some loggers write a member a line."""


class Limits(Struct, frozen=True):
    """What is read of one input at most, in bytes; whatever lies beyond is reported, never silently dropped.

    `line` 40 MB: a provider accepts 32 MB (Anthropic API overview, request size limits). `document` holds a whole file in
    memory. `total` bounds time: 100 GB is some six minutes on two cores. The ratios stop decompression bombs once `grace`
    bytes came out: gzip sees 32 KB back and gave 3.5:1 on agent traces, its bombs 1,030:1; zstd sees whole earlier requests,
    gave 30:1 to 280:1 on threads of 200 turns, its bombs 32,700:1. `window` is the zstd command line's own default.
    """

    line: int = 40_000_000
    document: int = 512 << 20
    head: int = 64 << 10
    total: int = 100_000_000_000
    grace: int = 256 << 20
    gzip_ratio: int = 200
    zstd_ratio: int = 3_000
    window: int = 128 << 20


class Meter(Struct):
    """What went by: bytes as stored, their `size` after decompression, line ends, and whether the end is one."""

    stored: int = 0
    size: int = 0
    newlines: int = 0
    open: bool = False

    @property
    def lines(self) -> int:
        """How many lines that makes: one for every line end, and one for what follows the last."""
        return self.newlines + self.open

    def take(self, chunk: bytes) -> None:
        """Count one decompressed chunk that is not empty."""
        self.size += len(chunk)
        at = -1
        while (at := chunk.find(b"\n", at + 1)) >= 0:
            self.newlines += 1
        self.open = not chunk.endswith(b"\n")

    def __add__(self, other: Meter) -> Meter:
        """What went by here, and behind it there."""
        open = other.open if other.size else self.open
        return Meter(self.stored + other.stored, self.size + other.size, self.newlines + other.newlines, open)


class Cut(Exception):
    """The stream ends before its end; what came before it was read."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause


def compression_of(start: bytes) -> str:
    """The compression that the first 4 bytes of a file show: "gzip", "zstd" or "". No JSON text starts like either."""
    if start.startswith(b"\x1f\x8b"):
        return GZIP
    skippable = start[1:4] == b"\x2a\x4d\x18" and start[0] >> 4 == 5
    return ZSTD if skippable or start.startswith(zstandard.FRAME_HEADER) else ""


def chunks(file: Readable, limits: Limits, meter: Meter, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Decompressed chunks of at most a few `CHUNK` bytes, in order.

    `progress` is told the stored bytes of each read. Raises Cut where the stream is damaged, cut off, or over a cap;
    what could be read before was given out.
    """
    stored = _stored(file, meter, progress)
    first = b""
    while len(first) < 4 and (block := next(stored, b"")):
        first += block
    compression = compression_of(first)
    ratio = {GZIP: limits.gzip_ratio, ZSTD: limits.zstd_ratio}.get(compression, 0)
    for chunk in filter(None, _decompressed(compression, chain((first,), stored), limits)):
        meter.take(chunk)
        yield chunk
        if ratio and meter.size > limits.grace and meter.size > ratio * meter.stored:
            raise Cut(Cause.DECOMPRESSION_CAP)
        if compression and meter.size > limits.total:
            raise Cut(Cause.DECOMPRESSION_CAP)


def _stored(file: Readable, meter: Meter, progress: Callable[[int], None] | None) -> Iterator[bytes]:
    try:
        while block := file.read(CHUNK):
            meter.stored += len(block)
            if progress:
                progress(len(block))
            yield block
    except OSError:
        raise Cut(Cause.IO_ERROR) from None


def _decompressed(compression: str, stored: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    if compression == GZIP:
        return _gunzip(_sliced(stored, _GZIP_SLICE))
    if compression == ZSTD:
        return _unzstd(stored, limits.window)
    return stored


def _sliced(stored: Iterator[bytes], size: int) -> Iterator[bytes]:
    return (block[at : at + size] for block in stored for at in range(0, len(block), size))


def _gunzip(stored: Iterator[bytes]) -> Iterator[bytes]:
    """Any number of members, zero padding between them allowed (RFC 1952, gzip manual)."""
    member = None
    try:
        for block in stored:
            while block:
                if member is None:
                    block = block.lstrip(b"\0")
                    if not block:
                        break
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(block, CHUNK)
                block = member.unused_data if member.eof else member.unconsumed_tail
                if member.eof:
                    member = None
    except zlib.error:
        raise Cut(Cause.CORRUPT_STREAM) from None
    if member is not None:
        raise Cut(Cause.TRUNCATED_STREAM)


def _unzstd(stored: Iterator[bytes], window: int) -> Iterator[bytes]:
    """Any number of frames (RFC 8878). python-zstandard ends a cut frame without an error, so its end is looked for."""
    frames = _Frames(zstandard.ZstdDecompressor(max_window_size=window))
    for block in stored:
        out: list[bytes] = []
        size = 0
        for at in range(0, len(block), _ZSTD_SLICE):
            try:
                size += frames.take(block[at : at + _ZSTD_SLICE], out)
            except zstandard.ZstdError as error:
                yield b"".join(out)
                raise Cut(Cause.DECOMPRESSION_CAP if "too much memory" in str(error) else Cause.CORRUPT_STREAM) from None
            if size >= CHUNK:
                yield b"".join(out)
                out, size = [], 0
        yield b"".join(out)
    if frames.open is not None:
        raise Cut(Cause.TRUNCATED_STREAM)


class _Frames(Struct):
    """The frame that is being read, None between two."""

    decompressor: zstandard.ZstdDecompressor
    open: zstandard.ZstdDecompressionObj | None = None

    def take(self, piece: bytes, out: list[bytes]) -> int:
        """Append what `piece` decompresses to, and count its bytes. Raises ZstdError; what came before it is in `out`."""
        size = 0
        while piece:
            self.open = self.open or self.decompressor.decompressobj()
            out.append(self.open.decompress(piece))
            size += len(out[-1])
            piece = self.open.unused_data
            if self.open.eof:
                self.open = None
        return size
