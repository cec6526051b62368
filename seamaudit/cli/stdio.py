"""Standard streams that neither a closed pipe nor an odd character can turn into another exit code."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _PatientFile(io.FileIO):
    """A file that fails at most once, and not at all where its reader left: what is written after that goes nowhere.

    A second failure would rise when the interpreter flushes what is still buffered, and replace the exit code.
    """

    lost = False

    def write(self, data: ReadableBuffer, /) -> int:
        if not self.lost:
            try:
                return super().write(data)
            except OSError as error:
                self.lost = True
                if not isinstance(error, BrokenPipeError):
                    raise
        return memoryview(data).nbytes


def make_patient() -> None:
    """Replace stdout and stderr by streams that survive a closed pipe and escape what their encoding lacks."""
    sys.stdout = _patient(sys.stdout)
    sys.stderr = _patient(sys.stderr)


def _patient(stream: TextIO) -> TextIO:
    stream.flush()
    raw = _PatientFile(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace", line_buffering=stream.isatty())
