"""The output formats by name, and reports written in several of them at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from seamaudit.errors import UsageError

if TYPE_CHECKING:
    from seamaudit.report.base import DocumentV1, Render

SUMMARY_LIMIT = 1_048_576
"""Bytes of a step summary; GitHub refuses one that is longer."""


class OutputFormat(StrEnum):
    """How a report is written."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    JSONL = "jsonl"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    GITLAB = "gitlab"
    RDJSON = "rdjson"
    MARKDOWN = "markdown"
    CSV = "csv"
    HTML = "html"


class Copy(Struct, frozen=True):
    """A report to write beside the one on standard output."""

    form: OutputFormat
    path: Path


def copies(typed: Iterable[str]) -> tuple[Copy, ...]:
    """What `--report FORMAT=PATH` asks for. Raises UsageError for another shape, an unknown format and a path named twice."""
    found: list[Copy] = []
    for entry in typed:
        name, equals, path = entry.partition("=")
        if not equals or not path:
            raise UsageError(f'--report "{entry}" is not FORMAT=PATH', "For example --report sarif=seamaudit.sarif.")
        found.append(Copy(_format(name), Path(path)))
    _refuse_doubles([each.path for each in found])
    return tuple(found)


def check(output: Path | None, others: Sequence[Copy], inputs: Sequence[str]) -> None:
    """Refuse early what a long run would fail on. Raises UsageError."""
    from seamaudit.cli.output import check as check_one

    _refuse_doubles([*((output,) if output else ()), *(each.path for each in others)])
    for path in (output, *(each.path for each in others)):
        check_one(path, inputs)


def write(whole: DocumentV1, form: OutputFormat, output: Path | None, others: Sequence[Copy], *, quiet: bool = False) -> None:
    """Write the report to its files first, then to `output` or standard output. Raises UsageError where one cannot be written.

    The github format also adds the markdown one to the step summary that the runner names.
    """
    from seamaudit.cli.output import opened

    for each in others:
        with opened(each.path) as out:
            _renderer(each.form, quiet=quiet)(whole, out)
    with opened(output) as out:
        _renderer(form, quiet=quiet)(whole, out)
    if OutputFormat.GITHUB in (form, *(each.form for each in others)):
        _summarize(whole)


def _format(name: str) -> OutputFormat:
    from seamaudit.catalog.problem import suggestion

    known = [str(each) for each in OutputFormat]
    if name not in known:
        raise UsageError(f'no output format is called "{name}"{suggestion(name, known)}', f"Formats: {', '.join(known)}.")
    return OutputFormat(name)


def _refuse_doubles(paths: Sequence[Path]) -> None:
    for path in _repeated(os.path.realpath(path) for path in paths if not _is_device(path)):
        raise UsageError(f"two reports would be written to {path!r}", "Give each its own file.")


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _repeated(items: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            yield item
        seen.add(item)


def _summarize(whole: DocumentV1) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    from io import StringIO

    from seamaudit.report import markdown

    markdown.render(whole, page := StringIO())
    data = page.getvalue().encode("utf-8", "backslashreplace")
    try:
        before = os.path.getsize(path) if os.path.exists(path) else 0
        if before + len(data) <= SUMMARY_LIMIT:
            with open(path, "ab") as summary:
                summary.write(data)
    except OSError as error:
        hint = "GITHUB_STEP_SUMMARY names it."
        raise UsageError(f"cannot write to the step summary: {error.strerror or 'input/output error'}", hint) from None


def _renderer(form: OutputFormat, *, quiet: bool) -> Render:
    if form is OutputFormat.FULL:
        from seamaudit.report import terminal

        return partial(terminal.render, summary=not quiet)
    render: Render = import_module(f"seamaudit.report.{form.value}").render
    return render
