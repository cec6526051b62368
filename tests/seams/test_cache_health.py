"""Hit rates by window: what collapses has once been healthy."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.facts import FactBase
from seamaudit.seams.cache_health import CacheCollapse, CacheHealth, HealthKnobs
from tests.builders import locus
from tests.seams.test_cache_breaks import READ

HIT = replace(READ, extends=True, base_available=4000, reported=4000)
MISS = replace(HIT, reported=0)


def collapses(*reads: Any) -> list[CacheCollapse]:
    base = FactBase()
    base.extend(replace(read, exchange=n, locus=locus(n + 1)) for n, read in enumerate(reads))
    return [fact for fact in CacheHealth(HealthKnobs(window=5)).join(base) if isinstance(fact, CacheCollapse)]


def test_each_short_read_of_a_collapsed_window_is_told() -> None:
    rows = collapses(*[HIT] * 5, *[MISS] * 4, HIT)
    assert [row.exchange for row in rows] == [5, 6, 7, 8]
    assert {(row.healthy_percent, row.window_percent, row.missed_tokens) for row in rows} == {(100, 20, 4000)}


@pytest.mark.parametrize(
    "reads",
    [
        [MISS] * 15,
        [*[HIT] * 5, *[MISS] * 4],
        [*[HIT] * 5, *[HIT, MISS, HIT, MISS, HIT] * 2],
        [*[HIT] * 5, *[replace(MISS, extends=False)] * 5],
        [*[HIT] * 5, *[replace(MISS, alive=False)] * 5],
        [*[HIT] * 5, *[replace(MISS, intended="compaction")] * 5],
        [*[HIT] * 5, *[replace(MISS, app="another")] * 5],
    ],
    ids=["never healthy", "too few", "not that low", "prompts that changed", "lives that ended", "meant", "another application"],
)
def test_anything_less_is_none(reads: list[Any]) -> None:
    assert collapses(*reads) == []
