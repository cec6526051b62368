"""Reading in parts gives what reading gives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.ingest.detect import named
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import Found
from seamaudit.ingest.inputs import CHUNK
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.packed import pack, unpack
from seamaudit.ingest.parts import BY_LINES, How, Readings, divide, read_part
from seamaudit.ingest.prints import key
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Line, Lost, Reader
from seamaudit.ingest.sources import discover
from seamaudit.ingest.span import Span

ROOT = Path(__file__).parents[2]
FIXTURES = sorted((ROOT / "fixtures").glob("*/bad.jsonl"))


def lines_of(path: Path, span: Span | None = None) -> list[Line | Lost]:
    (source,) = discover([str(path)]).sources
    return list(Reader(span=span).lines(source))


@given(
    data=st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"bcd", b"\xef\xbb\xbf", b"\x1f\x8b", b" " * 40]), max_size=40).map(b"".join),
    cuts=st.lists(st.integers(1, 400), max_size=8),
)
def test_spans_that_follow_each_other_hold_every_line_once(data: bytes, cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"spans-{os.getpid()}.jsonl"
    path.write_bytes(b"{" + data)  # no compression begins like that
    ends = sorted(set(cuts))
    found: list[Line | Lost] = []
    for start, stop in zip([0, *ends], [*ends, None], strict=True):
        held = lines_of(path, Span(start, stop))
        found += [replace(each, number=each.number + len(found)) for each in held]
    assert found == lines_of(path)


@pytest.mark.parametrize("around", [-2, -1, 0, 1, 2])
def test_a_line_end_at_the_edge_of_a_chunk_is_seen(tmp_path: Path, around: int) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"x" * (CHUNK + around) + b"\n" + b"y" * (2 * CHUNK) + b"\nz")
    stop = CHUNK + around + 1
    assert [len(each.data) for each in lines_of(path, Span(0, stop)) if isinstance(each, Line)] == [CHUNK + around]
    assert [each.length for each in lines_of(path, Span(stop, stop + 1))] == [2 * CHUNK + 1]
    assert lines_of(path, Span(stop + 1, stop + CHUNK)) == []
    assert [each.length for each in lines_of(path, Span(stop + 1, None))] == [1]


def whole(path: Path) -> tuple[list[Found], Reading]:
    reading = Reading(Reader(), FORMATS, Interner())
    return list(reading.read(discover([str(path)]).sources)), reading


def in_parts(path: Path, size: int) -> tuple[list[Found], Reading]:
    reading = Reading(Reader(), FORMATS, Interner())
    together = Readings(reading)
    found: list[Found] = []
    for part in divide(discover([str(path)]).sources, reading.reader, How(None, None, True, key()), size):
        found += together.take(part, read_part(How(None, None, True, key()), part))
    reading.accounting.check()
    return found, reading


def told(items: list[Found]) -> list[object]:
    """What is found, with prompts as what they hold: where they stand on a tape is nobody's business."""
    out: list[object] = []
    for item in items:
        out.append(item)
        if isinstance(item, Draft):
            prefix = item.request.prefix
            out[-1] = (replace(item, request=None), prefix.digests(), prefix.ids(), replace(item.request, prefix=None))  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.parent.name)
def test_a_file_in_parts_is_the_file(path: Path) -> None:
    found, reading = whole(path)
    apart, same = in_parts(path, 700)
    assert told(apart) == told(found)
    assert same.accounting.total == reading.accounting.total
    assert same.intern.tape.segments == reading.intern.tape.segments
    assert [same.intern.texts.get(each.id) for each in same.intern.tape.segments] == [
        reading.intern.texts.get(each.id) for each in reading.intern.tape.segments
    ]
    assert (same.recognised, same.unrecognised, same.skipped, same.passed_over) == (
        reading.recognised,
        reading.unrecognised,
        reading.skipped,
        reading.passed_over,
    )


def test_every_format_that_is_cut_between_lines_is_one_of_lines() -> None:
    assert {named(name, FORMATS).container for name in BY_LINES} == {"lines"}


def test_only_what_a_prompt_needs_goes_along() -> None:
    found, reading = whole(ROOT / "fixtures" / "demo" / "demo.jsonl")
    drafts = [item for item in found if isinstance(item, Draft)]
    some = drafts[len(drafts) // 2 :]
    intern = Interner()
    again = unpack(pack(some, reading.intern), intern)
    assert told(again) != told(list(some))  # ids are other ones
    assert [each.request.prefix.digests() for each in again] == [each.request.prefix.digests() for each in some]
    needed = {digest for each in some for digest in each.request.prefix.digests()}
    assert {segment.ordered for segment in intern.tape.segments} == needed
    assert len(needed) < len({segment.ordered for segment in reading.intern.tape.segments})
