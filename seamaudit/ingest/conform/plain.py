"""The plain part of JSON Schema, checked in place: what most tools declare, where saying yes takes no validator.

Only a yes is said here. A keyword that is not known below, a draft that reads one otherwise, a value that is not plainly what the schema
asks for: all that is left to the validator, which also names what is wrong. Nothing here follows a reference, matches a pattern or goes
deeper than the schema does, so that a hostile schema gains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Accepts = Callable[[Any], bool]
"""Whether a value is surely what a schema asks for; False says nothing."""

DRAFTS: Final = frozenset({"6", "7", "2019-09", "2020-12"})
"""Drafts that read every keyword below in the same way."""


def plainly(schema: Any, draft: str) -> Accepts | None:
    """A check for a schema, None where it says more than is plain."""
    return _compiled(schema) if draft in DRAFTS else None


def _compiled(schema: Any) -> Accepts | None:
    if not isinstance(schema, dict):
        return None
    checks: list[Accepts] = []
    for keyword, held in schema.items():
        make = _KEYWORDS.get(keyword)
        check = make(held, schema) if make is not None else None
        if check is None:
            return None
        if check is not _anything:
            checks.append(check)
    return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)


def _anything(value: Any) -> bool:
    return True


def _note(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    return _anything if isinstance(held, str) else None


def _default(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    return _anything


def _type(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    names = held if isinstance(held, list) else [held]
    if not names or not all(isinstance(name, str) and name in _TYPES for name in names) or len(set(names)) < len(names):
        return None
    types = frozenset(of for name in names for of in _TYPES[name])
    return lambda value: type(value) in types


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),  # a float without a fraction is one, too, in these drafts: left to the validator
    "number": (int, float),
    "null": (type(None),),
}


def _enum(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    if not isinstance(held, list) or not held or not all(isinstance(each, str) for each in held) or len(set(held)) < len(held):
        return None
    values = frozenset(held)
    return lambda value: isinstance(value, str) and value in values


def _required(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    if not isinstance(held, list) or not all(isinstance(each, str) for each in held) or len(set(held)) < len(held):
        return None
    names = frozenset(held)
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _properties(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    if not isinstance(held, dict):
        return None
    inner = {name: _compiled(each) for name, each in held.items()}
    known = {name: check for name, check in inner.items() if check is not None}
    if len(known) < len(inner):
        return None
    return lambda value: not isinstance(value, dict) or all(known[name](each) for name, each in value.items() if name in known)


def _additional(held: Any, schema: Mapping[str, Any]) -> Accepts | None:
    named = schema.get("properties", {})
    if held is True:
        return _anything
    if not isinstance(named, dict):
        return None
    names = frozenset(named)
    if held is False:
        return lambda value: not isinstance(value, dict) or value.keys() <= names
    check = _compiled(held)
    if check is None:
        return None
    return lambda value: not isinstance(value, dict) or all(check(each) for name, each in value.items() if name not in names)


def _items(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    check = _compiled(held)
    return None if check is None else lambda value: not isinstance(value, list) or all(map(check, value))


def _any_of(held: Any, _: Mapping[str, Any]) -> Accepts | None:
    if not isinstance(held, list) or not held:
        return None
    checks = [check for each in held if (check := _compiled(each)) is not None]
    return (lambda value: any(check(value) for check in checks)) if len(checks) == len(held) else None


_KEYWORDS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], Accepts | None]]] = {
    "type": _type,
    "enum": _enum,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "title": _note,
    "description": _note,
    "format": _note,
    "default": _default,
}
