"""A rule: pure data about what is wrong at which seam, and how to say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct, field

from seamaudit.findings import Confidence, Scalar, SeamSpec, Severity
from seamaudit.seams.fixes import Mend
from seamaudit.trace import Need


class Status(StrEnum):
    """How settled a rule is. A removed rule keeps its code taken and is not judged."""

    PREVIEW = "preview"
    STABLE = "stable"
    DEPRECATED = "deprecated"
    REMOVED = "removed"


class Operator(StrEnum):
    """What a column can be asked. `ANY` is equality with one of several values, the others take one value each."""

    ANY = "any"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    STARTSWITH = "startswith"
    CONTAINS = "contains"
    MATCHES = "matches"


ORDERINGS = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
TEXTUAL = frozenset({Operator.STARTSWITH, Operator.CONTAINS, Operator.MATCHES})


class Reference(Struct, frozen=True):
    """A parameter's name where a value could stand: `$min_tokens`."""

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


Operand = Scalar | Reference
"""A value a column is compared with. On a money column it is a number of dollars."""


class Test(Struct, frozen=True):
    """One question to one column. `ANY` holds where one operand is equal; every other operator has exactly one operand."""

    __test__ = False  # its name is the predicate's; pytest would collect it otherwise

    column: str
    operator: Operator
    operands: tuple[Operand, ...]


Selection = tuple[Test, ...]
"""Tests of which all must hold: one map of `where` or `unless`."""


class Param(Struct, frozen=True):
    """A number, word or list of words that config may set: its default and what it means."""

    default: Scalar | tuple[Scalar, ...]
    doc: str


class WasteColumns(Struct, frozen=True):
    """The columns that say what a row wasted, "" where the rule names none."""

    tokens: str = ""
    usd: str = ""
    seconds: str = ""

    def __iter__(self) -> Iterator[str]:
        return (column for column in (self.tokens, self.usd, self.seconds) if column)


class Rule(Struct, frozen=True, kw_only=True):
    """One rule file. `table` is its `from`; `path` where it was read, for messages about it.

    `where` and `unless` are alternatives: a row is a case where any `where` selection holds (none given: every row) and no
    `unless` selection does. `sums` are columns that the message speaks of as their sum over all rows. `needs` is None where the
    table's own needs apply; `needs_in_part` is enough for a part of what the rule looks for, None where nothing less is. `mend` is
    the edit of the layout whose replayed saving the fix quotes.
    """

    code: str
    name: str
    layer: str
    status: Status
    since: str
    severity: Severity
    confidence: Confidence
    seam: SeamSpec
    table: str
    where: tuple[Selection, ...]
    unless: tuple[Selection, ...]
    identity: tuple[str, ...]
    message: str
    fix: str
    why: str
    false_positives: tuple[str, ...]
    references: tuple[str, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict)
    waste: WasteColumns = WasteColumns()
    sums: tuple[str, ...] = ()
    symptom_of: tuple[str, ...] = ()
    mend: Mend | None = None
    needs: tuple[Need, ...] | None = None
    needs_in_part: tuple[Need, ...] | None = None
    path: str = ""
