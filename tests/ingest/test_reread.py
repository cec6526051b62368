"""What was located is found again: in plain and compressed files, on standard input, in any order asked."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.inflate import Limits
from seamaudit.ingest.inputs import Inputs
from seamaudit.ingest.reader import Line, Reader
from seamaudit.ingest.reread import Rereader
from seamaudit.trace import Locus, Source

LINES = [b'{"n":%d,"x":"%b"}' % (n, b"y" * (n * 7 % 50)) for n in range(200)]
DATA = b"\xef\xbb\xbf" + b"\r\n".join(LINES)

Pack = Callable[[bytes], bytes]


def plain(data: bytes) -> bytes:
    return data


def framed(data: bytes) -> bytes:
    return zstandard.compress(data[: len(data) // 2]) + zstandard.compress(data[len(data) // 2 :])


@pytest.mark.parametrize("pack", [plain, gzip.compress, framed])
@pytest.mark.parametrize("stdin", [False, True])
def test_every_line_is_read_again(tmp_path: Path, pack: Pack, stdin: bool) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(pack(DATA))
    reader = Reader(inputs=Inputs(stdin=io.BytesIO(pack(DATA))))
    source = Source(4, "-" if stdin else str(path))
    lines = [line for line in reader.lines(source) if isinstance(line, Line)]
    again = Rereader(reader, [source]).read(line.locus.at(f"/{line.number}") for line in reversed(lines))
    assert [data for _, data in again] == LINES
    reader.inputs.close()


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=12), st.sampled_from([plain, gzip.compress, framed]))
def test_any_stretches_overlapping_or_beyond_the_end(spans: list[tuple[int, int]], pack: Pack) -> None:
    data = bytes(range(48, 148))
    reader = Reader(inputs=Inputs(stdin=io.BytesIO(pack(data))))
    found = dict(Rereader(reader, [Source(0, "-")]).read(Locus(0, 1, *span) for span in spans))
    assert found == {Locus(0, 1, at, size): data[at : at + size] for at, size in spans}
    reader.inputs.close()


def test_a_record_is_read_once_however_many_places_in_it_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n")
    asked = [Locus(0, 1, 0, 3, pointer) for pointer in ("/a", "/b", "")]
    assert list(Rereader(Reader(), [Source(0, str(path))]).read(asked)) == [(Locus(0, 1, 0, 3), b"{}")]


def test_sources_are_kept_apart_and_in_order(tmp_path: Path) -> None:
    sources = []
    for index in range(3):
        path = tmp_path / f"{index}.jsonl"
        path.write_bytes(b"%d\n" % index)
        sources.append(Source(index, str(path)))
    found = list(Rereader(Reader(), sources).read(Locus(index, 1, 0, 2) for index in (2, 0, 1)))
    assert [(locus.source, data) for locus, data in found] == [(0, b"0"), (1, b"1"), (2, b"2")]


def test_a_file_that_has_gone_or_shrunk_gives_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"first\nsecond\n")
    reader, source = Reader(), Source(0, str(path))
    loci = [line.locus for line in reader.lines(source)]
    path.write_bytes(b"first\nsec")
    assert [data for _, data in Rereader(reader, [source]).read(loci)] == [b"first", b"sec"]
    path.unlink()
    assert [data for _, data in Rereader(reader, [source]).read(loci)] == [b"", b""]


def test_no_more_than_a_document_is_read_again() -> None:
    reader = Reader(Limits(document=10), Inputs(stdin=io.BytesIO(b"x" * 100)))
    assert [data for _, data in Rereader(reader, [Source(0, "-")]).read([Locus(0, 1, 5, 90)])] == [b"x" * 10]
    reader.inputs.close()
