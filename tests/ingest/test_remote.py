"""Inputs that are named by a URL. Skipped where fsspec is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seamaudit.errors import UsageError
from seamaudit.ingest.reader import Line, Reader
from seamaudit.ingest.remote import is_remote
from seamaudit.ingest.sources import Skipped, SkipReason, discover
from seamaudit.ingest.span import Span
from tests.cli.shell import DEMO, ROOT
from tests.test_parallel import scanned

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    for name in ("b.jsonl", "a/c.jsonl", "a/notes.txt"):
        system.pipe(f"/bucket/{name}", b'{"a":1}\n{"b":2}\n')
    yield system
    system.rm("/bucket", recursive=True)


@pytest.mark.usefixtures("bucket")
def test_a_folder_and_a_pattern_are_searched_and_a_file_is_named() -> None:
    found = discover(["memory://bucket"])
    assert [(each.path, each.explicit) for each in found.sources] == [
        ("memory:///bucket/a/c.jsonl", False),
        ("memory:///bucket/b.jsonl", False),
    ]
    assert found.skipped == (Skipped("memory:///bucket/a/notes.txt", SkipReason.NAME),)
    assert [each.path for each in discover(["memory://bucket/*.jsonl"]).sources] == ["memory:///bucket/b.jsonl"]
    assert [(each.path, each.explicit) for each in discover(["memory://bucket/b.jsonl"]).sources] == [("memory://bucket/b.jsonl", True)]


@pytest.mark.usefixtures("bucket")
def test_it_is_read_by_our_own_reader_and_in_spans() -> None:
    (source,) = discover(["memory://bucket/b.jsonl"]).sources
    assert [each.data for each in Reader().lines(source) if isinstance(each, Line)] == [b'{"a":1}', b'{"b":2}']
    assert [each.locus.offset for each in Reader(span=Span(3, None)).lines(source)] == [8]


@pytest.mark.parametrize("url", ["memory://nowhere/x.jsonl", "no-such-kind://x/y.jsonl"])
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        discover([url])


def test_a_url_is_told_from_a_path() -> None:
    assert is_remote("s3://bucket/key") and not is_remote("C:\\traces\\x.jsonl") and not is_remote("traces/a:b.jsonl")


def test_a_url_is_audited_like_the_file(tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    path.write_bytes((ROOT / DEMO).read_bytes())
    url = f"file://{path}"
    assert scanned(url).replace(url, str(path)) == scanned(str(path))
    assert scanned(url, jobs=2, part_bytes=100_000) == scanned(url)
