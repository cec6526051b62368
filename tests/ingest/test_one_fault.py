"""One fault, many spellings: a result that is missing is found in every format that holds results, and in no other."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings
from tests.ingest.test_truth import FOLDER, SPELLINGS, Spelling

SOUND = ('    result(CALLS[1], "Rain all day, 9 degrees."),\n', "ANSWERS = (2, 5, 7)")
FAULTY = ("", "ANSWERS = (2, 4, 6)")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures as their scripts write them, of a conversation that lost a result."""
    folder = tmp_path_factory.mktemp("formats") / "formats"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "truth.py").read_text()
    for sound, fault in zip(SOUND, FAULTY, strict=True):
        assert text.count(sound) == 1
        text = text.replace(sound, fault)
    (folder / "truth.py").write_text(text)
    for script in sorted(folder.glob("*/make.py")):
        subprocess.run([sys.executable, str(script)], check=True)
    return folder


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_a_lost_result_is_found_wherever_results_are_recorded(spelling: Spelling, faulty: Path) -> None:
    report = audit([str(faulty / spelling.file)], Settings())
    found = [(finding.code, finding.occurrences) for finding in report.findings if finding.code not in ("TP018", "IN005")]
    assert found == ([("TP001", 1)] if spelling.content else [])
    blind = {each.code for each in report.not_checked}
    assert ("TP001" in blind) is not spelling.content
