"""A mapping file: YAML that says where a log of one's own holds what is known of a call, checked before a trace is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from seamaudit.catalog.document import Document, read
from seamaudit.catalog.problem import Problem, RefusedRules, refuse
from seamaudit.catalog.schema import Json, problems
from seamaudit.errors import UsageError
from seamaudit.ingest.logmap import BODIES, COUNTS, DURATIONS, PATH, TIMES, UNITS, WORDS, Counts, LogMap, Place, parsed
from seamaudit.trace import Convention

HINT: Final = "docs/mapping.md has examples."
_MOST: Final = 16
"""Paths that are tried for one value, and values that are asked for at one path."""
DOCS: Final[Mapping[str, str]] = {
    "records": "Where a line or a document holds its records; itself where it is not said.",
    "where": "What a record must say to be a call: at each path one of some values. All others are passed over.",
    "request": "The request body as it was sent to the provider.",
    "response": "The response body as it came, parsed or as the text of its event stream.",
    "messages": "The messages of the prompt in any provider's words, or the prompt as one text.",
    "system": "The system prompt, where it stands beside the messages.",
    "tools": "The tool definitions.",
    "answer": "What was answered: a message, a response body, or a text.",
    "stop": "Why the answer ended, in the provider's word.",
    "error": "How the call failed: a text, or an object with type or code.",
    "status": "The HTTP status.",
    "url": "The URL that was called: it tells the provider, and which kind of body.",
    "provider": "Who answered, where no URL tells: openai, anthropic, bedrock, gemini, ...",
    "model": "The model that was asked for.",
    "streamed": "Whether the answer was streamed.",
    "max_tokens": "The limit of the answer.",
    "response_id": "The provider's id of the response.",
    "id": "The record's own id: two records of one id are one call.",
    "conversation": "The id of the conversation that the call belongs to.",
    "sequence": "The number of the call in its conversation, where there is no time.",
    "started": "When the call began.",
    "ended": "When the answer had come.",
    "first_byte": "When the answer began to come.",
    "duration": "How long the call took.",
    "time_to_first_byte": "How long after its start the answer began to come.",
    "app": "The application that called.",
    "agent": "The agent in it.",
    "team": "The team that it is for.",
    "key": "The name of the key that was used.",
    "user": "The user that it was for.",
    "cost": "What the call cost in US dollars, as the log noted it.",
    "tags": "A list of tags.",
    "complete": "Whether the messages are the whole prompt. Where it is not said, a list of messages is, and a lone text is not.",
    "usage": "The token counts: each where it stands, or `at` for an object in a provider's own words.",
    "convention": "Whether `input` holds the cached tokens (inclusive) or not (exclusive); where it is not said, arithmetic decides.",
}


def load_mapping(path: Path) -> LogMap:
    """The mapping in a file. Raises UsageError, with file, line and column, for everything in it that cannot be meant."""
    try:
        document = read(path)
        refuse(problems(document, schema()))
        refuse(_contradictions(document))
    except RefusedRules as refused:
        raise UsageError(refused.message, HINT) from None
    data: Any = document.data
    known = (*BODIES, *TIMES, *DURATIONS, *WORDS)
    return LogMap(
        places={name: _place(data[name]) for name in known if name in data},
        usage=_counts(data["usage"]) if "usage" in data else None,
        records=parsed(data.get("records", ".")),
        where={parsed(at): tuple(wanted) if isinstance(wanted, list) else (wanted,) for at, wanted in data.get("where", {}).items()},
        complete=data.get("complete"),
    )


def schema() -> Json:
    """The JSON Schema (draft 2020-12) of a mapping file."""
    unit: Json = {"unit": {"enum": list(UNITS), "description": "The unit of a number."}}
    constant: Json = {"value": {"type": ["string", "number", "boolean"], "description": "The same in every record."}}
    scalar: Json = {"type": ["string", "number", "boolean"]}
    counts = {name: _place_schema({}) for name in COUNTS}
    convention: Json = {"enum": [str(each) for each in Convention]} | _doc("convention")
    usage: Json = {
        "type": ["string", "object"],
        "if": {"type": "string"},
        "then": _PATH,
        "else": {
            "properties": {"at": _paths_schema(), "convention": convention, **counts},
            "additionalProperties": False,
            "minProperties": 1,
        },
    }
    where: Json = {
        "type": "object",
        "propertyNames": _PATH,
        "additionalProperties": {
            "type": ["string", "number", "boolean", "array"],
            "if": {"type": "array"},
            "then": {"items": scalar, "minItems": 1, "maxItems": _MOST},
        },
        "minProperties": 1,
    }
    places = {
        **{name: _place_schema({}) for name in BODIES},
        **{name: _place_schema(unit) for name in (*TIMES, *DURATIONS)},
        **{name: _place_schema(constant) for name in WORDS},
    }
    properties = {**places, "records": _PATH, "where": where, "usage": usage, "complete": {"type": "boolean"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "seamaudit mapping",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {name: each | _doc(name) for name, each in properties.items()},
    }


_PATH: Final[Json] = {"type": "string", "pattern": PATH, "maxLength": 500, "description": "a path like request.body or /request/body"}


def _doc(name: str) -> Json:
    return {"description": DOCS[name]} if name in DOCS else {}


def _paths_schema() -> Json:
    return {
        "type": ["string", "array"],
        "if": {"type": "array"},
        "then": {"items": _PATH, "minItems": 1, "maxItems": _MOST},
        "else": _PATH,
    }


def _place_schema(beside: Json) -> Json:
    """A path, a list of paths of which the first that holds a value counts, or a map of these and what is said beside."""
    return {
        "type": ["string", "array", "object"],
        "if": {"type": "object"},
        "then": {"properties": {"at": _paths_schema(), **beside}, "additionalProperties": False, "minProperties": 1},
        "else": {"if": {"type": ["string", "array"]}, "then": _paths_schema()},
    }


def _contradictions(document: Document) -> Iterator[Problem]:
    """What the schema lets pass and nobody can mean."""
    data: Any = document.data
    if not {"request", "messages", "usage"} & data.keys():
        yield document.at_value((), "it says neither where the request stands, nor the messages, nor the usage")
    for name in ("messages", "system", "tools", "complete"):
        if "request" in data and name in data:
            yield document.at_key((name,), f"the request already holds its {name}" if name != "complete" else "a request is always whole")
    if "response" in data and "request" not in data:
        yield document.at_key(("response",), "a response goes with a request; beside messages, call it answer")
    for name in ("answer", "stop"):
        if "response" in data and name in data:
            yield document.at_key((name,), f"the response already holds its {name}")
    if "first_byte" in data and "time_to_first_byte" in data:
        yield document.at_key(("time_to_first_byte",), "first_byte already says it")
    for name in (*TIMES, *DURATIONS):
        if isinstance(data.get(name), dict) and "at" not in data[name]:
            yield document.at_value((name,), 'the key "at" is missing')
    usage = data.get("usage")
    if isinstance(usage, dict):
        named = [name for name in COUNTS if name in usage]
        if "at" in usage and named:
            yield document.at_key(("usage", named[0]), f"at already says where {named[0]} stands")
        if "at" not in usage and not {"input", "output", "total"} & usage.keys():
            yield document.at_value(("usage",), "it says neither where the input stands, nor the output, nor at")


def _place(told: Any) -> Place:
    if not isinstance(told, dict):
        return Place(_paths(told))
    unit = told.get("unit")
    return Place(_paths(told.get("at", [])), told.get("value"), UNITS[unit] if unit else None)


def _paths(told: str | list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(parsed(each) for each in ([told] if isinstance(told, str) else told))


def _counts(told: Any) -> Counts:
    if isinstance(told, str):
        return Counts(at=Place(_paths(told)))
    return Counts(
        at=Place(_paths(told.get("at", []))),
        named={name: _place(told[name]) for name in COUNTS if name in told},
        convention=Convention(told.get("convention", Convention.UNKNOWN)),
    )
