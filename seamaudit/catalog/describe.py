"""A rule in words and as plain data, for listings and the generated reference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import asdict

from seamaudit.catalog.rule import Operand, Operator, Rule, Selection, Test
from seamaudit.findings import RuleCard

_SIGNS = {Operator.GT: ">", Operator.GTE: ">=", Operator.LT: "<", Operator.LTE: "<=", Operator.STARTSWITH: "starts with"}


def conditions(rule: Rule) -> list[str]:
    """What makes a row a case, one line per alternative and per exception."""
    wanted = [f"where {_selection(selection)}" for selection in rule.where] or ["every row"]
    return [*wanted, *(f"unless {_selection(selection)}" for selection in rule.unless)]


def as_data(rule: Rule) -> dict[str, Any]:
    """A rule as JSON data; the conditions as words."""
    return {
        "code": rule.code,
        "name": rule.name,
        "layer": rule.layer,
        "status": str(rule.status),
        "since": rule.since,
        "severity": str(rule.severity),
        "confidence": str(rule.confidence),
        "seam": asdict(rule.seam),
        "from": rule.table,
        "conditions": conditions(rule),
        "params": {name: {"default": param.default, "doc": param.doc} for name, param in rule.params.items()},
        "identity": list(rule.identity),
        "waste": {dimension: column for dimension, column in asdict(rule.waste).items() if column},
        "sums": list(rule.sums),
        "symptom_of": list(rule.symptom_of),
        "mend": str(rule.mend) if rule.mend else None,
        "message": rule.message,
        "fix": rule.fix,
        "why": rule.why,
        "false_positives": list(rule.false_positives),
        "references": list(rule.references),
    }


def card(rule: Rule) -> RuleCard:
    """What a report tells of a rule."""
    return RuleCard(
        code=rule.code,
        name=rule.name,
        layer=rule.layer,
        severity=rule.severity,
        confidence=rule.confidence,
        seam=rule.seam,
        fix=rule.fix,
        why=rule.why,
        false_positives=rule.false_positives,
        references=rule.references,
    )


def _selection(selection: Selection) -> str:
    return " and ".join(_test(test) for test in selection)


def _test(test: Test) -> str:
    if test.operator is Operator.ANY:
        return f"{test.column} is {_alternatives(test.operands)}"
    return f"{test.column} {_SIGNS.get(test.operator, str(test.operator))} {_operand(test.operands[0])}"


def _alternatives(operands: Iterable[Operand]) -> str:
    return " or ".join(map(_operand, operands))


def _operand(operand: Operand) -> str:
    if operand is None:
        return "unknown"
    return str(operand).lower() if isinstance(operand, bool) else str(operand)
