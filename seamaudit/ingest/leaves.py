"""Which of the calls that a trace tells of only sum up others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Node = tuple[str, str]
"""A trace and the id of a span, run or observation in it."""


def above(calls: Iterable[Node], parents: Mapping[Node, str]) -> set[Node]:
    """The calls that have a call below them, however deep: the lower one is the call, the upper a summary of it."""
    known = set(calls)
    out: set[Node] = set()
    for trace, node in known:
        seen = {node}
        parent = parents.get((trace, node), "")
        while parent and parent not in seen:
            seen.add(parent)
            if (trace, parent) in known:
                out.add((trace, parent))
                break
            parent = parents.get((trace, parent), "")
    return out
