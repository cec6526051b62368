"""Suites whose context never varies, beside production's that does; and what is a suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from seamaudit.config import Settings, check_suites
from seamaudit.errors import UsageError
from seamaudit.facts import FactBase
from seamaudit.layers.retrieval import RetrievedContext
from seamaudit.seams.frozen_evals import FrozenEval, FrozenEvals
from seamaudit.trace import Attribution
from tests.builders import Story, locus
from tests.measured import measured

ROW = RetrievedContext(exchange=0, thread="t", app="app", locus=locus(), suite="", passages=1, context="c", question="q")


def frozen(suite: list[tuple[str, str]], production: list[str]) -> list[FrozenEval]:
    base = FactBase()
    base.extend(replace(ROW, suite="eval", context=context, question=question) for question, context in suite)
    base.extend(replace(ROW, context=context, question=context) for context in production)
    return [fact for fact in FrozenEvals().join(base) if isinstance(fact, FrozenEval)]


QUESTIONS = [(f"q{n}", "one") for n in range(5)]
VARIED = [f"c{n}" for n in range(5)]


def test_one_context_for_all_questions_is_frozen() -> None:
    rows = frozen(QUESTIONS, VARIED)
    assert len(rows) == 5
    assert (rows[0].suite, rows[0].questions, rows[0].production_contexts) == ("eval", 5, 5)


@pytest.mark.parametrize(
    ("suite", "production"),
    [
        ([*QUESTIONS, ("q6", "two")], VARIED),
        (QUESTIONS[:4], VARIED),
        ([("q1", "one")] * 9, VARIED),
        (QUESTIONS, VARIED[:4]),
        (QUESTIONS, ["one"] * 9),
        (QUESTIONS, []),
    ],
    ids=["varies", "few questions", "one question again", "little production", "production is frozen, too", "no production"],
)
def test_anything_else_is_not(suite: list[tuple[str, str]], production: list[str]) -> None:
    assert frozen(suite, production) == []


@pytest.mark.parametrize(
    ("declared", "suite"),
    [
        ("tag:eval", "eval:smoke"),
        ("tag:ev", ""),
        ("app:handbook", "handbook"),
        ("app:hand", ""),
        ("path:runs/evals", "runs/evals"),
        ("path:runs/eval", ""),
    ],
)
def test_a_suite_is_declared_by_tag_app_or_folder(declared: str, suite: str) -> None:
    exchange = replace(Story().exchange(), tags=frozenset({"eval:smoke", "blue"}), attribution=Attribution(app="handbook"))
    assert Settings(eval_suites=(declared,)).suite_of(exchange, "runs/evals/monday.jsonl") == suite


def test_what_is_no_declaration_is_refused() -> None:
    with pytest.raises(UsageError):
        check_suites(["smoke"])


def test_a_request_without_looked_up_text_has_no_context() -> None:
    fixtures = Path(__file__).parents[2] / "fixtures"
    assert not measured(fixtures / "CA002" / "bad.jsonl").rows(RetrievedContext)
    assert len(measured(fixtures / "EV001" / "bad.jsonl").rows(RetrievedContext)) == 12
