"""Lines that hold not exactly one value, taken apart by their brackets."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.jsontext import MAX_DEPTH
from seamaudit.ingest.resync import pieces

JSON = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('{}[]"\\,: a\u2028é'), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.sampled_from('{}"\\a'), max_size=3), inner, max_size=3),
    max_leaves=8,
)
CONTAINERS = JSON.filter(lambda value: isinstance(value, list | dict))
SPACE = st.sampled_from(["", " ", "\t", "\n", "\r\n "])


@given(st.lists(st.tuples(CONTAINERS, SPACE), max_size=5), st.booleans())
def test_back_to_back_values_are_found_exactly(values: list[tuple[object, str]], ascii_only: bool) -> None:
    texts = [json.dumps(value, ensure_ascii=ascii_only) for value, _ in values]
    data = "".join(text + space for text, (_, space) in zip(texts, values, strict=True)).encode()
    found = pieces(data)
    assert [data[slice(*part)].decode() for part in found.values] == texts
    assert found.rest == len(data)
    assert not found.unfinished


@given(CONTAINERS, CONTAINERS, st.data())
def test_a_value_cut_short_is_the_rest(first: object, second: object, draw: st.DataObject) -> None:
    one, two = json.dumps(first).encode(), json.dumps(second).encode()
    cut = draw.draw(st.integers(1, len(two) - 1))
    found = pieces(one + two[:cut])
    assert found.values == ((0, len(one)),)
    assert found.rest == len(one)
    assert found.unfinished


@given(st.binary(max_size=60))
def test_any_bytes_are_taken_apart_without_overlap(data: bytes) -> None:
    found = pieces(data)
    at = 0
    for start, stop in found.values:
        assert at <= start < stop
        assert data[at:start].strip() == b""
        at = stop
    assert at <= found.rest <= len(data)
    assert data[at : found.rest].strip() == b""


@pytest.mark.parametrize(
    ("data", "values", "rest"),
    [
        (b"{} x {}", 1, 2),
        (b"{},{}", 1, 2),
        (b'"a" {}', 0, 0),
        (b"12 {}", 0, 0),
        (b"}{", 0, 0),
        (b'{} "', 1, 2),
        (b'{"a', 0, 0),
    ],
)
def test_text_between_values_is_not_jumped(data: bytes, values: int, rest: int) -> None:
    found = pieces(data)
    assert (len(found.values), found.rest) == (values, rest)


def test_a_string_that_never_ends_is_unfinished() -> None:
    assert pieces(b'{"a": "b}{}').unfinished
    assert not pieces(b'"a').unfinished


def test_nesting_deeper_than_is_read_is_left_alone() -> None:
    deep = b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)
    found = pieces(b"{}" + deep + b"{}")
    assert (found.values, found.rest, found.unfinished) == (((0, 2),), 2, False)
    assert len(pieces(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"{}").values) == 2
