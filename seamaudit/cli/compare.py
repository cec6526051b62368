"""`seamaudit compare`: two saved results side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seamaudit.cli.scan import FailOn
from seamaudit.errors import EXIT_CLEAN, EXIT_FINDINGS

if TYPE_CHECKING:
    from seamaudit.cli.sheet import Sheet
    from seamaudit.forensics.compare import Change, Comparison, Side
    from seamaudit.report.base import DocumentV1

HEADINGS = ("Trend", "Code", "Severity", "What", "Before", "Now", "Difference (95 %)")

EXAMPLES = """
\b
Examples:
  seamaudit scan before/ --report json=before.json --fail-on never
  seamaudit scan after/ --report json=after.json --fail-on never
  seamaudit compare before.json after.json

\b
Exit codes:
  0  nothing of --fail-on or above is new, or more frequent beyond doubt
  1  something is
  2  could not run as asked: not a saved result, or one of another version
  4  a defect of seamaudit

Before and now are the shares of calls that a finding touches. more and fewer are said only where the 95 % interval of their
difference does not hold zero; where the runs are too small to tell, the comparison says inconclusive.
"""


def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="What a scan wrote in the json format.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="What a later scan wrote.")],
    fail_on: Annotated[FailOn, typer.Option(help="The least severity that makes the exit code 1.")] = FailOn.MEDIUM,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say what is new, gone, or shows more or less often in the second of two runs."""
    from seamaudit.cli.output import opened
    from seamaudit.cli.report import read
    from seamaudit.cli.sheet import write
    from seamaudit.forensics.compare import compare as compared
    from seamaudit.forensics.compare import document
    from seamaudit.report.base.saved import load

    found = compared(_side(load(read(old))), _side(load(read(new))))
    with opened(None) as out:
        if as_json:
            out.write(json.dumps(document(found), indent=2) + "\n")
        else:
            write(_sheet(found), out)
    raise typer.Exit(verdict(found, fail_on))


def verdict(found: Comparison, fail_on: FailOn) -> int:
    """1 where something at or above `fail_on` is new or more frequent beyond doubt."""
    from seamaudit.findings import Severity
    from seamaudit.forensics.compare import Trend

    if fail_on is FailOn.NEVER:
        return EXIT_CLEAN
    least = Severity(fail_on.value)
    worse = (change for change in found.changes if change.trend in (Trend.NEW, Trend.MORE))
    return EXIT_FINDINGS if any(not change.finding.severity < least for change in worse) else EXIT_CLEAN


def _side(whole: DocumentV1) -> Side:
    """A saved result as one side. Ignored findings take no part; what is about the input, not a call, counts by its occurrences."""
    from seamaudit.findings import Severity
    from seamaudit.forensics.compare import Shown, Side

    shown = tuple(
        Shown(each.code, each.name, Severity(each.severity), each.fingerprint, len(set(each.calls) - {0}) or each.occurrences)
        for each in whole.findings
        if each.status != "ignored"
    )
    summary = whole.summary
    return Side(summary.exchanges, summary.spend.usd, summary.waste.usd, shown)


def _sheet(found: Comparison) -> Sheet:
    from seamaudit.cli.sheet import Sheet

    return Sheet(HEADINGS, 4, tuple(_cells(change, found) for change in found.changes), notes=tuple(_notes(found)))


def _cells(change: Change, found: Comparison) -> tuple[str, ...]:
    finding, interval = change.finding, change.interval
    doubt = "" if change.certain or change.trend.value not in ("new", "gone") else " (may be chance)"
    return (
        change.trend.value + doubt,
        finding.code,
        str(finding.severity),
        finding.name,
        _share(change.before, found.old),
        _share(change.now, found.new),
        f"{interval.low:+.1%} to {interval.high:+.1%}",
    )


def _share(count: int, side: Side) -> str:
    return f"{count:,} of {side.exchanges:,}"


def _notes(found: Comparison) -> list[str]:
    return [_spend("before", found.old), _spend("now", found.new)]


def _spend(when: str, side: Side) -> str:
    each = "cost unknown" if side.each is None or side.usd is None else f"${side.usd:,.4f}, ${side.each:,.6f} a call"
    wasted = "" if side.wasted is None or not side.usd else f", {side.wasted / side.usd:.1%} of it wasted"
    return f"{when.capitalize()}: {side.exchanges:,} calls, {each}{wasted}."
