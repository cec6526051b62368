"""`seamaudit whatif`: what the same content would have cost, sent as the fixes advise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seamaudit.cli.config import MappingOption, formatted
from seamaudit.cli.workers import ExecutorOption, JobsOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seamaudit.audit import Supposed
    from seamaudit.cli.sheet import Cell, Sheet
    from seamaudit.forensics.whatif import WhatIf
    from seamaudit.seams.fixes import Outcome

HEADINGS = ("Layout", "Edit", "Input", "Cache read", "Cache write", "Plain", "Hit rate", "Cost (USD)", "Saved (USD)")

EXAMPLES = """
\b
Examples:
  seamaudit whatif traces.jsonl
  seamaudit whatif logs/ --fix CA001,CA014
  seamaudit whatif traces.jsonl --json

\b
Exit codes:
  0  everything was read
  2  could not run as asked
  3  an input was not recognised
  4  a defect of seamaudit

Nothing that is sent changes: only its order, its markers and when it is sent. All but the first row is predicted by
replaying the caches, not measured; the last line says how much of the recording the same replay reproduces. The floor
reads every block that was sent before and pays for writing none: no layout can cost less.
"""


def whatif(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")],
    fix: Annotated[
        list[str] | None, typer.Option("--fix", metavar="CODES", help="Only the fixes of these rules, with commas between.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    rules: Annotated[list[Path] | None, typer.Option("--rules", metavar="DIR", help="Also judge by the rules in this directory.")] = None,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Replay the caches with each fix, with all of them, and say what no layout could go below."""
    from seamaudit.audit import suppose
    from seamaudit.cli.cost import verdict
    from seamaudit.cli.output import opened
    from seamaudit.cli.progress import shown
    from seamaudit.cli.sheet import write
    from seamaudit.cli.workers import worked_at
    from seamaudit.config import Settings
    from seamaudit.forensics.whatif import document

    codes = list(dict.fromkeys(code.strip().upper() for each in fix or () for code in each.split(",") if code.strip()))
    settings = formatted(Settings(rules_dirs=tuple(rules or ())), input_format, mapping)
    with shown(paths, wanted=not no_progress) as advance:
        supposed = suppose(paths, worked_at(settings, jobs, executor), codes, advance)
    with opened(None) as out:
        if as_json:
            out.write(json.dumps(document(supposed.result), indent=2) + "\n")
        else:
            write(_sheet(supposed), out)
    raise typer.Exit(verdict(supposed.measured, strict_input=False))


def _sheet(supposed: Supposed) -> Sheet:
    from seamaudit.cli.sheet import Sheet

    result = supposed.result
    if not result.actual.requests:
        return Sheet(headings=(), words=0, rows=(), notes=tuple(_notes(supposed)))
    rows = [("Actual", "", *_cells(result, result.actual))]
    rows += ((each.code, str(each.mend).replace("_", " "), *_cells(result, each.outcome)) for each in result.fixes)
    if result.fixes:
        rows.append(("All together", "", *_cells(result, result.together)))
    rows.append(("Floor", "", *_cells(result, result.floor)))
    return Sheet(headings=HEADINGS, words=2, rows=tuple(rows), notes=tuple(_notes(supposed)))


def _cells(result: WhatIf, outcome: Outcome) -> tuple[Cell, ...]:
    from seamaudit.trace import to_usd

    saved = result.saved(outcome)
    tokens = (f"{count:,}" for count in (outcome.input, outcome.read, outcome.written, outcome.plain))
    usd = ("unknown" if amount is None else f"{to_usd(amount):,.4f}" for amount in (outcome.usd, saved))
    return (*tokens, f"{100 * outcome.hit_rate:.1f} %", *usd)


def _notes(supposed: Supposed) -> Iterator[str]:
    result, measured = supposed.result, supposed.measured
    requests, others = result.actual.requests, measured.replayed.exchanges - result.actual.requests
    if not requests:
        yield "No request can be replayed: none is recorded whole, or none of their caches follows documented rules."
    elif not result.fixes and not result.unreplayed:
        yield "Nothing was found that another layout would mend."
    for code in result.unreplayed:
        yield f"{code} was found where no prompt is recorded whole: its fix cannot be replayed."
    for code in result.absent:
        yield f"{code} was not found in this recording."
    for each in result.fixes:
        if not each.taken:
            yield f"{each.code} saves nothing by itself and is no part of all together."
    if requests and others:
        yield f"Left out, as they have no cache that can be replayed: {others:,} of {measured.replayed.exchanges:,} requests."
    if result.actual.priced < requests:
        yield f"Without a price: {requests - result.actual.priced:,} of {requests:,} requests."
    if result.comparable:
        reproduced = f"{result.reproduced:,} of {result.comparable:,}"
        yield f"Predicted by replay, not measured: the model reproduces {reproduced} recorded requests."
    for entry in measured.skipped:
        if entry.explicit:
            yield f"Not read: {entry.path} ({entry.reason})."
