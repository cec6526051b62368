"""Reading in parts: sources cut into pieces of work that need nothing of each other, and what each gave put together again.

A part is some whole sources, or the lines of one that begin in a range of its bytes. What is told of all parts in their order is what is
told of the sources by one reading.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from seamaudit.ingest.accounting import Accounting
from seamaudit.ingest.detect import detect, named
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.faults import Cause, lost
from seamaudit.ingest.formats.base import Format, Found
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS, mapped
from seamaudit.ingest.logmap import LogMap
from seamaudit.ingest.packed import pack, unpack
from seamaudit.ingest.prints import adopt
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.remote import is_remote
from seamaudit.ingest.remote import size as remote_size
from seamaudit.ingest.span import Span
from seamaudit.trace import Locus, Prefix, Source

BY_LINES: Final = frozenset({"pairs", "claude-trace", "litellm", "helicone", "batch"})
"""Formats whose lines tell of their calls each by itself, so that a file of them can be cut between any two."""
PACKED_RATIO: Final = 8
"""How many times its size a compressed source is guessed to hold."""


class Part(Struct, frozen=True):
    """A piece of work: sources to be read, the one source in part where there is a `span`; `weight` is how many bytes that is, about."""

    sources: tuple[Source, ...]
    weight: int
    span: Span | None = None


class How(Struct, frozen=True):
    """How parts are read: the `forced` format or the `mapping`, if a person named one, whether repeats are left out of decoding (`elide`),
    and the `key` of the run's prints."""

    forced: str | None
    mapping: LogMap | None
    elide: bool
    key: int

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats that may be met."""
        return mapped(self.mapping) if self.mapping else FORMATS

    @property
    def format(self) -> Format | None:
        """The one format that every source is taken for. Raises UsageError for a name that no format has."""
        return named(self.forced, FORMATS) if self.forced else None


def weigh(source: Source) -> int:
    """About how many bytes there are to read. Raises OSError where the source has no size: it is a pipe, or gone."""
    if is_remote(source.path):
        size = remote_size(source.path)
    else:
        info = os.stat(source.path)
        if not stat.S_ISREG(info.st_mode):
            raise OSError
        size = info.st_size
    return size * PACKED_RATIO if source.compression else size


def divide(sources: Sequence[Source], reader: Reader, how: How, size: int) -> Iterator[Part]:
    """The sources in parts of about `size` bytes, in order. Raises OSError where a source has no size."""
    bundle: list[Source] = []
    weight = 0
    for source in sources:
        own = weigh(source)
        if own > size and not source.compression and _is_by_lines(source, reader, how):
            if bundle:
                yield Part(tuple(bundle), weight)
            bundle, weight = [], 0
            cuts = range(0, own, size)
            yield from (Part((source,), size, Span(at, at + size if at + size < own else None)) for at in cuts)
            continue
        bundle.append(source)
        weight += own
        if weight >= size:
            yield Part(tuple(bundle), weight)
            bundle, weight = [], 0
    if bundle:
        yield Part(tuple(bundle), weight)


def _is_by_lines(source: Source, reader: Reader, how: How) -> bool:
    try:
        chosen = how.format or detect(reader.head(source), how.formats)
    except Exception:  # whoever reads it will say so
        return False
    return chosen is not None and chosen.name in BY_LINES


def read_part(how: How, part: Part) -> bytes:
    """Read one part, packed for `Readings`. It may be read any number of times, anywhere."""
    adopt(how.key)
    log: list[tuple[str, Prefix]] = []
    intern = Interner(elider=Elider() if how.elide else None, log=lambda base, prefix: log.append((base, prefix)))
    reader = Reader(span=part.span)
    reading = Reading(reader, how.formats, intern, forced=how.format)
    try:
        found = list(reading.read(part.sources))
    finally:
        reader.inputs.close()
    books = (reading.accounting, reading.recognised, reading.unrecognised, reading.skipped, reading.passed_over)
    return pack((found, books, intern.parsed_bytes), intern, log)


class Readings(Struct):
    """Puts together what parts gave, in their order: on the interner and in the books of one reading, as if it had read them itself."""

    whole: Reading

    def take(self, part: Part, data: bytes) -> Sequence[Found]:
        """What a part held."""
        found, books, parsed = unpack(data, self.whole.intern, lines=self._before(part))
        accounting, recognised, unrecognised, skipped, passed_over = books
        self.whole.intern.parsed_bytes += parsed
        self.whole.accounting.join(accounting)
        if self.whole.progress:
            self.whole.progress(sum(meter.stored for meter in accounting.meters.values()))
        self.whole.recognised |= recognised
        self.whole.unrecognised += unrecognised
        self.whole.skipped += skipped
        for path, count in passed_over.items():
            self.whole.passed_over[path] = self.whole.passed_over.get(path, 0) + count
        result: Sequence[Found] = found
        return result

    def give_up(self, part: Part) -> Iterator[Found]:
        """What is told of a part that nobody could read: where it stands, so that the books hold it."""
        reader = Reader(self.whole.reader.limits, self.whole.reader.inputs, part.span)
        for source in part.sources:
            accounting, before = Accounting(), self._before(part)
            tally, meter = accounting.open(source)
            places = [each.locus for each in reader.lines(source, meter)]
            tally.count("rejected", meter.size, meter.lines)
            self.whole.accounting.join(accounting)
            if places:
                where = Locus(source.index, places[0].line + before, places[0].offset, meter.size)
                yield from lost(Cause.WORKER_DIED, where, meter.lines)

    def _before(self, part: Part) -> int:
        """Lines of the part's source that earlier parts held."""
        meter = self.whole.accounting.meters.get(part.sources[0].index) if part.span else None
        return meter.newlines if meter else 0
