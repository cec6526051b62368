"""The stream layer on real recordings, where they are at hand: complete streams are left alone, broken ones are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings

RECORDINGS = Path(os.environ.get("SEAMAUDIT_RECORDINGS", Path(__file__).parents[3] / "shared" / "data")) / "pairs"


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not at hand")
def test_only_the_streams_that_broke_are_found() -> None:
    found = {}
    for name in ("cassettes.jsonl", "coding-agent.jsonl"):
        report = audit([str(RECORDINGS / name)], Settings())
        found |= {
            (name, case.locus.line): finding.code for finding in report.findings if finding.layer == "stream" for case in finding.cases
        }
    refused_calls, broken_server = dict.fromkeys([("cassettes.jsonl", 226), ("cassettes.jsonl", 229)], "ST003"), ("cassettes.jsonl", 839)
    assert found == refused_calls | {broken_server: "ST003"}
