"""What a rule can get wrong beyond its schema: parameters, placeholders, patterns, and its place among the other rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from seamaudit.catalog.document import Document, Steps
from seamaudit.catalog.match import MAX_NODES, compile_test, resolve, size
from seamaudit.catalog.message import template
from seamaudit.catalog.problem import Problem, quoted
from seamaudit.catalog.rule import Operator, Reference, Rule, Selection
from seamaudit.catalog.vocabulary import speakable
from seamaudit.facts import Registry, Table

Entry = tuple[Rule, Document]
"""A rule and the document it was read from."""


def check_rule(rule: Rule, document: Document, registry: Registry) -> Iterator[Problem]:
    """What is wrong inside one rule that the schema accepted."""
    table = registry[rule.table]
    if PurePath(document.path).stem != f"{rule.code}-{rule.name}":
        yield document.at_key(("name",), f"the file of this rule is called {rule.code}-{rule.name}.yaml")
    if size(rule) > MAX_NODES:
        yield document.at_key(("where",), f"more than {MAX_NODES} values in where and unless")
    yield from _predicates(rule, document, table)
    yield from _unused(rule, document)
    yield from _message(rule, document, table)


def check_catalog(entries: Sequence[Entry]) -> Iterator[Problem]:
    """What is wrong between rules: a code or name twice, a symptom of an unknown rule, symptoms that explain each other."""
    codes: dict[str, Rule] = {}
    names: dict[str, Rule] = {}
    for rule, document in entries:
        for key, value, known in (("code", rule.code, codes), ("name", rule.name, names)):
            if value in known:
                yield document.at_value((key,), f"the {key} {value} is taken by {known[value].path}")
            known.setdefault(value, rule)
    causes = {rule.code: rule.symptom_of for rule, _ in entries}
    for rule, document in entries:
        for index, code in enumerate(rule.symptom_of):
            if code not in codes:
                yield document.at_value(("symptom_of", index), f"no rule has the code {code}", code, codes)
            elif rule.code in closure(code, causes):
                yield document.at_value(("symptom_of", index), f"{code} is itself a symptom of {rule.code}")


def closure(code: str, causes: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """A rule's code and those of its causes, their causes, and so on."""
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        code = waiting.pop()
        if code not in seen:
            seen.add(code)
            waiting.extend(causes.get(code, ()))
    return frozenset(seen)


def _predicates(rule: Rule, document: Document, table: Table) -> Iterator[Problem]:
    params = resolve(rule.params, {})
    for key, selections in (("where", rule.where), ("unless", rule.unless)):
        for index, selection in enumerate(selections):
            at: Steps = (key, index) if (key, index) in document.values else (key,)
            for test in selection:
                try:
                    compile_test(test, table, params)
                except ValueError as error:
                    place = (*at, test.column) if test.operator is Operator.ANY else (*at, test.column, str(test.operator))
                    yield document.at_value(place, str(error))


def _unused(rule: Rule, document: Document) -> Iterator[Problem]:
    used = set(_references(rule.where)) | set(_references(rule.unless))
    for name in rule.params:
        if name not in used:
            yield document.at_key(("params", name), f"no test uses the parameter {quoted(name)}")


def _references(selections: Sequence[Selection]) -> Iterator[str]:
    return (op.name for selection in selections for test in selection for op in test.operands if isinstance(op, Reference))


def _message(rule: Rule, document: Document, table: Table) -> Iterator[Problem]:
    try:
        placeholders = template(rule.message).placeholders
    except ValueError as error:
        word = str(error)
        yield document.at_word(("message",), word, f"{quoted(word)} begins no placeholder; a brace that means itself is written twice")
        return
    known = speakable(table)
    for name in (placeholder.name for placeholder in placeholders):
        if name not in known:
            yield document.at_word(("message",), f"{{{name}", f"unknown placeholder {quoted(name)}", name, known)
