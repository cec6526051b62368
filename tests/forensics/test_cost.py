from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.audit import measure_cost
from seamaudit.config import Settings
from seamaudit.facts import FactBase
from seamaudit.forensics.cost import Amount, By, CostTable, Sums, Window, cost_table, document, notes
from seamaudit.ingest.duplicates import DuplicateRecord
from seamaudit.layers.cost import CostDifference, Spend
from seamaudit.providers.billing import Unpriced
from seamaudit.trace import Money, to_usd
from tests.builders import locus
from tests.recordings import recorded

USD = 10**12
NEW_YEAR = 1767225600.0
"""2026-01-01, midnight in UTC."""
DAY = 86400.0


def spend(**columns: Any) -> Spend:
    """A call with 100 plain, 20 written, 30 read and 10 output tokens for one dollar, at the new year."""
    base: dict[str, Any] = {
        "exchange": 0,
        "thread": "t",
        "app": "app",
        "locus": locus(),
        "conversation": "c",
        "at": NEW_YEAR,
        "side": "",
        "provider": "anthropic",
        "platform": "claude_api",
        "model": "claude",
        "input": 150,
        "cache_read": 30,
        "cache_write": 20,
        "output": 10,
        "output_is_lower_bound": False,
        "usd": Money(USD),
        "input_usd": None,
        "cache_read_usd": None,
        "cache_write_usd": None,
        "output_usd": None,
        "fees_unknown": False,
        "priced": True,
        "unpriced_reason": None,
        "basis": "provider",
        "dated": True,
        "recorded_usd": None,
        "cumulative_usd": None,
    }
    return Spend(**{**base, **columns})


def unpriced(reason: Unpriced, **columns: Any) -> Spend:
    return spend(usd=None, priced=False, unpriced_reason=reason, **columns)


REFUSED = unpriced(Unpriced.REFUSED, input=None, output=None, cache_read=None, cache_write=None)


def table(rows: Iterable[Spend], *by: By, window: Window = Window(), copies: int = 0) -> CostTable:
    facts = FactBase()
    facts.extend(rows)
    for _ in range(copies):
        facts.add(DuplicateRecord(exchange=-1, thread="", app="", locus=locus(), tokens=1, side=""))
    return cost_table(facts, by or (By.DAY,), window)


def said(of: CostTable) -> str:
    return "\n".join(notes(of, "prices"))


# --- sums ------------------------------------------------------------------------------------------------------------


def test_the_four_kinds_of_token_add_up() -> None:
    sums = Sums.over([spend(), spend()])
    assert (sums.input, sums.cache_write, sums.cache_read, sums.output) == (Amount(200), Amount(40), Amount(60), Amount(20))
    assert (sums.calls, sums.total, sums.usd) == (2, Amount(320), Amount(2 * USD))


def test_what_is_not_known_is_no_zero() -> None:
    assert Sums.over([unpriced(Unpriced.UNKNOWN_MODEL)]).usd == Amount(None)
    assert Sums.over([spend(), unpriced(Unpriced.UNKNOWN_MODEL)]).usd == Amount(USD, at_least=True)
    silent = unpriced(Unpriced.NO_USAGE, input=None, output=None, cache_read=None, cache_write=None)
    assert Sums.over([silent]).total == Sums.over([silent]).cache_read == Amount(None)
    assert Sums.over([spend(), silent]).output == Amount(10, at_least=True)


def test_a_refused_call_costs_nothing() -> None:
    assert Sums.over([spend(), REFUSED]) == Sums.over([spend()])
    assert Sums.over([REFUSED]).usd == Amount(0)


def test_a_provider_that_tells_of_no_cache_used_none() -> None:
    assert Sums.over([spend(cache_read=None, cache_write=None)]).total == Amount(160)


def test_counts_that_contradict_each_other_are_not_known() -> None:
    assert Sums.over([spend(input=10)]).input == Amount(None)


@pytest.mark.parametrize("short", [{"output_is_lower_bound": True}, {"fees_unknown": True}])
def test_a_cost_of_which_a_part_is_missing_is_at_least_that(short: dict[str, bool]) -> None:
    sums = Sums.over([spend(), spend(**short)])
    assert sums.usd == Amount(2 * USD, at_least=True)
    assert sums.output.at_least == sums.total.at_least == ("output_is_lower_bound" in short)
    assert not sums.input.at_least


