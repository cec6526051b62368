"""Token counts as recorders spell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seamaudit.ingest.blocks import code

MAX_FIELDS = 256
"""Fields of a usage object that are kept; real ones have a dozen."""

MOST = 2**53 - 1
"""The largest count that is believed; beyond it doubles lose whole numbers, and nobody was ever billed for that many tokens."""


def flattened(usage: Any) -> dict[str, int]:
    """A usage object's whole numbers by dotted path; list items by index."""
    out: dict[str, int] = {}
    stack: list[tuple[str, Any]] = [("", usage)]
    while stack and len(out) < MAX_FIELDS:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [(f"{path}.{key}" if path else key, item) for key, item in reversed(value.items()) if code(key)]
        elif isinstance(value, list):
            stack += [(f"{path}.{at}", item) for at, item in reversed(list(enumerate(value)))]
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST and value == int(value):
            out[path] = int(value)
    return out


def first(recorded: Mapping[str, int], *names: str) -> int | None:
    """The first of some counts that is recorded, None where none is."""
    return next((recorded[name] for name in names if name in recorded), None)


def total(*counts: int | None) -> int | None:
    """The sum of what is known, None where the first is unknown."""
    return None if not counts or counts[0] is None else sum(count or 0 for count in counts)
