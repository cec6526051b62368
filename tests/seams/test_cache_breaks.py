"""The cache seam: a break needs a cause that stands in front of what was cached, and claims no more than was paid."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.facts import FactBase
from seamaudit.ingest.prints import prints
from seamaudit.layers.cache import CacheRead, CacheWrite, Verdict
from seamaudit.layers.cost import Spend
from seamaudit.layers.prefix import Edit, PrefixChange
from seamaudit.layers.retrieval import Retrieval
from seamaudit.providers.contracts import CacheMode
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.cache_breaks import CacheBreak, CacheBreaks, Cause, Origin
from seamaudit.trace import Kind, Money, Zone
from seamaudit.trace.textdiff import Shape
from tests.builders import Story, answer, locus

WHERE: dict[str, Any] = {"exchange": 1, "thread": "t1", "app": "app", "locus": locus(2)}
READ = CacheRead(
    **WHERE,
    provider="anthropic",
    model="claude-sonnet-4-5-20250929",
    mode=CacheMode.EXPLICIT,
    dated=1790000000.0,
    verdict=Verdict.COLD,
    predicted=0,
    reported=0,
    written=5000,
    written_1h=0,
    total=5010,
    extends=False,
    base_exchange=0,
    base_available=4000,
    base_position=3,
    base_bytes=16000,
    alive=True,
    raced=False,
    same_parameters=True,
    settled=True,
)
CHANGE = PrefixChange(
    **WHERE,
    base="previous",
    base_exchange=0,
    zone=Zone.SYSTEM,
    block="system[0]",
    kind=Kind.TEXT,
    role="system",
    edit=Edit.REPLACED,
    shape=Shape.TEXT,
    shared=1,
    head_bytes=16000,
    marked=False,
    similar=True,
    declared_retrieval=False,
    tools_added=0,
    tools_removed=0,
    tool="",
    changed_bytes=400,
    changed_prints=b"",
    was=locus(1),
    now=locus(2),
    diverges_at=10,
)
PASSAGE = (
    "Parcels travelling abroad require customs declarations, commercial invoices, insurance certificates and signed handover protocols."
)


def broken(*facts: Any, paid: int | None = 10**12) -> list[CacheBreak]:
    base = FactBase()
    base.extend(facts)
    spend = _spend(paid)
    if spend is not None:
        base.add(spend)
    return [fact for fact in CacheBreaks(PriceBook()).join(base) if isinstance(fact, CacheBreak)]


def _spend(paid: int | None) -> Spend | None:
    from seamaudit.layers.cost import Cost

    story = Story()
    story.count = 1
    exchange = story.exchange(response=answer())
    spend = next(fact for fact in Cost(PriceBook()).feed(exchange) if isinstance(fact, Spend))
    return replace(spend, usd=None if paid is None else Money(paid))


def test_changed_text_before_what_was_cached_is_the_cause() -> None:
    (found,) = broken(READ, CHANGE)
    assert (found.cause, found.origin, found.proof) == (Cause.TEXT_CHANGED, Origin.UNKNOWN, "inferred")
    assert (found.rewritten_tokens, found.shared_tokens) == (4000, 0)
    assert found.wasted_tokens == 3900, "the changed bytes themselves are sent in any layout"
    assert found.waste_usd is not None
    assert found.waste_usd > 0


@pytest.mark.parametrize(
    ("shape", "origin"), [(Shape.CLOCK, Origin.CLOCK), (Shape.IDENTIFIER, Origin.IDENTIFIER), (Shape.COUNTER, Origin.IDENTIFIER)]
)
def test_a_moving_value_names_its_origin(shape: Shape, origin: Origin) -> None:
    (found,) = broken(READ, replace(CHANGE, shape=shape))
    assert (found.origin, found.proof) == (origin, "proven")


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("retrieval_tool", Origin.RETRIEVAL),
        ("document", Origin.RETRIEVAL),
        ("memory", Origin.MEMORY),
        ("tool", Origin.TOOL_RESULT),
    ],
)
def test_what_a_changed_block_quotes_proves_its_origin(source: Any, origin: Origin) -> None:
    said = Retrieval(exchange=0, thread="t1", app="app", locus=locus(1, "/x"), source=source, tool="search", text_prints=prints(PASSAGE))
    (found,) = broken(READ, replace(CHANGE, changed_prints=prints(f"Context: {PASSAGE} Answer!")), said)
    assert (found.origin, found.proof, found.tool) == (origin, "proven", "search")
    assert locus(1, "/x") in found.witness


def test_old_text_that_moved_up_is_the_clients_doing_whoever_once_produced_it() -> None:
    said = Retrieval(exchange=0, thread="t1", app="app", locus=locus(1, "/x"), source="tool", tool="ls", text_prints=prints(PASSAGE))
    (found,) = broken(READ, replace(CHANGE, edit=Edit.REMOVED, zone=Zone.MESSAGES, changed_prints=prints(PASSAGE)), said)
    assert (found.cause, found.origin, found.proof) == (Cause.HISTORY_EDITED, Origin.CLIENT, "proven")


def test_what_is_retrieved_later_proves_nothing() -> None:
    said = Retrieval(
        exchange=7, thread="t1", app="app", locus=locus(8, "/x"), source="retrieval_tool", tool="search", text_prints=prints(PASSAGE)
    )
    (found,) = broken(READ, replace(CHANGE, changed_prints=prints(PASSAGE)), said)
    assert found.origin is Origin.UNKNOWN


def test_a_change_behind_what_was_cached_is_no_cause() -> None:
    assert broken(replace(READ, reported=4000, verdict=Verdict.EXACT, written=1000), replace(CHANGE, shared=5)) == []


@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        ({"alive": False}, Cause.EXPIRED),
        ({"raced": True}, Cause.RACE),
    ],
)
def test_time_explains_before_text_does(columns: dict[str, Any], cause: Cause) -> None:
    (found,) = broken(replace(READ, **columns), CHANGE)
    assert found.cause is cause


def test_a_flipped_parameter_explains_an_unchanged_prompt() -> None:
    (found,) = broken(replace(READ, same_parameters=False, verdict=Verdict.UNEXPLAINED))
    assert found.cause is Cause.PARAMETER


def test_another_conversation_of_the_same_agent_is_no_break() -> None:
    assert broken(READ, replace(CHANGE, base="nearest", zone=Zone.MESSAGES, role="user", block="messages, first user turn")) == []


def test_another_agent_is_no_break() -> None:
    assert broken(READ, replace(CHANGE, base="nearest", similar=False)) == []


def test_a_write_at_a_moving_block_is_wasted_only_if_it_happens_again_and_again() -> None:
    def once(number: int) -> tuple[Any, ...]:
        where = {"exchange": number, "thread": f"t{number}", "locus": locus(number)}
        write = CacheWrite(
            **WHERE | where, provider="anthropic", model=READ.model, dated=None, written=5000, written_1h=0, read=0, cached_bytes=1, reads=0
        )
        change = replace(CHANGE, **where, base="nearest", zone=Zone.MESSAGES, marked=True, block="messages, first user turn")
        return (replace(READ, **where), change, write)

    assert broken(*once(1), *once(2)) == []
    found = broken(*once(1), *once(2), *once(3))
    assert [row.cause for row in found] == [Cause.MOVING_BREAKPOINT] * 3


@pytest.mark.parametrize("paid", [0, 5])
def test_no_more_is_claimed_than_was_paid(paid: int) -> None:
    (found,) = broken(READ, CHANGE, paid=paid)
    assert found.waste_usd == paid


def test_an_unknown_bill_makes_the_waste_unknown() -> None:
    (found,) = broken(READ, CHANGE, paid=None)
    assert found.waste_usd is None
    assert found.wasted_tokens == 3900


SAME_THREAD: dict[str, Any] = {"base_exchange": 0, "previous": 0}


def test_a_flipped_parameter_is_named_and_needs_no_verdict() -> None:
    flip = replace(READ, **SAME_THREAD, same_parameters=False, flipped="tool_choice")
    (found,) = broken(flip)
    assert (found.cause, found.parameter, found.same_thread, found.confidence) == (Cause.PARAMETER, "tool_choice", True, "high")
    assert broken(replace(flip, flip_settled=False))[0].confidence == "medium"
    assert broken(replace(flip, reported=4000)) == [], "what was read all the same is no break"
    assert broken(replace(flip, previous=-1)) == [], "another thread may have other parameters"


def test_an_entry_out_of_sight_is_the_lookbacks() -> None:
    far = replace(READ, **SAME_THREAD, overlooked=40, overlooked_surely=True)
    (found,) = broken(far)
    assert (found.cause, found.overlooked, found.confidence) == (Cause.LOOKBACK, 40, "high")
    assert broken(replace(far, overlooked=21, overlooked_surely=False))[0].confidence == "low"
    assert broken(replace(far, alive=False))[0].cause is Cause.EXPIRED
    assert broken(far, replace(CHANGE, shared=1))[0].cause is Cause.TEXT_CHANGED
    assert broken(replace(far, reported=4000)) == []
