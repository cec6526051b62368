"""What sending again costs, against the ledger, and threads that grow dearer than their work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import agent
from oracle import Anthropic, Json, Recorder, text, use, words
from seamaudit.audit import audit, measure
from seamaudit.config import Settings
from seamaudit.facts import FactBase
from seamaudit.layers.cost import Spend
from seamaudit.layers.ledger import LedgerRow, Producer
from seamaudit.seams.context_costs import ResentResult, ThreadGrowth
from seamaudit.seams.full_windows import FullWindow
from small import small


def measured(rec: Recorder, path: Path) -> FactBase:
    rec.write(path / "trace.jsonl")
    return measure([str(path / "trace.jsonl")], Settings()).replayed.facts


def reads(bot: Anthropic, sizes: list[int], before: Callable[[int], None] = lambda turn: None, **options: Json) -> None:
    """A task that reads files of so many tokens."""
    bot.user("Why is the interest wrong? " + words(30, bot.id))
    for turn, size in enumerate(sizes):
        before(turn)
        bot.call([text(f"Step {turn}."), use("read_file", {"path": f"src/{turn}.py"})], **options)
        bot.results(words(size, f"{bot.id}/{turn}"))
    bot.call("It is rounded twice.", **options)


@pytest.mark.parametrize("cached", [True, False])
def test_what_sending_again_costs_is_what_the_ledger_says(cached: bool, tmp_path: Path) -> None:
    rec = Recorder(seed=1)
    bot = agent.thread(rec, "c1") if cached else agent.thread(rec, "c1", system=agent.RULES, moving="")
    reads(bot, [200, 5000, *[150] * 10, 8000, *[100] * 12])
    facts = measured(rec, tmp_path)
    ledger: dict[int, list[LedgerRow]] = {}
    for row in facts.rows(LedgerRow):
        if row.producer is Producer.TOOL_RESULT:
            ledger.setdefault(row.exchange, []).append(row)
    resent = facts.rows(ResentResult)
    assert [row.locus.line for row in resent] == [3, 14]
    for result in resent:
        rows = ledger[result.exchange]
        assert result.resent_tokens == pytest.approx(sum(row.tokens - row.first for row in rows), rel=0.03)
        again = sum(row.usd * (row.tokens - row.first) / row.tokens for row in rows if row.tokens)
        assert result.resent_usd == pytest.approx(again, rel=0.05)


def test_results_never_cost_more_than_their_thread(tmp_path: Path) -> None:
    """Caches that expire, histories that are cut, and prices that change with them."""
    rec = Recorder(seed=2)
    bot = agent.thread(rec, "c1")

    def bend(turn: int) -> None:
        rec.now += 400 if turn % 4 == 3 else 0
        if turn == 9:
            del bot.messages[1:9]

    reads(bot, [6000, 3000, 4000] * 5, bend)
    facts = measured(rec, tmp_path)
    spent = sum(row.usd or 0 for row in facts.rows(Spend))
    again = sum(row.resent_usd or 0 for row in facts.rows(ResentResult))
    assert 0.3 * spent < again < spent


def growths(rec: Recorder, path: Path) -> ThreadGrowth:
    (row,) = measured(rec, path).rows(ThreadGrowth)
    return row


def test_growth_is_that_of_the_transcript_and_not_of_a_cache_that_misses(tmp_path: Path) -> None:
    rows = []
    for moving in ("5m", ""):
        rec = Recorder(seed=3)
        reads(agent.thread(rec, "c1", system=agent.RULES, moving=moving), [300] * 40)
        rows.append(growths(rec, tmp_path))
    cached, plain = rows
    assert plain.usd > 4 * cached.usd
    assert plain.cached_usd == pytest.approx(cached.cached_usd, rel=0.01)
    assert plain.resent_share == pytest.approx(cached.resent_share, rel=0.01)


def test_a_clean_agent_of_24_turns_is_silent(tmp_path: Path) -> None:
    rec = Recorder(seed=4)
    agent.work(agent.thread(rec, "c1"), 24)
    rec.write(tmp_path / "clean.jsonl")
    assert audit([str(tmp_path / "clean.jsonl")], Settings()).findings == ()


@pytest.mark.parametrize(("repeats", "codes"), [(False, {"LP006"}), (True, {"LP001"})])
def test_growth_is_folded_into_the_loop_that_explains_it(repeats: bool, codes: set[str], tmp_path: Path) -> None:
    rec = Recorder(seed=5)
    bot = small(rec, "c1", tools=agent.TOOLS[:1])
    bot.user("Why is the interest wrong?")
    for turn in range(50):
        again = repeats and turn > 10
        bot.call([use("read_file", {"path": "src/same.py" if again else f"src/{turn}.py"})])
        bot.results(words(60, "same" if again else turn))
    bot.call("It is rounded twice.")
    rec.write(tmp_path / "trace.jsonl")
    findings = audit([str(tmp_path / "trace.jsonl")], Settings()).findings
    assert {finding.code for finding in findings} == codes
    assert [finding.symptoms for finding in findings] == [("LP006",) if repeats else ()]


def test_a_conversation_that_goes_on_with_less_leaves_no_window_full(tmp_path: Path) -> None:
    rec = Recorder(seed=6)
    for name in ("ends", "goes-on"):
        bot = small(rec, name)
        bot.user(words(7400, name)).call("Noted.")
        if name == "goes-on":
            bot.messages = []
            bot.user("So far: nothing.").call("Go on.")
    rec.write(tmp_path / "trace.jsonl")
    rows = measure([str(tmp_path / "trace.jsonl")], Settings()).replayed.facts.rows(FullWindow)
    assert [(row.locus.line, row.window) for row in rows] == [(1, 8192)]