def test_the_recordings_own_price_stands_in_where_the_table_has_none() -> None:
    rows = [spend(recorded_usd=Money(9 * USD)), unpriced(Unpriced.UNKNOWN_MODEL, recorded_usd=Money(3 * USD))]
    assert Sums.over(rows).usd == Amount(4 * USD)
    assert "1 call has no price in the table and counts with the cost its recording notes." in said(table(rows))


# --- groups ----------------------------------------------------------------------------------------------------------


def test_days_come_in_order_and_what_has_none_last() -> None:
    rows = [spend(at=None), spend(at=NEW_YEAR + DAY), spend(), spend(at=NEW_YEAR - 1)]
    assert [row.keys for row in table(rows).rows] == [("2025-12-31",), ("2026-01-01",), ("2026-01-02",), ("no date",)]


def test_sessions_come_by_their_first_call_and_models_by_name() -> None:
    rows = [spend(conversation="z", model="b"), spend(conversation="a", model="c"), spend(conversation="z", model="a")]
    assert [row.keys for row in table(rows, By.SESSION, By.MODEL).rows] == [("z", "a"), ("z", "b"), ("a", "c")]
    assert [row.models for row in table(rows, By.SESSION).rows] == [("a", "b"), ("c",)]


def test_a_day_of_refusals_alone_is_no_row() -> None:
    found = table([REFUSED])
    assert found.rows == ()
    assert "1 call was refused and cost nothing." in said(found)


def test_both_ends_of_a_window_count_in_its_zone() -> None:
    rows = [spend(at=NEW_YEAR - 1), spend(at=NEW_YEAR), spend(at=NEW_YEAR + DAY - 1), spend(at=NEW_YEAR + DAY), spend(at=None)]
    day = date(2026, 1, 1)
    assert table(rows, window=Window(day, day)).total.sums.calls == 2
    assert table(rows, window=Window(until=day)).total.sums.calls == 3
    assert table(rows, window=Window(since=day)).total.sums.calls == 3
    assert table(rows, window=Window(day, day, ZoneInfo("Asia/Tokyo"))).total.sums.calls == 2
    assert table(rows, window=Window(day, day, ZoneInfo("Asia/Tokyo"))).rows[0].keys == ("2026-01-01",)
    assert "1 call without a time is left out" in said(table(rows, window=Window(since=day)))


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.sampled_from("xy"), st.booleans()), max_size=12))
def test_groups_add_up_to_the_total_however_they_are_made(calls: list[tuple[int, str, str, bool]]) -> None:
    rows = [
        spend(at=NEW_YEAR + day * DAY, conversation=session, model=model, **({} if priced else {"usd": None, "priced": False}))
        for day, session, model, priced in calls
    ]
    for by in ((By.DAY,), (By.SESSION,), (By.MODEL,), (By.DAY, By.MODEL), (By.SESSION, By.DAY)):
        found = table(rows, *by)
        assert sum(row.sums.calls for row in found.rows) == found.total.sums.calls == len(rows)
        assert sum(row.sums.usd.value or 0 for row in found.rows) == (found.total.sums.usd.value or 0)
        assert sum(row.sums.total.value or 0 for row in found.rows) == found.total.sums.total.value


# --- footnotes and JSON ----------------------------------------------------------------------------------------------


def test_calls_beside_the_conversation_are_named() -> None:
    rows = [spend(), spend(side="subagent"), spend(side="subagent", usd=None), spend(side="title")]
    assert "2 sub-agent calls are included: 320 tokens, >= $1.00." in said(table(rows))
    assert "1 title call is included: 160 tokens, $1.00." in said(table(rows))


def test_models_without_a_price_are_named() -> None:
    rows = [unpriced(Unpriced.UNKNOWN_MODEL, model="new"), unpriced(Unpriced.UNKNOWN_TERMS, model="old")] * 2
    assert "4 calls have no known price, and no total holds them: new (2), old (2)." in said(table(rows))


def test_copies_are_told_of() -> None:
    assert "3 copies of calls, as resumed sessions and second recorders hold them, are counted once." in said(table([spend()], copies=3))


