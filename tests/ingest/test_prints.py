"""Prints of a text: the same whatever else stands in it that is no long word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.prints import prints, unpack

PARTS = st.sampled_from(["passage", "retrieved", "documents", "short", "\\n", "\\", " ", "\n", "\t", "\x0b", "\x1c", "\x1d", "\x1f", "x"])


@given(st.lists(PARTS, max_size=80).map("".join))
def test_a_letter_beyond_ascii_changes_no_print_of_other_words(text: str) -> None:
    assert prints(text) == prints(f"{text} é")


def test_a_quotation_shares_prints_with_what_it_quotes() -> None:
    words = [f"passage{number}" for number in range(40)]
    assert unpack(prints(" ".join(words))) & unpack(prints("he said: " + " ".join(words[10:22])))
    assert not unpack(prints(" ".join(words))) & unpack(prints(" ".join(f"another{number}" for number in range(40))))
