"""A walk as plain data, for JSON: every string of it safe to print, dollars as numbers, unknown as null."""

from __future__ import annotations

from typing import Any

from seamaudit.evidence import printable
from seamaudit.forensics.walk.request import Opened
from seamaudit.forensics.walk.steps import Boundary, Step, Walk
from seamaudit.trace import Money, to_usd

SCHEMA_VERSION = 1


def document(walk: Walk, files: list[str], opened: tuple[int, Opened] | None = None) -> dict[str, Any]:
    """The walk as JSON data; `opened` adds the request of one step, by its number."""
    return {
        "schema_version": SCHEMA_VERSION,
        "thread": printable(walk.thread),
        "conversation": printable(walk.conversation),
        "provider": walk.provider,
        "usd": _usd(walk.usd),
        "steps": [_step(step, files) for step in walk.steps],
        **({"request": {"turn": opened[0], **_opened(opened[1])}} if opened else {}),
    }


def _step(step: Step, files: list[str]) -> dict[str, Any]:
    return {
        "turn": step.number,
        "file": printable(files[step.locus.source]),
        "line": step.locus.line,
        "at": step.at,
        "model": printable(step.model),
        "side": step.side,
        "intended": step.intended,
        "tokens": {"read": step.read, "written": step.written, "plain": step.plain, "output": step.output},
        "usd": _usd(step.usd),
        "spent_usd": _usd(step.spent),
        "stream": {"history": step.history, "end": step.terminal.value} if step.terminal else None,
        "stop": printable(step.stop),
        "refused": printable(step.refused),
        "brought": [printable(name) for name in step.brought],
        "failed_results": step.failed,
        "repeats": step.repeats,
        "calls": [printable(name) for name in step.made],
        "text": step.said,
        "attempt": {"number": step.attempt[0], "of": step.attempt[1]},
        "boundaries": [_boundary(each) for each in step.boundaries],
    }


def _boundary(found: Boundary) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "severity": str(found.severity),
        "upstream": found.upstream,
        "downstream": found.downstream,
        "guarantees": found.guarantees,
        "assumes": found.assumes,
        "waste": {"tokens": found.waste.tokens, "usd": _usd(found.waste.usd), "seconds": found.waste.seconds},
    }


def _opened(request: Opened) -> dict[str, Any]:
    return {
        "params": {printable(name): printable(value) for name, value in request.params.items()},
        "positions": [
            {
                "number": each.number,
                "pointer": printable(each.pointer),
                "zone": each.zone.value,
                "role": printable(each.role),
                "kind": each.kind.value,
                "name": printable(each.name),
                "bytes": each.bytes,
                "ttl": printable(each.ttl),
                "known": each.known,
                "failed": each.failed,
                "excerpt": each.excerpt,
            }
            for each in request.positions
        ],
        "answer": [
            {"pointer": printable(block.pointer), "kind": block.kind.value, "name": printable(block.name), "bytes": block.bytes}
            for block in request.blocks
        ],
        "usage": {printable(name): count for name, count in request.usage.items()},
    }


def _usd(amount: Money | None) -> float | None:
    return None if amount is None else round(to_usd(amount), 6)
