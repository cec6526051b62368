"""`seamaudit cost`: what was spent, by day, session, model or who caused it, by what was sent, and what of it was wasted."""

from __future__ import annotations

import json
from datetime import UTC, date, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from seamaudit.cli.config import ConfigOption, IsolatedOption, MappingOption, PricesOption
from seamaudit.cli.workers import ExecutorOption, JobsOption
from seamaudit.errors import EXIT_CLEAN, EXIT_UNREAD, UsageError

if TYPE_CHECKING:
    from seamaudit.audit import Measured
    from seamaudit.config import Settings
    from seamaudit.forensics.cost import By, Window

KEYS = "day, session, model, app, team, user, key or attempt, or several with commas between; or producer, tool or thing."

EXAMPLES = """
\b
Examples:
  seamaudit cost ~/.claude/projects
  seamaudit cost traces.jsonl --by model
  seamaudit cost logs/ --by day,model --since 2026-01-01 --until 2026-01-31
  seamaudit cost logs/ --by session --json
  seamaudit cost logs/ --by team,user
  seamaudit cost logs/ --waterfall --top 10
  seamaudit cost logs/ --flamegraph bill.speedscope.json --timeline calls.trace.json
  seamaudit cost logs/ --by producer
  seamaudit cost logs/ --by thing --top 20

\b
Exit codes:
  0  everything was read
  2  could not run as asked
  3  an input was not recognised, or lines were lost under --strict-input
  4  a defect of seamaudit

producer, tool and thing say what was in the calls: every token that was billed is assigned to what was sent, a tool
result that was sent again for forty turns with all forty. Text weighs its bytes at a rate fitted to the reported usage;
what no recorded text accounts for is "not recorded".

Waste is what the findings of `seamaudit scan` claim; --waterfall goes from the bill down to what it would have been without
them. A call has more than one attempt where the recording counts them or where its prompt is tried again after a failure.

--prices takes YAML: a `date`, and `models` that each have `model`, `input` and `output`, and may have `cache_read`, `cache_write` (or
`cache_write_5m` and `cache_write_1h`), all in US dollars per million tokens, `search` per thousand, and what the prices are for:
`provider`, `from` (a day), `terms` (batch, flex, priority, fast, us, joined by +), `above` (input tokens of the request).

A flame graph opens at https://www.speedscope.app, a time line at https://ui.perfetto.dev; both stay in your browser.

Input is what no cache read or wrote, so that the four token columns add up. >= marks a figure of which a part is not
recorded; unknown is never counted as 0.
"""


