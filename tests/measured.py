"""A file's facts as the audit measures them, before anything is judged."""

from __future__ import annotations

from pathlib import Path

from seamaudit.audit import measure
from seamaudit.config import Settings
from seamaudit.facts import FactBase


def measured(*paths: Path) -> FactBase:
    """All facts of some recordings."""
    return measure([str(path) for path in paths], Settings()).replayed.facts
