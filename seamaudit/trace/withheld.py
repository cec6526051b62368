"""What a recorder kept back of a body."""

from __future__ import annotations

from enum import StrEnum


class Withheld(StrEnum):
    """How content was kept out of a recording: put away by a recorder that says so, put away by somebody who does not say who (a text
    that is nothing but such a word as `[REDACTED]`), or cut at a length."""

    REDACTED = "redacted"
    MASKED = "masked"
    CUT = "cut"
