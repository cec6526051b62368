"""Schemas as requests declare them, made fit to validate by, or refused: what is too large, refers elsewhere or may explode is not tried.

Source of the limits and of what validators do unasked: what the common ones were measured to do with hostile schemas. All of them
follow `$ref` to the network by default, and a schema of two kilobytes can keep each of them busy for longer than anyone waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import Struct

from seamaudit.ingest import jsontext
from seamaudit.ingest.conform.plain import Accepts, plainly

MAX_BYTES: Final = 256 << 10
MAX_NODES: Final = 5_000
MAX_DEPTH: Final = 64
MAX_EXPANSION: Final = 10_000
"""Schemas a validator may have to look at for one value, references followed."""

_DRAFTS: Final = {"draft-04": "4", "draft-06": "6", "draft-07": "7", "2019-09": "2019-09", "2020-12": "2020-12"}
_DEFAULT_DRAFT: Final = "2020-12"
_LITERALS: Final = frozenset({"const", "enum", "default", "example", "examples"})
"""Members that hold values, not schemas."""
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
"""Members whose own members are schemas under any name."""
_OPENAPI_LIMITS: Final = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
"""Gemini's Schema spells these int64 as text."""


class Declared(msgspec.Struct, frozen=True, gc=False):
    """A schema as a request declares it: in JSON Schema, or in the dialect of OpenAPI that Gemini takes.

    `promised` says that the provider undertook to keep to it (`strict`).
    """

    value: Any
    is_openapi: bool = False
    promised: bool = False


def declared(value: Any, *, is_openapi: bool = False, promised: bool = False) -> Declared | None:
    """What a member that may hold a schema declares: nothing where it is absent."""
    return None if value is None else Declared(value, is_openapi, promised)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A schema ready for the validator: compact JSON and the draft it is written in. `accepts` needs no validator to say yes."""

    text: bytes
    draft: str
    promised: bool
    accepts: Accepts | None = field(default=None, compare=False)


class Refused(Struct, frozen=True):
    """Why a schema is not validated by: words of our own, nothing of the schema's."""

    reason: str


def prepared(declared: Declared) -> Prepared | Refused:
    """A schema made fit, or refused."""
    value = declared.value
    if not isinstance(value, dict | bool):
        return Refused("the schema is no object")
    if not _is_small(value):
        return Refused("the schema is too large or too deep to validate by")
    if declared.is_openapi:
        value = _from_openapi(value)
    draft = _draft(value)
    if draft is None:
        return Refused("the schema is written in a dialect that is not known here")
    references = list(_references(value))
    if any(not target.startswith("#") for target in references):
        return Refused("the schema refers to another document")
    if references and _expansion(value) > MAX_EXPANSION:
        return Refused("the schema's references multiply beyond what is tried")
    nameless = _without_names(value)
    text = jsontext.ordered(nameless)
    if len(text) > MAX_BYTES:
        return Refused("the schema is too large or too deep to validate by")
    return Prepared(text, draft, declared.promised, plainly(nameless, draft) if jsontext.is_text(text) else None)


def _is_small(value: Any) -> bool:
    waiting = [(value, 1)]
    nodes = 0
    while waiting:
        held, depth = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            return False
        children = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
        waiting += ((child, depth + 1) for child in children)
    return True


def _draft(value: Any) -> str | None:
    """The draft a schema names; the latest where it names none."""
    named = value.get("$schema") if isinstance(value, dict) else None
    if not isinstance(named, str):
        return _DEFAULT_DRAFT
    if "json-schema.org/" not in named:
        return None
    return next((draft for word, draft in _DRAFTS.items() if word in named), None)


def _subschemas(schema: Any) -> Iterator[Any]:
    """What stands in a schema's members, as far as it is schemas."""
    if isinstance(schema, list):
        yield from schema
    elif isinstance(schema, dict):
        for name, held in schema.items():
            if name in _NAMED and isinstance(held, dict):
                yield from held.values()
            elif name not in _LITERALS:
                yield held


def _references(schema: Any) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict):
            yield from (held[name] for name in ("$ref", "$dynamicRef", "$recursiveRef") if isinstance(held.get(name), str))
        waiting += _subschemas(held)


def _expansion(root: Any) -> int:
    """How many schemas stand in a schema once its references are written out; one that refers to itself counts once."""
    known: dict[int, int] = {}
    targets = dict(_targets(root))

    def size(schema: Any) -> int:
        if id(schema) not in known:
            known[id(schema)] = 1
            target = targets.get(schema.get("$ref", "")) if isinstance(schema, dict) and isinstance(schema.get("$ref"), str) else None
            followed = size(target) if target is not None else 0
            applied = (each for each in _applied(schema) if isinstance(each, dict | list))
            known[id(schema)] = min(1 + followed + sum(map(size, applied)), MAX_EXPANSION + 1)
        return known[id(schema)]

    return size(root)


def _applied(schema: Any) -> Iterator[Any]:
    """The subschemas a value is judged by; definitions are judged by only where they are referred to."""
    if isinstance(schema, dict):
        yield from _subschemas({name: held for name, held in schema.items() if name not in ("$defs", "definitions")})
    else:
        yield from _subschemas(schema)


def _targets(root: Any) -> Iterator[tuple[str, Any]]:
    """Every place in a schema, by the fragment that refers to it."""
    waiting: list[tuple[str, Any]] = [("#", root)]
    while waiting:
        pointer, held = waiting.pop()
        yield pointer, held
        members: Mapping[str, Any] = held if isinstance(held, dict) else {}
        for name in ("$anchor", "$dynamicAnchor"):
            if isinstance(members.get(name), str):
                yield "#" + members[name], held
        waiting += ((f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", child) for name, child in members.items())
        waiting += ((f"{pointer}/{at}", child) for at, child in enumerate(held if isinstance(held, list) else ()))


def _without_names(schema: Any) -> Any:
    """A schema that names neither itself nor its dialect: a validator would resolve by the one and look for the other."""
    if isinstance(schema, list):
        return [_without_names(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for name, held in schema.items():
        if name in _NAMED and isinstance(held, dict):
            kept[name] = {each: _without_names(inner) for each, inner in held.items()}
        elif name in _LITERALS:
            kept[name] = held
        elif not (name in ("$schema", "$id", "id") and isinstance(held, str)):
            kept[name] = _without_names(held)
    return kept


def _from_openapi(schema: Any) -> Any:
    """Gemini's Schema in the words of JSON Schema: types in capitals, null beside a type, numbers as text.

    Source: Gemini API reference, `Schema` (a select subset of an OpenAPI 3.0 schema object).
    """
    if isinstance(schema, list):
        return [_from_openapi(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for name, held in schema.items():
        if name == "properties" and isinstance(held, dict):
            made[name] = {each: _from_openapi(inner) for each, inner in held.items()}
        elif name == "type" and isinstance(held, str):
            made[name] = held.lower()
        elif name in _OPENAPI_LIMITS and isinstance(held, str) and held.isdigit():
            made[name] = int(held)
        elif name != "nullable":
            made[name] = held if name in _LITERALS else _from_openapi(held)
    if made.get("type") == "type_unspecified":
        del made["type"]
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made
