"""Two small fact tables and rules about them, for tests of the rule language."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from seamaudit.catalog.document import Document, parse
from seamaudit.catalog.load import parse_rule
from seamaudit.catalog.rule import Rule
from seamaudit.facts import Fact, FactBase, fact
from seamaudit.trace import Locus, Money, Need

PICO = 10**12


@fact("test_rows", needs=(Need.PROMPT, Need.USAGE))
class Row(Fact, frozen=True, kw_only=True):
    """A row with one column of every kind."""

    cause: Annotated[Literal["clock", "retrieval", "tools"], "What changed."] = "clock"
    label: str = ""
    note: str | None = None
    size: int | None = None
    share: float | None = None
    lost: int | None = None
    price: Money | None = None
    delay: float | None = None
    intended: bool = False
    proof: Literal["declared", "proven", "inferred"] = "declared"
    confidence: Literal["high", "medium", "low"] = "high"
    was: Locus | None = None
    now: Locus | None = None
    diverges_at: int | None = None


@fact("test_plain")
class Plain(Fact, frozen=True, kw_only=True):
    """A row without proof, confidence or evidence."""

    kind: str = ""
    tokens: int = 0
    price: Money | None = None


def locus(line: int, pointer: str = "") -> Locus:
    """A place in the first source."""
    return Locus(0, line, line * 100, 100, pointer)


def row(line: int = 1, **columns: Any) -> Row:
    """A row about exchange `line` at that line."""
    return Row(**{"exchange": line, "thread": "t", "app": "shop", "locus": locus(line), **columns})


def plain(line: int = 1, **columns: Any) -> Plain:
    """A plain row about exchange `line` at that line."""
    return Plain(**{"exchange": line, "thread": "t", "app": "shop", "locus": locus(line), **columns})


def base(*rows: Fact) -> FactBase:
    """A fact base of these rows, in this order."""
    facts = FactBase()
    facts.extend(rows)
    return facts


def rule_data(**keys: Any) -> dict[str, Any]:
    """A valid rule file about test_rows, as data; None removes a key."""
    data = {
        "code": "XX001",
        "name": "something-moves",
        "status": "stable",
        "severity": "high",
        "confidence": "high",
        "seam": {"upstream": "retrieval", "downstream": "cache", "guarantees": "fresh text", "assumes": "stable bytes"},
        "from": "test_rows",
        "identity": ["app"],
        "message": "Something moves.",
        "fix": "Do not.",
        "why": "It costs.",
        "false_positives": ["None known."],
        **keys,
    }
    return {key: value for key, value in data.items() if value is not None}


def written(data: Any, path: str = "XX001-something-moves.yaml") -> Document:
    """Data as a rule file: JSON is YAML."""
    return parse(json.dumps(data, indent=1).encode(), path)


def rule(**keys: Any) -> Rule:
    """The rule of `rule_data(**keys)`."""
    return parse_rule(written(rule_data(**keys)))
