"""`seamaudit report`: a saved result again, in any format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from seamaudit.cli.formats import OutputFormat
from seamaudit.errors import EXIT_CLEAN, UsageError

MOST_BYTES = 1 << 30
"""A saved result that is larger is none."""

EXAMPLES = """
\b
Examples:
  seamaudit scan traces.jsonl --report json=results.json
  seamaudit report results.json
  seamaudit report results.json --output-format markdown
  seamaudit report results.json --report sarif=seamaudit.sarif --report html=seamaudit.html

\b
Exit codes:
  0  written; the verdict was the scan's
  2  could not run as asked: not a saved result, or one of another version
  4  a defect of seamaudit
"""


def report(
    result: Annotated[Path, typer.Argument(metavar="RESULTS.json", help="What a scan wrote in the json format, or - for standard input.")],
    output_format: Annotated[OutputFormat, typer.Option(help="How to write the report.")] = OutputFormat.FULL,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the report to a file.")] = None,
    reports: Annotated[
        list[str] | None, typer.Option("--report", metavar="FORMAT=PATH", help="Write the report to a file too; may be repeated.")
    ] = None,
) -> None:
    """Render a saved result of a scan in another format, without the trace."""
    from seamaudit.cli.formats import check, copies, write
    from seamaudit.report.base.saved import load

    others = copies(reports or ())
    check(output, others, [str(result)])
    write(load(read(result)), output_format, output, others)
    raise typer.Exit(EXIT_CLEAN)


def read(path: Path) -> bytes:
    """The bytes of a saved result, or of standard input for `-`. Raises UsageError where there are none, or too many."""
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror or 'input/output error'}", "Name what a scan wrote.") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"{str(path)!r} is larger than any saved result", "Name what a scan wrote.")
    return data
