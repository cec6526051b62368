"""A slice of `make fuzz` with a fixed seed, and proof that the fuzzer can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.mutate import BENT, BROKEN, corpus_of, mutated
from tests.fuzz.scan import books, run

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture(scope="module")
def corpus() -> list[bytes]:
    return corpus_of(FIXTURES)


def test_mutations_are_many_reproducible_and_change_lines(corpus: list[bytes]) -> None:
    first = list(mutated(corpus, 300, seed=4))
    assert first == list(mutated(corpus, 300, seed=4))
    assert first != list(mutated(corpus, 300, seed=5))
    assert sum(line not in corpus for line in first) > 250
    assert len(BROKEN) + len(BENT) == 15


def test_2000_mutated_lines_leave_no_exception_and_no_line_uncounted(corpus: list[bytes], tmp_path: Path) -> None:
    failures = run(mutated(corpus, 2000, seed=20261120), tmp_path, batch=500)
    assert not failures, "\n".join(f"{failure.path}: {failure.reason}\n{failure.said}" for failure in failures)


def test_books_that_do_not_add_up_are_noticed() -> None:
    lines = {"total": 2, "records": 1, "rejected": 1, "oversize": 0, "blank": 0}
    assert books({"lines": lines, "bytes": 4}, b"a\nb\n") == ""
    assert "lines accounted" in books({"lines": lines, "bytes": 4}, b"a\nb\nc")
    assert "add up" in books({"lines": lines | {"records": 0}, "bytes": 4}, b"a\nb\n")
    assert "bytes accounted" in books({"lines": lines, "bytes": 5}, b"a\nb\n")
