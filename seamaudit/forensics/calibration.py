"""How well the replayed caches predict what providers reported."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from seamaudit.evidence import printable
from seamaudit.facts import FactBase
from seamaudit.layers.cache import CacheRead, Verdict
from seamaudit.trace import Source

SCHEMA_VERSION: Final = 1

VERDICTS: Final = (Verdict.EXACT, Verdict.WITHIN_STEP, Verdict.PROVIDER_SIDE, Verdict.MORE_THAN_PREDICTED, Verdict.UNEXPLAINED)
"""What a comparable read can be; one that was predicted to find nothing, and found nothing, is exact."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One model's reads: all that were replayed, those that compare, and of these how many met each verdict."""

    provider: str
    model: str
    replayed: int
    comparable: int
    verdicts: Counter[Verdict]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Every model's fit by name, their total, and the comparable reads that nothing explains, in order."""

    fits: tuple[Fit, ...]
    total: Fit
    unexplained: tuple[CacheRead, ...]


def calibration(facts: FactBase) -> Calibration:
    """The fit of each provider and model.

    A read compares where its request repeats the whole turn before it, unchanged, and that turn left something in a cache: what must
    then be read follows from the contract alone.
    """
    reads = facts.rows(CacheRead)
    groups: defaultdict[tuple[str, str], list[CacheRead]] = defaultdict(list)
    for read in reads:
        groups[read.provider, read.model].append(read)
    fits = tuple(_fit(provider, model, group) for (provider, model), group in sorted(groups.items()))
    unexplained = tuple(read for read in reads if _compares(read) and read.verdict is Verdict.UNEXPLAINED)
    return Calibration(fits, _fit("", "", reads), unexplained)


def document(table: Calibration, sources: Sequence[Source]) -> dict[str, Any]:
    """The calibration as JSON data, every string of it safe to print."""
    return {
        "schema_version": SCHEMA_VERSION,
        "rows": [{"provider": printable(fit.provider), "model": printable(fit.model), **_counts(fit)} for fit in table.fits],
        "total": _counts(table.total),
        "unexplained": [
            {
                "path": printable(sources[read.locus.source].path),
                "line": read.locus.line,
                "provider": printable(read.provider),
                "model": printable(read.model),
                "predicted": read.predicted,
                "reported": read.reported,
            }
            for read in table.unexplained
        ],
    }


def _counts(fit: Fit) -> dict[str, int]:
    return {"replayed": fit.replayed, "comparable": fit.comparable, **{str(verdict): fit.verdicts[verdict] for verdict in VERDICTS}}


def _fit(provider: str, model: str, reads: Iterable[CacheRead]) -> Fit:
    group = list(reads)
    met = Counter(_met(read) for read in group if _compares(read))
    return Fit(provider, model, len(group), met.total(), met)


def _met(read: CacheRead) -> Verdict:
    return Verdict.EXACT if read.verdict is Verdict.COLD else read.verdict


def _compares(read: CacheRead) -> bool:
    return read.extends and read.base_available > 0
