"""Several recorders of the same calls in one scan: every call is counted once, whoever told of it."""

from __future__ import annotations

from itertools import combinations

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings
from tests.ingest.test_truth import FOLDER

IDENTIFIED = (
    "pairs/calls.jsonl",
    "har/browser.har",
    "vcr/vcrpy.yaml",
    "otlp/latest.jsonl",
    "otlp/evented.jsonl",
    "otlp/logged.jsonl",
    "otlp/flattened.jsonl",
    "otlp/counters.jsonl",
    "litellm/payload.jsonl",
    "litellm/spend.json",
    "helicone/export.jsonl",
    "langsmith/runs.jsonl",
)
"""Recordings that name the provider's response."""
NAMELESS = ("langfuse/trace.json", "codex/rollout.jsonl", "inspect/messages.json", "opencode/session.json")
"""Recordings that do not, and tell when a call began."""
UNTOLD = frozenset({"vcr/vcrpy.yaml", "otlp/counters.jsonl", "litellm/spend.json"})
"""Recordings that say too little for a nameless one: no time, or no answer."""
TIMELESS = "atif/trajectory.json"
OTHER_CALLS = "claude_code/session.jsonl"


def bill(*files: str) -> tuple[int, int, set[str]]:
    """Calls, picodollars and findings of a scan."""
    report = audit([str(FOLDER / file) for file in files], Settings())
    return report.exchanges, report.spend.usd, {finding.code for finding in report.findings if finding.code != "IN005"}


@pytest.mark.parametrize(("one", "other"), list(combinations((*IDENTIFIED, *NAMELESS), 2)))
@pytest.mark.parametrize("turned", [False, True])
def test_two_recordings_of_the_calls_cost_what_the_calls_cost(one: str, other: str, turned: bool) -> None:
    calls, cost, found = bill(*((other, one) if turned else (one, other)))
    apart = bool(UNTOLD & {one, other} and {*NAMELESS} & {one, other})
    assert calls == (6 if apart else 3)
    told = bill(one)[1], bill(other)[1]
    if apart:
        assert cost == sum(told)
    elif one.startswith("otlp") and other.startswith("otlp"):
        assert cost in told  # one span, exported twice: a copy is not completed
    else:
        assert cost == min(told)  # who does not tell what was cached is told by the other
    assert found <= {"CO006"}


@pytest.mark.parametrize("other", [*IDENTIFIED, *NAMELESS, TIMELESS])
def test_calls_of_another_model_are_other_calls(other: str) -> None:
    calls, cost, found = bill(OTHER_CALLS, other)
    assert (calls, cost, found) == (6, bill(OTHER_CALLS)[1] + bill(other)[1], set())


@pytest.mark.parametrize("other", [*IDENTIFIED, *NAMELESS])
def test_without_id_and_without_clock_nothing_is_taken_for_the_same(other: str) -> None:
    calls, _, found = bill(TIMELESS, other)
    assert (calls, found) == (6, set())


def test_all_recordings_of_the_calls_together_cost_what_the_calls_cost() -> None:
    calls, cost, found = bill(*IDENTIFIED, *(each for each in NAMELESS))
    assert (calls, cost, found) == (3, bill(IDENTIFIED[0])[1], {"CO006"})
