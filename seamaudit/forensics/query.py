"""A person's own SQL over the facts. Queries are typed at a command line, never read from a file or a trace: SQL can read files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from seamaudit.errors import UsageError

if TYPE_CHECKING:
    import polars


def query(sql: str, tables: Mapping[str, polars.DataFrame]) -> polars.DataFrame:
    """The rows one SELECT gives. Raises UsageError for SQL that polars does not take, with what it says of it."""
    import polars as pl

    with pl.SQLContext(tables, eager=True) as context:
        try:
            found = context.execute(sql)
        except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
            raise UsageError(f"the query cannot be run: {str(error).splitlines()[0]}", _hint(tables)) from None
    if not isinstance(found, pl.DataFrame):
        raise UsageError("the query gives no rows")
    return found


def _hint(tables: Mapping[str, polars.DataFrame]) -> str:
    filled = [name for name, frame in tables.items() if frame.height]
    return f"Tables with rows here: {', '.join(filled)}. `show tables` lists all, docs/facts.md says what is in them."
