"""Intents in real session files, where they are at hand."""

from __future__ import annotations

import pytest

from seamaudit.ingest.draft import Draft
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.merge import merge
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import discover
from seamaudit.layers.attempts import Attempts, Intent
from seamaudit.providers.prices import PriceBook
from tests.recordings import RECORDINGS

SESSIONS = RECORDINGS / "claude-code"


@pytest.mark.skipif(not SESSIONS.is_dir(), reason="the recordings are not at hand")
def test_six_intents_were_tried_again_and_one_was_given_up() -> None:
    reading = Reading(Reader(), FORMATS, Interner())
    drafts = [item for item in reading.read(discover([str(SESSIONS)]).sources) if isinstance(item, Draft)]
    layers: dict[str, Attempts] = {}
    facts = [fact for each in merge(drafts) for fact in layers.setdefault(each.thread.id, Attempts(PriceBook())).feed(each)]
    facts += [fact for layer in layers.values() for fact in layer.close()]
    found = [fact for fact in facts if isinstance(fact, Intent)]
    assert [(each.failed, str(each.outcome)) for each in found] == [
        (3, "succeeded"),
        (10, "given_up"),
        (4, "succeeded"),
        (7, "succeeded"),
        (2, "succeeded"),
        (3, "succeeded"),
    ]
    assert {(each.status, each.error, each.limit) for each in found} == {(529, "overloaded_error", 10)}
