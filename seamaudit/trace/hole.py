"""A hole: something that was there and was not read. No verdict reaches across it."""

from __future__ import annotations

from msgspec import Struct

from seamaudit.trace.locus import Locus


class Hole(Struct, frozen=True, gc=False):
    """A lost record. `cause` is one of the reader's rejection causes; `conversation` is known only where it could be read."""

    locus: Locus
    cause: str
    conversation: str | None = None
