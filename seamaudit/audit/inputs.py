"""The inputs of a run, held open, and what became of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from seamaudit.config import Settings
from seamaudit.errors import InputError, UsageError
from seamaudit.findings import Accounting, Skipped
from seamaudit.ingest.detect import named
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.formats.base import Format
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS, mapped
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import Discovery, SkipReason, discover
from seamaudit.ingest.unknown import described
from seamaudit.trace import Exchange

Progress = Callable[[int], None]
"""Told the stored bytes of every read."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is read, by whom, and the texts that were met; `mapped` says that a person's mapping tells how."""

    discovery: Discovery
    reader: Reader
    reading: Reading
    intern: Interner
    mapped: bool = False

    def suite_of(self, settings: Settings) -> Callable[[Exchange], str]:
        """Names the eval suite of an exchange, as the settings declare it."""
        sources = self.discovery.sources
        return lambda exchange: settings.suite_of(exchange, sources[exchange.locus.source].path)

    def refuse_unrecognised(self) -> None:
        """Nothing audited never looks like clean."""
        total = self.reading.accounting.total
        if self.mapped and total.rejected and not total.records:
            hint = "In none of its records does anything stand where the mapping looks for the request, the messages or the usage."
            raise InputError("the mapping finds no call in the recording", hint)
        if self.reading.recognised:
            return
        known = ", ".join(each.name for each in FORMATS)
        if self.reading.unrecognised:
            names = ", ".join(repr(source.path) for source in self.reading.unrecognised[:3])
            seen = described(self.reader.head(self.reading.unrecognised[0]))
            hint = f"Known formats: {known}. Force one with --input-format, or map your own with --mapping."
            if self.mapped:
                hint = "A mapping reads JSON lines and JSON documents."
            raise InputError(f"not a recording in a known format: {names}", f"{seen} {hint}".strip())
        raise InputError("no recording found in the given paths", "Name a .jsonl file, or a directory that holds some.")

    def formats(self) -> dict[int, Format]:
        """The format each source was read in."""
        return {index: named(name, self.reading.formats) for index, name in self.reading.recognised.items()}

    def accounting(self) -> Accounting:
        """Every byte, line and record: what became of it."""
        total = self.reading.accounting.total
        return Accounting(total.bytes, total.lines, total.records, total.rejected, total.oversize, total.blank)

    def skipped(self) -> tuple[Skipped, ...]:
        """What was not read, and why."""
        unread = [Skipped(source.path, SkipReason.UNRECOGNISED.value, explicit=True) for source in self.reading.unrecognised]
        walked = [Skipped(item.path, item.reason.value) for item in (*self.discovery.skipped, *self.reading.skipped)]
        others = "that the mapping passes over" if self.mapped else "of other endpoints than a model's"
        passed = [Skipped(path, f"{count} records {others}") for path, count in self.reading.passed_over.items()]
        return (*unread, *walked, *passed)


@contextmanager
def opened(paths: Sequence[str], settings: Settings, progress: Progress | None) -> Iterator[Inputs]:
    """The inputs behind `paths`, held open for a second pass over them. Raises UsageError for a format and a mapping at once."""
    if settings.input_format and settings.mapping:
        raise UsageError("--input-format and --mapping contradict each other", "A mapping is a format of its own.")
    discovery = discover(paths)
    reader = Reader()
    intern = Interner(elider=Elider() if settings.elide else None)
    forced = named(settings.input_format, FORMATS) if settings.input_format else None
    formats = mapped(settings.mapping) if settings.mapping else FORMATS
    try:
        reading = Reading(reader, formats, intern, forced=forced, progress=progress)
        with _uncollected():
            yield Inputs(discovery, reader, reading, intern, mapped=settings.mapping is not None)
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
