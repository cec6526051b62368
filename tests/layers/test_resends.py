"""A request that is sent again although it was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from seamaudit.layers.resends import Resend, Resends
from seamaudit.trace import Answer, Exchange, Kind, Response, Segment, Times
from tests.builders import START, Story, answer, digest, say

TALK = [say("user", "hi"), say("assistant", "hello"), say("user", "more")]


def whole(**columns: Any) -> Response:
    return answer(**{"answers": (Answer(Kind.TEXT, 10, digest("more"), ""),), **columns})


def sent(
    story: Story, at: float, response: Response | None = None, prompt: Sequence[Segment] = TALK, settings: str = "a", **columns: Any
) -> Exchange:
    request: Mapping[str, Any] = {"settings": settings}
    times = Times(started=START + at, ended=START + at + 5)
    return story.exchange(prompt, response or whole(), request=request, times=times, **columns)


def resends(*exchanges: Exchange) -> list[Resend]:
    layer = Resends()
    found = [*(fact for each in exchanges for fact in layer.feed(each)), *layer.close()]
    return [fact for fact in found if isinstance(fact, Resend)]


def test_what_was_answered_and_comes_again_at_once_is_a_resend() -> None:
    story = Story()
    (found,) = resends(sent(story, 0), sent(story, 7))
    assert (found.exchange, found.after, found.wasted_tokens) == (1, 2.0, 25)
    assert [place.line for place in found.witness] == [1]


@pytest.mark.parametrize("start", [4, 60])
def test_neither_parallel_calls_nor_a_later_wish_are(start: float) -> None:
    story = Story()
    assert resends(sent(story, 0), sent(story, start)) == []


@pytest.mark.parametrize(
    "first", [whole(status=529), whole(error_type="error"), whole(complete=False), whole(stop="max_tokens"), answer()], ids=str
)
def test_what_was_not_answered_in_full_may_be_sent_again(first: Response) -> None:
    story = Story()
    assert resends(sent(story, 0, first), sent(story, 6)) == []


def test_another_request_is_no_resend() -> None:
    story = Story()
    assert resends(sent(story, 0), sent(story, 6, settings="b")) == []
    assert resends(sent(story, 0), sent(story, 6, prompt=[*TALK, say("user", "now")])) == []
    assert resends(sent(story, 0, settings=""), sent(story, 6, settings="")) == []


def test_samples_of_a_first_prompt_are_no_resends() -> None:
    story = Story()
    assert resends(sent(story, 0, prompt=TALK[:1]), sent(story, 6, prompt=TALK[:1])) == []
