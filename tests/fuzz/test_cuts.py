"""Streams cut everywhere: each cut is found, and blamed on nobody but the transport. `make cuts` cuts every recorded one."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.fuzz.cuts import cuts, misses, run, whole_streams
from tests.recordings import recorded

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def test_streams_of_the_fixtures_cut_everywhere(tmp_path: Path) -> None:
    table, wrong = run([FIXTURES / "clean", FIXTURES / "ST002" / "good.jsonl", FIXTURES / "ST006" / "good.jsonl"], bytes_=20)
    assert [miss.said for miss in wrong] == []
    assert {grammar for grammar, _, _ in table} == {"anthropic", "chat", "responses"}
    assert sum(table.values()) > 200


def test_recorded_streams_cut_everywhere() -> None:
    _, wrong = run([recorded("pairs")], bytes_=10, every=25)
    assert [miss.said for miss in wrong] == []


def test_a_stream_that_is_whole_is_a_miss(tmp_path: Path) -> None:
    grammar, record = next(whole_streams([FIXTURES / "clean"]))
    cut = next(cuts(grammar, json.loads(json.dumps(record)), random.Random(1), 1))
    cut.record["response"]["body_raw"] = record["response"]["body_raw"]
    assert [miss.said for miss in misses([cut], tmp_path)] != []
