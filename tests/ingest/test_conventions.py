"""What an input count means is settled by arithmetic: every call's input holds its cached tokens, however its emitter counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.conventions import proof
from seamaudit.layers.conventions import Conventions, TokenConvention
from seamaudit.trace import Convention, ConventionBasis, Usage
from tests.ingest.recordings import Read, written
from tests.recordings import recorded

APART, INSIDE = Convention.EXCLUSIVE, Convention.INCLUSIVE


def row(input: int, cached: int, total: int | None, output: int = 20, model: str = "m", host: str = "gateway.example") -> dict[str, Any]:
    usage = {"prompt_tokens": input, "completion_tokens": output, "prompt_tokens_details": {"cached_tokens": cached}}
    usage |= {} if total is None else {"total_tokens": total}
    body = {"model": model, "choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}], "usage": usage}
    request = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    return {"request": {"url": f"https://{host}/v1/chat/completions", "body": request}, "response": {"status_code": 200, "body": body}}


def settled(tmp_path: Path, *rows: dict[str, Any]) -> list[tuple[int | None, Convention, ConventionBasis]]:
    usages = [each.usage for each in Read(written(tmp_path / "rows.jsonl", rows)).exchanges]
    return [(usage.input, usage.convention, usage.convention_basis) for usage in usages if usage]


@pytest.mark.parametrize(
    ("input", "cached", "total", "all_input", "convention", "basis"),
    [
        (100, 640, 760, 740, APART, ConventionBasis.TOTAL),
        (740, 640, 760, 740, INSIDE, ConventionBasis.DECLARED),
        (100, 640, None, 740, APART, ConventionBasis.BOUND),
        (740, 640, None, 740, INSIDE, ConventionBasis.DECLARED),
        (100, 640, 120, 100, INSIDE, ConventionBasis.DECLARED),  # cannot be right, and says so itself
        (100, 640, 999, 100, INSIDE, ConventionBasis.DECLARED),  # fits nothing
        (100, 0, 120, 100, INSIDE, ConventionBasis.DECLARED),
    ],
)
def test_a_calls_own_numbers_decide(
    tmp_path: Path, input: int, cached: int, total: int | None, all_input: int, convention: Convention, basis: ConventionBasis
) -> None:
    assert settled(tmp_path, row(input, cached, total)) == [(all_input, convention, basis)]


def test_what_does_not_decide_is_read_like_the_others_of_its_emitter(tmp_path: Path) -> None:
    apart, open_, inside = row(100, 640, 760), row(700, 640, None), row(740, 640, 760)
    assert settled(tmp_path, apart, open_)[1] == (1340, APART, ConventionBasis.EMITTER)
    assert settled(tmp_path, inside, open_)[1][:2] == (700, INSIDE)
    assert settled(tmp_path, apart, inside, open_)[2][:2] == (700, INSIDE)
    assert settled(tmp_path, apart, row(700, 640, None, model="other"))[1][:2] == (700, INSIDE)
    assert settled(tmp_path, apart, row(700, 640, None, host="other.example"))[1][:2] == (700, INSIDE)


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 10**4), st.integers(0, 10**4), st.booleans(), st.booleans())
def test_a_total_proves_the_convention_it_was_made_by(
    plain: int, cached: int, output: int, reasoning: int, apart: bool, told: bool
) -> None:
    total = plain + cached + output
    usage = Usage(
        input=plain if apart else plain + cached,
        cache_read=cached,
        output=output,
        reasoning=reasoning,
        total=total if told else None,
        convention=Convention.INCLUSIVE,
    )
    found = proof(usage)
    if found is not None and cached != reasoning:
        assert found[0] is (APART if apart else INSIDE)
    if told and cached != reasoning:
        assert found is not None


def test_calls_that_count_another_way_are_told_with_how_others_there_count(tmp_path: Path) -> None:
    rows = [row(100, 640, 760), row(740, 640, 760, model="other"), row(740, 640, 760, host="other.example")]
    layer = Conventions()
    for each in Read(written(tmp_path / "rows.jsonl", rows)).exchanges:
        assert list(layer.feed(each)) == []
    (found,) = layer.close()
    assert isinstance(found, TokenConvention)
    assert (found.host, found.model, found.cached_tokens, found.input_tokens, found.inside) == ("gateway.example", "m", 640, 740, 1)
    assert found.confidence == "high"


def test_a_recorded_gateway_counts_in_two_conventions() -> None:
    layer = Conventions()
    for each in Read(recorded("pairs", "coding-agent.jsonl")).exchanges:
        layer.feed(each)
    found = [fact for fact in layer.close() if isinstance(fact, TokenConvention)]
    assert sorted(fact.locus.line for fact in found)[:2] == [167, 168]
    assert {(fact.host, fact.model, fact.basis.value) for fact in found} == {
        ("hyper.charm.land", "glm-5.1", "total"),
        ("hyper.charm.land", "gpt-oss-120b", "total"),
    }
    assert {fact.inside for fact in found} == {14}
