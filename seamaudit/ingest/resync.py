"""Where the values are in a line that holds not exactly one."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from msgspec import Struct

from seamaudit.ingest.jsontext import MAX_DEPTH

_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
"""A whole string, a bracket, or the quote of a string that never ends. Possessive: linear in time, constant in memory."""
_QUOTE: Final = ord('"')
MAX_TOKENS: Final = 2_000_000
"""Half a second; the 32 MB that a provider accepts at most hold fewer."""


class Pieces(Struct, frozen=True):
    """The balanced objects and arrays that stand back to back at the beginning, as (start, stop), where the rest begins
    (the length where there is none), and whether the rest is a value that was begun and never ended."""

    values: tuple[tuple[int, int], ...]
    rest: int
    unfinished: bool


def pieces(data: bytes) -> Pieces:
    """Take a line apart by its brackets, without parsing and without recursion. A balanced piece need not be JSON.

    Stops, as if the rest were one, at text between values, at nesting deeper than is read, and after MAX_TOKENS.
    """
    values: list[tuple[int, int]] = []
    depth = start = end = 0
    for token in islice(_TOKEN.finditer(data), MAX_TOKENS):
        mark = data[token.start()]
        if depth == 0 and (mark not in b"{[" or data[end : token.start()].strip()):
            break
        if mark in b"{[":
            start = start if depth else token.start()
            depth += 1
        elif mark in b"}]":
            depth -= 1
            if depth == 0:
                end = token.end()
                values.append((start, end))
        if depth > MAX_DEPTH or (mark == _QUOTE and token.end() - token.start() == 1):
            break
    rest = end if data[end:].strip() else len(data)
    return Pieces(tuple(values), rest, 0 < depth <= MAX_DEPTH)
