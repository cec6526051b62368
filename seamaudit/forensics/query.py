"""A person's own SQL over the facts. Queries are typed at a command line, never read from a file or a trace: SQL can read files."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from seamaudit.errors import UsageError

if TYPE_CHECKING:
    import polars


class Answer(Struct, frozen=True):
    """The rows one SELECT gave."""

    frame: polars.DataFrame

    def csv(self) -> str:
        """The rows as CSV with a head."""
        return self.frame.write_csv()

    def json(self) -> str:
        """The rows as a JSON array of objects."""
        return self.frame.write_json()

    def ordered(self) -> tuple[tuple[str, ...], int, tuple[tuple[str, ...], ...]]:
        """For a table: column names with those of figures last, how many hold words, and the cells as text."""
        figures = [name for name, dtype in self.frame.schema.items() if dtype.is_numeric()]
        names = [name for name in self.frame.columns if name not in figures] + figures
        rows = tuple(tuple(map(_spelled, row)) for row in self.frame.select(names).rows())
        return tuple(names), len(names) - len(figures), rows


def _spelled(cell: object) -> str:
    """A cell as a person reads it: trailing zeroes of a decimal say nothing."""
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    return "" if cell is None else str(cell)


def query(sql: str, tables: Mapping[str, polars.DataFrame]) -> Answer:
    """The rows one SELECT gives. Raises UsageError for SQL that polars does not take, with what it says of it."""
    import polars as pl

    with pl.SQLContext(tables, eager=True) as context:
        try:
            found = context.execute(sql)
        except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
            raise UsageError(f"the query cannot be run: {str(error).splitlines()[0]}", _hint(tables)) from None
    if not isinstance(found, pl.DataFrame):
        raise UsageError("the query gives no rows")
    return Answer(found)


def _hint(tables: Mapping[str, polars.DataFrame]) -> str:
    filled = [name for name, frame in tables.items() if frame.height]
    return f"Tables with rows here: {', '.join(filled)}. `show tables` lists all, docs/facts.md says what is in them."
