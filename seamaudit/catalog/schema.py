"""The rule language as JSON Schema, generated from the fact tables, and what its errors say to a rule's author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from seamaudit.catalog.document import Document
from seamaudit.catalog.problem import Problem, quoted
from seamaudit.catalog.rule import ORDERINGS, Operator, Status
from seamaudit.catalog.vocabulary import OPERATORS, askable, identity_columns, sum_columns, waste_columns
from seamaudit.facts import Column, Registry, Table
from seamaudit.findings import Confidence, Severity
from seamaudit.seams.fixes import Mend
from seamaudit.trace import Need

if TYPE_CHECKING:
    from jsonschema import ValidationError

Json = dict[str, Any]

_LISTED = 12
"""An enumeration of at most this many values is listed in a message."""

_TEXT: Final[Json] = {"type": "string", "minLength": 1}
_TEXTS: Final[Json] = {"type": "array", "items": _TEXT}
_NEEDS: Final[Json] = {"type": "array", "items": {"enum": [str(need) for need in Need]}}
_CODE: Final[Json] = {"type": "string", "pattern": "^[A-Z]{2,6}[0-9]{3}$", "description": "a code like CA001"}
_NAME: Final[Json] = {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "description": "a name like retrieved-text-in-prefix"}
_REFERENCE: Final[Json] = {"pattern": r"^\$[a-z][a-z0-9_]*$", "description": "a parameter like $min_tokens"}
_SEAM: Final[Json] = {
    "type": "object",
    "required": ["upstream", "downstream", "guarantees", "assumes"],
    "properties": dict.fromkeys(("upstream", "downstream", "guarantees", "assumes"), _TEXT),
    "additionalProperties": False,
}
_PARAM: Final[Json] = {
    "type": "object",
    "required": ["default", "doc"],
    "properties": {
        "default": {"type": ["number", "string", "boolean", "array"], "items": {"type": ["number", "string"]}},
        "doc": _TEXT,
    },
    "additionalProperties": False,
}
_REQUIRED: Final = (
    "code",
    "name",
    "status",
    "severity",
    "confidence",
    "seam",
    "from",
    "identity",
    "message",
    "fix",
    "why",
    "false_positives",
)


def rule_schema(registry: Registry) -> Json:
    """The JSON Schema (draft 2020-12) of a rule file: fixed keys, and per fact table its columns, their operators and values."""
    tables = list(registry)
    properties: Json = {
        "code": _CODE,
        "name": _NAME,
        "status": {"enum": [str(status) for status in Status]},
        "since": _TEXT,
        "severity": {"enum": [str(severity) for severity in Severity]},
        "confidence": {"enum": [str(confidence) for confidence in Confidence]},
        "seam": _SEAM,
        "from": {"enum": [table.name for table in tables]},
        "where": {},
        "unless": {},
        "params": {"type": "object", "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"}, "additionalProperties": _PARAM},
        "identity": {"type": "array"},
        "waste": {"type": "object"},
        "sums": {"type": "array"},
        "message": _TEXT,
        "fix": _TEXT,
        "why": _TEXT,
        "false_positives": _TEXTS,
        "references": _TEXTS,
        "mend": {"enum": [str(mend) for mend in Mend]},
        "symptom_of": {"type": "array", "items": _CODE},
        "needs": _NEEDS,
        "needs_in_part": _NEEDS,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "seamaudit rule",
        "type": "object",
        "required": list(_REQUIRED),
        "properties": properties,
        "additionalProperties": False,
        "allOf": [_speaking_of(table) for table in tables],
        "$defs": {table.name: _table(table) for table in tables},
    }


def _speaking_of(table: Table) -> Json:
    return {"if": {"properties": {"from": {"const": table.name}}, "required": ["from"]}, "then": {"$ref": f"#/$defs/{table.name}"}}


def _table(table: Table) -> Json:
    """What a rule about one table may say in `where`, `unless`, `identity`, `waste` and `sums`."""
    selection: Json = {
        "type": "object",
        "properties": {column.name: _asked(column) for column in askable(table)},
        "additionalProperties": False,
        "minProperties": 1,
    }
    selections: Json = {
        "if": {"type": "array"},
        "then": {"items": selection, "minItems": 1},
        "else": selection,
    }
    waste = {dimension: {"enum": waste_columns(table, dimension)} for dimension in ("tokens", "usd", "seconds")}
    return {
        "properties": {
            "where": selections,
            "unless": selections,
            "identity": {"items": {"enum": identity_columns(table)}, "minItems": 1},
            "waste": {"properties": waste, "additionalProperties": False, "minProperties": 1},
            "sums": {"items": {"enum": sum_columns(table)}, "minItems": 1},
        }
    }


def _asked(column: Column) -> Json:
    """A predicate of one column: a value, a list of values, or a map of operators. Without anyOf, whose errors name no place."""
    value = _value(column)
    operators = {str(operator): _operand(column, operator) for operator in Operator if operator in OPERATORS[column.kind]}
    return {
        "description": column.doc,
        "if": {"type": "object"},
        "then": {"properties": operators, "additionalProperties": False, "minProperties": 1},
        "else": {"if": {"type": "array"}, "then": {"items": value, "minItems": 1}, "else": value},
    }


def _value(column: Column) -> Json:
    kinds = {"text": ["string"], "int": ["integer"], "float": ["number"], "money": ["number"], "bool": ["boolean"]}
    null = [None] if column.optional else []
    if column.kind == "enum":
        return _or_reference({"enum": [*column.values, *null]})
    return _or_reference({"type": [*kinds[column.kind], *(["null"] if null else [])]})


def _operand(column: Column, operator: Operator) -> Json:
    if operator in ORDERINGS:
        return _or_reference({"type": "integer" if column.kind == "int" else "number"})
    return _or_reference(_TEXT)


def _or_reference(schema: Json) -> Json:
    return {"if": {"type": "string", "pattern": r"^\$"}, "then": _REFERENCE, "else": schema}


def problems(document: Document, schema: Json) -> Iterator[Problem]:
    """What the schema finds wrong in a document, in words, each at its place."""
    from jsonschema import Draft202012Validator  # late: heavy, and listing rules does not validate

    data: Any = document.data
    for error in Draft202012Validator(schema).iter_errors(data):
        yield from _said(document, error)


def _said(document: Document, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    rule: Any = error.validator_value
    instance: Any = error.instance
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    match error.validator:
        case "additionalProperties":
            known = list(schema.get("properties", ()))
            for key in (key for key in instance if key not in known):
                yield document.at_key((*path, key), f"unknown {_noun(path)} {quoted(key)}", key, known)
        case "required":
            for key in (key for key in rule if key not in instance):
                yield document.at_value(path, f"the key {quoted(key)} is missing")
        case "enum":
            yield document.at_value(path, f"{quoted(instance)} {_none_of(rule)}", _word(instance), _words(rule))
        case "type":
            yield document.at_value(path, f"expected {_types(rule)}, found {quoted(instance)}")
        case "minItems" | "minProperties" | "minLength":
            yield document.at_value(path, "must not be empty")
        case "maxItems" | "maxLength":
            yield document.at_value(path, f"longer than {rule}")
        case "pattern" if "propertyNames" in error.absolute_schema_path:
            name = schema.get("description", "a parameter name like min_tokens")
            yield document.at_key((*path, instance), f"expected {name}, found {quoted(instance)}")
        case "pattern":
            yield document.at_value(path, f"expected {schema.get('description', rule)}, found {quoted(instance)}")
        case other:
            yield document.at_value(path, f"does not fit the schema ({other})")


def _noun(path: tuple[str | int, ...]) -> str:
    """What the keys of the map at `path` are."""
    words = tuple(step for step in path if isinstance(step, str))
    if words in (("where",), ("unless",)):
        return "column"
    return "operator" if words[:1] in (("where",), ("unless",)) else "key"


def _none_of(values: list[Any]) -> str:
    if not values:
        return "cannot stand here: the table has no such column"
    return f"is none of {', '.join(map(str, values))}" if len(values) <= _LISTED else "is not known"


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _words(values: Iterable[object]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _types(types: str | list[str]) -> str:
    words = {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "a map",
        "null": "null",
    }
    return " or ".join(words[name] for name in ([types] if isinstance(types, str) else types))
