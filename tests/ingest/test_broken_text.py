"""Which texts are broken, and which only look it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.jsontext import parse


@pytest.mark.parametrize(
    ("data", "broken"),
    [
        (rb'"\ud83d"', {"lone_surrogate"}),
        (rb'"\uDE00 \uD83D"', {"lone_surrogate"}),
        (rb'{"\ud83d": 1}', {"lone_surrogate"}),
        (rb'"\ud83d\ude00"', set()),
        (rb'"C:\\ud83d"', set()),
        (b'"\xff \\ud83d\\ude00"', {"invalid_utf8"}),
        (b'"\xff \\ud83d"', {"invalid_utf8", "lone_surrogate"}),
        (rb'"\u0000"', {"nul"}),
        (rb'"\\\u0000"', {"nul"}),
        (rb'"\\u0000"', set()),
        (rb'"\\\\u0000 in source code"', set()),
        (rb'"\ud83d \\u0000"', {"lone_surrogate"}),
        (rb'"\ud83d \u0000"', {"lone_surrogate", "nul"}),
        ('"\ufffd"'.encode(), set()),
    ],
)
def test_what_is_forgiven_is_named(data: bytes, broken: set[str]) -> None:
    assert set(parse(data).broken) == broken


@given(st.text(st.sampled_from('\\u0d83e\x00\ud83d\ude00"n'), max_size=12))
def test_any_text_is_judged_by_what_it_says_not_how_it_is_spelled(text: str) -> None:
    parsed = parse(json.dumps(text).encode())
    whole = json.loads(json.dumps(text))
    assert parsed.value == whole
    lone = any(0xD800 <= ord(char) < 0xE000 for char in whole)
    assert set(parsed.broken) == {name for name, found in (("lone_surrogate", lone), ("nul", "\0" in whole)) if found}
