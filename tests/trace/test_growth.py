"""Which request of a thread put each position of its prompt there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.trace import Segment
from seamaudit.trace.growth import Growth, position_of
from tests.builders import Story, calling, result, say

WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=6)


def prompt(words: list[str]) -> list[Segment]:
    return [replace(say("user", word), path="") for word in words]


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_a_position_was_put_there_by_the_first_of_the_latest_requests_that_all_hold_it(prompts: list[list[str]]) -> None:
    story, growth, lines = Story(), Growth(), []
    for words in prompts:
        exchange = story.exchange(prompt(words))
        lines.append(exchange.locus)
        growth.advance(exchange)
    last = prompts[-1]
    for position in range(len(last)):
        since = len(prompts) - 1
        while since and prompts[since - 1][: position + 1] == last[: position + 1]:
            since -= 1
        assert growth.put_by(position) == lines[since]


@pytest.mark.parametrize(
    ("pointer", "position"),
    [
        ("/messages/0", 0),
        ("/messages/1/content/1", 2),
        ("/messages/2", 3),
        ("/messages/0/content/0/text", 0),
        ("/messages/9", None),
        ("", None),
    ],
)
def test_a_pointer_means_a_block_or_the_first_of_a_message(pointer: str, position: int | None) -> None:
    sent = [
        replace(say("user", "hi"), array="messages", path="/content/0"),
        replace(say("assistant", "I look"), array="messages", path="/content/0"),
        replace(calling("a"), array="messages", path="/content/1", starts=False),
        replace(result("a"), array="messages", path="/content/0"),
    ]
    assert position_of(Story().exchange(sent), pointer) == position
