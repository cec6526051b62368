"""`seamaudit facts`: everything the layers measured, as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seamaudit.cli.config import MappingOption, PricesOption
from seamaudit.cli.workers import ExecutorOption, JobsOption

EXAMPLES = """
\b
Examples:
  seamaudit facts traces.jsonl -o facts/
  seamaudit query "select model, sum(usd) from spend group by model" facts/

\b
Exit codes:
  0  everything was read
  2  could not run as asked
  3  an input was not recognised, or lines were lost under --strict-input
  4  a defect of seamaudit

One file a table, tables.json beside them says what is in each; any tool that reads Parquet can go on from there. Facts hold ids, names,
counts and places, never what was said. Dollars are exact decimals.
"""


def facts(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Write here; a folder an earlier run wrote is replaced.")],
    prices: PricesOption = None,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    strict_input: Annotated[
        bool | None, typer.Option("--strict-input/--no-strict-input", help="Exit 3 where lines were lost. On by default where CI is set.")
    ] = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Write every fact table as a Parquet file."""
    from seamaudit.audit import measure
    from seamaudit.cli.config import formatted, own_prices
    from seamaudit.cli.cost import verdict
    from seamaudit.cli.output import opened
    from seamaudit.cli.progress import shown
    from seamaudit.cli.scan import in_ci
    from seamaudit.cli.workers import worked_at
    from seamaudit.config import Settings
    from seamaudit.evidence import printable
    from seamaudit.forensics.store import write
    from seamaudit.tables import frames

    settings = formatted(Settings(prices=own_prices(prices)), input_format, mapping)
    with shown(paths, wanted=not no_progress) as advance:
        measured = measure(paths, worked_at(settings, jobs, executor), advance)
    tables = frames(measured.replayed.facts, measured.sources, printable)
    write(tables, output)
    rows = sum(frame.height for frame in tables.values())
    with opened(None) as out:
        out.write(f"{rows:,} facts in {len(tables)} tables.\n")
    raise typer.Exit(verdict(measured, in_ci() if strict_input is None else strict_input))
