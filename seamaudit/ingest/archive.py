"""Zip archives: members in the order they are stored, each within bounds, what cannot be read named."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

import zstandard
from msgspec import Struct

from seamaudit.ingest.faults import Cause
from seamaudit.ingest.inflate import Limits
from seamaudit.ingest.rejected import Rejected

MAGIC: Final = b"PK\x03\x04"
MOST_MEMBERS: Final = 200_000
"""Members that are looked at; a log of as many samples is one nobody opens whole."""
_ZSTD: Final = 93
_LOCAL: Final = struct.Struct("<4s22xHH")
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    zstandard.ZstdError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    ValueError,
)


class Member(Struct, frozen=True):
    """One file of an archive, or why it could not be read."""

    name: str
    data: bytes = b""
    lost: Cause | None = None


class Archive:
    """An archive held in memory. Raises Rejected("corrupt_stream") where it is none, or has no directory at its end."""

    def __init__(self, data: bytes, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._stored = data
        self._taken = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._infos = self._zip.infolist()
        except _DAMAGED:
            raise Rejected(Cause.CORRUPT_STREAM) from None
        if len(self._infos) > MOST_MEMBERS:
            raise Rejected(Cause.OVERSIZE)

    @property
    def names(self) -> list[str]:
        """The names of all members, as stored."""
        return [info.filename for info in self._infos]

    def read(self, name: str) -> Member | None:
        """The last member of a name, None where there is none."""
        info = next((info for info in reversed(self._infos) if info.filename == name), None)
        return self._member(info) if info is not None else None

    def members(self, prefix: str) -> Iterator[Member]:
        """The members whose names begin with `prefix`, in the order they are stored; of one name the last alone, as readers do."""
        last = {info.filename: info for info in self._infos if info.filename.startswith(prefix) and not info.is_dir()}
        for info in self._infos:
            if last.get(info.filename) is info:
                yield self._member(info)

    def _member(self, info: zipfile.ZipInfo) -> Member:
        """A member. What a bomb says of itself is not believed: decompression stops at the bounds."""
        try:
            data = self._zstd(info) if info.compress_type == _ZSTD else self._plain(info)
        except _DAMAGED:
            return Member(info.filename, lost=Cause.CORRUPT_STREAM)
        self._taken += len(data)
        if len(data) > self._limits.document:
            return Member(info.filename, lost=Cause.OVERSIZE)
        if self._taken > self._limits.grace and self._taken > self._limits.gzip_ratio * len(self._stored):
            return Member(info.filename, lost=Cause.DECOMPRESSION_CAP)
        return Member(info.filename, data)

    def _plain(self, info: zipfile.ZipInfo) -> bytes:
        with self._zip.open(info) as file:
            return file.read(self._bound() + 1)

    def _zstd(self, info: zipfile.ZipInfo) -> bytes:
        """Zstandard (method 93), which Python's own module does not know before 3.14."""
        magic, name, extra = _LOCAL.unpack_from(self._stored, info.header_offset)
        if magic != MAGIC:
            raise zipfile.BadZipFile
        start = info.header_offset + _LOCAL.size + name + extra
        stored = self._stored[start : start + info.compress_size]
        with zstandard.ZstdDecompressor(max_window_size=self._limits.window).stream_reader(stored) as reader:
            data = reader.read(self._bound() + 1)
        if zlib.crc32(data) != info.CRC and len(data) <= self._bound():
            raise zipfile.BadZipFile
        return data

    def _bound(self) -> int:
        left = max(self._limits.grace, self._limits.gzip_ratio * len(self._stored)) - self._taken
        return min(self._limits.document, max(0, left))
