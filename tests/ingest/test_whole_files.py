"""Formats whose unit is the file: their readers are told where it ends, and a defect there costs what was not yet given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, InputFault
from seamaudit.ingest.formats.base import RecordReader, Rejected, WholeFileReader
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import discover
from seamaudit.trace import Hole, Level, Locus, Prefix, Request, Times


class Whole:
    """A format whose every line is a word; at the end the words come out, unless one of them forbids it."""

    name = "whole"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        return 50

    def open(self, intern: Interner) -> RecordReader:
        return _Words(intern)


class _Words:
    def __init__(self, intern: Interner) -> None:
        self._intern = intern
        self._words: list[tuple[bytes, Locus]] = []

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        self._words.append((data, locus))
        return iter(())

    def close(self) -> Iterator[Draft]:
        for word, locus in self._words:
            if word == b"crash":
                raise KeyError("a defect of the format")
            if word == b"reject":
                raise Rejected("unknown_body")
            request = Request("m", "", Prefix(self._intern.tape, (), 0))
            yield Draft(locus, Whole.name, Level.MESSAGES, "", "", "", "", request, None, Times(), conversation=word.decode())


def read(tmp_path: Path, *words: str, strict: bool = False) -> tuple[list[str | None], list[InputFault], Reading]:
    path = tmp_path / "words.jsonl"
    path.write_text("".join(f"{word}\n" for word in words))
    reading = Reading(Reader(), (Whole(),), Interner(), strict=strict)
    items = list(reading.read(discover([str(path)]).sources))
    faults = [item for item in items if isinstance(item, InputFault)]
    assert sum(isinstance(item, Hole) for item in items) == len(faults)
    return [item.conversation for item in items if isinstance(item, Draft)], faults, reading


def test_a_reader_that_can_close_is_one_of_whole_files() -> None:
    assert isinstance(_Words(Interner()), WholeFileReader)


def test_drafts_come_at_the_end_and_every_line_is_a_record(tmp_path: Path) -> None:
    words, faults, reading = read(tmp_path, "a", "", "b")
    assert words == ["a", "b"]
    assert not faults
    total = reading.accounting.total
    assert (total.lines, total.records, total.blank) == (3, 2, 1)


@pytest.mark.parametrize(("word", "cause"), [("crash", Cause.READER_ERROR), ("reject", Cause.UNKNOWN_BODY)])
def test_a_defect_at_the_end_is_told_and_keeps_what_came_before(tmp_path: Path, word: str, cause: Cause) -> None:
    words, faults, _ = read(tmp_path, "a", word, "b")
    assert words == ["a"]
    assert [(fault.cause, fault.lines, fault.locus.offset) for fault in faults] == [(cause, 3, 0)]


def test_a_defect_escapes_where_tests_ask_for_it(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        read(tmp_path, "a", "crash", strict=True)
