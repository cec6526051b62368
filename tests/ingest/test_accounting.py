"""The books balance, or the run says that they do not."""

from __future__ import annotations

import pytest

from seamaudit.errors import EXIT_INTERNAL
from seamaudit.ingest.accounting import CLASSES, Accounting, AccountingError, Tally
from seamaudit.trace import Source


def balanced() -> Accounting:
    books = Accounting()
    tally, meter = books.open(Source(0, "a"))
    for kind in CLASSES:
        tally.count(kind, 10)
    meter.take(b"123456789\n" * 4)
    return books


def test_balanced_books_pass() -> None:
    balanced().check()
    assert balanced().total == Tally(bytes=40, lines=4, records=1, rejected=1, oversize=1, blank=1)


@pytest.mark.parametrize("column", ["bytes", "lines", *CLASSES])
def test_any_single_number_that_is_off_is_noticed(column: str) -> None:
    books = balanced()
    setattr(books.tallies[0], column, getattr(books.tallies[0], column) + 1)
    with pytest.raises(AccountingError) as raised:
        books.check()
    assert raised.value.exit_code == EXIT_INTERNAL
    assert "source 0" in raised.value.message


def test_bytes_that_went_by_and_reached_no_line_are_noticed() -> None:
    books = balanced()
    books.meters[0].take(b"more")
    with pytest.raises(AccountingError):
        books.check()


def test_sources_are_added_up_and_read_once() -> None:
    books = balanced()
    tally, meter = books.open(Source(7, "b"))
    tally.count("records", 9, lines=3)
    meter.take(b"[\n1,\n2]\n\n")
    meter.newlines -= 1
    books.check()
    assert books.total.lines == 7
    with pytest.raises(ValueError, match="read twice"):
        books.open(Source(7, "b"))
    with pytest.raises(ValueError, match="bytes"):
        tally.count("bytes", 1)
