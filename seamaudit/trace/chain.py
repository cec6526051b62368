"""Chained digests: the cumulative identity of a prefix at chosen positions."""

from __future__ import annotations

from collections.abc import Iterable

import xxhash

from seamaudit.trace.prefix import Prefix


def chain(prefix: Prefix, positions: Iterable[int], salt: bytes = b"") -> dict[int, bytes]:
    """For each position p the digest of everything in the first p segments; two prefixes agree there exactly if they are equal up to p."""
    wanted = sorted({p for p in positions if 0 <= p <= prefix.length})
    digests = prefix.digests(0, wanted[-1] if wanted else 0)
    hasher = xxhash.xxh3_128(salt)
    out: dict[int, bytes] = {}
    done = 0
    for position in wanted:
        hasher.update(b"".join(digests[done:position]))
        out[position] = hasher.digest()
        done = position
    return out
