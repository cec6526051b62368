"""`seamaudit walk`: one real conversation end to end."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from seamaudit.cli.config import MappingOption, PricesOption
from seamaudit.errors import UsageError

if TYPE_CHECKING:
    from seamaudit.audit import Followed
    from seamaudit.forensics.walk import Choice, Opened, Walk

PIPED_WIDTH = 120

EXAMPLES = """
\b
Examples:
  seamaudit walk traces.jsonl
  seamaudit walk ~/.claude/projects --list
  seamaudit walk traces.jsonl --thread support-1
  seamaudit walk traces.jsonl --thread support-1 --turn 3 --show-content

\b
How to read a line:
  turn   the call's number in its thread; `2/3` behind it: the second of three tries
  time   of day, then seconds, minutes or hours since the call before
  cache  the prompt, ten parts: █ read from the cache, ▒ written to it, · neither
  stream the answer's life: S start, T/t text, R/r reasoning, C/c call, H/h hosted tool, B block closed, F stop reason,
         U usage, D end, E error, ! cut; - for an answer that was not streamed
  what   came in > what went out

\b
Exit codes:
  0  everything was read
  2  could not run as asked
  3  an input was not recognised
  4  a defect of seamaudit

Without --thread the one whose findings weigh most is shown. Under a turn stands each seam that broke there: what one layer
gave, what the next assumes, and what that cost.
"""


def walk(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Trace files, directories, globs, or - for standard input.")],
    thread: Annotated[str, typer.Option(metavar="ID", help="The thread or conversation to walk, or how its id begins.")] = "",
    turn: Annotated[int, typer.Option(metavar="N", min=0, help="Open this call of the thread: every position of its prompt.")] = 0,
    list_threads: Annotated[bool, typer.Option("--list", help="List the threads, the dearest first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    show_content: Annotated[
        bool, typer.Option("--show-content", help="Quote how each position begins; credentials stay hidden, all else is masked otherwise.")
    ] = False,
    prices: PricesOption = None,
    input_format: Annotated[str | None, typer.Option(metavar="NAME", help="Take every file for this format; detected per file.")] = None,
    mapping: MappingOption = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress on standard error.")] = False,
) -> None:
    """Follow one conversation call by call: what was sent, read, written, answered and paid, and which seam broke where."""
    from seamaudit.audit import follow
    from seamaudit.cli.config import formatted, own_prices
    from seamaudit.cli.cost import verdict
    from seamaudit.cli.output import opened as output
    from seamaudit.cli.progress import shown
    from seamaudit.config import Settings
    from seamaudit.forensics.walk import choose, document, opened
    from seamaudit.forensics.walk import walk as steps
    from seamaudit.providers.prices import PriceBook

    settings = formatted(Settings(prices=own_prices(prices)), input_format, mapping)
    with shown(paths, wanted=not no_progress) as advance:
        found = follow(paths, settings, advance)
    code = verdict(found.measured, strict_input=False)
    if list_threads:
        with output(None) as out:
            _write_list(found, as_json, out)
        raise typer.Exit(code)
    chosen = choose(found.exchanges, found.findings, thread)
    walked = steps(chosen.exchanges, found.measured.replayed.facts, found.findings)
    if turn > len(walked.steps):
        raise UsageError(f"the thread has {len(walked.steps)} calls", f"--turn takes 1 to {len(walked.steps)}.")
    request = (turn, opened(chosen.exchanges[turn - 1], found.text, show_content)) if turn else None
    with output(None) as out:
        if as_json:
            files = [source.path for source in found.measured.sources]
            out.write(json.dumps(document(walked, files, request), indent=2) + "\n")
        else:
            _write(walked, chosen, request, show_content, str(PriceBook(own=settings.prices)), out)
    raise typer.Exit(code)


def _write(walked: Walk, chosen: Choice, request: tuple[int, Opened] | None, show_content: bool, prices: str, out: TextIO) -> None:
    from seamaudit.cli.walk_page import page, request_page

    width = shutil.get_terminal_size((PIPED_WIDTH, 40)).columns if out is sys.stdout and out.isatty() else PIPED_WIDTH
    lines = request_page(walked, *request, width, masked=not show_content) if request else page(walked, chosen, prices, width)
    out.writelines(f"{line}\n" for line in lines)


def _write_list(found: Followed, as_json: bool, out: TextIO) -> None:
    from seamaudit.catalog.message import dollars
    from seamaudit.cli.sheet import Sheet, write
    from seamaudit.evidence import printable
    from seamaudit.forensics.walk import summaries
    from seamaudit.trace import to_usd

    threads = summaries(found.exchanges, found.measured.replayed.facts, found.findings)
    if as_json:
        rows = [
            {
                "thread": printable(each.thread),
                "conversation": printable(each.conversation),
                "calls": each.calls,
                "models": [printable(model) for model in each.models],
                "usd": None if each.usd is None else round(to_usd(each.usd), 6),
                "findings": list(each.codes),
            }
            for each in threads
        ]
        out.write(json.dumps({"schema_version": 1, "threads": rows}, indent=2) + "\n")
        return
    cells = tuple(
        (each.thread, each.models, ", ".join(each.codes), f"{each.calls:,}", "unknown" if each.usd is None else dollars(each.usd))
        for each in threads
    )
    write(Sheet(("Thread", "Models", "Findings", "Calls", "Cost (USD)"), 3, cells), out)
