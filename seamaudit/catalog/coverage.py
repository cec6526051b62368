"""What could not be checked: exchanges that lack what a rule needs, and what a layer could not decide."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from seamaudit.catalog.rule import Operator, Reference, Rule, Selection, Test
from seamaudit.facts import REGISTRY, Table
from seamaudit.findings import NotChecked
from seamaudit.layers.base import Unchecked
from seamaudit.trace import Exchange, Need

Undecided = Mapping[tuple[str, str], Set[int]]
"""What layers could not decide in one table: the exchanges, by aspect and reason. There are few of these however many exchanges."""


class Coverage:
    """Counts a run's exchanges by what their recording lacks; there are few such groups however many exchanges."""

    def __init__(self) -> None:
        self._groups: Counter[frozenset[tuple[Need, str]]] = Counter()

    def add(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self._groups[frozenset(exchange.lacks.items())] += 1

    @property
    def total(self) -> int:
        """How many exchanges were counted."""
        return self._groups.total()

    def lacking(self, needs: Sequence[Need]) -> Mapping[str, int]:
        """Exchanges that do not meet all of `needs`, by reason; one that misses several counts under the first of them."""
        reasons: Counter[str] = Counter()
        for group, count in self._groups.items():
            lacks = dict(group)
            missing = next((need for need in needs if need in lacks), None)
            if missing is not None:
                reasons[lacks[missing]] += count
        return reasons


def unchecked(rules: Iterable[Rule], coverage: Coverage, undecided: Iterable[Unchecked]) -> tuple[NotChecked, ...]:
    """One row per rule and reason: what the recordings lack, and what a layer could not decide in the rule's table."""
    by_table = by_their_table(undecided)
    rows = (row for rule in rules for row in _rows(rule, coverage, by_table[rule.table]))
    return tuple(sorted(rows))


def by_their_table(undecided: Iterable[Unchecked]) -> Mapping[str, Undecided]:
    """What layers could not decide, by the table that stays silent; nothing for any other table."""
    by_table: dict[str, dict[tuple[str, str], set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in undecided:
        by_table[row.table][row.aspect, row.reason].add(row.exchange)
    return by_table


def needs_of(rule: Rule) -> Sequence[Need]:
    """What an exchange must hold for a rule to be decided there."""
    return REGISTRY[rule.table].needs if rule.needs is None else rule.needs


def undecided_for(rule: Rule, undecided: Undecided) -> Mapping[str, frozenset[int]]:
    """The exchanges at which no layer could decide a rule, by reason, of what was not decided in its table."""
    table = REGISTRY[rule.table]
    concerned: dict[str, set[int]] = defaultdict(set)
    for (aspect, reason), exchanges in undecided.items():
        if _concerns(aspect, rule, table):
            concerned[reason] |= exchanges
    return {reason: frozenset(exchanges - {-1}) for reason, exchanges in concerned.items()}


def _rows(rule: Rule, coverage: Coverage, undecided: Undecided) -> Iterator[NotChecked]:
    counts = Counter(coverage.lacking(needs_of(rule)))
    counts.update({reason: len(exchanges) for reason, exchanges in undecided_for(rule, undecided).items()})
    return (NotChecked(rule.code, rule.name, reason, count, coverage.total) for reason, count in counts.items())


def is_all_of(aspect: str, rule: Rule) -> bool:
    """Whether an undecided aspect is all that a rule asks for: not where the rule also fires on other values of the aspect's column."""
    column = _column_of(aspect, REGISTRY[rule.table])
    if column is None:
        return True
    asked = [frozenset(_values(test.operands, rule)) for selection in rule.where for test in selection if _names_values(test, column)]
    return len(asked) == len(rule.where) > 0 and all(values == {aspect} for values in asked)


def _concerns(aspect: str, rule: Rule, table: Table) -> bool:
    """Whether a rule could have fired on the undecided aspect: not where every selection asks the aspect's column for other values."""
    column = _column_of(aspect, table)
    if column is None or not rule.where:
        return True
    return any(_admits(selection, column, aspect, rule) for selection in rule.where)


def _column_of(aspect: str, table: Table) -> str | None:
    return next((column.name for column in table.columns.values() if aspect in column.values), None)


def _admits(selection: Selection, column: str, value: str, rule: Rule) -> bool:
    return all(value in _values(test.operands, rule) for test in selection if _names_values(test, column))


def _names_values(test: Test, column: str) -> bool:
    return test.column == column and test.operator is Operator.ANY


def _values(operands: Iterable[object], rule: Rule) -> Iterator[object]:
    """The operands, a parameter's default in its place. An override does not count: what it excludes is still unknown."""
    for operand in operands:
        default = rule.params[operand.name].default if isinstance(operand, Reference) else operand
        yield from default if isinstance(default, tuple) else (default,)
