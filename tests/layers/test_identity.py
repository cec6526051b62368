"""The identity layer: a turn that was inferred is told, with what joined it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from seamaudit.layers.identity import Identity, InferredTurn
from seamaudit.trace import Clock, Exchange, ThreadRef
from tests.builders import Story, answer, say


def told(exchange: Exchange) -> list[InferredTurn]:
    layer = Identity()
    return [row for row in (*layer.feed(exchange), *layer.close()) if isinstance(row, InferredTurn)]


def second(declared: bool, basis: str) -> Exchange:
    story = Story()
    story.exchange([say("user", "hi")], answer())
    call = story.exchange([say("user", "hi"), say("assistant", "hello"), say("user", "more")], answer())
    return replace(call, thread=ThreadRef("t", "t", declared, basis))


@pytest.mark.parametrize("basis", ["call_id", "answer", "prefix"])
def test_a_call_that_was_joined_by_what_it_says_is_told_with_the_one_before(basis: str) -> None:
    call = second(declared=False, basis=basis)
    (row,) = told(call)
    assert call.previous is not None
    assert (str(row.basis), row.witness, row.locus) == (basis, (call.previous.locus,), call.locus)


def test_a_batch_has_no_turns() -> None:
    assert told(replace(second(declared=False, basis="prefix"), clock=Clock.NONE)) == []


@pytest.mark.parametrize(
    ("declared", "basis"), [(True, "declared"), (True, "call_id"), (True, "answer"), (False, "alone"), (False, "retry")]
)
def test_what_is_declared_or_joins_nothing_new_is_not(declared: bool, basis: str) -> None:
    assert told(second(declared, basis)) == []
