"""A table with a total and footnotes: ruled for a person at a terminal, plain columns for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

from seamaudit.evidence import printable

if TYPE_CHECKING:
    from rich.table import Table

NARROWEST = 10
"""Columns that words are folded to at least: a date stays whole."""
WHOLE = 26
"""Columns that the texts of a list get at least: a model's id stays whole."""
UNBOUNDED = 10_000
"""Wider than any screen: what a table would need, not what it would be given."""

Cell = str | tuple[str, ...]
"""A cell's text, or several texts that stand one below the other where there is room."""


class Sheet(Struct, frozen=True):
    """Headings, rows, a total where there is one, and footnotes.

    The first `words` columns hold words, the others figures, which stand to the right. Without headings there is no table, only notes.
    """

    headings: tuple[str, ...]
    words: int
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()


def write(sheet: Sheet, out: TextIO) -> None:
    """Write a sheet. Whatever stands in it is made safe to print."""
    if not sheet.headings:
        _notes(sheet, out)
    elif out.isatty():
        _ruled(sheet, out)
    else:
        _plain(sheet, out)


def _ruled(sheet: Sheet, out: TextIO) -> None:
    """A ruled table. Where it does not fit, columns of lists give way; where figures still would be cut, plain columns wrap instead."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, highlight=False, markup=False, emoji=False)
    unbounded = console.options.update(max_width=UNBOUNDED)
    for kept in (sheet, _without_lists(sheet)):
        table = _table(kept)
        if console.measure(table, options=unbounded).minimum <= console.width:
            console.print(table)
            for note in sheet.notes:
                console.print(Text(printable(note), "dim"))
            return
    _plain(sheet, out)


def _table(sheet: Sheet) -> Table:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_footer=bool(sheet.total), show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number, heading in enumerate(sheet.headings):
        footer = Text(_joined(sheet.total[number], "\n") if sheet.total else "")
        if number < sheet.words:
            cells = [row[number] for row in sheet.rows]
            least = WHOLE if any(isinstance(cell, tuple) for cell in cells) else NARROWEST
            longest = max((cell_len(line) for cell in cells for line in _joined(cell, "\n").split("\n")), default=0)
            table.add_column(heading, footer, overflow="fold", min_width=min(longest, least))
        else:
            table.add_column(heading.replace(" ", "\n"), footer, justify="right", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*(Text(_joined(cell, "\n")) for cell in row))
    return table


def _without_lists(sheet: Sheet) -> Sheet:
    """The sheet without its columns of several texts a cell."""
    kept = [number for number in range(len(sheet.headings)) if not any(isinstance(row[number], tuple) for row in sheet.rows)]

    def of(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(cells[number] for number in kept) if cells else ()

    headings = tuple(sheet.headings[number] for number in kept)
    return Sheet(headings, sum(number < sheet.words for number in kept), tuple(map(of, sheet.rows)), of(sheet.total), sheet.notes)


def _plain(sheet: Sheet, out: TextIO) -> None:
    lines = [tuple(_joined(cell, ", ") for cell in row) for row in (sheet.headings, *sheet.rows, *((sheet.total,) if sheet.total else ()))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        out.write(_line(line, widths, sheet.words) + "\n")
    if sheet.notes:
        out.write("\n")
    _notes(sheet, out)


def _notes(sheet: Sheet, out: TextIO) -> None:
    for note in sheet.notes:
        out.write(printable(note) + "\n")


def _line(cells: Sequence[str], widths: Sequence[int], words: int) -> str:
    told = (
        cell.ljust(width) if number < words else cell.rjust(width) for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(told).rstrip()


def _joined(cell: Cell, between: str) -> str:
    return printable(cell) if isinstance(cell, str) else between.join(map(printable, cell))
