"""Calibration: which reads compare, and how they fared, model by model."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.audit import measure_cache
from seamaudit.config import Settings
from seamaudit.facts import FactBase
from seamaudit.forensics.calibration import Calibration, calibration, document
from seamaudit.layers.cache import Verdict
from seamaudit.trace import Source
from tests.builders import locus
from tests.measured import measured
from tests.recordings import recorded
from tests.seams.test_cache_breaks import READ

WHOLE = replace(READ, extends=True, verdict=Verdict.EXACT)


def table(*rows: Any) -> Calibration:
    base = FactBase()
    base.extend(rows)
    return calibration(base)


def test_only_a_read_that_repeats_a_cached_turn_whole_compares() -> None:
    fit = table(WHOLE, replace(WHOLE, extends=False), replace(WHOLE, base_available=0)).total
    assert (fit.replayed, fit.comparable, fit.verdicts) == (3, 1, {Verdict.EXACT: 1})


def test_a_miss_that_was_predicted_is_exact() -> None:
    assert table(replace(WHOLE, verdict=Verdict.COLD)).total.verdicts == {Verdict.EXACT: 1}


def test_every_model_has_its_row_and_the_unexplained_their_places() -> None:
    odd = replace(WHOLE, verdict=Verdict.UNEXPLAINED, model="a\x1b[31m", locus=locus(7), predicted=900, reported=100)
    found = table(WHOLE, odd, replace(odd, extends=False))
    assert [fit.model for fit in found.fits] == ["a\x1b[31m", READ.model]
    told = document(found, [Source(0, "t.jsonl")])
    assert told["total"] == {
        "replayed": 3,
        "comparable": 2,
        "exact": 1,
        "within_step": 0,
        "provider_side": 0,
        "more_than_predicted": 0,
        "unexplained": 1,
    }
    (place,) = told["unexplained"]
    assert (place["path"], place["line"], place["predicted"], place["reported"]) == ("t.jsonl", 7, 900, 100)
    assert "\x1b" not in str(told)


@pytest.mark.parametrize("name", ["cassettes.jsonl", "coding-agent.jsonl"])
def test_of_recorded_anthropic_traffic_one_read_a_file_stays_unexplained(name: str) -> None:
    found = calibration(measured(recorded("pairs", name)))
    assert sum(fit.verdicts[Verdict.UNEXPLAINED] for fit in found.fits if fit.provider == "anthropic") <= 1


def test_a_read_as_long_as_another_conversations_that_begins_alike_says_so() -> None:
    replayed, calls = measure_cache([str(recorded("pairs", "coding-agent.jsonl"))], Settings())
    found = {each.read.locus.line: each for each in calibration(replayed.replayed.facts, calls).unexplained}
    assert [found[line].alike for line in (261, 273, 364)] == [2, 2, 2]
    assert found[116].promised
    assert not found[304].promised
