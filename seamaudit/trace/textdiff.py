"""What changed between two versions of a text: where, and what kind of value it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import zip_longest

from msgspec import Struct

AROUND = 48
"""Characters kept on both sides of a change, so that a value cut by it is seen whole."""

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
CLOCK = re.compile(
    r"\b(?:\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(?: ?(?:z|utc|gmt|[+-]\d{2}:?\d{2})\b)?"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[ap]\.?m\b)?(?: ?(?:utc|gmt|z)\b)?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    r"|\d{1,2}/\d{1,2}/\d{2,4}|1[5-9]\d{8}(?:\.\d{1,9}|\d{3})?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)
"""A date, a time of day or a count of seconds since the epoch."""
IDENTIFIER = re.compile(
    r"\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{12,64}"
    r"|[A-Za-z]{2,12}[_-](?=[A-Za-z0-9]{0,40}\d)[A-Za-z0-9]{4,40}|(?=[A-Za-z0-9]{0,40}\d)(?=\d{0,40}[A-Za-z])[A-Za-z0-9]{8,40}|\d{4,20})\b"
)
"""A uuid, a ULID, a digest, a prefixed or mixed token, or a long number."""
_COUNTER = re.compile(r"\b\d{1,9}\b")
_PIECE = re.compile(r"[\w .:,/+-]+|[^\w .:,/+-]+")
"""What may hold such values, and what stands between: quotes, brackets, ends of lines. No value reaches from one piece into the next."""


class Shape(StrEnum):
    """The kind of value that a change replaced."""

    CLOCK = "clock"
    IDENTIFIER = "identifier"
    COUNTER = "counter"
    TEXT = "text"


class Change(Struct, frozen=True, gc=False):
    """A change: its first diverging byte in the new text, its shape, the changed middle of both versions with some
    context, how many bytes the versions share at both ends, and how many of the new text's bytes are not among them."""

    at: int
    shape: Shape
    was: str
    now: str
    shared: int
    changed: int


def compare(was: bytes, now: bytes) -> Change:
    """Compare two versions of a text byte by byte from both ends."""
    start = first_difference(was, now)
    limit = min(len(was), len(now)) - start
    end = first_difference(was[len(was) - limit :][::-1], now[len(now) - limit :][::-1]) if limit > 0 else 0
    old, new = _middle(was, start, end), _middle(now, start, end)
    return Change(start, _shape(old, new), old, new, start + end, len(now) - start - end)


def first_difference(left: bytes, right: bytes) -> int:
    """The length of the longest common prefix of two byte strings."""
    high = min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _middle(text: bytes, start: int, end: int) -> str:
    low = max(0, start - AROUND)
    high = min(len(text), len(text) - end + AROUND)
    return text[low:high].decode("utf-8", "replace")


_PATTERNS = ((Shape.CLOCK, CLOCK), (Shape.IDENTIFIER, IDENTIFIER), (Shape.COUNTER, _COUNTER))


def _shape(was: str, now: str) -> Shape:
    """The first shape whose values, and those of the shapes before it, are all that differs."""
    if was == now:
        return next((shape for shape, pattern in _PATTERNS if pattern.search(now)), Shape.TEXT)
    needed = 0
    for one, other in zip_longest(_pieces(was), _pieces(now), fillvalue=""):
        if one != other:
            needed = max(needed, _needed(one, other))
            if needed > len(_PATTERNS):
                return Shape.TEXT  # most passages have nothing in common, which their first pieces tell
    return _PATTERNS[needed - 1][0]


def _pieces(text: str) -> Iterator[str]:
    return (found[0] for found in _PIECE.finditer(text))


def _needed(was: str, now: str) -> int:
    """How many of the patterns must be put out of sight until two pieces are the same; one too many where they never are."""
    for count, (_, pattern) in enumerate(_PATTERNS, 1):
        was, now = pattern.sub("\0", was), pattern.sub("\0", now)
        if was == now:
            return count
    return len(_PATTERNS) + 1
