"""Bytes in, located lines out: the same lines whatever the chunks, members and frames, and every byte in exactly one."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.ingest.faults import Cause
from seamaudit.ingest.inflate import CHUNK, Limits, Meter, compression_of
from seamaudit.ingest.inputs import Inputs
from seamaudit.ingest.reader import BOM, Line, Lost, Reader, Splitter
from seamaudit.trace import Source

CAP = 24

Pack = Callable[[bytes], bytes]


class Held(Inputs):
    """An input that is held in memory and read a few bytes at a time."""

    data: bytes = b""
    step: int = 1 << 16

    @contextmanager
    def open(self, source: Source) -> Iterator[io.BytesIO]:
        yield _Stepped(self.data, self.step)


class _Stepped(io.BytesIO):
    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, self._step))


SOURCE = Source(0, "held")
LIMITS = Limits(line=CAP)


def lines_of(data: bytes, step: int = 1 << 16, limits: Limits = LIMITS) -> list[Line | Lost]:
    return list(Reader(limits, Held(data=data, step=step)).lines(SOURCE))


def expected(data: bytes, cap: int = CAP) -> list[Line | Lost]:
    """What any correct splitter gives, written without a state machine."""
    out: list[Line | Lost] = []
    offset = 0
    raws = data.split(b"\n")
    raws = [raw + b"\n" for raw in raws[:-1]] + ([raws[-1]] if raws[-1] else [])
    for number, raw in enumerate(raws, 1):
        body = raw.removesuffix(b"\n").removesuffix(b"\r").removeprefix(BOM)
        if len(raw) > cap:
            out.append(Lost(0, number, offset, len(raw), Cause.OVERSIZE))
        else:
            out.append(Line(0, number, offset, len(raw), body, ended=raw.endswith(b"\n")))
        offset += len(raw)
    return out


PIECES = st.sampled_from([b"\n", b"\r\n", b"\r", BOM, b'{"a":1}', b"\0", b"\xff", b"x" * 20, b" "]) | st.binary(max_size=8)
TEXTS = st.lists(PIECES).map(b"".join).filter(lambda data: not compression_of(data))
CUTS = st.lists(st.integers(0, 200), max_size=6)


def parts(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[low:high] for low, high in pairwise(edges)]


@given(TEXTS, st.integers(1, 40))
def test_lines_do_not_depend_on_chunks(data: bytes, step: int) -> None:
    assert lines_of(data, step) == expected(data)


@given(TEXTS, CUTS)
def test_the_splitter_does_not_depend_on_where_chunks_fall(data: bytes, cuts: list[int]) -> None:
    splitter = Splitter(0, CAP)
    found = [line for part in parts(data, cuts) for line in splitter.feed(part)] + list(splitter.close())
    assert found == expected(data)


@given(TEXTS, st.integers(1, 40))
def test_every_byte_is_in_exactly_one_line(data: bytes, step: int) -> None:
    meter = Meter()
    lines = list(Reader(LIMITS, Held(data=data, step=step)).lines(SOURCE, meter))
    assert sum(line.length for line in lines) == len(data) == meter.size
    assert len(lines) == meter.lines
    at = 0
    for line in lines:
        assert line.offset == at
        at += line.length


@given(TEXTS, CUTS, st.integers(1, 60))
def test_gzip_members_do_not_show(data: bytes, cuts: list[int], step: int) -> None:
    packed = b"".join(gzip.compress(part, 1, mtime=0) for part in parts(data, cuts))
    assert lines_of(packed, step) == expected(data)


@given(TEXTS, CUTS, st.integers(1, 60))
def test_zstd_frames_do_not_show(data: bytes, cuts: list[int], step: int) -> None:
    packed = b"".join(zstandard.compress(part) for part in parts(data, cuts))
    assert lines_of(packed, step) == expected(data)


@given(TEXTS, st.data(), st.sampled_from(["gzip", "zstd"]))
def test_a_cut_stream_ends_in_one_lost_line(data: bytes, draw: st.DataObject, kind: str) -> None:
    packed = gzip.compress(data, mtime=0) if kind == "gzip" else zstandard.compress(data)
    cut = draw.draw(st.integers(4, len(packed) - 1))
    meter = Meter()
    *whole, last = Reader(LIMITS, Held(data=packed[:cut])).lines(SOURCE, meter)
    assert isinstance(last, Lost)
    assert last.cause is Cause.TRUNCATED_STREAM
    assert whole == expected(data)[: len(whole)]
    assert sum(line.length for line in [*whole, last]) == meter.size <= len(data)
    assert meter.lines == len(whole) + 1


@given(st.binary(min_size=4, max_size=60), st.sampled_from([b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"]))
def test_no_bytes_behind_a_compression_mark_raise(noise: bytes, mark: bytes) -> None:
    meter = Meter()
    lines = list(Reader(LIMITS, Held(data=mark + noise)).lines(SOURCE, meter))
    assert sum(line.length for line in lines) == meter.size
    assert len(lines) == meter.lines


def test_line_ends_and_marks_are_counted_but_not_kept() -> None:
    data = BOM + b'{"a":1}\r\n\n' + BOM + b"{}\n[]"
    assert lines_of(data) == [
        Line(0, 1, 0, 12, b'{"a":1}'),
        Line(0, 2, 12, 1, b""),
        Line(0, 3, 13, 6, b"{}"),
        Line(0, 4, 19, 2, b"[]", ended=False),
    ]


def test_the_place_of_a_part_allows_for_the_bom() -> None:
    data = BOM + b"{}{}\r\n"
    line = lines_of(data)[0]
    assert isinstance(line, Line)
    place = line.part(2, 4)
    assert data[place.offset : place.offset + place.length] == b"{}"
    assert place.offset == 5


def test_padding_between_gzip_members_is_no_content() -> None:
    packed = gzip.compress(b"a\n") + b"\0" * 40 + gzip.compress(b"b\n") + b"\0" * 512
    assert lines_of(packed, step=7) == expected(b"a\nb\n")


def test_what_follows_a_gzip_member_must_be_another() -> None:
    last = lines_of(gzip.compress(b"a\n") + b"trailing garbage")[-1]
    assert last == Lost(0, 2, 2, 0, Cause.CORRUPT_STREAM)


def test_a_wrong_checksum_is_a_damaged_stream() -> None:
    packed = bytearray(gzip.compress(b"a\nb\n"))
    packed[-8] ^= 1
    last = lines_of(bytes(packed))[-1]
    assert isinstance(last, Lost)
    assert last.cause is Cause.CORRUPT_STREAM


def test_frames_before_a_damaged_one_are_read() -> None:
    packed = b"".join(zstandard.compress(b"line %d\n" % n) for n in range(3)) + b"\x28\xb5\x2f\xfd" + b"\xff" * 64
    *whole, last = lines_of(packed)
    assert whole == expected(b"line 0\nline 1\nline 2\n")
    assert last == Lost(0, 4, 21, 0, Cause.CORRUPT_STREAM)


def test_skippable_zstd_frames_are_skipped() -> None:
    packed = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstandard.compress(b"a\n")
    assert lines_of(packed, step=3) == expected(b"a\n")


def test_a_window_over_the_limit_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=28)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = writer.compress(b"a\n" * 100) + writer.flush()
    assert lines_of(packed) == [Lost(0, 1, 0, 0, Cause.DECOMPRESSION_CAP)]
    assert lines_of(packed, limits=replace(LIMITS, window=1 << 28)) == expected(b"a\n" * 100)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_stopped_soon_after_its_grace(pack: Pack) -> None:
    size = 64 << 20
    limits = Limits(line=1000, grace=4 << 20)
    meter = Meter()
    lines = list(Reader(limits, Held(data=pack(bytes(size)))).lines(SOURCE, meter))
    assert [type(line) for line in lines] == [Lost]
    assert lines[0].length == meter.size < size
    assert isinstance(lines[0], Lost)
    assert lines[0].cause is Cause.DECOMPRESSION_CAP


def test_the_ratio_is_judged_once_the_grace_is_used_up() -> None:
    data = b"0123456789\n" * 20_000
    strict = Limits(gzip_ratio=20, grace=len(data))
    assert len(lines_of(gzip.compress(data), limits=strict)) == 20_000
    last = lines_of(gzip.compress(data), limits=replace(strict, grace=1 << 16))[-1]
    assert isinstance(last, Lost)
    assert last.cause is Cause.DECOMPRESSION_CAP


def test_the_total_is_capped_for_compressed_input_only() -> None:
    data = (b"x" * 1023 + b"\n") * 4096
    limits = Limits(total=CHUNK)
    last = lines_of(zstandard.compress(data), limits=limits)[-1]
    assert isinstance(last, Lost)
    assert last.cause is Cause.DECOMPRESSION_CAP
    assert len(lines_of(data, limits=limits)) == 4096


def test_an_oversize_line_is_passed_over_in_little_memory() -> None:
    size, cap = 48 << 20, 1 << 20

    class Endless(io.BytesIO):
        left = size

        def read(self, count: int | None = -1, /) -> bytes:
            take = min(count or 0, self.left)
            self.left -= take
            return b"x" * take if take else super().read(count)

    class Source48(Inputs):
        @contextmanager
        def open(self, source: Source) -> Iterator[io.BytesIO]:
            yield Endless(b"\nnext\n")

    tracemalloc.start()
    try:
        lines = list(Reader(Limits(line=cap), Source48()).lines(SOURCE))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == [Lost(0, 1, 0, size + 1, Cause.OVERSIZE), Line(0, 2, size + 1, 5, b"next")]
    assert peak < cap + 6 * CHUNK


def test_a_failing_disk_costs_the_rest_not_the_run() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(size)

    class Disk(Inputs):
        @contextmanager
        def open(self, source: Source) -> Iterator[io.BytesIO]:
            yield Failing(b"a\nhalf")

    meter = Meter()
    assert list(Reader(LIMITS, Disk()).lines(SOURCE, meter)) == [Line(0, 1, 0, 2, b"a"), Lost(0, 2, 2, 4, Cause.IO_ERROR)]
    assert (meter.size, meter.lines) == (6, 2)


def test_a_file_that_is_gone_is_lost_not_empty(tmp_path: Path) -> None:
    gone = Source(3, str(tmp_path / "gone.jsonl"))
    assert list(Reader().lines(gone)) == [Lost(3, 1, 0, 0, Cause.IO_ERROR)]
    assert Reader().head(gone) == b""


def test_progress_is_told_stored_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 1000))
    told: list[int] = []
    list(Reader().lines(Source(0, str(path)), progress=told.append))
    assert sum(told) == path.stat().st_size


@given(TEXTS, st.integers(1, 40))
def test_a_document_is_all_of_its_bytes_and_lines(data: bytes, step: int) -> None:
    meter = Meter()
    whole = Reader(Limits(), Held(data=data, step=step)).document(SOURCE, meter)
    assert isinstance(whole, Line)
    assert (whole.offset, whole.length, whole.lines) == (0, len(data), len(expected(data)))
    assert whole.data in data
    assert len(data) - len(whole.data) <= len(BOM) + 2
    assert meter.lines == whole.lines


def test_a_document_over_its_cap_is_one_loss() -> None:
    data = b"[\n" * 100
    assert Reader(Limits(document=150), Held(data=data, step=9)).document(SOURCE) == Lost(0, 1, 0, 200, Cause.OVERSIZE, 100)


def test_a_cut_document_is_lost() -> None:
    whole = Reader(Limits(), Held(data=zstandard.compress(b"[\n1,\n2]")[:6])).document(SOURCE)
    assert isinstance(whole, Lost)
    assert (whole.cause, whole.lines) == (Cause.TRUNCATED_STREAM, 1)


@given(TEXTS, st.integers(0, 30), st.sampled_from([bytes, gzip.compress, zstandard.compress]))
def test_the_head_is_a_prefix(data: bytes, size: int, pack: Pack) -> None:
    head = Reader(Limits(head=size), Held(data=pack(data))).head(SOURCE)
    assert head == data[:size].removeprefix(BOM)


def test_standard_input_is_read_as_often_as_asked() -> None:
    with gzip.GzipFile(fileobj=(packed := io.BytesIO()), mode="wb") as file:
        file.write(b"a\nb\n")
    inputs = Inputs(stdin=io.BytesIO(packed.getvalue()))
    reader, stdin = Reader(inputs=inputs), Source(0, "-")
    assert reader.head(stdin) == b"a\nb\n"
    first, second = reader.lines(stdin), reader.lines(stdin)
    interleaved = [line.number for pair in zip(first, second, strict=True) for line in pair]
    assert interleaved == [1, 1, 2, 2]
    inputs.close()
