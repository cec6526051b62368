"""Which files a command line means."""

from __future__ import annotations

import gzip
import io
import os
import threading
from pathlib import Path

import pytest
import zstandard

from seamaudit.errors import EXIT_USAGE, UsageError
from seamaudit.ingest.reader import Line, Reader
from seamaudit.ingest.sources import Skipped, SkipReason, discover
from seamaudit.trace import Source


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.jsonl", "a.json", "sub/c.ndjson", "sub/UPPER.JSONL", ".hidden/d.jsonl", "notes.txt", "e.json.bak"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"{}\n")
    (tmp_path / "z.jsonl.gz").write_bytes(gzip.compress(b"{}\n"))
    (tmp_path / "z.jsonl.zst").write_bytes(zstandard.compress(b"{}\n"))
    return tmp_path


def names(root: Path, sources: tuple[Source, ...]) -> list[str]:
    return [os.path.relpath(source.path, root) for source in sources]


def test_a_directory_is_walked_in_the_order_of_names(tree: Path) -> None:
    found = discover([str(tree)])
    assert names(tree, found.sources) == [
        "a.json", "b.jsonl", "z.jsonl.gz", "z.jsonl.zst", ".hidden/d.jsonl", "sub/UPPER.JSONL", "sub/c.ndjson",
    ]  # fmt: skip
    assert [source.index for source in found.sources] == list(range(7))
    assert not any(source.explicit for source in found.sources)
    assert found.skipped == tuple(Skipped(str(tree / name), SkipReason.NAME) for name in ("e.json.bak", "notes.txt"))


def test_directories_come_in_the_order_of_names_whatever_the_disk_says(tmp_path: Path) -> None:
    wanted = [f"{number:02}/t.jsonl" for number in range(30)]
    for name in sorted(wanted, key=lambda name: name[1::-1]):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"{}\n")
    assert names(tmp_path, discover([str(tmp_path)]).sources) == wanted


def test_compression_is_seen_in_the_bytes_not_the_name(tree: Path) -> None:
    (tree / "plain.jsonl.gz").write_bytes(b"{}\n")
    (tree / "packed.jsonl").write_bytes(gzip.compress(b"{}\n"))
    found = {os.path.basename(source.path): source.compression for source in discover([str(tree)]).sources}
    assert (found["z.jsonl.gz"], found["z.jsonl.zst"], found["plain.jsonl.gz"], found["packed.jsonl"]) == ("gzip", "zstd", "", "gzip")


def test_anything_may_be_named_outright_in_any_order(tree: Path) -> None:
    found = discover([str(tree / "notes.txt"), "-", str(tree / "a.json")])
    assert found.sources == (
        Source(0, str(tree / "notes.txt")),
        Source(1, "-"),
        Source(2, str(tree / "a.json")),
    )


def test_a_file_named_twice_is_read_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    (tree / "link.jsonl").symlink_to("b.jsonl")
    found = discover(["b.jsonl", "./b.jsonl", str(tree / "b.jsonl"), "link.jsonl", "-", "-"])
    assert [source.path for source in found.sources] == ["b.jsonl", "-"]


def test_a_file_met_in_a_walk_and_named_is_explicit(tree: Path) -> None:
    found = discover([str(tree), str(tree / "sub" / "c.ndjson")])
    assert [source.explicit for source in found.sources] == [False] * 6 + [True]


def test_walks_do_not_follow_links_but_names_may_be_links(tree: Path) -> None:
    outside = tree / "sub"
    walked = tree / "walked"
    walked.mkdir()
    (walked / "f.jsonl").symlink_to(tree / "b.jsonl")
    (walked / "d").symlink_to(outside)
    (walked / "loop").symlink_to(walked)
    found = discover([str(walked)])
    assert found.sources == ()
    assert {skip.reason for skip in found.skipped} == {SkipReason.SYMLINK}
    assert sorted(os.path.basename(skip.path) for skip in found.skipped) == ["d", "f.jsonl", "loop"]
    assert len(discover([str(walked / "f.jsonl"), str(walked / "d")]).sources) == 3


def test_patterns_the_shell_left_alone(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert [source.path for source in discover(["*.json*"]).sources] == ["a.json", "b.jsonl", "e.json.bak", "z.jsonl.gz", "z.jsonl.zst"]
    assert [source.path for source in discover(["**/c.*"]).sources] == ["sub/c.ndjson"]
    assert all(source.explicit for source in discover(["*.json*"]).sources)
    (tree / "[x].jsonl").write_bytes(b"{}\n")
    assert [source.path for source in discover(["[x].jsonl"]).sources] == ["[x].jsonl"]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("traces.jsnl", "Did you mean 'traces.jsonl'?"),
        ("*.parquet", "Quote the pattern"),
        ("gone/x.jsonl", "does not exist either"),
        ("qqqq", ".jsonl"),
    ],
)
def test_a_path_that_names_nothing_says_what_to_do(path: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "traces.jsonl").write_bytes(b"")
    with pytest.raises(UsageError) as raised:
        discover([path])
    assert path in raised.value.message
    assert hint in raised.value.hint
    assert raised.value.exit_code == EXIT_USAGE


def test_hints_never_show_names_that_cannot_be_printed(tmp_path: Path) -> None:
    (tmp_path / "trace\x1b[2J.jsonl").write_bytes(b"")
    with pytest.raises(UsageError) as raised:
        discover([str(tmp_path / "trace.jsonl")])
    assert "\x1b" not in raised.value.hint


def test_pipes_are_read_when_named_and_passed_over_in_walks(tmp_path: Path) -> None:
    pipe = tmp_path / "p.jsonl"
    os.mkfifo(pipe)
    assert discover([str(tmp_path)]).skipped == (Skipped(str(pipe), SkipReason.SPECIAL),)
    (source,) = discover([str(pipe)]).sources
    writer = threading.Thread(target=pipe.write_bytes, args=(b"{}\n",))
    writer.start()
    reader = Reader()
    assert reader.head(source) == b"{}\n"
    assert list(reader.lines(source)) == [Line(0, 1, 0, 3, b"{}")]
    reader.inputs.close()
    writer.join()


def test_devices_and_unreadable_files_are_refused_when_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        discover([os.devnull])
    (tmp_path / "a.jsonl").write_bytes(b"{}")

    def refuse(*_: object, **__: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(UsageError, match="cannot be read"):
        discover([str(tmp_path / "a.jsonl")])
    assert discover([str(tmp_path)]).skipped == (Skipped(str(tmp_path / "a.jsonl"), SkipReason.UNREADABLE),)
