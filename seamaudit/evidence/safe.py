"""Text made safe to print: nothing invisible, nothing a terminal, a log or an encoder acts on."""

from __future__ import annotations

import re

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}

_UNSAFE = re.compile(
    "["
    "\x80-\x9f"  # C1: 8-bit escape sequences
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # invisible although no control
    "\u061c\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidi
    "\ud800-\udfff"  # surrogates: no encoder takes them
    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags and variation selectors
    "\U000f0000-\U0010ffff"  # private planes: a font decides what they look like
    "]"
)

_COMMAND = re.compile(r"#(?=#(?:\[|vso\[|teamcity\[))")
"""A build log's command, which counts wherever it stands in a line."""


def sanitize(text: str) -> str:
    """The text on one line, every control and invisible character made visible.

    C0 and DEL become their pictures (U+2400..U+2421); C1, bidi controls, zero-width characters, tags, variation
    selectors and surrogates become `<U+XXXX>`. `##[`, `##vso[` and `##teamcity[` lose their first sign to U+266F.
    """
    return _COMMAND.sub("\u266f", _UNSAFE.sub(_named, text.translate(_PICTURES)))


def _named(match: re.Match[str]) -> str:
    return f"<U+{ord(match.group()):04X}>"
