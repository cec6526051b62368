"""From sources to drafts: what is read, what is lost, and books that balance for any bytes."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest import jsontext
from seamaudit.ingest.accounting import AccountingError, Tally
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, InputFault
from seamaudit.ingest.formats.base import RecordReader, Rejected
from seamaudit.ingest.inflate import Limits
from seamaudit.ingest.inputs import Inputs
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.read import Item, Reading
from seamaudit.ingest.reader import Line, Lost, Reader
from seamaudit.ingest.reread import Rereader
from seamaudit.ingest.sources import Skipped, SkipReason, discover
from seamaudit.trace import Hole, Level, Locus, Prefix, Request, Source, Times

STDIN = Source(0, "-")
DEFAULT = Limits()


@dataclass
class Fake:
    """A format whose exchanges are objects with an `id`, or arrays of such."""

    name: str = "fake"
    container: Literal["lines", "document"] = "lines"
    mark: bytes = b'"id"'
    opened: list[RecordReader] = field(default_factory=list)

    def detect(self, head: bytes) -> int:
        if head.startswith(b"crash"):
            raise RuntimeError("a defect of the format")
        return 50 if self.mark in head else 0

    def open(self, intern: Interner) -> RecordReader:
        def read(data: bytes, locus: Locus) -> Iterator[Draft]:
            value = jsontext.parse(data).value
            for one in value if isinstance(value, list) else [value]:
                if not isinstance(one, dict) or "id" not in one:
                    raise Rejected("not_an_exchange")
                if one["id"] == "crash":
                    raise KeyError(one["id"])
                if one["id"] == "body":
                    raise Rejected("unknown_body")
                yield draft(one["id"], locus, intern)

        self.opened.append(read)
        return read


def draft(name: Any, locus: Locus, intern: Interner) -> Draft:
    request = Request(model=str(name), at="", prefix=Prefix(intern.tape, (), 0))
    return Draft(locus, "fake", Level.MESSAGES, "", "", "", "", request, None, Times())


def reading(data: bytes = b"", limits: Limits = DEFAULT, strict: bool = False, **options: Any) -> Reading:
    fake = Fake(**options)
    return Reading(Reader(limits, Inputs(stdin=io.BytesIO(data))), [fake], Interner(), forced=fake, strict=strict)


def run(data: bytes, **options: Any) -> tuple[list[Item], Tally]:
    pass_ = reading(data, **options)
    with closing(pass_.reader.inputs):
        return list(pass_.read([STDIN])), pass_.accounting.total


def said(items: list[Item]) -> list[str]:
    """Drafts by their id, faults by their cause."""
    out = []
    for item in items:
        if isinstance(item, Draft):
            out.append(item.request.model)
        elif isinstance(item, InputFault):
            out.append(f"{item.cause}{'+' if item.resynchronised else ''}")
    return out


def holes(items: list[Item]) -> list[Hole]:
    return [item for item in items if isinstance(item, Hole)]


def classes(tally: Tally) -> tuple[int, int, int, int]:
    return tally.records, tally.rejected, tally.oversize, tally.blank


@pytest.mark.parametrize(
    ("data", "expected", "counted"),
    [
        (b'{"id":1}\n{"id":2}\n', ["1", "2"], (2, 0, 0, 0)),
        (b'\n  \r\n{"id":1}\n\n', ["1"], (1, 0, 0, 3)),
        (b'{"id":1}', ["1"], (1, 0, 0, 0)),
        (b'{"id":1}\nhello\n{"id":2}\n', ["1", "not_json", "2"], (2, 1, 0, 0)),
        (b'{"id":1}\n{"id":2,"te', ["1", "truncated_tail"], (1, 1, 0, 0)),
        (b'{"id":1}\n{"id":2,"te\n', ["1", "not_json"], (1, 1, 0, 0)),
        (b'{"id":1}\nhello', ["1", "not_json"], (1, 1, 0, 0)),
        (b'{"id":1}{"id":2} [{"id":3},{"id":4}]\n', ["1", "2", "3", "4", "joined_records+"], (1, 0, 0, 0)),
        (b'{"id":1}{"id":2,"te\n', ["1", "not_json"], (1, 0, 0, 0)),
        (b'{"id":1}{"id":2}{"id":3,"te', ["1", "2", "truncated_tail", "joined_records+"], (1, 0, 0, 0)),
        (b'{"id":1}{"summary":2}\n', ["1", "not_an_exchange"], (1, 0, 0, 0)),
        (b'{"summary":1}{"summary":2}\n', ["not_json"], (0, 1, 0, 0)),
        (b'{"summary":1}\n', ["not_an_exchange"], (0, 1, 0, 0)),
        (b'{"id":"body"}\n', ["unknown_body"], (0, 1, 0, 0)),
        (b'{"id":"crash"}\n{"id":2}\n', ["reader_error", "2"], (1, 1, 0, 0)),
        (b'{"id":NaN}\n', ["not_finite"], (0, 1, 0, 0)),
        (b'{"id":' + b"[" * 300 + b"]" * 300 + b"}\n", ["too_deep"], (0, 1, 0, 0)),
        (b'{"id":"' + b"x" * 200 + b'"}\n{"id":2}\n', ["oversize", "2"], (1, 0, 1, 0)),
        (b"[]\n", [], (1, 0, 0, 0)),
        (b"", [], (0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_what_becomes_of_a_line(data: bytes, expected: list[str], counted: tuple[int, int, int, int]) -> None:
    limits = Limits(line=100) if "oversize" in expected else Limits()
    items, tally = run(data, limits=limits)
    assert said(items) == expected
    assert classes(tally) == counted
    assert tally.bytes == len(data)


def test_every_loss_is_a_hole_at_its_bytes_and_nothing_else_is() -> None:
    data = b'{"id":1}\nhello\n{"id":2}{"id":3,"te\n{"id":4}{"id":5}\n'
    items, _ = run(data)
    assert [(hole.cause, data[hole.locus.offset : hole.locus.offset + hole.locus.length]) for hole in holes(items)] == [
        ("not_json", b"hello\n"),
        ("not_json", b'{"id":3,"te'),
    ]
    faults = [item for item in items if isinstance(item, InputFault) and not item.resynchronised]
    assert [fault.bytes for fault in faults] == [6, 11]


def test_records_that_share_a_line_are_found_again_each_at_its_own_place() -> None:
    data = b'\xef\xbb\xbf{"id":1} {"id":2}\r\n'
    pass_ = reading(data)
    drafts = [item for item in pass_.read([STDIN]) if isinstance(item, Draft)]
    again = Rereader(pass_.reader, [STDIN]).read(draft.locus for draft in drafts)
    assert [json.loads(found)["id"] for _, found in again] == [1, 2]
    assert {draft.locus.line for draft in drafts} == {1}
    pass_.reader.inputs.close()


def test_a_record_is_read_whole_or_not_at_all() -> None:
    items, tally = run(b'[{"id":1},{"id":"crash"}]\n')
    assert said(items) == ["reader_error"]
    assert classes(tally) == (0, 1, 0, 0)


def test_a_cut_compressed_input_keeps_what_came_before() -> None:
    noise = random.Random(1)
    lines = b"".join(b'{"id":%d}\n' % noise.randrange(10**9) for _ in range(2000))
    items, tally = run(gzip.compress(lines)[:-20])
    assert said(items)[-1] == "truncated_stream"
    assert tally.records == len(items) - 2 > 1000
    assert tally.rejected == 1


def test_a_document_is_one_record_of_many_lines() -> None:
    items, tally = run(b'[\n{"id":1},\n{"id":2}\n]\n', container="document")
    assert said(items) == ["1", "2"]
    assert {item.locus for item in items if isinstance(item, Draft)} == {Locus(0, 1, 0, 23)}
    assert tally == Tally(bytes=23, lines=4, records=4)


def test_a_lost_document_is_a_fault_of_many_lines() -> None:
    items, tally = run(b'[\n{"id":1},\n', container="document")
    fault = next(item for item in items if isinstance(item, InputFault))
    assert (fault.cause, fault.lines, fault.bytes) == (Cause.NOT_JSON, 2, 12)
    assert classes(tally) == (0, 2, 0, 0)
    items, tally = run(b"[\n\n\n]", container="document", limits=Limits(document=3))
    assert (said(items), classes(tally)) == (["oversize"], (0, 0, 4, 0))


def test_a_reader_that_loses_a_line_is_found_out() -> None:
    class Forgetful(Reader):
        def lines(self, *arguments: Any) -> Iterator[Line | Lost]:
            _, *rest = super().lines(*arguments)
            return iter(rest)

    pass_ = reading(b'{"id":1}\n{"id":2}\n')
    pass_.reader = Forgetful(inputs=pass_.reader.inputs)
    with closing(pass_.reader.inputs), pytest.raises(AccountingError):
        list(pass_.read([STDIN]))


def test_a_defect_of_a_format_shows_where_it_should() -> None:
    with pytest.raises(KeyError):
        run(b'{"id":"crash"}\n', strict=True)
    said_of_bad_input, _ = run(b'nonsense\n{"a":1}\n', strict=True)
    assert said(said_of_bad_input) == ["not_json", "not_an_exchange"]


def test_files_of_no_known_format_are_remembered_or_listed(tmp_path: Path) -> None:
    for name, content in {
        "walked/no.json": b"{}",
        "walked/yes.jsonl": b'{"id":1}\n',
        "named.txt": b"?",
        "empty.jsonl": b"",
        "crash": b"crash",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    found = discover([str(tmp_path / name) for name in ("walked", "named.txt", "empty.jsonl", "crash")])
    pass_ = Reading(Reader(), [Fake()], Interner())
    assert said(list(pass_.read(found.sources))) == ["1"]
    assert [Path(source.path).name for source in pass_.unrecognised] == ["named.txt", "empty.jsonl", "crash"]
    assert pass_.skipped == [Skipped(str(tmp_path / "walked" / "no.json"), SkipReason.UNRECOGNISED)]
    assert pass_.recognised == {1: "fake"}
    with pytest.raises(RuntimeError):
        list(Reading(Reader(), [Fake()], Interner(), strict=True).read(found.sources))


def test_two_formats_that_are_equally_sure_are_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id":1}\n')
    sources = discover([str(path)]).sources
    doubtful = Reading(Reader(), [Fake("a"), Fake("b")], Interner())
    assert list(doubtful.read(sources)) == []
    assert doubtful.unrecognised == list(sources)
    forced = Reading(Reader(), [Fake("a"), Fake("b")], Interner(), forced=Fake("b"))
    assert said(list(forced.read(sources))) == ["1"]


def test_progress_adds_up_to_the_stored_bytes_of_every_pass_over_records(tmp_path: Path) -> None:
    sizes = []
    for name in ("a.jsonl", "b.jsonl.gz"):
        content = b'{"id":1}\n' * 500
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        sizes.append((tmp_path / name).stat().st_size)
    told: list[int] = []
    pass_ = Reading(Reader(), [Fake()], Interner(), progress=told.append)
    list(pass_.read(discover([str(tmp_path)]).sources))
    assert sum(told) == sum(sizes)


WHOLE = b"".join(b'{"id":%d,"text":"%b"}\n' % (n, text) for n, text in enumerate([b"a{b}", b'\\"}{', b"\\ud83d", b"[" * 9, b"\xc3\xa9"]))
SPLICES = st.sampled_from(
    [b"{", b"}", b'"', b"\\", b"\n", b"\r", b"[" * 250, b"\xff", b"\0", b"1e999", b"NaN", b'{"id":7}', b"\xef\xbb\xbf"]
)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), SPLICES | st.binary(max_size=3)), max_size=8))
def test_no_mutation_escapes_or_unbalances_the_books(edits: list[tuple[int, int, bytes]]) -> None:
    data = WHOLE
    for at, cut, splice in edits:
        data = data[:at] + splice + data[at + cut :]
    items, tally = run(data, strict=True, limits=Limits(line=300))
    assert tally.bytes == len(data)
    assert tally.lines == len(data.split(b"\n")) - (not data or data.endswith(b"\n"))
    lost = sum(hole.locus.length for hole in holes(items))
    assert lost <= len(data)


@given(st.binary(max_size=80), st.sampled_from(["lines", "document"]))
def test_no_bytes_at_all_escape(data: bytes, container: Literal["lines", "document"]) -> None:
    run(data, container=container)
