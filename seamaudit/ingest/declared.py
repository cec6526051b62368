"""Where a text itself says that what follows was looked up: inside a tag, or under a heading, of that name."""

from __future__ import annotations

import re
from typing import Final

REACH: Final = 1 << 16
"""Bytes before a place within which its tag or heading is sought."""

_THINGS = rb"(?:documents?|docs|passages?|snippets?|excerpts?|articles?)"
_NAMES = rb"(?:context|passages?|documents?|search[ _-]results?|(?:retrieved|relevant|supporting|reference)[ _-]" + _THINGS + rb")"
_TAG = re.compile(rb"<(/?)(" + _NAMES + rb"|retrieved[\w-]{0,40})(?:\s[^<>]{0,400})?>", re.IGNORECASE)
_HEADING = re.compile(rb"^(#{1,6})[ \t]+([^\n]{1,120})$", re.MULTILINE)
_LABEL = re.compile(rb"^" + _NAMES + rb":[ \t]*$", re.MULTILINE | re.IGNORECASE)
_SAYS_SO = re.compile(rb"[ \t]*" + _NAMES + rb"[ \t]*:?\Z|.*\b(?:retrieved|passages|snippets|excerpts|search results)\b", re.IGNORECASE)


def is_declared(text: bytes, at: int) -> bool:
    """Whether the byte at `at` stands in a part of `text` that is declared to be retrieved: in an open tag such as <context>, under
    a heading such as "# Passages" or any heading below it, or behind a line such as "Context:" with no heading between."""
    before = text[max(0, at - REACH) : at]
    return _in_tag(before) or _under_heading(before)


def _in_tag(before: bytes) -> bool:
    *_, last = [None, *_TAG.finditer(before)]
    return last is not None and not last[1]


def _under_heading(before: bytes) -> bool:
    level = 7
    headings = list(_HEADING.finditer(before))
    for found in reversed(headings):
        if len(found[1]) >= level:
            continue
        level = len(found[1])
        if _SAYS_SO.match(found[2]):
            return True
    start = headings[-1].end() if headings else 0
    return _LABEL.search(before, start) is not None
