"""Interning: what is sent again is neither parsed nor kept again, and every prefix comes back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.block import Block
from seamaudit.ingest.formats.anthropic.blocks import message
from seamaudit.ingest.intern import Interner
from seamaudit.trace import Kind, Locus, Zone

HERE = Locus(0, 1, 0, 1)


def split(value: object) -> list[Block]:
    """One text block a message."""
    return [Block(Zone.MESSAGES, "user", Kind.TEXT, {"type": "text", "text": str(value)}, "messages", "", True)]


def ids_of(intern: Interner, texts: list[str]) -> list[int]:
    return [i for text in texts for i in intern.element(json.dumps(text).encode(), split, b"", HERE).ids]


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), min_size=1, max_size=12))
def test_every_prefix_comes_back_as_it_was_sent(requests: list[list[str]]) -> None:
    intern = Interner()
    sent = [ids_of(intern, texts) for texts in requests]
    prefixes = [intern.prefix(list(ids), "c") for ids in sent]
    assert [prefix.ids() for prefix in prefixes] == sent
    assert all(prefix.length == len(ids) for prefix, ids in zip(prefixes, sent, strict=True))


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), min_size=1, max_size=12), st.integers(1, 8))
def test_what_was_forgotten_is_made_again_of_the_same_segments(requests: list[list[str]], remembered: int) -> None:
    forgetful, intern = Interner(remembered=remembered), Interner()
    assert [ids_of(forgetful, texts) for texts in requests] == [ids_of(intern, texts) for texts in requests]
    assert forgetful.tape.segments == intern.tape.segments


def test_what_is_sent_again_and_again_is_remembered() -> None:
    intern = Interner(remembered=4)
    for new in range(50):
        ids_of(intern, ["kept", f"new {new}"])
    assert intern.parsed_bytes == len('"kept"') + sum(len(f'"new {new}"') for new in range(50))


@given(
    st.lists(st.sampled_from("abcd"), max_size=9),
    st.lists(st.sampled_from("abcd"), max_size=9),
    st.booleans(),
)
def test_the_shared_length_is_that_of_the_lists(left: list[str], right: list[str], one_base: bool) -> None:
    intern = Interner()
    one = intern.prefix(ids_of(intern, left), "c")
    two = intern.prefix(ids_of(intern, right), "c" if one_base else "d")
    expected = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    assert one.shared_with(two) == two.shared_with(one) == expected


def test_a_growing_thread_costs_its_new_content_alone() -> None:
    intern = Interner()
    texts = [f"message {n}" for n in range(400)]
    prefixes = [intern.prefix(ids_of(intern, texts[: n + 1]), "c") for n in range(400)]
    assert len(intern.tape.ids) == len(intern.tape.segments) == 400
    assert {len(prefix.runs) for prefix in prefixes} == {1}
    assert intern.parsed_bytes == sum(len(json.dumps(text)) for text in texts)


def test_threads_that_take_turns_do_not_cut_each_other_into_pieces() -> None:
    intern = Interner()
    texts = [[f"{name} {n}" for n in range(200)] for name in "abc"]
    last = [intern.prefix(ids_of(intern, thread[: n + 1]), str(at)) for n in range(200) for at, thread in enumerate(texts)][-3:]
    assert all(len(prefix.runs) <= 9 for prefix in last), "as often as its length doubles"
    assert len(intern.tape.ids) <= 3 * 600
    for prefix, thread in zip(last, texts, strict=True):
        assert [segment.id for segment in prefix.segments()] == ids_of(intern, thread)
        assert prefix.size() == sum(segment.length for segment in prefix.segments())


def test_an_edit_in_the_middle_costs_a_run_and_not_the_tail() -> None:
    intern = Interner()
    texts = [f"message {n}" for n in range(200)]
    intern.prefix(ids_of(intern, texts), "c")
    edited = intern.prefix(ids_of(intern, [*texts[:100], "other", *texts[101:]]), "c")
    assert len(edited.runs) == 3
    assert len(intern.tape.ids) == 201


def test_a_clock_in_front_costs_two_positions_a_turn() -> None:
    intern = Interner()
    texts = [f"message {n}" for n in range(100)]
    for n in range(100):
        intern.prefix(ids_of(intern, [f"clock {n}", *texts[: n + 1]]), "c")
    assert len(intern.tape.ids) == 200


@given(st.text(max_size=20), st.text(max_size=20))
def test_equal_values_in_another_spelling_are_one_segment(text: str, other: str) -> None:
    intern = Interner()
    plain = intern.element(json.dumps(text, ensure_ascii=True).encode(), split, b"", HERE)
    spaced = intern.element(b" " + json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass") + b" ", split, b"", HERE)
    assert plain.ids == spaced.ids
    assert (intern.element(json.dumps(other).encode(), split, b"", HERE).ids == plain.ids) == (text == other)


MARKER = {"type": "ephemeral"}
LAST = [
    {"type": "text", "text": "hi"},
    {"type": "text", "text": 'a "cache_control":{"type":"ephemeral"}}]}'},
    {"type": "tool_use", "id": "t", "name": "ls", "input": {"cache_control": MARKER}},
    {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x", "cache_control": MARKER}]},
    {"type": "tool_result", "tool_use_id": "t", "content": "\u0000"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("shape", ["role-first", "role-last", "with-more"])
@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("place", ["end", "front", "both", "beside"])
def test_a_message_whose_marker_has_moved_on_is_the_same_message(
    last: dict[str, object], shape: str, separators: tuple[str, str], place: str
) -> None:
    def spelled(marked: bool) -> bytes:
        block: dict[str, object] = {**last, "cache_control": MARKER} if place != "front" else {"cache_control": MARKER, **last}
        content = [{"type": "text", "text": "before"} | ({"cache_control": MARKER} if place == "both" else {}), block if marked else last]
        told: dict[str, object] = {"role": "user", "content": content} if shape != "role-last" else {"content": content, "role": "user"}
        more = {"more": [{"a": 1, "cache_control": MARKER}]} if place == "beside" else {"more": 1}
        return json.dumps({**told, **more} if shape == "with-more" else told, separators=separators).encode()

    after, alone = Interner(), Interner()
    after.element(spelled(marked=True), message, b"m", HERE)
    one, two = after.element(spelled(marked=False), message, b"m", HERE), alone.element(spelled(marked=False), message, b"m", HERE)
    assert (one.marks, one.broken, one.unsized, one.notes, one.is_plain) == (two.marks, two.broken, two.unsized, two.notes, two.is_plain)
    assert [after.tape.segments[i].ordered for i in one.ids] == [alone.tape.segments[i].ordered for i in two.ids]


def test_a_message_whose_marker_has_moved_on_is_not_parsed_again() -> None:
    intern = Interner()
    intern.element(b'{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}', message, b"m", HERE)
    parsed = intern.parsed_bytes
    assert not intern.element(b'{"role":"user","content":[{"type":"text","text":"hi"}]}', message, b"m", HERE).marks
    assert intern.parsed_bytes == parsed
