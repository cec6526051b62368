"""`seamaudit query`: a person's own SQL over the facts."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from seamaudit.cli.config import MappingOption, PricesOption
from seamaudit.cli.workers import ExecutorOption, JobsOption

if TYPE_CHECKING:
    from seamaudit.forensics.query import Answer

EXAMPLES = """
\b
Examples:
  seamaudit query "select model, count(*) as calls, sum(usd) as usd from spend where priced group by model order by usd desc" traces.jsonl
  seamaudit query "select name, sum(usd) as usd from ledger where producer = 'tool_result' group by name" traces.jsonl
  seamaudit query "select * from cache_breaks where rewritten_tokens > 10000" facts/ --output-format csv
  seamaudit query "show tables" traces.jsonl

\b
Exit codes:
  0  everything was read
  2  could not run as asked, or the SQL is wrong
  3  an input was not recognised
  4  a defect of seamaudit

PATH are traces, or one folder that `seamaudit facts` wrote. docs/facts.md lists the tables and their columns; a place stands in the
columns file, line and pointer. The SQL is that of polars. It is yours: it can read whatever files you can.
"""


class Output(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT statement.")],
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Traces, or one folder that `seamaudit facts` wrote.")],
    output_format: Annotated[Output, typer.Option(help="table, json or csv.")] = Output.TABLE,
    prices: PricesOption = None,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Ask the facts in SQL."""
    from seamaudit.audit import measure
    from seamaudit.cli.config import formatted, own_prices
    from seamaudit.cli.cost import verdict
    from seamaudit.cli.output import opened
    from seamaudit.cli.progress import shown
    from seamaudit.cli.workers import worked_at
    from seamaudit.config import Settings
    from seamaudit.errors import UsageError
    from seamaudit.evidence import printable
    from seamaudit.forensics.query import query as ask
    from seamaudit.forensics.store import is_store, read
    from seamaudit.tables import frames

    if os.path.exists(sql):
        raise UsageError("the SQL comes before the traces", 'seamaudit query "select ..." traces.jsonl')
    code = 0
    if len(paths) == 1 and is_store(Path(paths[0])):
        tables = read(Path(paths[0]))
    else:
        settings = formatted(Settings(prices=own_prices(prices)), input_format, mapping)
        with shown(paths, wanted=not no_progress) as advance:
            measured = measure(paths, worked_at(settings, jobs, executor), advance)
        tables, code = frames(measured.replayed.facts, measured.sources, printable), verdict(measured, strict_input=False)
    found = ask(sql, tables)
    with opened(None) as out:
        _write(found, output_format, out)
    raise typer.Exit(code)


def _write(found: Answer, output: Output, out: TextIO) -> None:
    from seamaudit.cli.sheet import Sheet, write

    if output is Output.CSV:
        out.write(found.csv())
    elif output is Output.JSON:
        out.write(found.json() + "\n")
    else:
        names, words, rows = found.ordered()
        write(Sheet(names, words, rows), out)
