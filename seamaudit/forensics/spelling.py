"""Names from a trace, for files that other programs draw pictures from."""

from __future__ import annotations

from typing import Final

from seamaudit.evidence import printable

LONGEST: Final = 120
"""Characters of a name that a picture shows."""


def short(text: str) -> str:
    """A name, safe to show and cut where it is long."""
    said = printable(text)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"
