"""The face every seam has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from seamaudit.facts import Fact, FactBase


class Seam(Protocol):
    """A join: reads facts of several layers, gives the facts of the boundary between them."""

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """All facts of this seam, in the order of their exchanges."""
        ...
