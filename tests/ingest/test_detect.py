"""The surest format wins; doubt is no answer."""

from __future__ import annotations

from typing import Literal

import pytest

from seamaudit.errors import UsageError
from seamaudit.ingest.detect import detect, named
from seamaudit.ingest.formats.base import RecordReader
from seamaudit.ingest.intern import Interner


class Sure:
    """A format that is as sure as it is told to be."""

    container: Literal["lines"] = "lines"

    def __init__(self, name: str, sure: int) -> None:
        self.name = name
        self._sure = sure

    def detect(self, head: bytes) -> int:
        return self._sure if head else 0

    def open(self, intern: Interner) -> RecordReader:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("scores", "winner"),
    [((), None), ((0,), None), ((0, 0), None), ((10,), "f0"), ((10, 60, 20), "f1"), ((60, 60), None), ((60, 60, 70), "f2"), ((0, 5), "f1")],
)
def test_the_surest_wins_and_ties_do_not(scores: tuple[int, ...], winner: str | None) -> None:
    formats = [Sure(f"f{at}", score) for at, score in enumerate(scores)]
    found = detect(b"{}", formats)
    assert (found.name if found else None) == winner


def test_nothing_is_nothing() -> None:
    assert detect(b"", [Sure("f", 90)]) is None


def test_a_format_is_found_by_name_or_a_close_one_is_offered() -> None:
    formats = [Sure("pairs", 1), Sure("messages", 1)]
    assert named("pairs", formats).name == "pairs"
    with pytest.raises(UsageError) as raised:
        named("pair", formats)
    assert raised.value.hint == "Did you mean 'pairs'?"
    with pytest.raises(UsageError) as raised:
        named("zzz", formats)
    assert raised.value.hint == "Known formats: messages, pairs."
