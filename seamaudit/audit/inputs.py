"""The inputs of a run, held open, and what became of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct

from seamaudit.audit.parallel import Crew, hired
from seamaudit.audit.stack import Stack
from seamaudit.config import Settings
from seamaudit.errors import InputError, UsageError
from seamaudit.evidence import Evidence, EvidenceRef, collect
from seamaudit.findings import Accounting, Skipped
from seamaudit.ingest.detect import named
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.formats.base import Found
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.parts import How
from seamaudit.ingest.prints import key
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.reread import Rereader
from seamaudit.ingest.sources import Discovery, SkipReason, discover
from seamaudit.ingest.unknown import described
from seamaudit.seams.fixes import Replays

Progress = Callable[[int], None]
"""Told the stored bytes of every read."""


class Inputs(Struct, frozen=True):
    """What is read, by whom and how, the texts that were met, and who else works at it, None where nobody does."""

    discovery: Discovery
    reader: Reader
    reading: Reading
    intern: Interner
    how: How
    crew: Crew | None = None

    def found(self) -> Iterator[Found]:
        """What the sources hold, in order; once."""
        if self.crew is None:
            return self.reading.read(self.discovery.sources)
        return self.crew.read(self.reading, self.discovery.sources, self.how)

    def stack(self, settings: Settings, asked: frozenset[str]) -> Stack:
        """The layers that these inputs are replayed through; `asked` are the tables that are."""
        return Stack(settings, asked, tuple(self.discovery.sources), datetime.now(UTC).date(), key())

    def fixes(self, stack: Stack) -> Replays | None:
        """Replays fixes in other processes, where there are some."""
        return partial(self.crew.fixes, stack, self.intern) if self.crew else None

    def refuse_unrecognised(self) -> None:
        """Nothing audited never looks like clean."""
        total = self.reading.accounting.total
        if self.how.mapping and total.rejected and not total.records:
            hint = "In none of its records does anything stand where the mapping looks for the request, the messages or the usage."
            raise InputError("the mapping finds no call in the recording", hint)
        if self.reading.recognised:
            return
        known = ", ".join(each.name for each in FORMATS)
        if self.reading.unrecognised:
            names = ", ".join(repr(source.path) for source in self.reading.unrecognised[:3])
            seen = described(self.reader.head(self.reading.unrecognised[0]))
            hint = f"Known formats: {known}. Force one with --input-format, or map your own with --mapping."
            if self.how.mapping:
                hint = "A mapping reads JSON lines and JSON documents."
            raise InputError(f"not a recording in a known format: {names}", f"{seen} {hint}".strip())
        raise InputError("no recording found in the given paths", "Name a .jsonl file, or a directory that holds some.")

    def evidence(self, refs: Sequence[EvidenceRef | None], show_content: bool) -> list[Evidence | None]:
        """What the places that are referred to hold, read again."""
        formats = {index: named(name, self.reading.formats) for index, name in self.reading.recognised.items()}
        return collect(refs, Rereader(self.reader, self.discovery.sources), formats, show_content)

    def accounting(self) -> Accounting:
        """Every byte, line and record: what became of it."""
        total = self.reading.accounting.total
        return Accounting(total.bytes, total.lines, total.records, total.rejected, total.oversize, total.blank)

    def skipped(self) -> tuple[Skipped, ...]:
        """What was not read, and why."""
        unread = [Skipped(source.path, SkipReason.UNRECOGNISED.value, explicit=True) for source in self.reading.unrecognised]
        walked = [Skipped(item.path, item.reason.value) for item in (*self.discovery.skipped, *self.reading.skipped)]
        others = "that the mapping passes over" if self.how.mapping else "of other endpoints than a model's"
        passed = [Skipped(path, f"{count} records {others}") for path, count in self.reading.passed_over.items()]
        return (*unread, *walked, *passed, *(self.crew.given_up if self.crew else ()))


@contextmanager
def opened(paths: Sequence[str], settings: Settings, progress: Progress | None) -> Iterator[Inputs]:
    """The inputs behind `paths`, held open for a second pass over them, and the processes that work at them.

    Raises UsageError for a format and a mapping at once.
    """
    if settings.input_format and settings.mapping:
        raise UsageError("--input-format and --mapping contradict each other", "A mapping is a format of its own.")
    discovery = discover(paths)
    reader = Reader()
    intern = Interner(elider=Elider() if settings.elide else None)
    how = How(settings.input_format, settings.mapping, settings.elide, key())
    reading = Reading(reader, how.formats, intern, forced=how.format, progress=progress)
    try:
        with _uncollected(), hired(settings, discovery.sources) as crew:
            yield Inputs(discovery, reader, reading, intern, how, crew)
    finally:
        reader.inputs.close()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: a run leaves a handful of objects in any, and each collection walks all that is kept so far."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
