"""A recording examined: what it holds and which rules can be decided from it; nothing is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from seamaudit.audit.inputs import Progress, opened
from seamaudit.audit.replay import replay
from seamaudit.catalog.coverage import unchecked
from seamaudit.catalog.load import load_catalog
from seamaudit.catalog.rule import Status
from seamaudit.config import Settings
from seamaudit.findings import Accounting, Skipped
from seamaudit.forensics.doctor import Diagnosis, Survey, diagnosis
from seamaudit.ingest.unknown import described
from seamaudit.layers.base import Layer, Unchecked
from seamaudit.trace import Source


class Examined(Struct, frozen=True):
    """What became of the inputs, what their calls hold, and what can be decided of them.

    `formats` and `records` are by source: what it was recognised as, and how many of its lines are records. A skipped file that nobody
    recognised has a sentence about what it looks like in its reason.
    """

    diagnosis: Diagnosis
    survey: Survey
    formats: Mapping[int, str]
    records: Mapping[int, int]
    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...]
    accounting: Accounting


def examine(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Examined:
    """Examine the recordings behind `paths`. Raises what `audit` raises."""
    rules = [rule for rule in load_catalog(settings.rules_dirs) if rule.status is not Status.REMOVED]
    survey = Survey()
    with opened(paths, settings, progress) as inputs:
        stack = inputs.stack(settings, frozenset(rule.table for rule in rules))
        surveying: tuple[Callable[[], Layer], ...] = (lambda: survey,)
        prices = stack.price_book()
        replayed = replay(inputs, (*stack.layers(inputs.intern, prices), *surveying), stack.seams(prices), stack)
        inputs.refuse_unrecognised()
        looks = {source.path: described(inputs.reader.head(source)) for source in inputs.reading.unrecognised}
    undecided = replayed.facts.rows(Unchecked)
    return Examined(
        diagnosis(rules, survey, undecided, unchecked(rules, replayed.coverage, undecided)),
        survey,
        dict(inputs.reading.recognised),
        {index: tally.records for index, tally in inputs.reading.accounting.tallies.items()},
        tuple(inputs.discovery.sources),
        tuple(_told(entry, looks) for entry in inputs.skipped()),
        inputs.accounting(),
    )


def _told(entry: Skipped, looks: Mapping[str, str]) -> Skipped:
    look = looks.get(entry.path, "")
    return Skipped(entry.path, f"{entry.reason}. {look}" if look else entry.reason, entry.explicit)
