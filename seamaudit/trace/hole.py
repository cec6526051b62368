"""A hole: something that was there and was not read. No verdict reaches across it."""

from __future__ import annotations

from dataclasses import dataclass

from seamaudit.trace.locus import Locus


@dataclass(frozen=True, slots=True)
class Hole:
    """A lost record. `cause` is one of the reader's rejection causes; `conversation` is known only where it could be read."""

    locus: Locus
    cause: str
    conversation: str | None = None
