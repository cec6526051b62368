"""Files in, drafts and exchanges out: what the tests of session formats share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from seamaudit.ingest.draft import Draft
from seamaudit.ingest.duplicates import DuplicateRecord
from seamaudit.ingest.faults import InputFault
from seamaudit.ingest.formats.base import Format
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.merge import merge
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import discover
from seamaudit.trace import Exchange, Segment
from tests.recordings import RECORDINGS as DATA


def at_hand(folder: str) -> pytest.MarkDecorator:
    """Skip where a folder of recordings is not at hand."""
    return pytest.mark.skipif(not (DATA / folder).is_dir(), reason="the recordings are not at hand")


class Read:
    """What a read of some files gave."""

    def __init__(self, *paths: Path, formats: Sequence[Format] = FORMATS) -> None:
        self.reading = Reading(Reader(), formats, Interner(), strict=True)
        items = list(self.reading.read(discover([str(path) for path in paths]).sources))
        self.drafts = [item for item in items if isinstance(item, Draft)]
        self.faults = [item for item in items if isinstance(item, InputFault)]
        self.copies: list[DuplicateRecord] = []
        self.exchanges = list(merge(self.drafts, self.copies.append))


def written(path: Path, rows: Iterable[Any]) -> Path:
    """Rows as a JSONL file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def prompt(exchange: Exchange | Draft) -> list[Segment]:
    """The segments of a prompt."""
    return list(exchange.request.prefix.segments())


def told(exchange: Exchange | Draft) -> list[str]:
    """A prompt in short: the role and kind of each position, and the call it is about."""
    return [" ".join(part for part in (each.role, each.kind.value, each.call_id) if part) for each in prompt(exchange)]
