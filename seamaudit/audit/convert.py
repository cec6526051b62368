"""Recordings read once and written in another format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.audit.inputs import Inputs, Progress
from seamaudit.audit.replay import drafts
from seamaudit.config import Settings
from seamaudit.convert.atif import Trajectory, chosen
from seamaudit.convert.keep import Keeper
from seamaudit.convert.losses import Losses, differences
from seamaudit.errors import UsageError
from seamaudit.facts import FactBase
from seamaudit.findings import Skipped
from seamaudit.ingest.detect import named
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.duplicates import billed_once
from seamaudit.ingest.formats.atif import Atif
from seamaudit.ingest.formats.base import Format
from seamaudit.ingest.merge import in_order, merge
from seamaudit.ingest.parts import How
from seamaudit.ingest.prints import key
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.shapes import shape_of
from seamaudit.ingest.sources import discover
from seamaudit.trace import Hole, Level, Locus


class Converted(Struct, frozen=True):
    """What a conversion wrote, and what it did not: `lost` counts, by field, calls that had it and could not carry it; `left_out`, by
    reason, calls that were not written; `copies` are records of calls that another record tells of; `lost_lines` are lines of the source
    that could not be read."""

    calls: int
    written: int
    copies: int
    lost_lines: int
    lost: Mapping[str, int]
    left_out: Mapping[str, int]
    formats: Mapping[str, int]
    skipped: tuple[Skipped, ...]


def convert_to_pairs(
    paths: Sequence[str], settings: Settings, out: BinaryIO, progress: Progress | None = None, *, bodiless: bool = False
) -> Converted:
    """Write every call of the recordings behind `paths` to `out`, as pair JSONL in the order of the calls.

    Raises UsageError, before anything is written, where calls have no bodies and `bodiless` does not allow for it; and what `audit`
    raises.
    """
    with _read(paths, settings, progress) as run:
        counted = sum(draft.level is Level.COUNTERS for draft in run.drafts)
        if counted and not bodiless:
            raise UsageError(
                f"{counted} of {len(run.drafts)} calls were recorded without bodies: as pairs they would look like empty prompts",
                "Convert a recording that holds messages, or write them all the same with --without-bodies.",
            )
        written = 0
        for draft in in_order(run.drafts):
            line = run.keeper.line(draft)
            if line:
                out.write(line + b"\n")
                written += 1
        return run.converted(written, run.keeper.losses)


_APART: Final = frozenset(
    ("format", "level", "clock", "lacks", "settings", "sequence", "host", "platform", "api", "conversation", "duration", "dated")
)
"""What a trajectory is no worse for not telling of a call: how it was recorded, and what follows from its other fields."""


def convert_to_atif(
    paths: Sequence[str], settings: Settings, out: BinaryIO, progress: Progress | None = None, *, thread: str = ""
) -> Converted:
    """Write one thread of the recordings behind `paths` to `out`, as an ATIF trajectory.

    Raises UsageError, before anything is written, where there are several threads and none is named, where the thread's prompts are not
    each the one before and more, or where its calls have no bodies; and what `audit` raises.
    """
    with _read(paths, settings, progress) as run:
        by_place = {draft.locus: draft for draft in run.drafts}
        calls = chosen(list(merge(run.drafts)), thread)
        losses, trajectory = Losses(), Trajectory(run.keeper.intern.any_raw)
        for call in calls:
            if call.refused or call.response is None:
                losses.left_out["refused or not answered"] += 1
            else:
                trajectory.add(call, run.keeper.said(call.locus))
        if trajectory.calls:
            data = trajectory.document()
            again = Atif(shape_of).open(run.keeper.intern)(data, Locus(0, 1, 0, len(data)))
            for call, found in zip(trajectory.calls, again, strict=True):
                if isinstance(found, Draft):
                    losses.lost.update(differences(by_place[call.locus], found, _APART, respelled=True))
            out.write(data)
        return replace(run.converted(len(trajectory.calls), losses), calls=len(calls))


class _Run(Struct, frozen=True):
    """What was read: every call once, and what was kept of it."""

    keeper: Keeper
    drafts: Sequence[Draft]
    copies: int
    holes: int
    skipped: tuple[Skipped, ...]

    def converted(self, written: int, losses: Losses) -> Converted:
        """The outcome of writing so many calls."""
        return Converted(
            calls=len(self.drafts),
            written=written,
            copies=self.copies,
            lost_lines=self.holes,
            lost=dict(sorted(losses.lost.items())),
            left_out=dict(sorted(losses.left_out.items())),
            formats=dict(sorted(Counter(draft.format for draft in self.drafts).items())),
            skipped=self.skipped,
        )


@contextmanager
def _read(paths: Sequence[str], settings: Settings, progress: Progress | None) -> Iterator[_Run]:
    """The calls behind `paths`, with what is kept of them while the block lasts."""
    keeper, reader = Keeper(), Reader()
    forced: Format | None = named(settings.input_format, keeper.formats) if settings.input_format else None
    reading = Reading(reader, keeper.formats, keeper.intern, forced=forced, progress=progress, seen=keeper.seen)
    how = How(settings.input_format, settings.mapping, settings.elide, key())
    inputs = Inputs(discover(paths), reader, reading, keeper.intern, how)
    try:
        holes: list[Hole] = []
        found, copies = billed_once(list(drafts(inputs, FactBase(), holes)))
        inputs.refuse_unrecognised()
        yield _Run(keeper, found, len(copies), len(holes), inputs.skipped())
    finally:
        reader.inputs.close()
