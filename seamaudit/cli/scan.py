"""`seamaudit scan`: audit traces and report what broke between layers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from seamaudit.cli.config import ConfigOption, IsolatedOption, MappingOption, PricesOption
from seamaudit.cli.formats import OutputFormat
from seamaudit.cli.workers import ExecutorOption, JobsOption
from seamaudit.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNREAD, UsageError

if TYPE_CHECKING:
    from seamaudit.findings import Report, Severity

EXAMPLES = """
\b
Examples:
  seamaudit scan traces.jsonl
  seamaudit scan logs/ 'archive/*.jsonl.zst' --fail-on high
  zcat old.jsonl.gz | seamaudit scan - --select CA,TP001
  seamaudit scan traces.jsonl --show-content
  seamaudit scan traces.jsonl --max-steps 50 --budget-usd 5
  seamaudit scan traces.jsonl --output-format json -o report.json
  seamaudit scan traces.jsonl --report sarif=seamaudit.sarif --report html=seamaudit.html
  seamaudit scan traces.jsonl --output-format sarif --site tool:search=src/tools.py:12

\b
Exit codes:
  0  everything was read, nothing found at or above --fail-on
  1  findings
  2  could not run as asked
  3  an input was not recognised, or lines were lost under --strict-input
  4  a defect of seamaudit

`seamaudit rules show CODE` explains a finding.
"""


class FailOn(StrEnum):
    """The least severity that fails a run."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    NEVER = "never"


class Level(StrEnum):
    """A severity."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Sureness(StrEnum):
    """A confidence."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


def scan(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")],
    rules: Annotated[list[Path] | None, typer.Option("--rules", metavar="DIR", help="Add a catalog of your own; may be repeated.")] = None,
    select: Annotated[str, typer.Option(metavar="CODES", help="Report only these codes or code prefixes, comma-separated.")] = "",
    extend_select: Annotated[str, typer.Option(metavar="CODES", help="Report these too, beside what the config selects.")] = "",
    ignore: Annotated[str, typer.Option(metavar="CODES", help="Leave these codes or code prefixes out.")] = "",
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    output_format: Annotated[OutputFormat, typer.Option(help="How to write the report.")] = OutputFormat.FULL,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the report to a file.")] = None,
    reports: Annotated[
        list[str] | None, typer.Option("--report", metavar="FORMAT=PATH", help="Write the report to a file too; may be repeated.")
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND:NAME=FILE:LINE", help="The source line behind an app, agent, prompt or tool; may be repeated."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Findings this file knows do not fail the run; see `seamaudit baseline`.")
    ] = None,
    strict_baseline: Annotated[
        bool, typer.Option("--strict-baseline", help="Exit 1 where the baseline knows findings that did not show.")
    ] = False,
    fail_on: Annotated[
        FailOn | None, typer.Option(help="The least severity that makes the exit code 1; medium unless the config says otherwise.")
    ] = None,
    min_severity: Annotated[Level | None, typer.Option(help="Leave findings below this severity out.")] = None,
    min_confidence: Annotated[Sureness | None, typer.Option(help="Leave findings below this confidence out.")] = None,
    prices: PricesOption = None,
    config: ConfigOption = None,
    isolated: IsolatedOption = False,
    show_content: Annotated[
        bool, typer.Option("--show-content", help="Quote trace text in evidence; credentials stay hidden, all else is masked otherwise.")
    ] = False,
    no_elide: Annotated[
        bool, typer.Option("--no-elide", help="Decode every line whole, also what it repeats of earlier ones: slower, the same result.")
    ] = False,
    eval_suite: Annotated[
        list[str] | None,
        typer.Option(metavar="SUITE", help="What is an eval suite: tag:NAME, app:NAME or path:FOLDER; may be repeated. Default: tag:eval."),
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(metavar="N", help="Replay a cap of so many model calls in a run, from one word of a person to the next.")
    ] = None,
    max_repeats: Annotated[
        int | None, typer.Option(metavar="N", help="Replay a cap of so many equal calls in a run: one tool, the same arguments.")
    ] = None,
    budget_usd: Annotated[float | None, typer.Option(metavar="USD", help="Replay a cap of so many dollars for a run.")] = None,
    strict_input: Annotated[
        bool | None, typer.Option("--strict-input/--no-strict-input", help="Exit 3 where lines were lost. On by default where CI is set.")
    ] = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Findings only: no progress, no summary.")] = False,
) -> None:
    """Audit recorded LLM traffic and name the seams where one layer broke what the next one assumed."""
    from seamaudit.audit import audit
    from seamaudit.cli.baseline import applied, of_baseline, settled
    from seamaudit.cli.config import checked_params, configured, formatted, unneeded
    from seamaudit.cli.formats import check, copies, write
    from seamaudit.cli.progress import shown, tell
    from seamaudit.cli.workers import worked_at
    from seamaudit.config import check_caps, check_suites
    from seamaudit.config.file import settings_of
    from seamaudit.findings import Confidence, Severity
    from seamaudit.report.base import Sites, document, typed_sites
    from seamaudit.suppress import suppress

    told = configured(config, isolated)
    catalogs = (*told.rules, *(rules or ()))
    chosen = codes(
        ",".join([select or ",".join(told.select), extend_select]) if select or told.select else "",
        ",".join([*told.ignore, ignore]),
        catalogs,
    )
    strict = next(each for each in (strict_input, told.strict_input, in_ci()) if each is not None)
    severity = _severity(fail_on or FailOn(told.fail_on or FailOn.MEDIUM))
    settings = replace(
        formatted(settings_of(told, prices), input_format, mapping),
        rules_dirs=catalogs,
        params=checked_params(told.params, catalogs),
        min_severity=Severity(min_severity.value) if min_severity else told.min_severity or Severity.INFO,
        min_confidence=Confidence(min_confidence.value) if min_confidence else told.min_confidence or Confidence.LOW,
        strict_input=strict,
        show_content=show_content,
        fail_on=severity,
        elide=not no_elide,
        sites=Sites({**told.sites.by_name, **typed_sites(site or ()).by_name}),
        max_steps=told.max_steps if max_steps is None else max_steps,
        max_repeats=told.max_repeats if max_repeats is None else max_repeats,
        budget_usd=told.budget_usd if budget_usd is None else budget_usd,
    )
    check_caps(settings.max_steps, settings.max_repeats, settings.budget_usd)
    if eval_suite:
        settings = replace(settings, eval_suites=check_suites(eval_suite))
    settings = worked_at(settings, jobs, executor)
    baseline = baseline or told.baseline
    others = copies(reports or ())
    check(output, others, paths)
    with shown(paths, wanted=not (no_progress or quiet)) as advance:
        report = audit(paths, settings, advance)
    suppressed = suppress(report, told.ignores, datetime.now(UTC).date())
    known = applied(suppressed.report, baseline) if baseline else None
    report = chosen.of(known.report if known else suppressed.report)
    code = verdict(report, severity, strict)
    if known:
        code = settled(code, known, strict_baseline or bool(told.strict_baseline), strict)
    if not quiet:
        tell([*unneeded(suppressed), *(of_baseline(known) if known else ())])
    write(document(report, settings.sites), output_format, output, others, quiet=quiet)
    raise typer.Exit(code)


