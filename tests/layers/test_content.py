"""Broken text: once per thread, where it first appears, with what became of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seamaudit.layers.content import BrokenText, Content, Defect, Fate, Side
from seamaudit.trace import Answer, Exchange, Kind, Response, Segment, Zone
from tests.builders import Story, answer, say, segment, stream

SYSTEM = segment(Kind.TEXT, "rules", zone=Zone.SYSTEM, role="system", scalar=True)
EMOJI = say("user", "half an emoji")
FIRST = (("lone_surrogate", "/messages/0"),)


def broken(exchanges: Sequence[Exchange]) -> list[BrokenText]:
    layer = Content()
    facts = [fact for exchange in exchanges for fact in layer.feed(exchange)]
    return [fact for fact in [*facts, *layer.close()] if isinstance(fact, BrokenText)]


def sent(story: Story, prompt: Sequence[Segment], response: Response | None = None, causes: Sequence[tuple[str, str]] = FIRST) -> Exchange:
    return story.exchange(prompt, response, request={"broken": tuple(causes)})


def status(code: int | None, **columns: object) -> Response:
    return answer(status=code, stop="", **columns)


def test_sound_text_says_nothing() -> None:
    story = Story()
    assert broken([story.exchange([EMOJI], answer()), story.exchange([EMOJI, say("user", "more")])]) == []


def test_a_broken_block_is_named_with_its_place() -> None:
    story = Story()
    (found,) = broken([sent(story, [SYSTEM, say("user", "a"), EMOJI], causes=[("lone_surrogate", "/messages/1")])])
    assert (found.cause, found.side, found.zone, found.kind) == (Defect.LONE_SURROGATE, Side.REQUEST, Zone.MESSAGES, Kind.TEXT)
    assert found.locus.pointer == "/request/body/messages/1"
    assert (found.exchange, found.thread, found.app) == (0, "t1", "app")


def test_the_system_prompt_is_a_place_too() -> None:
    (found,) = broken([sent(Story(), [SYSTEM, EMOJI], causes=[("nul", "/system")])])
    assert (found.cause, found.zone) == (Defect.NUL, Zone.SYSTEM)


def test_what_is_sent_again_is_said_once_even_where_it_moved() -> None:
    story = Story()
    first = sent(story, [say("user", "old"), EMOJI], status(500), [("lone_surrogate", "/messages/1")])
    again = sent(story, [say("user", "old"), EMOJI, say("user", "more")], status(500), [("lone_surrogate", "/messages/1")])
    slid = sent(story, [EMOJI, say("user", "more")], status(500))
    assert [found.exchange for found in broken([first, again, slid])] == [0]


def test_a_message_with_a_new_block_beside_a_known_one_is_new() -> None:
    story = Story()
    beside = segment(Kind.TEXT, "beside it", path="/content/1", starts=False)
    found = broken([sent(story, [EMOJI]), sent(story, [EMOJI, beside])])
    assert [(each.exchange, each.kind) for each in found] == [(0, Kind.TEXT), (1, None)]


def test_another_block_and_another_defect_are_others() -> None:
    story = Story()
    two = sent(story, [EMOJI, say("user", "other")], causes=[*FIRST, ("nul", "/messages/0"), ("lone_surrogate", "/messages/1")])
    assert [(found.cause, found.locus.pointer[-1]) for found in broken([two])] == [
        (Defect.LONE_SURROGATE, "0"), (Defect.NUL, "0"), (Defect.LONE_SURROGATE, "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("responses", "fate", "witnesses"),
    [
        ([None], Fate.OPEN, 0),
        ([status(200)], Fate.ACCEPTED, 0),
        ([status(400)], Fate.REFUSED, 1),
        ([status(429)], Fate.OPEN, 0),
        ([status(529), status(400), status(400)], Fate.REFUSED, 2),
        ([status(400), status(429)], Fate.REFUSED, 1),
        ([status(400), status(200)], Fate.ACCEPTED, 1),
        ([status(200), status(400)], Fate.ACCEPTED, 1),
        ([status(None, error_type="invalid_request_error")], Fate.REFUSED, 1),
        ([status(None, error_type="overloaded_error")], Fate.OPEN, 0),
        ([status(None)], Fate.ACCEPTED, 0),
        ([status(200, error_type="overloaded_error")], Fate.ACCEPTED, 0),
    ],
)
def test_requests_that_carry_it_decide_its_fate(responses: Sequence[Response | None], fate: Fate, witnesses: int) -> None:
    story = Story()
    (found,) = broken([sent(story, [EMOJI], response) for response in responses])
    assert found.fate is fate
    assert len(found.witness) == witnesses


SAID = say("assistant", "half an emoji")


def answered() -> Response:
    block = Answer(Kind.TEXT, 10, SAID.ordered, "/response/body/content/0")
    return answer(answers=(block,), broken=(("lone_surrogate", ""),))


def test_a_broken_answer_waits_for_what_comes_of_it() -> None:
    (found,) = broken([Story().exchange([EMOJI], answered())])
    assert (found.side, found.zone, found.kind, found.fate) == (Side.RESPONSE, None, Kind.TEXT, Fate.OPEN)
    assert found.locus.pointer == "/response/body"


@pytest.mark.parametrize(("code", "fate"), [(400, Fate.REFUSED), (200, Fate.ACCEPTED), (500, Fate.OPEN)])
def test_a_broken_answer_that_is_sent_back_is_one_with_its_echo(code: int, fate: Fate) -> None:
    story = Story()
    first = story.exchange([EMOJI], answered())
    back = sent(story, [EMOJI, SAID, say("user", "more")], status(code), [("lone_surrogate", "/messages/1")])
    (found,) = broken([first, back])
    assert (found.exchange, found.side, found.fate) == (0, Side.RESPONSE, fate)


def test_a_broken_answer_that_is_not_sent_back_is_dropped() -> None:
    story = Story()
    first = story.exchange([EMOJI], answered())
    mended = story.exchange([EMOJI, say("assistant", "mended"), say("user", "more")], answer())
    assert [found.fate for found in broken([first, mended])] == [Fate.DROPPED]


def test_binary_streams_are_no_text() -> None:
    for record in (stream("bedrock", ["messageStart"]), stream("anthropic", [], decodable=False)):
        response = answer(stream=record, broken=(("nul", ""),))
        assert broken([Story().exchange([EMOJI], response)]) == []
    kept = answer(stream=stream("anthropic", ["message_start"]), broken=(("nul", ""),))
    assert [found.side for found in broken([Story().exchange([EMOJI], kept)])] == [Side.RESPONSE]


def test_a_place_that_is_not_known_is_said_once() -> None:
    story = Story()
    exchanges = [sent(story, [EMOJI], causes=[("invalid_utf8", "")]) for _ in range(2)]
    (found,) = broken(exchanges)
    assert (found.cause, found.zone, found.kind, found.locus.pointer) == (Defect.INVALID_UTF8, None, None, "/request/body")
