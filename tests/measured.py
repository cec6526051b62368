"""A file's facts as the audit measures them, before anything is judged."""

from __future__ import annotations

from pathlib import Path

from seamaudit import audit as composition
from seamaudit.facts import FactBase
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.sources import discover
from seamaudit.providers.prices import PriceBook


def measured(*paths: Path) -> FactBase:
    """All facts of some recordings."""
    intern, prices, knobs, reader = Interner(), PriceBook(), composition.Knobs(), Reader()
    reading = Reading(reader, FORMATS, intern, strict=True)
    try:
        replayed = composition.replay(
            reading, discover([str(path) for path in paths]), composition.layers(intern, prices, knobs), composition.seams(prices, knobs)
        )
    finally:
        reader.inputs.close()
    return replayed.facts
