"""The provider's diagnosis beside the replay."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.facts import FactBase
from seamaudit.layers.cache import Verdict
from seamaudit.layers.diagnoses import CacheDiagnosis
from seamaudit.seams.cache_checks import CacheCheck, CacheChecks, Check
from seamaudit.trace import Zone
from seamaudit.trace.diagnosis import Said
from tests.seams.test_cache_breaks import CHANGE, READ, WHERE

TOLD = CacheDiagnosis(
    **WHERE,
    provider="anthropic",
    model="claude-sonnet-4-5-20250929",
    said=Said.SYSTEM,
    missed=4000,
    base_exchange=0,
    is_previous=True,
    other_model=False,
    flipped="",
)


def checked(told: CacheDiagnosis, *facts: Any) -> CacheCheck:
    base = FactBase()
    base.extend((told, *facts))
    (row,) = (fact for fact in CacheChecks().join(base) if isinstance(fact, CacheCheck))
    return row


@pytest.mark.parametrize(
    ("said", "zone", "check"),
    [
        (Said.SYSTEM, Zone.SYSTEM, Check.AGREE),
        (Said.TOOLS, Zone.SYSTEM, Check.DISAGREE),
        (Said.MESSAGES, Zone.TOOLS, Check.DISAGREE),
        (Said.INPUT, Zone.MESSAGES, Check.AGREE),
        (Said.INPUT, Zone.TOOLS, Check.DISAGREE),
        (Said.PENDING, Zone.SYSTEM, Check.PENDING),
        (Said.NOT_COMPARED, Zone.SYSTEM, Check.NOT_COMPARED),
        (Said.NOTHING, Zone.SYSTEM, Check.DISAGREE),
    ],
)
def test_the_part_that_changed_first_is_held_against_the_recording(said: Said, zone: Zone, check: Check) -> None:
    assert checked(replace(TOLD, said=said), replace(CHANGE, zone=zone), READ).check is check


def test_a_difference_the_recording_does_not_show_is_a_disagreement() -> None:
    row = checked(TOLD, READ)
    assert (row.check, row.replayed) == (Check.DISAGREE, Said.NOTHING)


def test_a_difference_behind_what_was_cached_is_none_to_the_provider() -> None:
    behind = replace(CHANGE, shared=READ.base_position)
    assert checked(replace(TOLD, said=Said.NOTHING), behind, READ).check is Check.AGREE


def test_a_miss_that_neither_explains_is_the_providers() -> None:
    missed = replace(READ, verdict=Verdict.PROVIDER_SIDE)
    assert checked(replace(TOLD, said=Said.NOTHING), missed).check is Check.PROVIDER_SIDE


def test_what_is_compared_with_another_request_says_nothing_about_the_replay() -> None:
    assert checked(replace(TOLD, is_previous=False, base_exchange=-1), CHANGE, READ).check is Check.NOT_COMPARED


def test_another_model_comes_before_all_text() -> None:
    assert checked(replace(TOLD, said=Said.MODEL, other_model=True), CHANGE, READ).check is Check.AGREE


def test_a_parameter_may_be_found_as_a_change_of_the_part_it_is_rendered_into() -> None:
    assert checked(replace(TOLD, flipped="speed"), READ).check is Check.AGREE
