"""Facts that lie on disk are the same facts."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.audit import audit, replay
from seamaudit.config import Settings
from seamaudit.facts import FactBase
from seamaudit.rows import Rows
from seamaudit.spool import Spool
from seamaudit.trace import Locus
from tests.test_menagerie import FILE

LOCI = st.builds(Locus, st.integers(0, 9), st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.text(st.characters(), max_size=3))


@given(st.lists(LOCI, max_size=60), st.integers(1, 3))
def test_rows_are_gone_through_in_their_order_any_number_of_times(rows: list[Locus], kept: int) -> None:
    some, others = Rows[Locus](spool := Spool(kept=10), kept), Rows[Locus](spool, kept)
    for row in rows:
        some.add(row)
        others.add(row.at("/other"))
    assert [list(some), list(some)] == [rows, rows]
    assert list(others) == [row.at("/other") for row in rows]
    assert (len(some), rows[:1] == [] or rows[0] in some) == (len(rows), True)


@pytest.mark.parametrize("kept", [1, 2])
def test_a_report_is_the_same_however_many_facts_lie_on_disk(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = audit([str(FILE)], Settings(jobs=1))
    monkeypatch.setattr(replay, "FactBase", partial(FactBase, kept))
    assert audit([str(FILE)], Settings(jobs=1)) == whole