def verdict(report: Report, fail_on: Severity | None, strict_input: bool) -> int:
    """The exit code of a run that ended well: findings before what was not read."""
    if fail_on is not None and any(finding.counts and not finding.severity < fail_on for finding in report.findings):
        return EXIT_FINDINGS
    if report.exchanges == 0 or any(entry.explicit for entry in report.skipped):
        return EXIT_UNREAD
    if strict_input and (report.accounting.rejected or report.accounting.oversize):
        return EXIT_UNREAD
    return EXIT_CLEAN


class Codes(Struct, frozen=True):
    """Which rules are reported: those that begin like one of `select` (all where it is empty) and like none of `ignore`."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def of(self, report: Report) -> Report:
        """The report without what was not asked for. It is judged whole: leaving a cause out brings no symptom back."""
        return replace(
            report,
            findings=tuple(finding for finding in report.findings if self._wanted(finding.code)),
            rules=tuple(rule for rule in report.rules if self._wanted(rule.code)),
            not_checked=tuple(entry for entry in report.not_checked if self._wanted(entry.code)),
        )

    def _wanted(self, code: str) -> bool:
        return code.startswith(self.select or "") and not (self.ignore and code.startswith(self.ignore))


def codes(select: str, ignore: str, rules: Sequence[Path]) -> Codes:
    """Comma-separated codes and prefixes as typed. Raises UsageError for one that no rule answers to: it would hide a typo."""
    chosen = Codes(_listed(select), _listed(ignore))
    if chosen.select or chosen.ignore:
        from seamaudit.catalog.load import load_catalog
        from seamaudit.catalog.problem import suggestion

        known = [rule.code for rule in load_catalog(rules)]
        for prefix in (*chosen.select, *chosen.ignore):
            if not any(code.startswith(prefix) for code in known):
                message = f'no rule code begins with "{prefix}"{suggestion(prefix, known)}'
                raise UsageError(message, "`seamaudit rules list` names them all.")
    return chosen


def in_ci() -> bool:
    """Whether a build server says that it runs us."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _listed(typed: str) -> tuple[str, ...]:
    return tuple(part.strip().upper() for part in typed.split(",") if part.strip())


def _severity(fail_on: FailOn) -> Severity | None:
    from seamaudit.findings import Severity

    return None if fail_on is FailOn.NEVER else Severity(fail_on.value)
