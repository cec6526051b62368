"""`seamaudit convert`: recordings written in another format, and what was lost on the way."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seamaudit.errors import EXIT_CLEAN, EXIT_UNREAD, UsageError

if TYPE_CHECKING:
    from seamaudit.audit import Converted

EXAMPLES = """
\b
Examples:
  seamaudit convert session.jsonl -o pairs.jsonl
  seamaudit convert traces/ --to pairs | gzip > pairs.jsonl.gz
  seamaudit convert pairs.jsonl --to atif -o trajectory.json
  seamaudit convert spend.json --without-bodies --json -o pairs.jsonl

\b
Exit codes:
  0  everything that was read is written
  2  could not run as asked: what is recorded does not suffice for the format
  3  an input was not recognised, or holds no call
  4  a defect of seamaudit

Bodies that were recorded as they were sent are carried byte for byte, line breaks between tokens aside. Others are spelled in the
words they were read in, Chat Completions' or Messages'; the member recorded_as of a line says so, and a scan of it checks no more
than it would have checked of the source. A call that several recorders tell of is written once.
"""


SHOWN = 5
"""Inputs that were not read and are named; a directory may hold many."""


class Target(StrEnum):
    """What is written."""

    PAIRS = "pairs"
    ATIF = "atif"


def convert(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Recordings: files, directories, globs, or - for standard input.")],
    to: Annotated[Target, typer.Option(help="Pairs of request and response a line, or one ATIF trajectory.")] = Target.PAIRS,
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="Where to; - is standard output.")] = "-",
    thread: Annotated[str, typer.Option(metavar="ID", help="With atif: the thread to write, where there are several.")] = "",
    without_bodies: Annotated[
        bool, typer.Option("--without-bodies", help="Write calls of which only counters are known, too, with empty bodies.")
    ] = False,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say what was lost as JSON: on standard output, or on standard error where the calls go there.")
    ] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing of what was lost.")] = False,
) -> None:
    """Write recordings in another format, every call once, and say what of them that format cannot hold."""
    from seamaudit.audit import convert_to_atif, convert_to_pairs
    from seamaudit.cli.output import check, opened
    from seamaudit.cli.progress import shown, tell
    from seamaudit.config import Settings

    if (thread and to is Target.PAIRS) or (without_bodies and to is Target.ATIF):
        raise UsageError("--thread is an option of --to atif, --without-bodies one of --to pairs", "Leave it out.")
    path = None if output == "-" else Path(output)
    check(path, paths)
    settings = Settings(input_format=input_format)
    with shown(paths, wanted=not (no_progress or quiet)) as advance, opened(path) as out:
        if to is Target.ATIF:
            done = convert_to_atif(paths, settings, out.buffer, advance, thread=thread)
        else:
            done = convert_to_pairs(paths, settings, out.buffer, advance, bodiless=without_bodies)
    if as_json:
        (sys.stderr if path is None else sys.stdout).write(json.dumps(_document(done), indent=2) + "\n")
    elif not quiet:
        tell(_lines(done))
    unread = not done.calls or any(each.explicit for each in done.skipped)
    raise typer.Exit(EXIT_UNREAD if unread else EXIT_CLEAN)


def _document(done: Converted) -> dict[str, object]:
    return {
        "calls": done.calls,
        "written": done.written,
        "copies": done.copies,
        "formats": done.formats,
        "lost": done.lost,
        "left_out": done.left_out,
        "lost_lines": done.lost_lines,
        "skipped": [{"path": each.path, "reason": each.reason, "explicit": each.explicit} for each in done.skipped],
    }


def _lines(done: Converted) -> Iterator[str]:
    yield f"{done.written:,} of {done.calls:,} calls written ({', '.join(done.formats) or 'none found'})"
    if done.copies:
        yield f"{done.copies:,} records of calls that another record tells of are not written again"
    if done.lost_lines:
        yield f"{done.lost_lines:,} lines could not be read: what is written does not show that something is missing there"
    for name, count in done.left_out.items():
        yield f"left out: {count:,} calls, {name}"
    for name, count in done.lost.items():
        yield f"lost: {name} of {count:,} calls"
    for each in done.skipped[:SHOWN]:
        yield f"not read: {each.path} ({each.reason})"
    if len(done.skipped) > SHOWN:
        yield f"not read: {len(done.skipped) - SHOWN:,} more, which --json lists"
    if done.written and not done.lost and not done.left_out:
        yield "nothing of them was lost"
