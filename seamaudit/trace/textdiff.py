"""What changed between two versions of a text: where, and what kind of value it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

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


class Shape(StrEnum):
    """The kind of value that a change replaced."""

    CLOCK = "clock"
    IDENTIFIER = "identifier"
    COUNTER = "counter"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Change:
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


def _shape(was: str, now: str) -> Shape:
    for shape, pattern in ((Shape.CLOCK, CLOCK), (Shape.IDENTIFIER, IDENTIFIER), (Shape.COUNTER, _COUNTER)):
        was, now = pattern.sub("\0", was), pattern.sub("\0", now)
        if "\0" in now and "\0" in was and was == now:
            return shape
    return Shape.TEXT