def cost(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")],
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="KEYS", help=KEYS),
    ] = None,
    since: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The first day that counts.")] = "",
    until: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The last day that counts.")] = "",
    waterfall: Annotated[
        bool, typer.Option("--waterfall", help="Show the bill, what each finding would have saved, and the rest.")
    ] = False,
    flamegraph: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the bill as a flame graph for speedscope: app, thread, turn, producer.")
    ] = None,
    timeline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the calls on a time line for Perfetto, with cost and context.")
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="With producer, tool, thing or --waterfall: only the N dearest; 0 for all.")
    ] = 0,
    timezone: Annotated[str, typer.Option(metavar="NAME", help="Where days begin, such as Europe/Berlin.")] = "UTC",
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    prices: PricesOption = None,
    config: ConfigOption = None,
    isolated: IsolatedOption = False,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    strict_input: Annotated[
        bool | None, typer.Option("--strict-input/--no-strict-input", help="Exit 3 where lines were lost. On by default where CI is set.")
    ] = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Add up what recorded calls cost, by the prices of their day, and what caused it. Days are in UTC unless --timezone says otherwise."""
    from seamaudit.audit import follow, measure_cost
    from seamaudit.cli.config import formatted
    from seamaudit.cli.cost_sheet import placed, sheet, waterfall_sheet
    from seamaudit.cli.output import check, opened
    from seamaudit.cli.progress import shown
    from seamaudit.cli.scan import in_ci
    from seamaudit.cli.sheet import write
    from seamaudit.cli.workers import worked_at
    from seamaudit.forensics import cost as told
    from seamaudit.forensics.flamegraph import flamegraph as of_bill
    from seamaudit.forensics.timeline import timeline as of_calls
    from seamaudit.providers.prices import PriceBook

    keys, window = grouping(by or ["day"]), days(since, until, timezone)
    contents = not told.CONTENTS.isdisjoint(keys)
    if contents and waterfall:
        raise UsageError("--waterfall is of calls, not of what is in them", "Leave producer, tool and thing out of --by.")
    settings = worked_at(formatted(_settings(config, isolated, prices), input_format, mapping), jobs, executor)
    if flamegraph and window.bounded:
        raise UsageError("what a producer cost cannot be told by day", "Leave --since and --until out of a flame graph.")
    for file in filter(None, (flamegraph, timeline)):
        check(file, paths)
    with shown(paths, wanted=not no_progress) as advance:
        if contents and not (flamegraph or timeline):
            measured, found = measure_cost(paths, settings, advance, ledger=True), None
        else:
            followed = follow(paths, settings, advance, ledger=contents or flamegraph is not None, keep=timeline is not None)
            measured, found = followed.measured, None if contents else told.wasted(followed.findings, followed.measured.replayed.facts)
            if flamegraph:
                _write_json(flamegraph, of_bill(measured.replayed.facts, measured.sources))
            if timeline:
                _write_json(timeline, of_calls(followed.exchanges, measured.replayed.facts, measured.sources, window))
    facts, said = measured.replayed.facts, str(PriceBook(own=settings.prices))
    table = told.cost_table(facts, keys, window, found.of) if found else told.ledger_table(facts, keys, window, placed(measured), top)
    steps = told.waterfall(table.calls, table.total.sums.usd, found, top) if found and waterfall else None
    with opened(None) as out:
        if as_json:
            data = told.waterfall_document(steps, said) if steps else told.document(table, said)
            out.write(json.dumps(data, indent=2) + "\n")
        else:
            write(waterfall_sheet(steps, table, found, said, measured) if steps and found else sheet(table, found, said, measured), out)
    raise typer.Exit(verdict(measured, in_ci() if strict_input is None else strict_input))


def _settings(config: Path | None, isolated: bool, prices: Path | None) -> Settings:
    """What a scan would be run with, so that waste is what that finds."""
    from seamaudit.cli.config import checked_params, configured
    from seamaudit.config.file import settings_of

    told = configured(config, isolated)
    checked_params(told.params, told.rules)
    return settings_of(told, prices)


def _write_json(path: Path, data: dict[str, Any]) -> None:
    from seamaudit.cli.output import opened

    with opened(path) as out:
        json.dump(data, out, separators=(",", ":"))
        out.write("\n")


def verdict(measured: Measured, strict_input: bool) -> int:
    """The exit code of a run that ended well."""
    lost = measured.accounting.rejected + measured.accounting.oversize
    unread = measured.replayed.exchanges == 0 or any(entry.explicit for entry in measured.skipped)
    return EXIT_UNREAD if unread or (strict_input and lost) else EXIT_CLEAN


def grouping(typed: list[str]) -> list[By]:
    """What to group by, as typed, each key once. Raises UsageError for a key that is none."""
    from seamaudit.catalog.problem import suggestion
    from seamaudit.forensics.cost import By

    known = [str(each) for each in By]
    words = dict.fromkeys(word.strip().lower() for part in typed for word in part.split(",") if word.strip())
    for word in words:
        if word not in known:
            raise UsageError(f'cannot group by "{word}"{suggestion(word, known)}', f"--by takes {', '.join(known)}.")
    return [By(word) for word in words] or [By.DAY]


def days(since: str, until: str, timezone: str) -> Window:
    """The days that count, as typed. Raises UsageError for what is no date or no time zone, and for a window that ends first."""
    from seamaudit.forensics.cost import Window

    first, last = _date(since, "--since"), _date(until, "--until")
    if first and last and last < first:
        raise UsageError("--until is before --since")
    return Window(first, last, _zone(timezone))


def _date(typed: str, option: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise UsageError(f'{option}: "{typed}" is no date', "Write it as YYYY-MM-DD.") from None


def _zone(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f'no time zone is called "{name}"', "Name one like Europe/Berlin, or UTC; a system without time zones needs tzdata."
        ) from None
