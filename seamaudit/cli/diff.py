"""`seamaudit diff`: two requests side by side, up to the character at which they part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from seamaudit.cli.config import MappingOption, formatted

if TYPE_CHECKING:
    from seamaudit.audit import Compared
    from seamaudit.evidence import Excerpt
    from seamaudit.forensics.diff import Diff, Row
    from seamaudit.trace import Money

EXAMPLES = """
\b
Examples:
  seamaudit diff traces.jsonl:12 traces.jsonl:13
  seamaudit diff msg_01Hx msg_01Hy traces.jsonl
  seamaudit diff support-3:1 support-3:2 logs/ --show-content
  seamaudit diff a.jsonl:4 b.jsonl:9 --output-format json

\b
Exit codes:
  0  both requests were found and compared
  2  could not run as asked: a request was not found, or several answer to its name
  3  an input was not recognised
  4  a defect of seamaudit

Turns of a thread are counted from 1. Values are masked as in `scan`; --show-content quotes them, credentials left out;
--no-values prints none, masked or not.
"""
AROUND = 3
"""Equal positions shown beside those that differ."""
SIGNS = {"same": "=", "differs": "!", "only_a": "<", "only_b": ">"}


class OutputFormat(StrEnum):
    """How the comparison is written."""

    TERMINAL = "terminal"
    JSON = "json"


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="The earlier request: FILE:LINE, a response's id, or THREAD:TURN.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The later request, named likewise.")],
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="The recordings that hold them.")] = None,
    output_format: Annotated[OutputFormat, typer.Option(help="How to write the comparison.")] = OutputFormat.TERMINAL,
    show_content: Annotated[
        bool, typer.Option("--show-content", help="Quote trace text; credentials stay hidden, all else is masked otherwise.")
    ] = False,
    no_values: Annotated[bool, typer.Option("--no-values", help="Print no value, not even masked: places, kinds and lengths.")] = False,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Compare two requests: what of their prompts is the same, where they part first, and what the rest costs."""
    from seamaudit.audit import compare
    from seamaudit.cli.output import opened
    from seamaudit.cli.progress import shown
    from seamaudit.config import Settings
    from seamaudit.errors import UsageError
    from seamaudit.forensics.diff import document

    if show_content and no_values:
        raise UsageError("--show-content and --no-values exclude each other", "Leave both out for masked values.")

    settings = formatted(Settings(show_content=show_content), input_format, mapping)
    with shown(paths or [], wanted=bool(paths) and not no_progress) as advance:
        compared = compare(a, b, paths or (), settings, advance, values=not no_values)
    with opened(None) as out:
        if output_format is OutputFormat.JSON:
            out.write(json.dumps(document(compared.diff, compared.sources, compared.evidence), indent=2) + "\n")
        else:
            out.writelines(f"{line}\n" for line in _lines(compared, masked=not show_content))


def _lines(compared: Compared, *, masked: bool) -> Iterator[str]:
    from seamaudit.evidence import printable

    found = compared.diff
    for name, exchange in (("A", found.a), ("B", found.b)):
        usage, where = exchange.usage, f"{compared.sources[exchange.locus.source].path}:{exchange.locus.line}"
        read = "" if usage is None or usage.cache_read is None else f", {usage.cache_read:,} tokens read from the cache"
        yield printable(f"{name}  {where}  {exchange.request.model}, {exchange.request.prefix.length:,} positions{read}")
    yield ""
    yield from _table(found)
    yield ""
    yield from _parting(compared, masked=masked)
    if found.parameters:
        yield printable(f"Parameters that differ: {', '.join(found.parameters)}.")
    yield _cost(found)


def _table(found: Diff) -> Iterator[str]:
    """The positions side by side, long equal stretches folded."""
    from seamaudit.forensics.diff import what

    yield f"     {'A':>6} {'B':>6} {'bytes':>9}  block"
    folded = 0
    for row, near in zip(found.rows, _near(found.rows), strict=True):
        if not near:
            folded += 1
            continue
        if folded:
            yield f"     {'':>6} {'':>6} {'':>9}  … {folded:,} equal"
            folded = 0
        places = (f"{'' if at is None else at + 1:>6}" for at in (row.a, row.b))
        marks = "".join(f"  [{side}: {ttl}]" for side, ttl in zip("AB", row.marks, strict=True) if ttl)
        yield f"  {SIGNS[row.relation]}  {' '.join(places)} {row.segment.length:>9,}  {what(row.segment)}{marks}"
    if folded:
        yield f"     {'':>6} {'':>6} {'':>9}  … {folded:,} equal"
    if found.unlisted:
        yield f"     {'':>6} {'':>6} {'':>9}  … {found.unlisted:,} more are not compared"


def _near(rows: Sequence[Row]) -> list[bool]:
    """Which rows differ, or stand close to one that does; the first where all are equal."""
    changed = [at for at, row in enumerate(rows) if row.relation != "same"]
    shown = {near for at in changed for near in range(at - AROUND, at + AROUND + 1)}
    return [at in shown for at in range(len(rows))]


def _parting(compared: Compared, *, masked: bool) -> Iterator[str]:
    from seamaudit.evidence import printable

    found, evidence = compared.diff, compared.evidence
    change = found.change
    if change is None:
        grown = found.b.request.prefix.length - found.a.request.prefix.length
        yield "The prompts are equal." if not grown else "B continues A unchanged." if grown > 0 else "A begins with all of B."
        return
    at = "" if change.diverges_at is None else f", byte {change.diverges_at:,} of its text"
    where = change.now.pointer if change.now else change.block
    yield printable(f"They part at position {found.shared + 1:,} ({change.block}, {change.edit}{at}): {where}")
    if evidence is None:
        yield f"  was  {found.a.request.prefix.at(found.shared).length:,} bytes"
        yield f"  now  {found.b.request.prefix.at(found.shared).length:,} bytes; the value that changed: {change.shape}"
    for name, quote in (("was", evidence.was), ("now", evidence.now)) if evidence else ():
        if quote is not None:
            yield f"  {name}  {quote.text}"
            yield from _caret(quote)
    if evidence and evidence.note:
        yield printable(f"  ({evidence.note})")
    if masked and evidence:
        yield "Trace text is masked; --show-content quotes it, credentials left out."


def _caret(quote: Excerpt) -> Iterator[str]:
    if quote.at is not None:
        yield f"       {' ' * quote.at}^"


def _cost(found: Diff) -> str:
    rest = found.rest
    if not rest.bytes:
        return "Nothing of B stands behind what they share."
    tokens = "tokens unknown" if rest.tokens is None else f"about {rest.tokens:,} tokens"
    if rest.anew is None or rest.read is None:
        return f"B sends {rest.bytes:,} bytes ({tokens}) behind what they share; its price is not known."
    return f"B sends {rest.bytes:,} bytes ({tokens}) behind what they share: {_usd(rest.anew)} anew, {_usd(rest.read)} read from a cache."


def _usd(money: Money) -> str:
    return f"${money / 10**12:,.6f}"
