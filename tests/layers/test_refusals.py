"""Playbooks of the refusals layer: the place a refusal names, the request that put it there, and what fills a window."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.refusals import Refusals, Refused, Seen, WindowExceeded
from seamaudit.providers.refusals import RefusalKind
from seamaudit.trace import Exchange, Kind, Refusal, Response, Segment
from tests.builders import Story, answer, calling, result, say


def block(segment: Segment, path: str = "/content/0", **columns: Any) -> Segment:
    return replace(segment, array="messages", path=path, **columns)


ASK = block(say("user", "hi"))
THOUGHT = block(say("assistant", "I think"))
MORE = block(say("user", "more"))


def refused(kind: RefusalKind, pointer: str = "", **columns: Any) -> Response:
    return replace(answer(status=400, usage=None, error_type="invalid_request_error"), refusal=Refusal(kind.value, pointer, **columns))


def told(*exchanges: Exchange) -> list[Fact]:
    layer = Refusals()
    return [fact for exchange in exchanges for fact in layer.feed(exchange)]


def test_a_refusal_points_at_the_block_it_names_and_at_the_request_that_first_sent_it() -> None:
    story = Story()
    first = story.exchange([ASK], answer())
    second = story.exchange([ASK, THOUGHT, MORE], answer())
    third = story.exchange(
        [ASK, THOUGHT, MORE, block(say("assistant", "ok")), block(say("user", "and"))],
        refused(RefusalKind.REASONING_CHANGED, "/messages/1/content/0"),
    )
    (fact,) = told(first, second, third)
    assert isinstance(fact, Refused)
    assert (fact.locus, fact.witness, fact.seen) == (third.locus.at("/request/body/messages/1/content/0"), (second.locus,), Seen.PLACE)


def test_what_the_refused_request_brought_itself_has_no_earlier_witness() -> None:
    (fact,) = told(Story().exchange([ASK], refused(RefusalKind.REASONING_CHANGED, "/messages/0/content/0")))
    assert isinstance(fact, Refused)
    assert fact.witness == ()


def test_a_window_is_filled_by_its_largest_block() -> None:
    story = Story()
    large = block(result("a", "x" * 5000))
    first = story.exchange([ASK, block(calling("a")), large], answer())
    second = story.exchange(
        [ASK, block(calling("a")), large, block(say("assistant", "so")), MORE],
        refused(RefusalKind.WINDOW_EXCEEDED, tokens=214210, limit=200000),
    )
    (fact,) = told(first, second)
    assert isinstance(fact, WindowExceeded)
    assert (fact.largest, fact.largest_tool, fact.tokens, fact.limit) == (Kind.TOOL_RESULT, "look", 214210, 200000)
    assert (fact.locus, fact.witness) == (second.locus.at("/request/body/messages/2/content/0"), (first.locus,))
    assert fact.largest_bytes is not None
    assert fact.prompt_bytes is not None
    assert 5000 < fact.largest_bytes < fact.prompt_bytes


def test_without_a_prompt_the_window_is_told_alone() -> None:
    story = Story()
    exchange = story.exchange([ASK], refused(RefusalKind.WINDOW_EXCEEDED))
    bare = replace(exchange, request=replace(exchange.request, prefix=story.prefix([])))
    (fact,) = told(bare)
    assert isinstance(fact, WindowExceeded)
    assert (fact.largest, fact.largest_bytes, fact.prompt_bytes, fact.witness) == (None, None, None, ())
