"""Where a report goes: standard output, or a file that is whole or not there at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from seamaudit.errors import UsageError
from seamaudit.replaced import replaced


def check(path: Path | None, inputs: Iterable[str]) -> None:
    """Refuse early what a long run would fail on: a place that cannot be written, or one of the `inputs`. Raises UsageError."""
    if path is None:
        return
    if path.is_dir() or not os.access(path if _is_device(path) else path.parent, os.W_OK):
        raise UsageError(f"cannot write to {str(path)!r}", _hint(path))
    for each in inputs:
        with suppress(OSError):
            if path.samefile(each):
                raise UsageError(f"{str(path)!r} is an input: the report would replace it", "Name another file after -o.")


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """A text stream to write a report to: standard output, or a file.

    A file is written beside its place and moved there on success, what it replaces left alone on failure; devices and
    pipes are written straight. Raises UsageError for any OSError while it is open.
    """
    try:
        if path is None:
            yield from _stdout()
        elif _is_device(path):
            with path.open("w", encoding="utf-8", errors="backslashreplace") as out:
                yield out
        else:
            with replaced(path) as out:
                yield out
    except OSError as error:
        where = "standard output" if path is None else repr(str(path))
        raise UsageError(f"cannot write to {where}: {error.strerror or 'input/output error'}", _hint(path)) from None


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _stdout() -> Iterator[TextIO]:
    out = sys.stdout
    try:
        yield out
        out.flush()
    except OSError:
        # What the stream still holds would fail once more when the interpreter closes it, and change the exit code.
        with suppress(OSError, ValueError), open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), out.fileno())
        raise


def _hint(path: Path | None) -> str:
    if path is None:
        return "Write to a file with -o FILE."
    if path.is_dir():
        return "It is a directory; name a file in it."
    return f"The directory {str(path.parent)!r} must exist, be writable and have room."
