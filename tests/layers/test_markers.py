"""Markers against the provider's documented rules: judged from the request, confirmed by the answer, never against one that was taken."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.layers.markers import BrokenMarker, MarkerFault, Markers
from seamaudit.trace import Breakpoint, Kind
from tests.builders import Story, answer, say, segment


def faults(marks: list[Breakpoint], blocks: list[Any] | None = None, status: int | None = 400, story: Story | None = None) -> Any:
    prompt = blocks or [say("user" if n % 2 == 0 else "assistant", f"block {n}" + "." * 40) for n in range(8)]
    said = answer(status=status, usage=None) if status else None
    exchange = (story or Story()).exchange(prompt, said, request={"breakpoints": tuple(marks)})
    return [fact for fact in Markers().feed(exchange) if isinstance(fact, BrokenMarker)]


def marks(*lives: str) -> list[Breakpoint]:
    return [Breakpoint(position, life) for position, life in enumerate(lives, 1)]


@pytest.mark.parametrize("count", [0, 1, 4])
def test_up_to_four_markers_are_taken(count: int) -> None:
    assert faults(marks(*["5m"] * count)) == []


def test_the_fifth_marker_is_one_too_many() -> None:
    (found,) = faults(marks(*["5m"] * 5))
    assert (found.fault, found.markers, found.allowed) == (MarkerFault.TOO_MANY, 5, 4)
    assert found.locus.pointer.endswith("/messages/4")


def test_the_automatic_marker_takes_a_slot() -> None:
    (found,) = faults([*marks(*["5m"] * 4), Breakpoint(8, "5m", automatic=True)])
    assert found.fault is MarkerFault.TOO_MANY


@pytest.mark.parametrize(("lives", "broken"), [("1h 1h 5m", False), ("5m 1h", True), ("1h 5m 1h", True), ("5m 5m", False), ("1h", False)])
def test_an_hour_never_comes_after_five_minutes(lives: str, broken: bool) -> None:
    assert [found.fault for found in faults(marks(*lives.split()))] == [MarkerFault.LIFE_ORDER] * broken


def test_an_automatic_marker_of_another_life_on_a_marked_block_is_a_conflict() -> None:
    (found,) = faults([Breakpoint(8, "1h"), Breakpoint(8, "5m", automatic=True)])
    assert found.fault is MarkerFault.LIVES_CONFLICT


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (segment(Kind.TEXT, "", length=25), MarkerFault.EMPTY_BLOCK),
        (segment(Kind.THINKING, "a thought of some length", role="assistant"), MarkerFault.UNCACHEABLE_BLOCK),
    ],
)
def test_some_blocks_carry_no_marker(block: Any, fault: MarkerFault) -> None:
    (found,) = faults(marks("5m"), [block])
    assert found.fault is fault


def test_a_recorded_refusal_confirms_and_an_answer_acquits() -> None:
    seen = [(status, faults(marks(*["5m"] * 5), status=status)[0]) for status in (400, 529, None)]
    assert [(s, f.refused, f.accepted, f.confidence) for s, f in seen] == [
        (400, True, False, "high"),
        (529, False, False, "medium"),
        (None, False, False, "medium"),
    ]
    assert faults(marks(*["5m"] * 5), status=200)[0].accepted


def test_a_translating_gateway_has_rules_of_its_own() -> None:
    story = Story(provider="openrouter", platform="openrouter.ai", host="openrouter.ai")
    assert faults(marks(*["5m"] * 5), story=story) == []
