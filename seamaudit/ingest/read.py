"""The first pass: sources to drafts, with everything that gave none accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from seamaudit.ingest.accounting import Accounting, Tally
from seamaudit.ingest.conform import Conformer
from seamaudit.ingest.detect import detect
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause, lost, resynchronised
from seamaudit.ingest.formats.base import Format, Found, RecordReader, Rejected, WholeFileReader
from seamaudit.ingest.inflate import Meter
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.jsontext import Unparsable
from seamaudit.ingest.reader import Line, Lost, Progress, Reader
from seamaudit.ingest.resync import pieces
from seamaudit.ingest.sources import Skipped, SkipReason
from seamaudit.trace import Locus, Source

Item = Found

_UNPARSABLE: Final = frozenset({Cause.NOT_JSON, Cause.TOO_DEEP, Cause.NOT_FINITE})


class Reading(Struct):
    """One pass over sources: what they hold goes out, the books and what was not recognised stay here.

    `forced` is the format a person named; otherwise each file's first bytes decide among `formats`. `strict` lets a format's
    defects escape (for tests); otherwise they cost one record, cause `reader_error`. `seen` is shown every draft while its record is at
    hand. `passed_over` counts, by path, records of a known format that are calls to other endpoints than a model's: read, and nothing
    to audit.
    """

    reader: Reader
    formats: Sequence[Format]
    intern: Interner
    forced: Format | None = None
    progress: Progress | None = None
    strict: bool = False
    seen: Callable[[Draft], None] | None = None
    accounting: Accounting = field(default_factory=Accounting)
    recognised: dict[int, str] = field(default_factory=dict)
    unrecognised: list[Source] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    passed_over: dict[str, int] = field(default_factory=dict)

    def read(self, sources: Sequence[Source]) -> Iterator[Item]:
        """Drafts, holes and faults of all sources in order. Asserts the books at the end: raises AccountingError."""
        conformer = Conformer(self.intern.schemas, strict=self.strict)
        try:
            for source in sources:
                for item in self._source(source):
                    if self.seen is not None and isinstance(item, Draft):
                        self.seen(item)
                    yield conformer.judged(item) if isinstance(item, Draft) else item
        finally:
            conformer.close()
            self.intern.forget()
        self.accounting.check()

    def _source(self, source: Source) -> Iterator[Item]:
        chosen = self.forced or self._detected(source)
        if chosen is None:
            if source.explicit:
                self.unrecognised.append(source)
            else:
                self.skipped.append(Skipped(source.path, SkipReason.UNRECOGNISED))
            return
        self.recognised[source.index] = chosen.name
        tally, meter = self.accounting.open(source)
        one = _One(chosen.open(self.intern), tally, self.strict)
        for item in self._records(source, chosen, meter):
            yield from one.lost(item) if isinstance(item, Lost) else one.line(item)
        yield from one.close(source)
        if one.passed_over:
            self.passed_over[source.path] = one.passed_over

    def _detected(self, source: Source) -> Format | None:
        head = self.reader.head(source)
        try:
            return detect(head, self.formats)
        except Exception:
            if self.strict:
                raise
            return None

    def _records(self, source: Source, chosen: Format, meter: Meter) -> Iterator[Line | Lost]:
        if chosen.container == "lines":
            return self.reader.lines(source, meter, self.progress)
        return iter((self.reader.document(source, meter, self.progress),))


class _One(Struct):
    """One source's record reader with its books."""

    record: RecordReader
    tally: Tally
    strict: bool
    passed_over: int = 0

    def lost(self, item: Lost) -> Iterator[Item]:
        """Bytes the reader had to let go."""
        self.tally.count("oversize" if item.cause is Cause.OVERSIZE else "rejected", item.length, item.lines)
        yield from lost(item.cause, item.locus, item.lines)

    def line(self, line: Line) -> Iterator[Item]:
        """A line, or a document: its drafts, or why there are none."""
        if not line.data or line.data.isspace():
            self.tally.count("blank", line.length, line.lines)
            return
        found = self._read(line.data, line.locus)
        if not isinstance(found, Cause):
            self.tally.count("records", line.length, line.lines)
            yield from found
        elif found is Cause.OTHER_ENDPOINT:
            self.tally.count("records", line.length, line.lines)
            self.passed_over += 1
        elif found in _UNPARSABLE:
            yield from self._resynchronise(line, found)
        else:
            self.tally.count("rejected", line.length, line.lines)
            yield from lost(found, line.locus, line.lines)

    def close(self, source: Source) -> Iterator[Item]:
        """What only the end of the source can tell; a defect there costs what was not yet given."""
        if not isinstance(self.record, WholeFileReader):
            return
        try:
            yield from self.record.close()
        except (Unparsable, Rejected) as error:
            cause = _cause(error)
        except Exception:
            if self.strict:
                raise
            cause = Cause.READER_ERROR
        else:
            return
        yield from lost(cause, Locus(source.index, 1, 0, self.tally.bytes), self.tally.lines)

    def _resynchronise(self, line: Line, cause: Cause) -> Iterator[Item]:
        """Records that stand back to back, and what is left behind them."""
        parts = pieces(line.data)
        whole = [(line.part(*part), self._read(line.data[slice(*part)], line.part(*part))) for part in parts.values]
        behind = Cause.TRUNCATED_TAIL if parts.unfinished and not line.ended else cause
        if not any(isinstance(found, tuple) for _, found in whole):
            self.tally.count("rejected", line.length, line.lines)
            yield from lost(behind, line.locus, line.lines)
            return
        self.tally.count("records", line.length, line.lines)
        for locus, found in whole:
            yield from lost(found, locus) if isinstance(found, Cause) else found
        if parts.rest < len(line.data):
            yield from lost(behind, line.part(parts.rest, len(line.data)))
        if sum(isinstance(found, tuple) for _, found in whole) > 1:
            yield resynchronised(line.locus, line.lines)

    def _read(self, data: bytes, locus: Locus) -> tuple[Item, ...] | Cause:
        """A record is read whole or not at all."""
        try:
            return tuple(self.record(data, locus))
        except (Unparsable, Rejected) as error:
            return _cause(error)
        except Exception:
            if self.strict:
                raise
            return Cause.READER_ERROR


def _cause(error: Unparsable | Rejected) -> Cause:
    return Cause(error.cause) if error.cause in frozenset(Cause) else Cause.NOT_AN_EXCHANGE
