"""Facts as frames: one polars frame a table, for SQL and Parquet. polars is imported when the first frame is made.

Places become plain columns, money exact decimals in US dollars. Text passes through `safe`, since whoever reads a frame will print it.
Prints, keyed hashes of one run, are left out: they say nothing outside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from seamaudit.facts import REGISTRY, Column, Fact, FactBase, Table
from seamaudit.trace import Locus, Source

if TYPE_CHECKING:
    import polars

    Typed = polars.DataType | type[polars.DataType]

PLACE: Final[Mapping[str, str]] = {
    "file": "The file it stands in, as named on the command line.",
    "line": "Its line, from 1.",
    "pointer": "Where in that line's record (RFC 6901); empty for all of it.",
}
"""The columns a place becomes; those of another place than the row's own have its name in front."""
_DIGITS: Final = 12
"""Money is counted in picodollars."""


Safe = Callable[[str], str]
"""Makes text safe to print."""


def frames(facts: FactBase, sources: Sequence[Source], safe: Safe) -> dict[str, polars.DataFrame]:
    """Every registered table as a frame, those without rows too, in the order of their names."""
    files = [safe(source.path) for source in sources]
    return {table.name: _frame(table, list(facts.table(table.name)), files, safe) for table in REGISTRY}


def columns(table: Table) -> Iterator[tuple[str, str, str]]:
    """The columns of a table's frame: name, type in words, and what it says."""
    for column in table.columns.values():
        if column.kind == "locus":
            kinds = zip(PLACE, ("text", "int", "text"), strict=True)
            yield from ((_within(column, part), kind, PLACE[part]) for part, kind in kinds)
        elif column.kind != "prints":
            kind = {"money": "US dollars", "loci": "list of places", "enum": "text"}.get(column.kind, column.kind)
            yield column.name, kind, column.doc


def _frame(table: Table, rows: Sequence[Fact], files: Sequence[str], safe: Safe) -> polars.DataFrame:
    import polars as pl

    data: dict[str, polars.Series] = {}
    for column in table.columns.values():
        values = [getattr(row, column.name) for row in rows]
        if column.kind == "locus":
            parts = zip(*(_place(value, files, safe) for value in values), strict=True) if values else ((), (), ())
            for part, kind, told in zip(PLACE, (pl.String, pl.Int64, pl.String), parts, strict=True):
                data[_within(column, part)] = pl.Series(_within(column, part), list(told), dtype=kind)
        elif column.kind != "prints":
            dtype, spelled = _typed(column, files, safe)
            data[column.name] = pl.Series(column.name, [None if value is None else spelled(value) for value in values], dtype=dtype)
    return pl.DataFrame(data)


def _typed(column: Column, files: Sequence[str], safe: Safe) -> tuple[Typed, Callable[[Any], object]]:
    """A column's type and how its values are spelled."""
    import polars as pl

    match column.kind:
        case "int":
            return pl.Int64, int
        case "float":
            return pl.Float64, float
        case "bool":
            return pl.Boolean, bool
        case "money":
            return pl.Decimal(38, _DIGITS), lambda value: Decimal(value).scaleb(-_DIGITS)
        case "loci":
            return pl.List(pl.String), lambda value: [_spelled(locus, files, safe) for locus in value]
        case _:
            return pl.String, lambda value: safe(str(value))


def _within(column: Column, part: str) -> str:
    return part if column.name == "locus" else f"{column.name}_{part}"


def _place(locus: Locus | None, files: Sequence[str], safe: Safe) -> tuple[str | None, int | None, str | None]:
    if locus is None:
        return None, None, None
    return files[locus.source], locus.line, safe(locus.pointer)


def _spelled(locus: Locus, files: Sequence[str], safe: Safe) -> str:
    file, line, pointer = _place(locus, files, safe)
    return f"{file}:{line}{f' {pointer}' if pointer else ''}"
