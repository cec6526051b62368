"""Findings as values: what orders them, what adds up, and what names them across recordings."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.findings import Confidence, Proof, Severity, Waste, fingerprint
from seamaudit.trace import Money

_wastes = st.builds(
    Waste,
    tokens=st.none() | st.integers(0, 10**9),
    usd=st.none() | st.integers(0, 10**15).map(Money),
    seconds=st.none() | st.floats(0, 1e6),
)
_scalars = st.none() | st.booleans() | st.integers() | st.text()
_identities = st.lists(st.tuples(st.sampled_from(["app", "tool", "block"]), _scalars), max_size=3).map(tuple)


def test_the_scales_are_ordered_from_least_to_most() -> None:
    for scale in (Severity, Confidence, Proof):
        assert all(low < high and high > low and low != high for low, high in pairwise(scale))
    assert max(Severity) is Severity.CRITICAL
    assert min(Confidence) is Confidence.LOW
    assert min(Proof.DECLARED, Proof.INFERRED, Proof.PROVEN) is Proof.INFERRED


def test_scales_do_not_compare_with_each_other() -> None:
    with pytest.raises(TypeError):
        assert Severity.LOW < Confidence.HIGH  # type: ignore[operator]


@given(st.lists(_wastes), st.randoms(use_true_random=False))
def test_a_total_does_not_depend_on_order(wastes: list[Waste], random: object) -> None:
    shuffled = wastes[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Waste.total(shuffled) == Waste.total(wastes)


def test_unknown_adds_nothing_and_is_not_zero() -> None:
    total = Waste.total([Waste(tokens=3), Waste(tokens=4, usd=Money(5)), Waste()])
    assert total == Waste(tokens=7, usd=Money(5), seconds=None)
    assert Waste.total([]) == Waste()
    assert Waste.total([Waste(tokens=0)]).tokens == 0


def test_fingerprints_are_pinned() -> None:
    """Baselines of earlier versions hold these: a change here needs a new FINGERPRINT_VERSION and a way to migrate."""
    assert fingerprint("CA001", (("app", "shop"), ("origin", "retrieval"), ("block", "system[0]"))) == "5649b3bc713c4148"
    assert fingerprint("IN001", ()) == "5f0b11e64e064361"


@given(_identities, _identities)
def test_different_identities_have_different_fingerprints(one: tuple[tuple[str, object], ...], two: tuple[tuple[str, object], ...]) -> None:
    same = fingerprint("XX001", one) == fingerprint("XX001", two)  # type: ignore[arg-type]
    assert same is ([*map(_spelled, one)] == [*map(_spelled, two)])


def _spelled(pair: tuple[str, object]) -> tuple[str, str | None]:
    """As a baseline compares: 1 and "1" are one value, unknown and "" are two."""
    column, value = pair
    return column, None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_a_value_cannot_pose_as_another_column() -> None:
    assert fingerprint("XX001", (("a", "1"), ("b", "2"))) != fingerprint("XX001", (("a", "1\0b=2"),))
    assert fingerprint("XX001", (("a", "\\0"),)) != fingerprint("XX001", (("a", "\0"),))
    assert fingerprint("XX001", (("a", None),)) != fingerprint("XX001", (("a", ""),))
    assert fingerprint("XX001", (("a", "\ud83d"),))
