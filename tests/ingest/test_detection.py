"""Every fixture is detected as itself and as nothing else, packed or not; what is no recording is refused with a hint."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from seamaudit.ingest.detect import detect
from seamaudit.ingest.inflate import Limits
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import discover
from seamaudit.ingest.unknown import described
from tests.cli.shell import run
from tests.ingest.test_truth import FOLDER, SPELLINGS, Spelling

FALLBACKS = frozenset({"pairs", "messages", "messages-document"})
"""Formats of many hands: they take what speaks their words, where nobody surer does."""
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"


BATCHES = [
    Spelling("batch/input.jsonl", "batch"),
    Spelling("batch/output.jsonl", "batch"),
    Spelling("batch/results.jsonl", "batch"),
    Spelling("batch/requests.json", "batch-document"),
]
ALL = [*SPELLINGS, *BATCHES]


@pytest.mark.parametrize("spelling", ALL, ids=str)
def test_a_fixture_is_detected_as_itself_and_as_nothing_else(spelling: Spelling) -> None:
    head = (FOLDER / spelling.file).read_bytes()[: Limits().head]
    scores = {each.name: score for each in FORMATS if (score := each.detect(head))}
    assert max(scores, key=lambda name: scores[name]) == spelling.format
    others = scores.keys() - {spelling.format}
    assert others <= FALLBACKS
    assert all(scores[other] + 20 <= scores[spelling.format] for other in others)


@pytest.mark.parametrize("spelling", ALL, ids=str)
def test_a_head_that_is_cut_in_the_middle_of_a_line_is_enough(spelling: Spelling) -> None:
    head = (FOLDER / spelling.file).read_bytes()[: Limits().head]
    for size in range(len(head) // 2, len(head), 97):
        found = detect(head[:size], FORMATS)
        assert found is not None
        assert found.name == spelling.format


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures as their scripts write them, of a conversation whose first question is longer than a head."""
    folder = tmp_path_factory.mktemp("formats") / "formats"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    question = '"Is it raining in Oslo and in Bergen?"'
    text = (folder / "truth.py").read_text()
    assert text.count(question) == 1
    (folder / "truth.py").write_text(text.replace(question, f'"Is it raining in Oslo and in Bergen? " * {Limits().head // 16}'))
    for script in sorted(folder.glob("*/make.py")):
        subprocess.run([sys.executable, str(script)], check=True)
    return folder


@pytest.mark.parametrize("spelling", ALL, ids=str)
def test_a_first_record_that_is_larger_than_a_head_is_detected_by_its_beginning(spelling: Spelling, talkative: Path) -> None:
    found = detect((talkative / spelling.file).read_bytes()[: Limits().head], FORMATS)
    assert found is not None
    assert found.name == spelling.format


@pytest.mark.parametrize("spelling", ALL, ids=str)
@pytest.mark.parametrize("packing", ["gzip", "zstd", "bom"])
def test_packed_it_is_the_same(spelling: Spelling, packing: str, tmp_path: Path) -> None:
    data = (FOLDER / spelling.file).read_bytes()
    if packing == "bom" and data.startswith(b"PK"):
        pytest.skip("an archive has no byte order mark")
    pack = {"gzip": gzip.compress, "zstd": zstandard.compress, "bom": lambda data: b"\xef\xbb\xbf" + data}[packing]
    path = tmp_path / f"{Path(spelling.file).name}.packed"
    path.write_bytes(pack(data))
    (source,) = discover([str(path)]).sources
    found = detect(Reader().head(source), FORMATS)
    assert found is not None
    assert found.name == spelling.format


def test_every_format_that_is_known_has_a_fixture_or_a_test_of_its_own() -> None:
    own = {"pairs", "claude-code", "claude-trace", "pi", "messages", "messages-document", "batch", "batch-document"}
    assert {each.name for each in FORMATS} == own | {spelling.format for spelling in SPELLINGS}


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("calls.csv", b"id,model,tokens\n1,gpt-4o,17\n", "It looks like a table (CSV)"),
        ("chart.png", PNG, "It is an image."),
        ("empty.jsonl", b"", "It is empty."),
        ("blank.jsonl", b"\n \n", "It is empty."),
        ("clicks.jsonl", b'{"event": "click", "x": 3, "<script>": 1}\n{"event": "scroll"}\n', "the members event, x:"),
        ("notes.txt", b"just some words\n", "It is no JSON."),
        ("sessions.db", b"SQLite format 3\x00\x10\x00", "It is a SQLite database"),
        ("rows.parquet", b"PAR1\x15\x04", "It is Parquet"),
        ("other.zip", b"PK\x03\x04" + b"\0" * 40, "a zip archive of something else"),
        ("noise.bin", b"\x01\x02\x00\x03", "It is no text."),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
def test_what_is_no_recording_is_refused_with_a_hint(
    name: str, data: bytes, hint: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(data))
    code, _, said = run("scan", str(path))
    assert code == 3
    told = " ".join(said.split())
    assert "not a recording in a known format" in told
    assert hint in told
    assert "Known formats: pairs, " in told


def test_a_hint_shows_no_text_of_the_file() -> None:
    assert described(b'{"a b\x1b[31m": 1}') == ""
    assert described(b"secret words, and, more") == "It looks like a table (CSV): export the same rows as JSON lines."
