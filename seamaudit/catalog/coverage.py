"""What could not be checked: exchanges that lack what a rule needs, and what a layer could not decide."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from seamaudit.catalog.rule import Operator, Reference, Rule, Selection
from seamaudit.facts import REGISTRY, Table
from seamaudit.findings import NotChecked
from seamaudit.layers.base import Unchecked
from seamaudit.trace import Exchange, Need


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


def unchecked(rules: Iterable[Rule], coverage: Coverage, undecided: Sequence[Unchecked]) -> tuple[NotChecked, ...]:
    """One row per rule and reason: what the recordings lack, and what a layer could not decide in the rule's table."""
    by_table: dict[str, list[Unchecked]] = defaultdict(list)
    for row in undecided:
        by_table[row.table].append(row)
    rows = (row for rule in rules for row in _rows(rule, coverage, by_table[rule.table]))
    return tuple(sorted(rows))


def _rows(rule: Rule, coverage: Coverage, undecided: Sequence[Unchecked]) -> Iterator[NotChecked]:
    table = REGISTRY[rule.table]
    counts = Counter(coverage.lacking(table.needs if rule.needs is None else rule.needs))
    concerned: dict[str, set[int]] = defaultdict(set)
    for row in undecided:
        if _concerns(row.aspect, rule, table):
            concerned[row.reason].add(row.exchange)
    counts.update({reason: len(exchanges - {-1}) for reason, exchanges in concerned.items()})
    return (NotChecked(rule.code, rule.name, reason, count, coverage.total) for reason, count in counts.items())


def _concerns(aspect: str, rule: Rule, table: Table) -> bool:
    """Whether a rule could have fired on the undecided aspect: not where every selection asks the aspect's column for other values."""
    column = next((column.name for column in table.columns.values() if aspect in column.values), None)
    if column is None or not rule.where:
        return True
    return any(_admits(selection, column, aspect, rule) for selection in rule.where)


def _admits(selection: Selection, column: str, value: str, rule: Rule) -> bool:
    return all(value in _values(test.operands, rule) for test in selection if test.column == column and test.operator is Operator.ANY)


def _values(operands: Iterable[object], rule: Rule) -> Iterator[object]:
    """The operands, a parameter's default in its place. An override does not count: what it excludes is still unknown."""
    for operand in operands:
        default = rule.params[operand.name].default if isinstance(operand, Reference) else operand
        yield from default if isinstance(default, tuple) else (default,)
