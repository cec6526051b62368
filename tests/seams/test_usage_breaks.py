"""Breaks that time or another model explains, with whole prompts and with usage alone; and what a longer life would have done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.facts import FactBase
from seamaudit.layers.cache import CacheLayer
from seamaudit.layers.cost import Cost
from seamaudit.layers.usage_cache import UsageCache
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.cache_breaks import CacheBreak, CacheBreaks, Cause, Origin
from seamaudit.trace import Breakpoint, Exchange, Level, Need, Times, Usage
from tests.builders import START, Story, answer, say
from tests.recordings import RECORDINGS

SESSIONS = RECORDINGS / "claude-code"
OTHER = "claude-opus-4-5-20251101"
PRICES = PriceBook()
SONNET = 3_000_000
"""Picodollars for an input token; a read costs a tenth, a write for five minutes a quarter more, for an hour twice as much."""


def turns(level: Level, *calls: tuple[float, int, int], models: Sequence[str] = (), hour: bool = False, **columns: Any) -> list[Exchange]:
    """A thread of calls, each (seconds since the first, read, written), which the provider caches to its end."""
    story, out = Story(level=level), []
    prompt = [say("user", "x" * 400)]
    lacks = {Need.CACHE_CONTRACT: "no system prompt"} if level is Level.MESSAGES else {}
    for number, (at, read, written) in enumerate(calls):
        story.model = models[number] if models else story.model
        short, long = (0, written) if hour else (written, 0)
        used = Usage(input=read + written + 10, cache_read=read, cache_write=written, cache_write_5m=short, cache_write_1h=long, output=5)
        marker = Breakpoint(len(prompt), "1h" if hour else "5m")
        out.append(
            story.exchange(
                prompt,
                answer(usage=used),
                request={"breakpoints": (marker,)},
                lacks=lacks,
                times=Times(START + at, START + at + 1, START + at + 2, 2.0, START + at),
                **columns,
            )
        )
        prompt = [*prompt, say("assistant", f"a{number}"), say("user", f"u{number}")]
    return out


def breaks(*threads: Sequence[Exchange]) -> list[CacheBreak]:
    facts, replayed = FactBase(), dict[str, CacheLayer]()
    for thread in threads:
        followed, bill = UsageCache(), Cost(PRICES)
        for each in thread:
            for layer in (replayed.setdefault(each.request.model, CacheLayer()), followed, bill):
                facts.extend(layer.feed(each))
        facts.extend(followed.close())
    for layer in replayed.values():
        facts.extend(layer.close())
    return [row for row in CacheBreaks(PRICES).join(facts) if isinstance(row, CacheBreak)]


@pytest.mark.parametrize("level", [Level.WIRE, Level.MESSAGES])
class TestBothLevels:
    def test_a_pause_beyond_the_life_is_the_cause(self, level: Level) -> None:
        (found,) = breaks(turns(level, (0, 0, 20_000), (10, 20_000, 500), (410, 0, 21_000)))
        assert (found.cause, found.origin, found.proof, found.confidence) == (Cause.EXPIRED, Origin.UNKNOWN, "proven", "high")
        assert (found.gap, found.life, found.rewritten_tokens, found.hour_keeps) == (400, 300, 20_500, True)
        assert found.waste_usd == 20_500 * SONNET * 115 // 100

    def test_what_an_hour_would_have_done_is_told_for_the_app(self, level: Level) -> None:
        found = breaks(turns(level, (0, 0, 20_000), (400, 0, 20_000), (8_000, 0, 20_000)))
        assert [row.hour_keeps for row in found] == [True, False]
        assert {row.hour_keeps_tokens for row in found} == {20_000}
        assert {row.hour_saves_usd for row in found} == {20_000 * SONNET * 115 // 100}
        assert {row.hour_costs_usd for row in found} == {40_000 * SONNET * 75 // 100}, (
            "the one write that would have been a read is not paid"
        )

    def test_an_hour_that_was_written_cannot_be_written_again(self, level: Level) -> None:
        (found,) = breaks(turns(level, (0, 0, 20_000), (4_000, 0, 20_500), hour=True))
        assert (found.life, found.hour_keeps, found.hour_keeps_tokens, found.hour_costs_usd) == (3600, False, 0, 0)

    def test_a_pause_within_the_life_is_no_break(self, level: Level) -> None:
        assert breaks(turns(level, (0, 0, 20_000), (290, 20_000, 500))) == []

    def test_another_model_finds_nothing(self, level: Level) -> None:
        (found,) = breaks(turns(level, (0, 0, 20_000), (10, 0, 20_500), models=["claude-sonnet-4-5-20250929", OTHER]))
        assert (found.cause, found.model_before, found.model) == (Cause.MODEL, "claude-sonnet-4-5-20250929", OTHER)
        assert found.rewritten_tokens == 20_000

    def test_a_switch_after_the_cache_had_gone_costs_nothing(self, level: Level) -> None:
        assert breaks(turns(level, (0, 0, 20_000), (400, 0, 20_500), models=["claude-sonnet-4-5-20250929", OTHER])) == []

    def test_a_rewrite_on_purpose_is_no_break(self, level: Level) -> None:
        first, second = turns(level, (0, 0, 20_000), (400, 0, 20_500), intended="compaction")
        assert breaks([first, second]) == []

    def test_a_small_loss_is_no_break(self, level: Level) -> None:
        assert breaks(turns(level, (0, 0, 20_000), (10, 19_100, 1_400), (20, 20_500, 100))) == []


def test_usage_alone_says_less_surely_whose_miss_it_was() -> None:
    (found,) = breaks(turns(Level.MESSAGES, (0, 0, 16_000), (9, 16_000, 8_000), (18, 24_000, 9_000), (27, 24_000, 9_500), (36, 33_500, 50)))
    assert (found.cause, found.origin, found.confidence, found.proof) == (Cause.PROVIDER_SIDE, Origin.PROVIDER, "medium", "inferred")


@pytest.mark.skipif(not SESSIONS.is_dir(), reason="the recordings are not at hand")
def test_real_sessions_expired_where_a_person_or_a_tool_took_longer() -> None:
    """Every place was checked against its rows: the pause, the lives written, and a read of 0 after it."""
    report = audit([str(SESSIONS)], Settings())
    cases = [
        (finding.code, case.locus) for finding in report.findings if finding.code in ("CA014", "CA018", "CA020") for case in finding.cases
    ]
    names = {index: Path(source.path).name[:14] for index, source in enumerate(report.sources)}
    assert Counter(code for code, _ in cases) == {"CA014": 13}
    assert {(names[place.source], place.line) for _, place in cases} >= {
        ("2026-01-06-f68", 242),
        ("2026-01-14-b00", 217),
        ("2026-01-15-b00", 85),
        ("2026-01-19-86c", 51),
        ("2026-01-21-0cd", 227),
    }


def test_a_fallback_to_requests_without_a_stream_is_a_flipped_parameter() -> None:
    thread = turns(Level.MESSAGES, (0, 0, 30_000), (10, 30_000, 4_000), (20, 30_000, 5_000))
    thread = [*thread[:2], replace(thread[2], request=replace(thread[2].request, streamed=True))]
    (row,) = breaks(thread)
    assert (row.cause, row.origin, row.parameter, row.proof, row.confidence) == (
        Cause.PARAMETER,
        Origin.CLIENT,
        "stream",
        "inferred",
        "medium",
    )
    assert row.wasted_tokens == 4_000
