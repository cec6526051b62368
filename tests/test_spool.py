"""Bytes put away and given back: from memory, from disk, and in a process that was forked off."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.ingest import kept
from seamaudit.ingest.kept import TextStore
from seamaudit.spool import Spool
from tests.test_menagerie import FILE


@given(st.lists(st.binary(max_size=20)), st.integers(0, 40))
def test_what_was_put_away_is_given_back_however_little_is_kept_in_memory(pieces: list[bytes], kept: int) -> None:
    spool = Spool(kept)
    places = []
    for at, piece in enumerate(pieces):
        places.append(spool.put(piece))
        assert spool.get(places[at // 2]) == pieces[at // 2]
    assert [spool.get(place) for place in places] == pieces


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is forked there")
def test_a_forked_process_reads_without_moving_anybody_elses_place() -> None:
    spool = Spool(kept=4)
    places = [spool.put(piece) for piece in (b"on disk", b"there too", b"mem")]
    child = os.fork()
    if child == 0:
        os._exit(0 if [spool.get(place) for place in reversed(places)] == [b"mem", b"there too", b"on disk"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert spool.get(spool.put(b"and then more")) == b"and then more"
    assert [spool.get(place) for place in places] == [b"on disk", b"there too", b"mem"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_said_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", partial(open, "/dev/full", "r+b", buffering=0))
    with pytest.raises(UsageError, match="no room to keep what was read") as caught:
        Spool(kept=4).put(b"more than four")
    assert "TMPDIR" in str(caught.value.hint)


def test_a_report_is_the_same_however_much_came_after_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = audit([str(FILE)], Settings(jobs=1))
    assert any(finding.code == "CA002" for finding in whole.findings), "its clock is found by comparing two prompts"
    monkeypatch.setattr(kept, "Spool", partial(Spool, kept=1))
    assert audit([str(FILE)], Settings(jobs=1)) == whole


def test_a_segment_that_was_never_read_has_no_text() -> None:
    texts = TextStore()
    texts.add(b"the first")
    assert [texts.get(0), texts.get(1), texts.get(-1)] == [b"the first", None, None]
