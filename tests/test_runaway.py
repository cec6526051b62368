"""A generated runaway: where caps would have refused it, what was spent by then and what that saves, all to the picodollar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from oracle import Json, Recorder, text, tool, use, words
from seamaudit.audit import audit, measure
from seamaudit.config import Settings
from seamaudit.seams.caps import CapPassed
from seamaudit.trace.money import PICO_PER_USD

STEPS = 120
TOOLS = [tool("read_file", "Read a file. " + words(200, "tool"), {"path": {"type": "string"}})]
PRICES = {
    "input_tokens": 3,
    "cache_creation_input_tokens": 3.75,
    "cache_read_input_tokens": 0.3,
    "output_tokens": 15,
}
"""US dollars a million of Claude Sonnet 4.5's tokens (platform.claude.com/docs/en/about-claude/pricing), writes for five minutes."""


def runaway(path: Path) -> list[Json]:
    """An agent that never stops by itself, and the usage of its calls."""
    rec = Recorder(seed=4711)
    agent = rec.anthropic("runaway", system=[text("Rules. " + words(1500, "rules"), cache="5m")], tools=TOOLS, moving="5m")
    agent.user("Find the bug.")
    for step in range(STEPS - 1):
        agent.call([text(f"I look at part {step}."), use("read_file", {"path": f"part_{step}.py"})])
        agent.results(words(100 + step % 7 * 30, step))
    agent.call("I give up.")
    rec.write(path)
    return [record["response"]["body"]["usage"] for record in rec.records]


def picodollars(usages: Sequence[Json]) -> int:
    return sum(round(usage[part] * price * PICO_PER_USD / 10**6) for usage in usages for part, price in PRICES.items())


def tokens(usages: Sequence[Json]) -> int:
    return sum(usage[part] for usage in usages for part in PRICES)


def passed(path: Path, **caps: float) -> CapPassed:
    (row,) = measure([str(path)], Settings(**caps)).replayed.facts.rows(CapPassed)  # type: ignore[arg-type]
    return row


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Json]]:
    path = tmp_path_factory.mktemp("runaway") / "runaway.jsonl"
    return path, runaway(path)


@pytest.mark.parametrize("cap", [1, 25, STEPS - 1])
def test_a_cap_on_steps_refuses_the_next_one(trace: tuple[Path, list[Json]], cap: int) -> None:
    path, usages = trace
    row = passed(path, max_steps=cap)
    assert (row.refused_step, row.locus.line, row.steps, row.limit) == (cap + 1, cap + 1, STEPS, cap)
    assert (row.spent_usd, row.saved_usd) == (picodollars(usages[:cap]), picodollars(usages[cap:]))
    assert (row.saved_calls, row.saved_tokens, row.unpriced_calls) == (STEPS - cap, tokens(usages[cap:]), 0)


@pytest.mark.parametrize("budget", [0.05, 0.4])
def test_a_budget_refuses_the_first_call_after_it_is_used_up(trace: tuple[Path, list[Json]], budget: float) -> None:
    path, usages = trace
    refused = next(at for at in range(STEPS) if picodollars(usages[:at]) >= budget * PICO_PER_USD)
    row = passed(path, budget_usd=budget)
    assert (row.refused_step, row.limit_usd) == (refused + 1, budget * PICO_PER_USD)
    assert (row.spent_usd, row.saved_usd) == (picodollars(usages[:refused]), picodollars(usages[refused:]))


def test_caps_that_were_kept_say_nothing(trace: tuple[Path, list[Json]]) -> None:
    path, usages = trace
    kept = Settings(max_steps=STEPS, budget_usd=picodollars(usages) / PICO_PER_USD, max_repeats=1)
    assert not measure([str(path)], kept).replayed.facts.rows(CapPassed)


def test_what_two_caps_would_save_is_claimed_once(trace: tuple[Path, list[Json]]) -> None:
    path, usages = trace
    report = audit([str(path)], Settings(max_steps=100, budget_usd=0.4))
    assert {finding.code for finding in report.findings} == {"LP004", "LP005"}
    saved = max(row.saved_usd or 0 for row in measure([str(path)], Settings(max_steps=100, budget_usd=0.4)).replayed.facts.rows(CapPassed))
    assert report.waste.usd == saved < picodollars(usages)
