"""What to read: files, directories, globs and stdin, each source once, what is left out named."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from msgspec import Struct

from seamaudit.errors import UsageError
from seamaudit.ingest.inflate import compression_of
from seamaudit.ingest.inputs import STDIN
from seamaudit.ingest.remote import behind, is_remote, opened
from seamaudit.trace import Source

SUFFIXES: Final = tuple(
    name + packed for name in (".jsonl", ".ndjson", ".json", ".har", ".traj", ".yaml", ".yml", ".eval") for packed in ("", ".gz", ".zst")
)
"""What a directory walk takes; anything may be named outright."""


class SkipReason(StrEnum):
    """Why a file that was met was not read."""

    NAME = "not named like a trace"
    SYMLINK = "a symbolic link inside a directory"
    SPECIAL = "not a regular file"
    UNREADABLE = "cannot be read"
    UNRECOGNISED = "no known trace format"


class Skipped(Struct, frozen=True):
    """A file (or a directory that could not be listed) that was met and not read."""

    path: str
    reason: SkipReason


class Discovery(Struct, frozen=True):
    """The sources of a run, numbered in reading order, and what was left out."""

    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...]


class _Found(Struct, frozen=True):
    path: str
    identity: tuple[int, int] | str
    compression: str
    explicit: bool


_STDIN: Final = _Found(STDIN, (-1, -1), "", True)


def discover(paths: Sequence[str]) -> Discovery:
    """The sources behind command line paths, in the order named, directories in the order of their names.

    A file named twice, by whatever path, is read once, and counts as explicit if it was named outright anywhere.
    Raises UsageError for a path that names nothing, nothing readable, or a device.
    """
    found: dict[tuple[int, int] | str, _Found] = {}
    skipped: dict[Skipped, None] = {}
    for path in paths:
        for item in _behind(path):
            if isinstance(item, Skipped):
                skipped[item] = None
                continue
            known = found.setdefault(item.identity, item)
            if item.explicit and not known.explicit:
                found[item.identity] = _Found(known.path, known.identity, known.compression, True)
    sources = tuple(Source(index, item.path, item.compression, item.explicit) for index, item in enumerate(found.values()))
    return Discovery(sources, tuple(skipped))


def _behind(path: str) -> Iterator[_Found | Skipped]:
    if path == STDIN:
        yield _STDIN
    elif os.path.exists(path):
        yield from _named(path)
    elif is_remote(path):
        yield from _fetched(path)
    elif glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        if not matches:
            raise UsageError(f"no file matches {path!r}", "Quote the pattern so that the shell leaves it alone, or name a directory.")
        for match in matches:
            yield from _named(match)
    else:
        raise UsageError(f"there is no file or directory {path!r}", _hint(path))


def _fetched(url: str) -> Iterator[_Found | Skipped]:
    names, explicit = behind(url)
    for name in names:
        if not explicit and not name.lower().endswith(SUFFIXES):
            yield Skipped(name, SkipReason.NAME)
            continue
        try:
            with opened(name) as file:
                yield _Found(name, name, compression_of(file.read(4)), explicit)
        except OSError:
            yield Skipped(name, SkipReason.UNREADABLE)


def _named(path: str) -> Iterator[_Found | Skipped]:
    if os.path.isdir(path):
        yield from _walk(path)
        return
    item = _file(path, explicit=True)
    if isinstance(item, Skipped):
        raise UsageError(f"{path!r} cannot be audited: {item.reason}", "Name a file, a directory, a pipe, or - for standard input.")
    yield item


def _walk(root: str) -> Iterator[_Found | Skipped]:
    unlisted: list[str] = []
    for directory, names, files in os.walk(root, onerror=lambda error: unlisted.append(str(error.filename))):
        names.sort()
        yield from (Skipped(path, SkipReason.SYMLINK) for name in names if os.path.islink(path := os.path.join(directory, name)))
        yield from (_walked(os.path.join(directory, name)) for name in sorted(files))
    yield from (Skipped(path, SkipReason.UNREADABLE) for path in sorted(unlisted))


def _walked(path: str) -> _Found | Skipped:
    if os.path.islink(path):
        return Skipped(path, SkipReason.SYMLINK)
    if not path.lower().endswith(SUFFIXES):
        return Skipped(path, SkipReason.NAME)
    return _file(path, explicit=False)


def _file(path: str, *, explicit: bool) -> _Found | Skipped:
    try:
        info = os.stat(path)
        identity = (info.st_dev, info.st_ino)
        if stat.S_ISFIFO(info.st_mode) and explicit:
            return _Found(path, identity, "", explicit)
        if not stat.S_ISREG(info.st_mode):
            return Skipped(path, SkipReason.SPECIAL)
        with open(path, "rb", buffering=0) as file:
            return _Found(path, identity, compression_of(file.read(4)), explicit)
    except OSError:
        return Skipped(path, SkipReason.UNREADABLE)


def _hint(path: str) -> str:
    """The closest name beside it; quoted by repr, which escapes what cannot be shown."""
    directory, name = os.path.split(path)
    try:
        names = os.listdir(directory or ".")
    except OSError:
        return f"The directory {directory!r} does not exist either."
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean {os.path.join(directory, close[0])!r}?"
    return "Paths are taken from the directory you are in; a directory is searched for " + ", ".join(SUFFIXES[::3]) + "."
