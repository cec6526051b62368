"""`seamaudit baseline`: what is known, so that only what is new fails a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from seamaudit.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNREAD, UsageError

if TYPE_CHECKING:
    from seamaudit.baseline import Applied, Baseline, Entry
    from seamaudit.findings import Report

app = typer.Typer(help="Keep what is known in a file, so that only what is new fails a run.", no_args_is_help=True, rich_markup_mode=None)

Paths = Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")]
File = Annotated[Path, typer.Option("--baseline", metavar="FILE", help="The baseline's file.")]
Rules = Annotated[list[Path] | None, typer.Option("--rules", metavar="DIR", help="Add a catalog of your own; may be repeated.")]
Held = Annotated[Path, typer.Argument(metavar="FILE", help="The baseline's file.")]
DEFAULT = Path("seamaudit-baseline.json")


class Verdict(StrEnum):
    """What a person may decide about an entry."""

    ACCEPTED = "accepted"
    FALSE_ALARM = "false_alarm"
    TO_FIX = "to_fix"


@app.command()
def create(
    paths: Paths,
    baseline: File = DEFAULT,
    rules: Rules = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why these findings are lived with.")] = "",
) -> None:
    """Take every finding of a run for known. A file that is there already is left alone."""
    from seamaudit.baseline import created, held, save

    if baseline.exists():
        raise UsageError(f"{str(baseline)!r} is there already", "`seamaudit baseline update` brings it up to date.")
    report = _audited(paths, rules)
    with held(baseline):
        save(made := created(report, reason), baseline)
    _say(f"{len(made.entries)} findings are known in {str(baseline)!r}.")


@app.command()
def update(paths: Paths, baseline: File = DEFAULT, rules: Rules = None) -> None:
    """Add a run's new findings and take over its counts. Reasons, days and verdicts stay, and so do entries that did not show."""
    from seamaudit.baseline import updated

    before, after = _changed(baseline, _audited(paths, rules), updated)
    _say(f"{len(after.entries)} findings are known, {len(after.entries.keys() - before.entries.keys())} of them new.")


@app.command()
def prune(paths: Paths, baseline: File = DEFAULT, rules: Rules = None) -> None:
    """Remove entries that a run no longer shows. Nothing else does."""
    from seamaudit.baseline import pruned

    before, after = _changed(baseline, _audited(paths, rules), pruned)
    _say(f"{len(after.entries)} findings are known, {len(before.entries) - len(after.entries)} were removed.")


@app.command()
def show(file: Held = DEFAULT) -> None:
    """List what a baseline holds."""
    from seamaudit.baseline import load

    _list(load(file).entries.values())


@app.command()
def audit(
    file: Held = DEFAULT,
    fingerprint: Annotated[str, typer.Argument(metavar="[FINGERPRINT]", help="An entry, by how its fingerprint begins.")] = "",
    verdict: Annotated[Verdict | None, typer.Option(help="accepted, false_alarm or to_fix.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")] = None,
    expires: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The last day on which it is known.")] = "",
) -> None:
    """Say what is to become of an entry; without one, list those of which nobody has said anything."""
    from seamaudit.baseline import Opinion, held, judged, load, save

    if not fingerprint:
        _list(entry for entry in load(file).entries.values() if entry.opinion is Opinion.OPEN)
        return
    opinion = Opinion(verdict.value) if verdict else None
    day = _day(expires)
    with held(file):
        save(judged(load(file), fingerprint, opinion, reason, day), file)
    _say("Noted.")


def applied(report: Report, path: Path) -> Applied:
    """A report against the baseline in a file, on today's date (UTC)."""
    from seamaudit.baseline import apply, load

    return apply(report, load(path), _today())


def _today() -> date:
    return datetime.now(UTC).date()


def settled(code: int, found: Applied, strict_baseline: bool, strict_input: bool) -> int:
    """The exit code of a run that had `code` without its baseline's own complaints."""
    if code != EXIT_CLEAN:
        return code
    if strict_baseline and found.stale:
        return EXIT_FINDINGS
    return EXIT_UNREAD if strict_input and found.blind else code


def of_baseline(found: Applied) -> list[str]:
    """What a person should know of the baseline beside the findings: entries that are stale or past their day, rules gone blind."""
    lines = []
    if found.stale:
        gone = f"{_entries(len(found.stale))} of the baseline did not show: {_named(found.stale)}."
        lines.append(f"{gone} `seamaudit baseline prune` removes what is mended.")
    if found.expired:
        lines.append(f"{_entries(len(found.expired))} of the baseline past the day set: {_named(found.expired)}.")
    lines += [
        f"{each.code} has gone blind: undecided for {each.now:.0%} of the calls, {each.before:.0%} when the baseline was made."
        for each in found.blind
    ]
    return lines


def _audited(paths: list[str], rules: list[Path] | None) -> Report:
    """A run by the project's config; what it ignores is not the baseline's to know."""
    from seamaudit.audit import audit as run
    from seamaudit.cli.config import checked_params, configured
    from seamaudit.cli.progress import shown
    from seamaudit.cli.workers import worked_at
    from seamaudit.config.file import settings_of
    from seamaudit.suppress import suppress

    told = configured(None, isolated=False)
    catalogs = (*told.rules, *(rules or ()))
    settings = replace(settings_of(told), rules_dirs=catalogs, params=checked_params(told.params, catalogs))
    with shown(paths, wanted=True) as advance:
        report = suppress(run(paths, worked_at(settings, None, None), advance), told.ignores, _today()).report
    return replace(report, findings=tuple(finding for finding in report.findings if finding.counts))


def _changed(path: Path, report: Report, change: Callable[[Baseline, Report], Baseline]) -> tuple[Baseline, Baseline]:
    from seamaudit.baseline import held, load, save

    with held(path):
        before = load(path)
        after = change(before, report)
        save(after, path)
    return before, after


def _list(entries: Iterable[Entry]) -> None:
    from seamaudit.cli.output import opened
    from seamaudit.cli.sheet import Sheet, write

    rows = tuple(_cells(entry) for entry in sorted(entries, key=lambda entry: (entry.code, entry.fingerprint)))
    with opened(None) as out:
        write(Sheet(("Code", "Fingerprint", "What", "Verdict", "Reason", "Until", "Times", "Calls"), 6, rows), out)


def _cells(entry: Entry) -> tuple[str, ...]:
    what = ", ".join(f"{name}={value}" for name, value in entry.identity.items() if value not in (None, ""))
    until = entry.expires.isoformat() if entry.expires else ""
    counts = f"{entry.occurrences:,}", f"{entry.exchanges:,}"
    return (entry.code, entry.fingerprint, what, entry.opinion.value, entry.reason, until, *counts)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise UsageError(f'--expires: "{typed}" is no date', "Write it as YYYY-MM-DD.") from None


def _named(entries: tuple[Entry, ...]) -> str:
    names = [f"{entry.code} {entry.fingerprint[:8]}" for entry in entries]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


def _say(line: str) -> None:
    from seamaudit.evidence import printable

    sys.stderr.write(f"{printable(line)}\n")
