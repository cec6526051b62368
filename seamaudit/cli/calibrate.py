"""`seamaudit calibrate`: how well the replayed caches predict what was reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from seamaudit.cli.config import MappingOption, formatted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seamaudit.audit import Measured
    from seamaudit.cli.sheet import Cell, Sheet
    from seamaudit.forensics.calibration import Calibration, Fit, Unexplained

HEADINGS = ("Provider", "Model", "Replayed", "Comparable", "Exact", "Within a step", "Provider-side", "Read more", "Unexplained")

EXAMPLES = """
\b
Examples:
  seamaudit calibrate traces.jsonl
  seamaudit calibrate logs/ --json

\b
Exit codes:
  0  everything was read
  2  could not run as asked
  3  an input was not recognised
  4  a defect of seamaudit

A read is comparable where its request repeats the whole turn before it and that turn left something in the cache. Recordings
without whole prompts (sessions of agents) are followed by their usage alone.
"""


def calibrate(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Compare what caches should have read with what providers said they read, by provider and model."""
    from seamaudit.audit import measure_cache
    from seamaudit.cli.cost import verdict
    from seamaudit.cli.output import opened
    from seamaudit.cli.progress import shown
    from seamaudit.cli.sheet import write
    from seamaudit.config import Settings
    from seamaudit.forensics.calibration import calibration, document

    with shown(paths, wanted=not no_progress) as advance:
        measured, calls = measure_cache(paths, formatted(Settings(), input_format, mapping), advance)
    table = calibration(measured.replayed.facts, calls)
    with opened(None) as out:
        if as_json:
            out.write(json.dumps(document(table, measured.sources), indent=2) + "\n")
        else:
            write(_sheet(table, measured), out)
    raise typer.Exit(verdict(measured, strict_input=False))


def _sheet(table: Calibration, measured: Measured) -> Sheet:
    from seamaudit.cli.sheet import Sheet

    return Sheet(
        headings=HEADINGS,
        words=2,
        rows=tuple((fit.provider, fit.model, *_figures(fit)) for fit in table.fits),
        total=("Total", "", *_figures(table.total)),
        notes=tuple(_notes(table, measured)),
    )


def _figures(fit: Fit) -> tuple[Cell, ...]:
    from seamaudit.forensics.calibration import VERDICTS

    return tuple(f"{count:,}" for count in (fit.replayed, fit.comparable, *(fit.verdicts[verdict] for verdict in VERDICTS)))


def _spoken(each: Unexplained) -> str:
    """What speaks of a read that nothing explains."""
    if each.alike:
        others = "1 request" if each.alike == 1 else f"{each.alike:,} requests"
        return f", as much as {others} of other conversations that begin alike: an entry of theirs may have been found"
    return "" if each.promised else "; no document promises this hit"


def _notes(table: Calibration, measured: Measured) -> Iterator[str]:
    """Where each read stands that nothing explains, and what was not read."""
    for each in table.unexplained:
        read = each.read
        where = f"{measured.sources[read.locus.source].path}:{read.locus.line}"
        yield f"Unexplained: {where}: {read.predicted:,} tokens predicted, {read.reported:,} reported{_spoken(each)}."
    for entry in measured.skipped:
        if entry.explicit:
            yield f"Not read: {entry.path} ({entry.reason})."