def test_the_document_keeps_unknown_apart_from_zero() -> None:
    rows = [spend(at=None, model="\x1b[31mred"), unpriced(Unpriced.UNKNOWN_MODEL, model="new", at=NEW_YEAR)]
    found = document(table(rows, By.DAY, By.MODEL, window=Window(zone=UTC)), "prices")
    new, red = found["rows"]
    assert (new["day"], new["model"], new["usd"], new["at_least"]) == ("2026-01-01", "new", None, [])
    assert (red["day"], red["usd"], red["total_tokens"]) == ("no date", 1.0, 160)
    assert "\x1b" not in red["model"]
    assert (found["totals"]["usd"], found["totals"]["at_least"], found["unpriced"]) == (1.0, ["usd"], {"unknown_model": 1})
    assert json.loads(json.dumps(found)) == found


# --- recordings ------------------------------------------------------------------------------------------------------

PRICES = {
    "claude-opus-4-5-20251101": (5, 6.25, 10, 0.5, 25),
    "claude-sonnet-4-5-20250929": (3, 3.75, 6, 0.3, 15),
    "claude-haiku-4-5-20251001": (1, 1.25, 2, 0.1, 5),
}
"""US dollars per million tokens in January 2026: input, write for 5 minutes, for an hour, read, output
(https://platform.claude.com/docs/en/about-claude/pricing)."""


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file, several to a line where an append raced."""
    decoder = json.JSONDecoder()
    for line in path.read_text("utf-8").splitlines():
        rest = line.strip()
        while rest:
            row, end = decoder.raw_decode(rest)
            yield row
            rest = rest[end:].lstrip()


def _counted(folder: Path) -> dict[str, Counter[str]]:
    """Tokens and dollars by day from the rules of deduplication alone: one call a message and request id, its largest counts."""
    calls: dict[tuple[str, str], tuple[str, str, tuple[int, ...]]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for row in _rows(path):
            told = row["data"]["message"] if row.get("data", {}).get("type") == "agent_progress" else row
            message = told.get("message")
            if told.get("type") != "assistant" or message["model"] == "<synthetic>":
                continue
            usage, lives = message["usage"], message["usage"]["cache_creation"]
            counts = (
                usage["input_tokens"],
                lives["ephemeral_5m_input_tokens"],
                lives["ephemeral_1h_input_tokens"],
                usage["cache_read_input_tokens"],
                usage["output_tokens"],
            )
            day, model, known = calls.setdefault((message["id"], told["requestId"]), (told["timestamp"][:10], message["model"], counts))
            calls[message["id"], told["requestId"]] = (day, model, tuple(map(max, known, counts)))
    days: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for day, model, (plain, five, hour, read, output) in calls.values():
        pico = sum(round(price * 1e6) * count for price, count in zip(PRICES[model], (plain, five, hour, read, output), strict=True))
        days[day] += Counter(calls=1, input=plain, write=five + hour, read=read, output=output, pico=pico)
    return days


def test_claude_codes_totals_are_an_independent_counts() -> None:
    """`ccusage claude daily --offline` (20.0.24) gives the same figures, day by day and column by column: in all US$ 48.42340445."""
    folder = recorded("claude-code")
    found = cost_table(measure_cost([str(folder)], Settings()).replayed.facts)
    ours = {
        row.keys[0]: Counter(
            calls=row.sums.calls,
            input=row.sums.input.value,
            write=row.sums.cache_write.value,
            read=row.sums.cache_read.value,
            output=row.sums.output.value,
            pico=row.sums.usd.value,
        )
        for row in found.rows
    }
    assert ours == _counted(folder)
    assert found.total.sums.usd == Amount(48_423_404_450_000, at_least=True)
    assert "73 sub-agent calls are included" in said(found)


def test_pis_recorded_dollars_are_the_recomputed_ones() -> None:
    facts = measure_cost([str(recorded("pi", "before-compaction.jsonl"))], Settings()).replayed.facts
    rows = facts.rows(Spend)
    priced = [row for row in rows if row.usd is not None]
    assert len(priced) == 471
    assert all(row.recorded_usd is not None and abs(to_usd(row.recorded_usd - (row.usd or 0))) < 1e-9 for row in priced)
    assert not any(row.recorded_usd for row in rows if row.usd is None)
    assert facts.rows(CostDifference) == ()
