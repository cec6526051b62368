"""Inputs that are named by a URL (s3://, gs://, file://): found, measured and opened by fsspec, read by our own readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, Protocol

from seamaudit.errors import UsageError

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Readable(Protocol):
    """Stored bytes that can be read, and read again."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        ...

    def seek(self, at: int, /) -> int:
        """Go to byte `at`."""
        ...


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return _URL.match(path) is not None


def behind(url: str) -> tuple[list[str], bool]:
    """The files that a URL names, a folder's or a pattern's in the order of their names, and whether it named a file outright.

    Raises UsageError where it names nothing, where fsspec or what it needs for such URLs is missing, and where that cannot get there.
    """
    system, path = _system(url)
    with _reached(url):
        if system.isfile(path):
            return [url], True
        found = system.glob(path) if any(sign in path for sign in "*?[") else system.find(path)
        names = sorted(system.unstrip_protocol(each) for each in found if system.isfile(each))
    if not names:
        raise UsageError(f"there is nothing at {url!r}")
    return names, False


def size(url: str) -> int:
    """How many bytes are stored there. Raises OSError where that is not known."""
    system, path = _system(url)
    known = system.size(path)
    if known is None:
        raise OSError
    return int(known)


@contextmanager
def opened(url: str) -> Iterator[Readable]:
    """The stored bytes. Raises OSError where they are gone."""
    system, path = _system(url)
    with system.open(path, "rb") as file:
        yield file


def _system(url: str) -> tuple[Any, str]:
    try:
        core = import_module("fsspec.core")
    except ImportError:
        raise UsageError("fsspec is not installed, and it reads URLs", "Install it with: pip install 'seamaudit[remote]'.") from None
    with _reached(url):
        system, path = core.url_to_fs(url)
        return system, str(path)


@contextmanager
def _reached(url: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        kind, missing = url.partition(":")[0], error.name or "what it asks for"
        raise UsageError(f"what reads {kind}:// is not installed", f"Install {missing} beside fsspec.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot reach {url!r}", type(error).__name__) from None
