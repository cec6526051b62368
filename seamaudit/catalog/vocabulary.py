"""The fact tables a rule may speak of, and what a rule may do with each kind of column."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Final

import seamaudit.ingest.duplicates
import seamaudit.ingest.faults
import seamaudit.layers
import seamaudit.seams
from seamaudit.catalog.rule import ORDERINGS, TEXTUAL, Operator
from seamaudit.facts import REGISTRY, Column, Registry, Table

OPERATORS: Final = {
    "text": TEXTUAL,
    "enum": TEXTUAL,
    "int": ORDERINGS,
    "float": ORDERINGS,
    "money": ORDERINGS,
    "bool": frozenset[Operator](),
}
"""What may be asked of a column beside equality, by its kind. Loci and prints cannot be asked anything."""

_IDENTITY_KINDS = frozenset({"text", "enum", "int", "bool"})
_SESSION = frozenset({"exchange", "thread"})
_WASTE_KINDS = {"tokens": frozenset({"int"}), "usd": frozenset({"money"}), "seconds": frozenset({"int", "float"})}

COUNTS: Final = ("occurrences", "threads")
"""What a message may name beside columns."""


def tables() -> Registry:
    """The fact registry, filled: every module of the layers and the seams is imported, so a new one needs no entry anywhere.

    The tables of the ingest, `faults` and `duplicates`, are imported with this module.
    """
    for package in (seamaudit.layers, seamaudit.seams):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return REGISTRY


def askable(table: Table) -> Iterator[Column]:
    """The columns `where` and `unless` may test."""
    return (column for column in table.columns.values() if column.kind in OPERATORS)


def identity_columns(table: Table) -> list[str]:
    """The columns that may decide what is the same finding: names and codes; nothing that differs from recording to recording."""
    return [column.name for column in table.columns.values() if column.kind in _IDENTITY_KINDS and column.name not in _SESSION]


def waste_columns(table: Table, dimension: str) -> list[str]:
    """The columns that may say what was wasted in `tokens`, `usd` or `seconds`."""
    return [column.name for column in table.columns.values() if column.kind in _WASTE_KINDS[dimension] and column.name != "exchange"]


def sum_columns(table: Table) -> list[str]:
    """The columns whose sum a message may speak of: amounts."""
    return [column.name for column in table.columns.values() if column.kind in {"int", "money"} and column.name != "exchange"]


def speakable(table: Table) -> list[str]:
    """What a message may name: columns that can be read as a word or a number, and the counts."""
    return [*(column.name for column in askable(table) if column.name != "exchange"), *COUNTS]


def names(columns: Iterable[Column]) -> list[str]:
    """The columns' names."""
    return [column.name for column in columns]
