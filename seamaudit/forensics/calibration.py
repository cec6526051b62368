"""How well the replayed caches predict what providers reported."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from seamaudit.evidence import printable
from seamaudit.facts import FactBase
from seamaudit.layers.cache import Answered, CacheRead, Verdict
from seamaudit.layers.usage_cache import UsageRead, UsageVerdict
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Locus, Source

SCHEMA_VERSION: Final = 1

VERDICTS: Final = (Verdict.EXACT, Verdict.WITHIN_STEP, Verdict.PROVIDER_SIDE, Verdict.MORE_THAN_PREDICTED, Verdict.UNEXPLAINED)
"""What a comparable read can be; one that was predicted to find nothing, and found nothing, is exact."""


FOLLOWED: Final = {
    UsageVerdict.EXACT: Verdict.EXACT,
    UsageVerdict.FALLBACK: Verdict.EXACT,
    UsageVerdict.MORE: Verdict.MORE_THAN_PREDICTED,
    UsageVerdict.PROVIDER_SIDE: Verdict.PROVIDER_SIDE,
    UsageVerdict.UNEXPLAINED: Verdict.UNEXPLAINED,
}
"""What a read that was followed by usage alone comes to, where it compares: a fallback reads exactly what the last of its kind left."""


class Read(NamedTuple):
    """A read that was replayed or followed: its verdict where it compares with what was predicted, else None."""

    provider: str
    model: str
    locus: Locus
    exchange: int
    verdict: Verdict | None
    predicted: int
    reported: int


class Fit(Struct, frozen=True):
    """One model's reads: all that were replayed, those that compare, and of these how many met each verdict."""

    provider: str
    model: str
    replayed: int
    comparable: int
    verdicts: Counter[Verdict]


class Unexplained(Struct, frozen=True):
    """A comparable read that nothing explains, and what speaks of it: how many requests of other conversations that begin alike were
    served exactly as much, as where another machine's entry was found; and whether the provider promises a hit at all."""

    read: Read
    alike: int
    promised: bool


class Calibration(Struct, frozen=True):
    """Every model's fit by name, their total, and the comparable reads that nothing explains, in order."""

    fits: tuple[Fit, ...]
    total: Fit
    unexplained: tuple[Unexplained, ...]


def calibration(facts: FactBase, calls: Sequence[Answered] = ()) -> Calibration:
    """The fit of each provider and model.

    A read compares where its request repeats the whole turn before it, unchanged, and that turn left something in a cache: what must
    then be read follows from the contract alone. Of recordings without whole prompts it compares where nothing that is recorded stood
    between both. `calls` are the requests that were replayed, to be asked about the others.
    """
    reads = sorted([*map(_replayed, facts.rows(CacheRead)), *map(_followed, facts.rows(UsageRead))], key=lambda read: read.exchange)
    groups: defaultdict[tuple[str, str], list[Read]] = defaultdict(list)
    for read in reads:
        groups[read.provider, read.model].append(read)
    fits = tuple(_fit(provider, model, group) for (provider, model), group in sorted(groups.items()))
    by_id = {call.exchange.id: call for call in calls}
    unexplained = tuple(_unexplained(read, by_id) for read in reads if read.verdict is Verdict.UNEXPLAINED)
    return Calibration(fits, _fit("", "", reads), unexplained)


def document(table: Calibration, sources: Sequence[Source]) -> dict[str, Any]:
    """The calibration as JSON data, every string of it safe to print."""
    return {
        "schema_version": SCHEMA_VERSION,
        "rows": [{"provider": printable(fit.provider), "model": printable(fit.model), **_counts(fit)} for fit in table.fits],
        "total": _counts(table.total),
        "unexplained": [
            {
                "path": printable(sources[each.read.locus.source].path),
                "line": each.read.locus.line,
                "provider": printable(each.read.provider),
                "model": printable(each.read.model),
                "predicted": each.read.predicted,
                "reported": each.read.reported,
                "alike": each.alike,
                "promised": each.promised,
            }
            for each in table.unexplained
        ],
    }


def _counts(fit: Fit) -> dict[str, int]:
    return {"replayed": fit.replayed, "comparable": fit.comparable, **{str(verdict): fit.verdicts[verdict] for verdict in VERDICTS}}


def _fit(provider: str, model: str, reads: Iterable[Read]) -> Fit:
    group = list(reads)
    met = Counter(read.verdict for read in group if read.verdict is not None)
    return Fit(provider, model, len(group), met.total(), met)


def _unexplained(read: Read, calls: Mapping[int, Answered]) -> Unexplained:
    call = calls.get(read.exchange)
    if call is None:
        return Unexplained(read, 0, promised=True)
    others = (other for other in calls.values() if read.reported and other.usage.cache_read == read.reported)
    alike = sum(_begins_alike(call, other) for other in others)
    documented = call.contract.mode is CacheMode.EXPLICIT and "mode" not in call.contract.uncertain
    return Unexplained(read, alike, promised=documented)


def _begins_alike(call: Answered, other: Answered) -> bool:
    """Whether two conversations with one model share the first block of their prompts at least."""
    one, two = call.exchange, other.exchange
    same = (one.provider, one.request.model) == (two.provider, two.request.model)
    return same and one.thread.conversation != two.thread.conversation and call.prefix.shared_with(other.prefix) > 0


def _replayed(read: CacheRead) -> Read:
    verdict = Verdict.EXACT if read.verdict is Verdict.COLD else read.verdict
    compares = read.extends and read.base_available > 0
    return Read(read.provider, read.model, read.locus, read.exchange, verdict if compares else None, read.predicted, read.reported)


def _followed(read: UsageRead) -> Read:
    return Read(read.provider, read.model, read.locus, read.exchange, FOLLOWED.get(read.verdict), read.available, read.reported)
