"""Playbooks of the reasoning layer: what becomes of the sealed reasoning behind a call in the request that brings its results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.layers.base import Unchecked
from seamaudit.layers.reasoning import Reasoning, ReasoningFault, ReasoningFaulty
from seamaudit.trace import Answer, Exchange, Kind, Level, Response, Segment
from tests.builders import Story, answer, call, calling, digest, result, say, segment

SEAL = digest("seal")
ASK = replace(say("user", "what does Ada owe?"), starts=True)
THOUGHT = segment(Kind.THINKING, "the ledger knows", role="assistant", starts=True, signature=SEAL)
CALL = calling("toolu_1")
RESULT = replace(result("toolu_1"), starts=True)


def gave(*segments: Segment, **columns: Any) -> Response:
    """An answer whose blocks come back as these segments."""
    blocks = tuple(Answer(each.kind, each.length, each.ordered, "/response", signature=each.signature) for each in segments)
    return replace(answer(call(), stop="tool_use"), answers=blocks, **columns)


def faults(exchanges: Iterable[Exchange]) -> list[ReasoningFaulty]:
    layer = Reasoning()
    return [fact for exchange in exchanges for fact in layer.feed(exchange) if isinstance(fact, ReasoningFaulty)]


def told(*exchanges: Exchange) -> list[tuple[ReasoningFault, int]]:
    return [(fact.fault, fact.blocks) for fact in faults(exchanges)]


def refused() -> Response:
    return answer(status=400, error_type="invalid_request_error")


def loop(*sent: Segment, then: Response | None = None) -> list[Exchange]:
    """A call with a thought behind it, and the request that sends `sent` back with the result."""
    made = Story()
    return [made.exchange([ASK], gave(THOUGHT, CALL)), made.exchange([ASK, *sent, RESULT], then)]


def test_reasoning_that_comes_back_is_no_fact() -> None:
    assert told(*loop(THOUGHT, CALL)) == []


def test_reasoning_that_is_left_out_is_dropped() -> None:
    exchanges = loop(replace(CALL, starts=True), then=answer())
    assert told(*exchanges) == [(ReasoningFault.DROPPED, 1)]
    (fact,) = faults(exchanges)
    assert (fact.accepted, fact.confidence, fact.witness) == (True, "medium", (exchanges[0].locus,))
    assert fact.locus == exchanges[1].place(1)


def test_a_refusal_makes_it_sure() -> None:
    (fact,) = faults(loop(replace(CALL, starts=True), then=refused()))
    assert (fact.accepted, fact.confidence) == (False, "high")


def test_an_edit_under_the_same_seal_is_told_where_it_was_not_taken() -> None:
    edited = segment(Kind.THINKING, "the ledger", role="assistant", starts=True, signature=SEAL)
    assert told(*loop(edited, CALL, then=refused())) == [(ReasoningFault.EDITED, 1)]
    assert told(*loop(edited, CALL, then=answer())) == []


def test_another_seal_that_was_taken_is_the_recorders_doing() -> None:
    masked = replace(THOUGHT, signature=digest("masked"), ordered=digest("masked thought"))
    layer = Reasoning()
    facts = [fact for exchange in loop(masked, CALL, then=answer()) for fact in layer.feed(exchange)]
    assert [type(fact) for fact in facts] == [Unchecked]
    assert told(*loop(masked, CALL, then=refused())) == [(ReasoningFault.EDITED, 1)]


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("claude-sonnet-4-6", "claude-sonnet-4-5-20250929", [(ReasoningFault.OLDER_MODEL, 1)]),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", []),
        ("claude-sonnet-4-5", "claude-sonnet-4-6", []),
        ("claude-sonnet-4-6", "claude-opus-4-5", []),
    ],
)
def test_only_a_model_that_is_older_beyond_doubt_cannot_read_it(one: str, other: str, found: list[Any]) -> None:
    made = Story(model=one)
    first = made.exchange([ASK], gave(THOUGHT, CALL))
    made.model = other
    assert told(first, made.exchange([ASK, THOUGHT, CALL, RESULT], answer())) == found


class TestBound:
    """On newer models a thought is bound to all that stood before it."""

    EDITED = replace(say("user", "what does Ada owe us?"), starts=True)

    def bound(self, model: str, then: Response | None, *prompt: Segment) -> list[tuple[ReasoningFault, int]]:
        made = Story(model=model)
        first = made.exchange([ASK], gave(THOUGHT, CALL))
        return told(first, made.exchange([*prompt, THOUGHT, CALL, RESULT], then))

    def test_an_edit_before_it_is_another_prefix(self) -> None:
        assert self.bound("claude-fable-5-1", refused(), self.EDITED) == [(ReasoningFault.OTHER_PREFIX, 1)]

    def test_a_provider_that_takes_it_does_not_hold_it_against_the_account(self) -> None:
        assert self.bound("claude-fable-5-1", answer(), self.EDITED) == []

    def test_older_models_bind_nothing(self) -> None:
        assert self.bound("claude-opus-4-8", refused(), self.EDITED) == []

    def test_an_unchanged_prefix_is_no_edit_whatever_refused_it(self) -> None:
        assert self.bound("claude-fable-5-1", refused(), ASK) == []

    def test_reasoning_left_out_before_it_is_no_edit(self) -> None:
        made = Story(model="claude-fable-5-1")
        old = segment(Kind.THINKING, "an old thought", role="assistant", starts=True, signature=digest("old"))
        said = [ASK, old, replace(say("assistant", "40 euros")), replace(say("user", "and Bob?"), starts=True)]
        first = made.exchange(said, gave(THOUGHT, CALL))
        without = [each for each in said if each is not old]
        assert told(first, made.exchange([*without, THOUGHT, CALL, RESULT], refused())) == []


class TestSilence:
    def test_once_the_user_speaks_the_loop_is_over(self) -> None:
        made = Story()
        first = made.exchange([ASK], gave(THOUGHT, CALL))
        spoken = replace(say("user", "stop"), starts=True)
        assert told(first, made.exchange([ASK, replace(CALL, starts=True), spoken, RESULT], answer())) == []

    def test_a_transcript_is_not_judged(self) -> None:
        made = Story(level=Level.MESSAGES)
        exchanges = [made.exchange([ASK], gave(THOUGHT, CALL)), made.exchange([ASK, replace(CALL, starts=True), RESULT], answer())]
        layer = Reasoning()
        assert [type(fact) for exchange in exchanges for fact in layer.feed(exchange)] == [Unchecked]

    def test_unsigned_reasoning_is_nobodys(self) -> None:
        made = Story()
        first = made.exchange([ASK], gave(replace(THOUGHT, signature=b""), CALL))
        assert told(first, made.exchange([ASK, replace(CALL, starts=True), RESULT], answer())) == []

    def test_what_the_provider_holds_is_not_missing(self) -> None:
        made = Story(api="openai.responses", provider="openai", model="gpt-5.2")
        first = made.exchange([ASK], gave(THOUGHT, CALL))
        assert told(first, made.exchange([RESULT], answer(), request={"complete": False})) == []

    def test_a_try_after_a_refusal_is_not_told_again(self) -> None:
        made = Story()
        first = made.exchange([ASK], gave(THOUGHT, CALL))
        again = [made.exchange([ASK, replace(CALL, starts=True), RESULT], refused()) for _ in range(3)]
        assert told(first, *again) == [(ReasoningFault.DROPPED, 1)]


@pytest.mark.parametrize(("model", "found"), [("gemini-3-pro", [(ReasoningFault.DROPPED, 1)]), ("gemini-2.5-pro", [])])
def test_gemini_wants_the_signatures_of_calls_since_its_third_generation(model: str, found: list[Any]) -> None:
    made = Story(api="gemini.generate", provider="google", platform="vertex", model=model)
    signed = replace(CALL, signature=SEAL, starts=True)
    text = replace(say("model", "I look her up."), signature=digest("text"), starts=True)
    first = made.exchange([ASK], gave(text, signed))
    bare = replace(signed, signature=b"", ordered=digest("bare call"))
    assert told(first, made.exchange([ASK, text, replace(bare, starts=False), RESULT], answer())) == found
