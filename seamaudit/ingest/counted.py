"""Counts in whatever words a recorder has for them, brought into one convention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from seamaudit.ingest import counts
from seamaudit.trace import Convention, Usage


class Names(Struct, frozen=True, kw_only=True):
    """What a recorder calls the counts, each by its names in the order of trust."""

    input: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    write_5m: tuple[str, ...] = ()
    write_1h: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    total: tuple[str, ...] = ()


def usage(recorded: Mapping[str, int], names: Names, convention: Convention, *, reasoning_beside: bool = False) -> Usage | None:
    """Usage in one convention; None where nothing, or nothing but zeros, is told.

    `convention` is what the recorder documents; where it documents none, arithmetic decides, and where it cannot, the count is taken as
    inclusive and the doubt kept. A count of input that is smaller than its cached part is no total, whatever was documented.
    `reasoning_beside` says that the recorder counts reasoning beside the output, not in it.
    """
    kept = {name: recorded[name] for name in _all(names) if name in recorded}
    if not any(kept.values()):
        return None
    given, read, write = (counts.first(kept, *each) for each in (names.input, names.read, names.write))
    short, long = counts.first(kept, *names.write_5m), counts.first(kept, *names.write_1h)
    if write is None and (short is not None or long is not None):
        write = (short or 0) + (long or 0)
    output, reasoning, total = (counts.first(kept, *each) for each in (names.output, names.reasoning, names.total))
    if reasoning_beside and output is not None:
        output += reasoning or 0
    decided = _decided(convention, given, (read or 0) + (write or 0), output, total)
    return Usage(
        input=counts.total(given, read, write) if decided is Convention.EXCLUSIVE else given,
        cache_read=read,
        cache_write=write,
        cache_write_5m=short,
        cache_write_1h=long,
        output=output,
        reasoning=reasoning,
        total=total,
        convention=decided,
        recorded=kept,
    )


def _all(names: Names) -> Iterator[str]:
    for each in (names.input, names.read, names.write, names.write_5m, names.write_1h, names.output, names.reasoning, names.total):
        yield from each


def _decided(convention: Convention, given: int | None, cached: int, output: int | None, total: int | None) -> Convention:
    if given is None or not cached:
        return convention
    if given < cached:
        return Convention.EXCLUSIVE
    if convention is not Convention.UNKNOWN or output is None or total is None:
        return convention
    if total == given + output + cached:
        return Convention.EXCLUSIVE
    return Convention.INCLUSIVE if total == given + output else convention
