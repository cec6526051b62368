"""Which format a file is in."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from seamaudit.errors import UsageError
from seamaudit.ingest.formats.base import Format


def detect(head: bytes, formats: Sequence[Format]) -> Format | None:
    """The format surest of a file's first bytes; None where none is, or where two are equally sure."""
    scores = sorted(((each.detect(head), at) for at, each in enumerate(formats)), reverse=True)
    if not scores or scores[0][0] <= 0 or (len(scores) > 1 and scores[0][0] == scores[1][0]):
        return None
    return formats[scores[0][1]]


def named(name: str, formats: Sequence[Format]) -> Format:
    """The format a person asked for. Raises UsageError where there is none of that name."""
    for each in formats:
        if each.name == name:
            return each
    known = sorted(each.name for each in formats)
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "Known formats: " + ", ".join(known) + "."
    raise UsageError(f"no input format is called {name!r}", hint)
