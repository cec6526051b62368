"""Who put a position into a prompt."""

from __future__ import annotations

from collections.abc import Mapping

from seamaudit.layers.ledger.facts import Producer
from seamaudit.trace import Kind, Segment, Zone

_RESULTS = frozenset({Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT})
_CALLS = frozenset({Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL})
_FILES = frozenset({Kind.IMAGE, Kind.DOCUMENT})
_MODEL = frozenset({"assistant", "model"})

APART = frozenset({Producer.TOOL_RESULT, Producer.TOOL_SCHEMAS, Producer.RETRIEVED, Producer.ATTACHMENT})
"""Producers whose positions have a row each; those of the others that enter with one call share one."""


def producer(segment: Segment, tools: Mapping[str, str]) -> tuple[Producer, str]:
    """The producer of a position and, of a tool's schema or result, the tool's name; `tools` are the names by call id."""
    if segment.kind is Kind.TOOL_DEFINITION:
        return Producer.TOOL_SCHEMAS, segment.name
    if segment.kind in _RESULTS:
        return Producer.TOOL_RESULT, tools.get(segment.call_id, "") or segment.name
    if segment.retrieved:
        return Producer.RETRIEVED, ""
    if segment.zone is Zone.SYSTEM:
        return Producer.SYSTEM, ""
    if segment.kind in _FILES or segment.unsized:
        return Producer.ATTACHMENT, ""
    if segment.kind is Kind.THINKING:
        return Producer.REASONING, ""
    if segment.kind in _CALLS or segment.role in _MODEL:
        return Producer.HISTORY, ""
    return (Producer.SYSTEM if segment.role in ("system", "developer") else Producer.USER), ""


def written(kind: Kind) -> Producer:
    """The producer of a block of an answer."""
    if kind is Kind.THINKING:
        return Producer.REASONING
    return Producer.CALLS if kind in _CALLS else Producer.ANSWER
