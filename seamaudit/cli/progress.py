"""Progress of a long read, on standard error and only for a person who looks at it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seamaudit.errors import SeamauditError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 1.0
"""Seconds of work nobody needs to be told about."""

Advance = Callable[[int], None]
"""Told how many stored bytes were just read."""


@contextmanager
def shown(paths: Sequence[str], wanted: bool) -> Iterator[Advance | None]:
    """Something to report read bytes to: None unless wanted and standard error is a terminal."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar(paths)
    try:
        yield bar.advance
    finally:
        bar.close()


class _Bar:
    """A bar that appears once the work has lasted PATIENCE."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._begun = time.monotonic()
        self._read = 0
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def advance(self, size: int) -> None:
        """Count `size` more bytes."""
        self._read += size
        if self._progress is None and time.monotonic() - self._begun > PATIENCE:
            self._start()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._read)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._progress is not None:
            self._progress.stop()

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

        columns = ("reading", BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=_size(self._paths))
        self._progress.start()


def _size(paths: Sequence[str]) -> int | None:
    """Stored bytes of all inputs, None where one of them does not tell: a pipe, or a file that is gone by now."""
    from seamaudit.ingest.sources import discover

    try:
        sources = [source.path for source in discover(paths).sources]
        return sum(os.path.getsize(path) for path in sources) if all(map(os.path.isfile, sources)) else None
    except (OSError, SeamauditError):
        return None


def tell(lines: Iterable[str]) -> None:
    """Write notes to standard error, each made safe."""
    from seamaudit.evidence import printable

    for line in lines:
        sys.stderr.write(f"seamaudit: {printable(line)}\n")
