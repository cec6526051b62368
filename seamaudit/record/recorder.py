"""Where recorded calls go: rendered and written in the background, within bounds, and never in a caller's way."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from seamaudit.record.appending import Appending
from seamaudit.record.background import Background
from seamaudit.record.line import Call, line

MAX_BODY: Final = 32_000_000
"""Bytes of a body; providers accept no larger request."""
MAX_HELD: Final = 256_000_000
"""Bytes of all bodies that are under way or wait to be written."""

MAX_LINE: Final = 40_000_000
"""Bytes of a line that a scan reads."""

_log = logging.getLogger("seamaudit.record")


class Recorder:
    """Writes calls to a file of pairs. Nothing it does raises into a caller: a call that cannot be recorded is counted in `lost`, by
    cause, and the first of each cause is logged as a warning of the logger `seamaudit.record`.

    `app` names the application in every line; `conversation` is asked for the id of the conversation that a call belongs to, in the
    caller's own context, so a ContextVar's `get` does. A request body of more than `max_body` bytes is not recorded, of a response only
    the status and the headers. `max_held` bounds the bytes of all bodies that are under way or wait to be written.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        app: str = "",
        conversation: Callable[[], str | None] | None = None,
        max_body: int = MAX_BODY,
        max_held: int = MAX_HELD,
    ) -> None:
        self.app = app
        self.max_body = max_body
        self._conversation = conversation
        self._max_held = max_held
        self._path = Path(path).absolute()
        self._file = Appending(self._path)
        self._background = Background[tuple[Call, int]](self._write)
        self._lock = threading.RLock()  # see Background
        self._held = 0
        self._lost: Counter[str] = Counter()

    @property
    def lost(self) -> Mapping[str, int]:
        """How many calls were not recorded, or not whole, by cause."""
        with self._lock:
            return dict(self._lost)

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until what ended before is written; False where that took longer. The end of the process needs no call of it."""
        return self._background.flush(seconds)

    def conversation(self) -> str:
        """The id of the conversation that is under way here, "" where none is told."""
        return (self._conversation() if self._conversation else None) or ""

    def hold(self, size: int) -> bool:
        """Claim bytes of what may be held; False, and counted, where there are not as many left."""
        with self._lock:
            fits = self._held + size <= self._max_held
            if fits:
                self._held += size
        if not fits:
            self.lose("too much at once")
        return fits

    def release(self, size: int) -> None:
        """Give claimed bytes back."""
        with self._lock:
            self._held -= size

    def lose(self, cause: str) -> None:
        """Count what is not recorded."""
        with self._lock:
            self._lost[cause] += 1
            first = self._lost[cause] == 1
        if first:
            _log.warning("%s: a call was not recorded, or not whole: %s; more of this cause are only counted", self._path, cause)

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """Keep the recording's own errors from the call."""
        try:
            yield
        except Exception as error:
            self.lose(_cause(error))

    def write(self, call: Call, held: int) -> None:
        """Leave a call to be written; `held` bytes are released then."""
        self._background.put((call, held))

    def _write(self, work: tuple[Call, int]) -> None:
        call, held = work
        with self.unharmed():
            try:
                self._file.append(self._line(call))
            finally:
                self.release(held)

    def _line(self, call: Call) -> bytes:
        """The line; without the response's body where it would be longer than is read."""
        written = line(call, self.max_body)
        if len(written) <= MAX_LINE:
            return written
        self.lose("a line too long")
        return line(replace(call, got=None), self.max_body)


def _cause(error: Exception) -> str:
    """An error as it may be logged: a file's, in the system's words; any other by its kind, for its text may quote the call."""
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
