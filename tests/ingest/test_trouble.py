"""A text that may speak of trouble, told from one that does not."""

import pytest

from seamaudit.ingest.trouble import is_troubled


@pytest.mark.parametrize(
    "said",
    [
        "It FAILED.",
        "No.",
        "that is not",
        "it can\u2019t be",
        "it isn't",
        "Timed out",
        "timeout",
        "Leider nicht",
        "impossible",
        "无法",
        "a cannoth",
        "knot.",
    ],
)
def test_words_of_trouble_in_any_case(said: str) -> None:
    assert is_troubled(said.encode())


@pytest.mark.parametrize("said", ["", "All done.", "know", "piano", "note that nobody", "\u2019tis", "time to go out"])
def test_words_that_only_look_like_them(said: str) -> None:
    assert not is_troubled(said.encode())
