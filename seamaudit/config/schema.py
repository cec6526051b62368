"""The JSON Schema of a config file, for editors; `file.load` says the same with better words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from seamaudit.config.file import KEYS, NEVER
from seamaudit.config.limits import BUDGETED, ESTIMATED, OWNERS
from seamaudit.findings import Confidence, Severity
from seamaudit.layers.budgets import Per
from seamaudit.report.base.sites import COLUMNS
from seamaudit.trace.money import MOST_USD

_WORDS: Final = {"type": "array", "items": {"type": "string"}}
_VALUE: Final = {"type": ["string", "number", "boolean"]}


def schema() -> dict[str, Any]:
    """The schema of `seamaudit.toml`, which `[tool.seamaudit]` of a `pyproject.toml` is alike."""
    severities, sureness = [str(each) for each in Severity], [str(each) for each in Confidence]
    place = {"type": "string", "pattern": "^.+:[1-9][0-9]*$"}
    ignore = {
        "type": "object",
        "required": ["rule", "reason"],
        "additionalProperties": False,
        "properties": {
            "rule": {"type": "string", "minLength": 1},
            "match": {"type": "object", "additionalProperties": {"anyOf": [_VALUE, {"type": "array", "minItems": 1, "items": _VALUE}]}},
            "reason": {"type": "string", "pattern": "\\S"},
            "expires": {"type": "string", "format": "date"},
        },
    }
    keys: dict[str, Any] = {
        "select": _WORDS,
        "ignore": _WORDS,
        "min-severity": {"enum": severities},
        "min-confidence": {"enum": sureness},
        "fail-on": {"enum": [*severities, NEVER]},
        "strict-input": {"type": "boolean"},
        "strict-baseline": {"type": "boolean"},
        "rules": _WORDS,
        "baseline": {"type": "string", "minLength": 1},
        "prices": {"type": "string", "minLength": 1},
        "mapping": {"type": "string", "minLength": 1},
        "budgets": _allowances(BUDGETED),
        "estimates": _allowances(ESTIMATED),
        "eval-suites": {"type": "array", "items": {"type": "string", "pattern": "^(tag|app|path):."}},
        "max-steps": {"type": "integer", "minimum": 1},
        "max-repeats": {"type": "integer", "minimum": 1},
        "budget-usd": {"type": "number", "exclusiveMinimum": 0},
        "params": {"type": "object", "additionalProperties": {"type": "object"}},
        "sites": {
            "type": "object",
            "additionalProperties": False,
            "properties": {kind: {"type": "object", "additionalProperties": place} for kind in COLUMNS},
        },
        "ignores": {"type": "array", "items": ignore},
    }
    assert keys.keys() == set(KEYS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "seamaudit config",
        "type": "object",
        "additionalProperties": False,
        "properties": keys,
    }


def _allowances(known: Sequence[Per]) -> dict[str, Any]:
    usd = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": MOST_USD}
    owners = {owner: {"type": "string", "minLength": 1} for owner in OWNERS}
    one = {"type": "object", "required": ["usd"], "additionalProperties": False}
    return {"type": "array", "items": {**one, "properties": {"usd": usd, "per": {"enum": [each.value for each in known]}, **owners}}}
