"""A table with a total and footnotes: ruled for a person at a terminal, plain columns for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from seamaudit.evidence import printable

Cell = str | tuple[str, ...]
"""A cell's text, or several texts that stand one below the other where there is room."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headings, rows, a total and footnotes. The first `words` columns hold words, the others figures, which stand to the right."""

    headings: tuple[str, ...]
    words: int
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...]
    notes: tuple[str, ...] = ()


def write(sheet: Sheet, out: TextIO) -> None:
    """Write a sheet. Whatever stands in it is made safe to print."""
    if out.isatty():
        _ruled(sheet, out)
    else:
        _plain(sheet, out)


def _ruled(sheet: Sheet, out: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False)
    for number, heading in enumerate(sheet.headings):
        footer = Text(_joined(sheet.total[number], "\n"))
        figure = number >= sheet.words
        table.add_column(heading, footer, justify="right" if figure else "left", no_wrap=figure, overflow="fold")
    for row in sheet.rows:
        table.add_row(*(Text(_joined(cell, "\n")) for cell in row))
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    console.print(table)
    for note in sheet.notes:
        console.print(Text(printable(note), "dim"))


def _plain(sheet: Sheet, out: TextIO) -> None:
    lines = [tuple(_joined(cell, ", ") for cell in row) for row in (sheet.headings, *sheet.rows, sheet.total)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        out.write(_line(line, widths, sheet.words) + "\n")
    if sheet.notes:
        out.write("\n")
    for note in sheet.notes:
        out.write(printable(note) + "\n")


def _line(cells: Sequence[str], widths: Sequence[int], words: int) -> str:
    told = (
        cell.ljust(width) if number < words else cell.rjust(width) for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(told).rstrip()


def _joined(cell: Cell, between: str) -> str:
    return printable(cell) if isinstance(cell, str) else between.join(map(printable, cell))
