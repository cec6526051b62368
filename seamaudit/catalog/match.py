"""Rules compiled to plain predicates over fact rows.

Nothing here can loop, allocate by a value, or reach anything but the row: the language has no expressions, its nesting is fixed by
its grammar (selection, column, operator, list: four levels, under the cap of sixteen), and its size is capped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter, ge, gt, le, lt
from typing import Any, Final

from seamaudit.catalog.problem import quoted, suggestion
from seamaudit.catalog.rule import ORDERINGS, Operand, Operator, Param, Reference, Rule, Selection, Test
from seamaudit.catalog.vocabulary import OPERATORS, askable, names
from seamaudit.errors import CatalogError
from seamaudit.facts import Column, Fact, Table
from seamaudit.findings import Scalar
from seamaudit.trace.money import PICO_PER_USD

MAX_NODES: Final = 256
"""Operands in a rule's `where` and `unless` together."""
REGEX_MEMORY: Final = 1 << 20
"""Bytes a compiled pattern may take; `(\\w{1,1000}){1,1000}` would take gigabytes."""

Predicate = Callable[[Fact], bool]
ParamValue = Scalar | tuple[Scalar, ...]


def compile_rule(rule: Rule, table: Table, overrides: Mapping[str, object] | None = None) -> Predicate:
    """The predicate of a rule: any `where` selection holds and no `unless` selection does.

    Raises CatalogError for an unknown parameter or a value that does not fit its column.
    """
    try:
        values = resolve(rule.params, overrides or {})
        wanted = [compile_selection(selection, table, values) for selection in rule.where]
        excepted = [compile_selection(selection, table, values) for selection in rule.unless]
    except ValueError as error:
        raise CatalogError(f"{rule.path or rule.code}: {error}") from None
    if size(rule) > MAX_NODES:
        raise CatalogError(f"{rule.path or rule.code}: more than {MAX_NODES} values in where and unless")
    if not wanted:
        return _no(excepted) if excepted else lambda row: True
    if not excepted:
        return _any(wanted)
    chosen, spared = _any(wanted), _no(excepted)
    return lambda row: chosen(row) and spared(row)


def size(rule: Rule) -> int:
    """Operands of a rule's `where` and `unless`."""
    return sum(len(test.operands) for selection in (*rule.where, *rule.unless) for test in selection)


def resolve(params: Mapping[str, Param], overrides: Mapping[str, object]) -> dict[str, ParamValue]:
    """Parameter values: the defaults, overridden. Raises ValueError for an unknown name or a value of another kind."""
    values: dict[str, ParamValue] = {name: param.default for name, param in params.items()}
    for name, value in overrides.items():
        if name not in params:
            raise ValueError(f"unknown parameter {quoted(name)}{suggestion(name, params)}")
        values[name] = _like(name, value, values[name])
    return values


def compile_selection(selection: Selection, table: Table, params: Mapping[str, ParamValue]) -> Predicate:
    """The conjunction of a selection's tests."""
    return _all([compile_test(test, table, params) for test in selection])


def compile_test(test: Test, table: Table, params: Mapping[str, ParamValue]) -> Predicate:
    """One test as a predicate. Unknown (None) equals only null and satisfies no other operator.

    Raises ValueError for an unknown column or parameter, an operator the column does not have, or a value of the wrong kind.
    """
    column = table.columns.get(test.column)
    if column is None or column.kind not in OPERATORS:
        raise ValueError(f"unknown column {quoted(test.column)}{suggestion(test.column, names(askable(table)))}")
    operands = [_fitting(operand, column, test.operator) for operand in _resolved(test.operands, params)]
    get: Callable[[Fact], Any] = attrgetter(test.column)
    if test.operator is Operator.ANY:
        return _equals(get, operands)
    if len(operands) != 1:
        raise ValueError(f"{test.operator} takes one value")
    if test.operator not in OPERATORS[column.kind]:
        raise ValueError(f"{test.operator} cannot be asked of {column.name}, which is {_article(column.kind)}")
    return _compares(get, test.operator, operands[0])


