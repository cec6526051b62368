"""Bursts of 429s and the minute before them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seamaudit.layers.rate_limits import RateLimited, RateLimits
from seamaudit.trace import Clock, Exchange, Times, Usage
from tests.builders import START, Story, answer, say


def bursts(exchanges: Iterable[Exchange]) -> list[RateLimited]:
    layer = RateLimits()
    found = [*(fact for each in exchanges for fact in layer.feed(each)), *layer.close()]
    return [fact for fact in found if isinstance(fact, RateLimited)]


def at(story: Story, seconds: float, status: int = 429, **columns: Any) -> Exchange:
    usage = Usage(input=100, cache_read=40, output=10) if status == 200 else None
    response = answer(status=status, **{"usage": usage, **columns})
    return story.exchange([say("user", f"at {seconds}")], response, times=Times(started=START + seconds))


def test_the_minute_before_the_first_is_counted() -> None:
    story = Story()
    old, new, silent = at(story, 0, 200), at(story, 50, 200), at(story, 80, 200, usage=None)
    (found,) = bursts([old, new, silent, at(story, 100), at(story, 130), at(story, 180)])
    assert (found.refused, found.span, found.exchange) == (3, 80.0, 3)
    assert (found.calls_before, found.input_before, found.cached_before, found.output_before, found.uncounted_before) == (2, 100, 40, 10, 1)


def test_a_minute_without_refusals_ends_a_burst() -> None:
    story = Story()
    assert [each.refused for each in bursts([at(story, 0), at(story, 59), at(story, 120), at(story, 121)])] == [2, 2]


def test_accounts_and_models_have_limits_of_their_own() -> None:
    fast, slow = Story(model="fast"), Story(model="slow")
    assert [each.refused for each in bursts([at(fast, 0), at(slow, 1), at(fast, 2)])] == [2, 1]


def test_a_lack_of_money_is_no_rate() -> None:
    assert bursts([at(Story(), 0, error_type="insufficient_quota")]) == []


def test_without_a_clock_nothing_is_told() -> None:
    story = Story(clock=Clock.SEQUENCE)
    limited = answer(status=429, usage=None)
    assert bursts(story.exchange([say("user", "hi")], limited, clock=Clock.SEQUENCE, times=Times()) for _ in range(3)) == []
