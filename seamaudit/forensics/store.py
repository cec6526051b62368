"""Facts on disk: a folder of Parquet files, one a table, and an index that documents them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from seamaudit import __version__
from seamaudit.errors import UsageError
from seamaudit.facts import REGISTRY
from seamaudit.tables import columns

if TYPE_CHECKING:
    import polars

INDEX: Final = "tables.json"
SCHEMA_VERSION: Final = 1


def write(tables: Mapping[str, polars.DataFrame], folder: Path) -> list[Path]:
    """Write every table as `NAME.parquet`, and last the index; gives the files written.

    An earlier run's folder is written over. Raises UsageError where the folder holds anything else.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not is_store(folder))):
        raise UsageError(f"{str(folder)!r} holds other files", "Name a new or empty folder, or one that `seamaudit facts` wrote.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        index = folder / INDEX
        index.unlink(missing_ok=True)
        files = []
        for name, frame in tables.items():
            files.append(folder / f"{name}.parquet")
            frame.write_parquet(files[-1], compression="zstd")
        index.write_text(json.dumps(_index(tables), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {str(folder)!r}: {error.strerror}") from None
    return [*files, index]


def is_store(folder: Path) -> bool:
    """Whether `write` has filled a folder."""
    return (folder / INDEX).is_file()


def read(folder: Path) -> dict[str, polars.DataFrame]:
    """The tables of a folder that `write` filled. Raises UsageError where they cannot be read."""
    import polars as pl

    try:
        named = json.loads((folder / INDEX).read_text(encoding="utf-8"))["tables"]
        return {name: pl.read_parquet(folder / f"{name}.parquet") for name in named if name in REGISTRY}
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"{str(folder)!r} cannot be read as facts: {type(error).__name__}", "Write it again.") from None


def _index(tables: Mapping[str, polars.DataFrame]) -> dict[str, Any]:
    documented = {
        name: {
            "rows": frame.height,
            "doc": REGISTRY[name].doc,
            "columns": {column: {"type": kind, "doc": doc} for column, kind, doc in columns(REGISTRY[name])},
        }
        for name, frame in tables.items()
    }
    return {"schema_version": SCHEMA_VERSION, "tool": f"seamaudit {__version__}", "tables": documented}