def _resolved(operands: Iterable[Operand], params: Mapping[str, ParamValue]) -> list[Scalar]:
    out: list[Scalar] = []
    for operand in operands:
        if not isinstance(operand, Reference):
            out.append(operand)
            continue
        if operand.name not in params:
            raise ValueError(f'unknown parameter "{operand}"{suggestion(operand.name, params)}')
        value = params[operand.name]
        out.extend(value if isinstance(value, tuple) else (value,))
    return out


def _fitting(value: Scalar, column: Column, operator: Operator) -> Scalar:
    """The value as the column holds it (dollars become picodollars). Raises ValueError where it cannot be one of its values."""
    if value is None and column.optional and operator is Operator.ANY:
        return None
    kind = column.kind
    fits = {
        "text": isinstance(value, str),
        "enum": isinstance(value, str) and (operator is not Operator.ANY or value in column.values),
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "money": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not fits[kind]:
        known = column.values if isinstance(value, str) else ()
        raise ValueError(f"{quoted(value)} is no value of {column.name}, which is {_article(kind)}{suggestion(str(value), known)}")
    if kind == "money" and isinstance(value, int | float):
        return round(value * PICO_PER_USD)
    return value


def _equals(get: Callable[[Fact], Any], operands: Sequence[Scalar]) -> Predicate:
    if len(operands) == 1:
        only = operands[0]
        return (lambda row: get(row) is None) if only is None else (lambda row: bool(get(row) == only))
    values = frozenset(operands)
    return lambda row: get(row) in values


_ORDER: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.GT: gt,
    Operator.GTE: ge,
    Operator.LT: lt,
    Operator.LTE: le,
}


def _compares(get: Callable[[Fact], Any], operator: Operator, operand: Scalar) -> Predicate:
    if operator in ORDERINGS:
        order = _ORDER[operator]
        return _known(get, lambda value: order(value, operand))
    text = str(operand)
    if operator is Operator.STARTSWITH:
        return _known(get, lambda value: value.startswith(text))
    if operator is Operator.CONTAINS:
        return _known(get, lambda value: text in value)
    search = _regex(text)
    return _known(get, lambda value: search(value) is not None)


def _known(get: Callable[[Fact], Any], test: Callable[[Any], bool]) -> Predicate:
    def predicate(row: Fact) -> bool:
        value = get(row)
        return value is not None and test(value)

    return predicate


def _regex(pattern: str) -> Callable[[str], object]:
    """An unanchored, linear-time search. Raises ValueError for a pattern that is malformed, not linear, or too large."""
    import re2  # late: few rules need it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = REGEX_MEMORY
    try:
        search = re2.compile(pattern, options=options).search
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{quoted(pattern)} is no linear-time pattern: {reason}") from None
    return lambda value: search(value.encode("utf-8", "replace").decode("utf-8"))  # a trace may hold lone surrogates, re2 takes none


def _any(predicates: Sequence[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return lambda row: any(predicate(row) for predicate in predicates)


def _no(predicates: Sequence[Predicate]) -> Predicate:
    return lambda row: not any(predicate(row) for predicate in predicates)


def _all(predicates: Sequence[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return lambda row: all(predicate(row) for predicate in predicates)


def _like(name: str, value: object, default: ParamValue) -> ParamValue:
    """The overriding value, if it is of the default's kind."""
    for kind, types in (("true or false", bool), ("a number", int | float), ("text", str)):
        if isinstance(default, types):
            if isinstance(value, types) and isinstance(value, bool) == isinstance(default, bool):
                return value
            raise ValueError(f"parameter {quoted(name)} takes {kind}, not {quoted(value)}")
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return tuple(value)
    raise ValueError(f"parameter {quoted(name)} takes a list of words or numbers, not {quoted(value)}")


def _article(kind: str) -> str:
    return {
        "text": "text",
        "enum": "a word of a fixed set",
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "money": "an amount of dollars",
    }[kind]
