"""Files that are whole or not there: written beside their place, and moved there on success."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

NEW_FILE = 0o666
"""Permissions a new file asks for; the user's mask decides."""


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """A text stream whose content takes the place of a file when the block ends well; what was there stays when it does not.

    A link is followed, so that it stays one, and a file keeps its permissions. Raises OSError where the place cannot be written.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    # Not tempfile: its files are private, and a report gets the permissions any new file of this user would.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, NEW_FILE)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            yield out
            out.flush()
            os.fsync(descriptor)
        with suppress(FileNotFoundError):
            draft.chmod(target.stat().st_mode & 0o7777)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
