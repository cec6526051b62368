"""Lines at the end of a file that several processes write to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PATIENCE: Final = 2.0
"""Seconds that another process is waited for. Then the line is written all the same: one `write` to a file opened for appending stays
whole on a local disk, and the end of a process must not hang on a lock."""
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Appending:
    """Appends whole lines. The file is opened for each, so it may be moved away and survives a fork; only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._torn = False

    def append(self, line: bytes) -> None:
        """Write a line, with its line end, in one go. Raises OSError; what stands of a torn line is ended before the next one."""
        with _opened(self._path) as file:
            rest = memoryview(b"\n" + line if self._torn else line)
            self._torn = True
            while rest:
                rest = rest[os.write(file, rest) :]
            self._torn = False


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, _FLAGS, 0o600)
    try:
        _lock(file)
        yield file
    finally:
        os.close(file)


def _lock(file: int) -> None:
    """Keep other processes out until the file is closed; the lock is this process's alone, a forked child has no part in it."""
    until = time.monotonic() + _PATIENCE
    while fcntl is not None:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() > until:
                return
            time.sleep(0.005)
