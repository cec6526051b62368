"""Chained digests: the cumulative identity of a prefix at chosen positions."""

from __future__ import annotations

from collections.abc import Iterable

from xxhash import xxh3_128_digest

from seamaudit.trace.prefix import Prefix


def every(prefix: Prefix) -> list[bytes]:
    """The digests at every position, entry k over the first k segments (`View.digest`)."""
    view = prefix.view
    base = view.digest(view.head)
    return [b"", *view.head_links[: view.head], *(xxh3_128_digest(base + link) for link in view.links[: prefix.length - view.head])]


def chain(prefix: Prefix, positions: Iterable[int]) -> dict[int, bytes]:
    """The chained digest at each of some positions that lie in a prefix."""
    digest = prefix.view.digest
    return {position: digest(position) for position in sorted(set(positions)) if 0 <= position <= prefix.length}
