"""Chained digests: the cumulative identity of a prefix at chosen positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from xxhash import xxh3_128_digest

from seamaudit.trace.prefix import Prefix, Runs, Tape


def chain(prefix: Prefix, positions: Iterable[int]) -> dict[int, bytes]:
    """For each position p the digest of everything in the first p segments; two prefixes of one tape agree there exactly if they are
    equal up to p.

    Head and messages are chained apart and then together: a head that changes every turn leaves the messages' chain as it is.
    """
    wanted = sorted({p for p in positions if 0 <= p <= prefix.length})
    head = prefix.head_length
    inside = [p for p in wanted if p <= head]
    behind = wanted[len(inside) :]
    out = dict(zip(inside, _along(prefix.tape, True, prefix.head, inside), strict=True))
    if behind:
        base = next(_along(prefix.tape, True, prefix.head, [head]))
        rest = _along(prefix.tape, False, prefix.runs, [p - head for p in behind])
        out.update((p, xxh3_128_digest(base + digest)) for p, digest in zip(behind, rest, strict=True))
    return out


def _along(tape: Tape, heads: bool, runs: Runs, wanted: Sequence[int]) -> Iterator[bytes]:
    """The chain's digests after so many positions of some runs, in ascending order; b"" before the first."""
    digest = b""
    at = done = 0
    while done < len(wanted) and not wanted[done]:
        yield digest
        done += 1
    for start, stop in runs:
        links = tape.links(heads, digest, start, stop)
        while done < len(wanted) and wanted[done] <= at + stop - start:
            yield links[wanted[done] - at - 1]
            done += 1
        if done == len(wanted):
            return
        digest = links[stop - start - 1]
        at += stop - start
