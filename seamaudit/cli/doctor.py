"""`seamaudit doctor`: what a recording holds, which rules it can decide, and what to record to open the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from seamaudit.cli.config import ConfigOption, IsolatedOption
from seamaudit.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNREAD, UsageError

if TYPE_CHECKING:
    from seamaudit.audit import Examined

EXAMPLES = """
\b
Examples:
  seamaudit doctor traces.jsonl
  seamaudit doctor ~/.claude/projects
  seamaudit doctor logs/ --json -o doctor.json
  seamaudit doctor logs/ --fail-under 90

\b
Exit codes:
  0  everything was read
  1  less is decidable than --fail-under asks for
  2  could not run as asked
  3  an input was not recognised, no call was found, or lines were lost under --strict-input
  4  a defect of seamaudit

Level says how much of a call is recorded: A its exact bodies, B messages and usage, C counters alone. Clock says what orders calls: wall
time, the recording's own sequence, or nothing.

A rule is decided for a call where the recording holds all that the rule needs of it. Decidable is the mean, over all rules that have
something to check, of the share of calls for which each is decided: a rule that is decided for every call counts 1, one that is for 30 of
40 counts 0.75, one that is blind counts 0. A rule about streams has nothing to check where nothing was streamed.

Not checked is not clean: where a rule is blind, it is silent whatever happened.
"""


def doctor(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")],
    fail_under: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            help="Exit 1 where less than this is decidable: the mean, over all rules with something to check, of the share of calls for "
            "which each can be decided.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to a file.")] = None,
    rules: Annotated[list[Path] | None, typer.Option("--rules", metavar="DIR", help="Also ask for the rules in this directory.")] = None,
    config: ConfigOption = None,
    isolated: IsolatedOption = False,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    strict_input: Annotated[
        bool | None, typer.Option("--strict-input/--no-strict-input", help="Exit 3 where lines were lost. On by default where CI is set.")
    ] = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Say what recordings hold, which rules can be decided from them, which are blind, and what to record to open these."""
    from seamaudit.audit import examine
    from seamaudit.cli.config import configured, formatted
    from seamaudit.cli.doctor_page import write
    from seamaudit.cli.output import check, opened
    from seamaudit.cli.progress import shown
    from seamaudit.cli.scan import in_ci
    from seamaudit.config.file import settings_of
    from seamaudit.forensics.doctor import document

    if fail_under is not None and not 0 <= fail_under <= 100:
        raise UsageError(f"--fail-under {fail_under:g} is no percentage", "Name one from 0 to 100.")
    check(output, paths)
    told = configured(config, isolated)
    settings = replace(formatted(settings_of(told), input_format, None), rules_dirs=(*told.rules, *(rules or ())))
    with shown(paths, wanted=not no_progress) as advance:
        found = examine(paths, settings, advance)
    with opened(output) as out:
        if as_json:
            data = document(found.diagnosis, found.survey, found.formats, found.records, found.sources, found.skipped)
            out.write(json.dumps(data, indent=2) + "\n")
        else:
            write(found, out)
    strict = next(each for each in (strict_input, told.strict_input, in_ci()) if each is not None)
    raise typer.Exit(verdict(found, fail_under, strict))


def verdict(found: Examined, fail_under: float | None, strict_input: bool) -> int:
    """The exit code: too little to decide by comes before what was not read."""
    decidable = found.diagnosis.decidable
    if fail_under is not None and decidable is not None and 100 * decidable < fail_under:
        return EXIT_FINDINGS
    lost = found.accounting.rejected + found.accounting.oversize
    if not found.survey.total.calls or any(entry.explicit for entry in found.skipped) or (strict_input and lost):
        return EXIT_UNREAD
    return EXIT_CLEAN
