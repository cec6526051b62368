"""Opening inputs: files as they lie, stdin and pipes kept so that they can be read again."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final

from msgspec import Struct, field

from seamaudit.errors import UsageError
from seamaudit.ingest.remote import Readable, is_remote, opened
from seamaudit.trace import Source

CHUNK: Final = 1 << 18
"""Bytes read, and given out, at a time: few enough that a chunk is still in the processor's cache when it is searched and split."""
STDIN: Final = "-"

__all__ = ["CHUNK", "STDIN", "Inputs", "Readable"]


class _Rewound(Struct):
    """A view of a spool with a position of its own, so that two passes do not disturb each other."""

    file: IO[bytes]
    at: int = 0

    def seek(self, at: int, /) -> int:
        self.at = at
        return at

    def read(self, size: int, /) -> bytes:
        self.file.seek(self.at)
        data = self.file.read(size)
        self.at += len(data)
        return data


class Inputs(Struct):
    """Opens sources by their path. stdin and pipes are copied once to an unlinked temporary file and read from there."""

    stdin: BinaryIO | None = None
    _spools: dict[int, IO[bytes]] = field(default_factory=dict)

    @contextmanager
    def open(self, source: Source) -> Iterator[Readable]:
        """The stored bytes of a source from its beginning. Raises OSError where it is gone, UsageError where it cannot be spooled."""
        if is_remote(source.path):
            with opened(source.path) as file:
                yield file
        elif self._rereadable(source):
            with open(source.path, "rb", buffering=0) as file:
                yield file
        else:
            yield _Rewound(self._spools.get(source.index) or self._spool(source))

    def _rereadable(self, source: Source) -> bool:
        if source.path == STDIN or source.index in self._spools:
            return False
        return not stat.S_ISFIFO(os.stat(source.path).st_mode)

    def _spool(self, source: Source) -> IO[bytes]:
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - lives until close()
        try:
            if source.path == STDIN:
                _copy(self.stdin or sys.stdin.buffer, spool)
            else:
                with open(source.path, "rb", buffering=0) as pipe:
                    _copy(pipe, spool)
        except OSError as error:
            spool.close()
            raise UsageError(
                f"a piped input could not be kept for re-reading: {error.strerror}", "Set TMPDIR to a directory with space for it."
            ) from None
        self._spools[source.index] = spool
        return spool

    def close(self) -> None:
        """Let go of the spools; the system frees them."""
        for spool in self._spools.values():
            spool.close()
        self._spools.clear()


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while block := source.read(CHUNK):
        target.write(block)
