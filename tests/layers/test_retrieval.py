"""The looked-up texts that a request adds: once, wherever they stand in the next prompt."""

from __future__ import annotations

from seamaudit.layers.retrieval import Contexts, RetrievedContext
from seamaudit.trace import Kind, Segment, Zone
from tests.builders import Story, say, segment


def passage(text: str) -> Segment:
    return segment(Kind.TEXT, text, role="user", retrieved=True)


def clock(at: str) -> Segment:
    return segment(Kind.TEXT, at, role="system", zone=Zone.SYSTEM)


def passages(*prompts: list[Segment]) -> list[int]:
    story, layer = Story(), Contexts(lambda exchange: "")
    return [fact.passages for prompt in prompts for fact in layer.feed(story.exchange(prompt)) if isinstance(fact, RetrievedContext)]


def test_what_the_turn_before_carried_is_not_added_again() -> None:
    first = [say("user", "q1"), passage("one"), passage("two")]
    assert passages(first, [*first, say("assistant", "a1"), say("user", "q2"), passage("three")]) == [2, 1]


def test_a_head_that_changes_makes_nothing_behind_it_new() -> None:
    first = [say("user", "q1"), passage("one"), passage("two")]
    later = [*first, say("assistant", "a1"), say("user", "q2"), passage("three")]
    assert passages([clock("12:00"), *first], [clock("12:01"), *later]) == [2, 1]
