"""Bytes put away: the last of them in memory, those before them in a file without a name that is gone with the run."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import IO, Final
from weakref import finalize

from seamaudit.errors import UsageError

KEPT: Final = 1 << 19
"""Bytes that are kept in memory: what small inputs come to, and what was put away last, which is asked for most."""


Place = tuple[int, int]
"""Where bytes begin, and how many they are."""


class Spool:
    """Takes bytes, one after another, and gives them back by their place. Holds about `kept` of them in memory, however many there are.

    Processes that are forked off may read what was put away before, and nothing else.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._tail = bytearray()
        self._filed = 0
        self._file: IO[bytes] | None = None

    def put(self, data: bytes) -> Place:
        """Put bytes away; gives where they are. Raises UsageError where there is no room for them."""
        at = self._filed + len(self._tail)
        self._tail += data
        if len(self._tail) > self._kept:
            self._write()
        return at, len(data)

    def get(self, place: Place) -> bytes:
        """The bytes of a place."""
        at, size = place
        if self._file is None or at >= self._filed:
            start = at - self._filed
            return bytes(memoryview(self._tail)[start : start + size])
        return _read(self._file, at, size)

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as what is put away
                finalize(self, self._file.close)
            self._file.seek(self._filed)
            self._file.write(self._tail)
            self._file.flush()
        except OSError as error:
            raise UsageError(f"no room to keep what was read: {error.strerror}", "Set TMPDIR to a directory with more space.") from None
        self._filed += len(self._tail)
        self._tail = bytearray()


if sys.platform == "win32":

    def _read(file: IO[bytes], at: int, size: int) -> bytes:
        file.seek(at)
        return file.read(size)

else:

    def _read(file: IO[bytes], at: int, size: int) -> bytes:
        return os.pread(file.fileno(), size, at)  # not by the file's position, which forked processes share
