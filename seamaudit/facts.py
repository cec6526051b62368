"""The fact base: what layers and seams measured, one frozen struct a table.

A fact's annotations are its schema: the rule language, the polars frames and the fact reference are made from them.
Facts are O(requests + events) and carry no free text.
"""

from __future__ import annotations

import types
import typing
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache

from msgspec import Struct

from seamaudit.rows import KEPT, Rows
from seamaudit.spool import Spool
from seamaudit.trace import Locus, Need


class Fact(Struct, frozen=True, kw_only=True, gc=False):
    """What every fact says: the exchange it is about, its thread and app, its place, and the loci that witness it.

    `exchange` is -1 for facts about the input rather than a call.
    """

    exchange: int
    thread: str
    app: str
    locus: Locus
    witness: tuple[Locus, ...] = ()


F = typing.TypeVar("F", bound=Fact)


class Column(Struct, frozen=True):
    """One column of a fact table: its name, its kind and, for an enumeration, its values.

    `kind` is one of `text int float bool money enum locus loci prints`; `optional` says None is possible (unknown).
    """

    name: str
    kind: str
    optional: bool
    values: tuple[str, ...] = ()
    doc: str = ""


class Table(Struct, frozen=True):
    """A registered fact: its table name, its class and its columns in order."""

    name: str
    fact: type[Fact]
    needs: tuple[Need, ...]
    doc: str

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns by name."""
        return _columns(self.fact)


class Registry:
    """The tables known to a run; filled by importing the modules that define facts."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}

    def add(self, name: str, fact: type[Fact], needs: Sequence[Need]) -> None:
        """Register a fact class. Raises ValueError on a second class under one name."""
        known = self._tables.get(name)
        if known and known.fact.__qualname__ != fact.__qualname__:
            raise ValueError(f"fact table {name!r} is registered twice")
        doc = (fact.__doc__ or "").strip()
        self._tables[name] = Table(name, fact, tuple(needs), doc)

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __contains__(self, name: str) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[Table]:
        return iter(sorted(self._tables.values(), key=lambda table: table.name))

    def name_of(self, fact: type[Fact]) -> str:
        """The table a fact class is registered under. Raises KeyError if it is not."""
        for table in self._tables.values():
            if table.fact is fact:
                return table.name
        raise KeyError(fact.__name__)


REGISTRY: typing.Final = Registry()


def fact(name: str, needs: Sequence[Need] = ()) -> Callable[[type[F]], type[F]]:
    """Register the decorated class as the fact table `name`; `needs` is what an exchange must hold for its rows to exist."""

    def register(cls: type[F]) -> type[F]:
        REGISTRY.add(name, cls, needs)
        return cls

    return register


class FactBase:
    """All facts of a run, by table, in the order they were emitted. Of a large table all but the last rows lie on disk, put away by the
    `kept`."""

    def __init__(self, kept: int = KEPT) -> None:
        spool = Spool()
        self._rows: dict[type[Fact], Rows[Fact]] = defaultdict(lambda: Rows(spool, kept))

    def add(self, fact: Fact) -> None:
        """Append one fact to its table."""
        self._rows[type(fact)].add(fact)

    def extend(self, facts: Iterable[Fact]) -> None:
        """Append facts to their tables."""
        rows = self._rows
        for fact in facts:
            rows[type(fact)].add(fact)

    def rows(self, cls: type[F]) -> Collection[F]:
        """All facts of one class."""
        return typing.cast("Collection[F]", self._rows.get(cls, ()))

    def table(self, name: str) -> Collection[Fact]:
        """All facts of the table `name`."""
        return self._rows.get(REGISTRY[name].fact, ())


@cache  # read off when somebody asks: a run asks for the tables that its rules name
def _columns(cls: type[Fact]) -> dict[str, Column]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return {name: _column(name, hints[name]) for name in cls.__struct_fields__}


def _column(name: str, hint: object) -> Column:
    optional = False
    doc = ""
    if typing.get_origin(hint) is typing.Annotated:
        hint, *notes = typing.get_args(hint)
        doc = next((note for note in notes if isinstance(note, str)), "")
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        optional = len(inner) < len(typing.get_args(hint))
        hint = inner[0]
    kind, values = _kind(hint)
    return Column(name, kind, optional, values, doc)


_KINDS: typing.Final[Mapping[object, str]] = {str: "text", int: "int", float: "float", bool: "bool", Locus: "locus", bytes: "prints"}


def _kind(hint: object) -> tuple[str, tuple[str, ...]]:
    if getattr(hint, "__name__", "") == "Money":
        return "money", ()
    if typing.get_origin(hint) is typing.Literal:
        return "enum", tuple(str(value) for value in typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "enum", tuple(str(member) for member in hint)
    if typing.get_origin(hint) is tuple:
        return "loci", ()
    if hint in _KINDS:
        return _KINDS[hint], ()
    raise TypeError(f"a fact column cannot be a {hint!r}")
