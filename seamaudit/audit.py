"""The composition root: read, merge, replay, join, judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from seamaudit import __version__
from seamaudit.catalog.coverage import Coverage
from seamaudit.catalog.describe import card
from seamaudit.catalog.judge import judge
from seamaudit.catalog.load import load_catalog
from seamaudit.catalog.problem import suggestion
from seamaudit.catalog.rule import Status
from seamaudit.config import Settings
from seamaudit.errors import EXIT_INTERNAL, InputError, SeamauditError, UsageError
from seamaudit.evidence import Evidence, collect
from seamaudit.facts import REGISTRY, Fact, FactBase
from seamaudit.findings import Accounting, Finding, Report, Scalar, Skipped, Spend
from seamaudit.forensics.diff import Diff, Ref, diff
from seamaudit.forensics.whatif import WhatIf, whatif
from seamaudit.ingest.detect import named
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.faults import InputFault
from seamaudit.ingest.formats.base import Format
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.known import FORMATS
from seamaudit.ingest.merge import cache_scope, merge
from seamaudit.ingest.read import Reading
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.reread import Rereader
from seamaudit.ingest.sources import Discovery, SkipReason, discover
from seamaudit.ingest.unknown import described
from seamaudit.layers.answers import Answers
from seamaudit.layers.attempts import Attempts
from seamaudit.layers.base import Layer, Scope
from seamaudit.layers.budgets import Budgets, Limits
from seamaudit.layers.cache import Answered, CacheLayer, Calls
from seamaudit.layers.content import Content
from seamaudit.layers.context import Context, ContextKnobs
from seamaudit.layers.conventions import Conventions
from seamaudit.layers.cost import Cost, CostKnobs
from seamaudit.layers.cost import Spend as SpendFact
from seamaudit.layers.diagnoses import Diagnoses
from seamaudit.layers.ledger import Ledger, LedgerRow
from seamaudit.layers.loop import Loop, LoopKnobs
from seamaudit.layers.markers import Markers
from seamaudit.layers.outages import Failovers, Outages
from seamaudit.layers.prefix import PrefixKnobs, PrefixLayer
from seamaudit.layers.rate_limits import RateLimits
from seamaudit.layers.reasoning import Reasoning
from seamaudit.layers.refusals import Refusals
from seamaudit.layers.repeats import RepeatKnobs, Repeats
from seamaudit.layers.resends import Resends
from seamaudit.layers.retrieval import Contexts, RetrievalLayer
from seamaudit.layers.stalls import Stalls
from seamaudit.layers.stream import Stream, StreamKnobs
from seamaudit.layers.tools import Tools
from seamaudit.layers.usage_cache import UsageCache
from seamaudit.providers.billing import Unpriced
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.base import Seam
from seamaudit.seams.cache_breaks import BreakKnobs, CacheBreaks
from seamaudit.seams.cache_checks import CacheChecks
from seamaudit.seams.cache_habits import CacheHabits
from seamaudit.seams.cache_health import CacheHealth
from seamaudit.seams.caps import CapKnobs, Caps
from seamaudit.seams.context_costs import ContextCosts
from seamaudit.seams.fixes import Fixes
from seamaudit.seams.frozen_evals import FrozenEvals
from seamaudit.seams.full_windows import FullWindows
from seamaudit.seams.loop_costs import LoopCosts
from seamaudit.seams.refused_turns import RefusedTurns
from seamaudit.trace import Exchange, Hole, Money, Source

LEDGER = REGISTRY.name_of(LedgerRow)
"""The one table that is not measured unasked."""

NO_LIMITS = Limits()
"""Of a project that sets none."""

Progress = Callable[[int], None]
"""Told the stored bytes of every read."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """The layers' settings: one frozen dataclass each, with sourced defaults."""

    prefix: PrefixKnobs = PrefixKnobs()
    stream: StreamKnobs = StreamKnobs()
    loop: LoopKnobs = LoopKnobs()
    cost: CostKnobs = CostKnobs()
    context: ContextKnobs = ContextKnobs()
    repeats: RepeatKnobs = RepeatKnobs()
    breaks: BreakKnobs = BreakKnobs()
    caps: CapKnobs = CapKnobs()

    @classmethod
    def of(cls, settings: Settings) -> Knobs:
        """The knobs with what the settings declare."""
        return cls(caps=CapKnobs(max_steps=settings.max_steps, max_repeats=settings.max_repeats, budget_usd=settings.budget_usd))


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run's facts before anything is judged, and what they were measured on."""

    facts: FactBase
    coverage: Coverage
    exchanges: int
    threads: int
    formats: Mapping[str, int]
    levels: Mapping[str, int]
    clocks: Mapping[str, int]


def audit(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Report:
    """Audit the recordings behind `paths`. Raises SeamauditError for what a person can mend; nothing for any content.

    InputError where nothing was recognised; a named input that was not recognised among others that were is in the
    report's `skipped`, as explicit.
    """
    rules = load_catalog(settings.rules_dirs)
    prices = PriceBook(own=settings.prices)
    knobs = Knobs.of(settings)
    with _opened(paths, settings, progress) as inputs:
        calls = Calls(inputs.intern.texts.get)
        reading = inputs.reading
        asked = frozenset(rule.table for rule in rules)
        factories = layers(inputs.intern, prices, knobs, asked, inputs.suite_of(settings), settings.limits, calls)
        replayed = replay(reading, inputs.discovery, factories, seams(prices, knobs, calls))
        _refuse_unrecognised(reading)
        judged = judge(rules, replayed.facts, replayed.coverage, settings.params)
        formats = {index: named(name, FORMATS) for index, name in reading.recognised.items()}
        records = Rereader(inputs.reader, inputs.discovery.sources)
        findings = _with_evidence(judged.findings, records, formats, settings.show_content, inputs.intern)
    report = Report(
        version=__version__,
        sources=inputs.discovery.sources,
        skipped=_skipped(reading, inputs.discovery),
        accounting=_accounting(reading),
        exchanges=replayed.exchanges,
        threads=replayed.threads,
        spend=_spend(replayed.facts, prices),
        findings=tuple(finding for finding in findings if _is_wanted(finding, settings)),
        not_checked=judged.not_checked,
        rules=tuple(card(rule) for rule in rules if rule.status is not Status.REMOVED),
        masked=not settings.show_content,
        fail_on=settings.fail_on,
        knobs=_spelled(knobs),
        formats=replayed.formats,
        levels=replayed.levels,
        clocks=replayed.clocks,
    )
    _check_waste(report)
    return report


@dataclass(frozen=True, slots=True)
class Measured:
    """A run that is not judged: its facts, and what became of its inputs."""

    replayed: Replayed
    accounting: Accounting
    skipped: tuple[Skipped, ...]
    sources: tuple[Source, ...]


def measure(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Measured:
    """Measure everything in the recordings behind `paths`, the ledger too, and judge nothing. Raises what `audit` raises."""
    prices, knobs = PriceBook(own=settings.prices), Knobs.of(settings)
    with _opened(paths, settings, progress) as inputs:
        calls = Calls(inputs.intern.texts.get)
        factories = layers(inputs.intern, prices, knobs, frozenset({LEDGER}), inputs.suite_of(settings), settings.limits, calls)
        return _measured(inputs, factories, seams(prices, knobs, calls))


@dataclass(frozen=True, slots=True)
class Followed:
    """A run whose calls are kept: what was measured, what the rules say, the exchanges in their order, and the texts of segments as long
    as they are held."""

    measured: Measured
    findings: tuple[Finding, ...]
    exchanges: tuple[Exchange, ...]
    text: Callable[[int], bytes | None]


def follow(
    paths: Sequence[str], settings: Settings, progress: Progress | None = None, *, ledger: bool = False, keep: bool = True
) -> Followed:
    """Audit the recordings behind `paths` and keep every call, for those who want to look at one, unless told not to `keep` them; with
    `ledger`, measure that too. Raises what `audit` raises."""
    rules, prices, knobs = load_catalog(settings.rules_dirs), PriceBook(own=settings.prices), Knobs.of(settings)
    kept = _Kept()
    with _opened(paths, settings, progress) as inputs:
        asked = frozenset((*(rule.table for rule in rules), *((LEDGER,) if ledger else ())))
        keeping: tuple[Callable[[], Layer], ...] = (lambda: kept,) if keep else ()
        factories = (*layers(inputs.intern, prices, knobs, asked, inputs.suite_of(settings), settings.limits), *keeping)
        measured = _measured(inputs, factories, seams(prices, knobs))
    judged = judge(rules, measured.replayed.facts, measured.replayed.coverage, settings.params)
    return Followed(measured, judged.findings, tuple(kept.exchanges), inputs.intern.texts.get)


@dataclass(frozen=True, slots=True)
class Supposed:
    """A run and what its fixes would have led to."""

    measured: Measured
    result: WhatIf


def suppose(paths: Sequence[str], settings: Settings, codes: Sequence[str] = (), progress: Progress | None = None) -> Supposed:
    """Audit the recordings behind `paths` and replay the fixes of what was found; of `codes` alone where some are named.

    Raises UsageError for a code whose rule no edit of a layout mends, and what `audit` raises.
    """
    rules = load_catalog(settings.rules_dirs)
    mends = {rule.code: rule.mend for rule in rules if rule.mend is not None}
    for code in codes:
        if code not in mends:
            raise UsageError(
                f"{code} has no fix to replay{suggestion(code, mends)}", f"Fixes of these can be replayed: {', '.join(mends)}."
            )
    prices, knobs = PriceBook(own=settings.prices), Knobs.of(settings)
    with _opened(paths, settings, progress) as inputs:
        calls = Calls(inputs.intern.texts.get)
        asked = frozenset(rule.table for rule in rules)
        factories = layers(inputs.intern, prices, knobs, asked, inputs.suite_of(settings), settings.limits, calls)
        measured = _measured(inputs, factories, seams(prices, knobs))
    facts = measured.replayed.facts
    findings = judge(rules, facts, measured.replayed.coverage, settings.params).findings
    return Supposed(measured, whatif(findings, mends, facts, calls, prices, codes))


class _Kept:
    """A layer that measures nothing and keeps what it is fed."""

    scope = Scope.TRACE

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        self.exchanges.append(exchange)
        return ()

    def close(self) -> Iterable[Fact]:
        return ()


def measure_cost(paths: Sequence[str], settings: Settings, progress: Progress | None = None, *, ledger: bool = False) -> Measured:
    """Bill the recordings behind `paths`, with `ledger` to the last thing that was sent, and nothing else. Raises what `audit` raises."""
    prices = PriceBook(own=settings.prices)
    wanted: list[Callable[[], Layer]] = [lambda: Cost(prices), lambda: Ledger(prices)]
    return _measure(paths, settings, progress, wanted if ledger else wanted[:1])


def measure_cache(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> tuple[Measured, Sequence[Answered]]:
    """Replay the caches of the recordings behind `paths`, and nothing else; gives the requests they were replayed for, too. Raises what
    `audit` raises."""
    with _opened(paths, settings, progress) as inputs:
        calls = Calls(inputs.intern.texts.get)
        measured = _measured(inputs, (lambda: CacheLayer(inputs.intern.texts.get, calls), UsageCache), ())
    return measured, [call for cache in calls.caches for call in cache]


def _measure(paths: Sequence[str], settings: Settings, progress: Progress | None, factories: Sequence[Callable[[], Layer]]) -> Measured:
    with _opened(paths, settings, progress) as inputs:
        return _measured(inputs, factories, ())


def _measured(inputs: _Inputs, factories: Sequence[Callable[[], Layer]], joins: Sequence[Seam]) -> Measured:
    replayed = replay(inputs.reading, inputs.discovery, factories, joins)
    _refuse_unrecognised(inputs.reading)
    return Measured(replayed, _accounting(inputs.reading), _skipped(inputs.reading, inputs.discovery), tuple(inputs.discovery.sources))


@dataclass(frozen=True, slots=True)
class Compared:
    """Two requests compared, what their first difference looks like, and the sources they stand in."""

    diff: Diff
    evidence: Evidence | None
    sources: tuple[Source, ...]


def compare(a: str, b: str, paths: Sequence[str], settings: Settings, progress: Progress | None = None, *, values: bool = True) -> Compared:
    """Compare two requests, each named `file:line`, by its response's id or `thread:turn`, in `paths` or the files that they name.

    Without `values` no text is read again, and there is no evidence.

    Raises UsageError where a name answers to no request, or to several, and what `audit` raises.
    """
    refs = Ref(a), Ref(b)
    named_files = [ref.place[0] for ref in refs if ref.place is not None]
    wanted = list(dict.fromkeys([*named_files, *paths]))
    if not wanted:
        raise UsageError("no recording is named", "Name requests as FILE:LINE, or the recordings after both of them.")
    with _opened(wanted, settings, progress) as inputs:
        picked: tuple[list[Exchange], list[Exchange]] = ([], [])
        turns: Counter[str] = Counter()
        holes: list[Hole] = []
        facts = FactBase()
        for exchange in merge(list(_drafts(inputs.reading, inputs.discovery, facts, holes)), facts.add, holes):
            turns[exchange.thread.id] += 1
            for ref, found in zip(refs, picked, strict=True):
                if ref.names(exchange, inputs.discovery.sources, turns[exchange.thread.id]):
                    found.append(exchange)
        _refuse_unrecognised(inputs.reading)
        one, other = (ref.one_of(found) for ref, found in zip(refs, picked, strict=True))
        result = diff(one, other, inputs.intern.texts.get, PriceBook(own=settings.prices))
        formats = {index: named(name, FORMATS) for index, name in inputs.reading.recognised.items()}
        records = Rereader(inputs.reader, inputs.discovery.sources)
        (evidence,) = collect([result.evidence_ref if values else None], records, formats, settings.show_content, inputs.intern)
    return Compared(result, evidence, tuple(inputs.discovery.sources))


@dataclass(frozen=True, slots=True)
class _Inputs:
    discovery: Discovery
    reader: Reader
    reading: Reading
    intern: Interner

    def suite_of(self, settings: Settings) -> Callable[[Exchange], str]:
        """Names the eval suite of an exchange, as the settings declare it."""
        sources = self.discovery.sources
        return lambda exchange: settings.suite_of(exchange, sources[exchange.locus.source].path)


@contextmanager
def _opened(paths: Sequence[str], settings: Settings, progress: Progress | None) -> Iterator[_Inputs]:
    """The inputs behind `paths`, held open for a second pass over them."""
    discovery = discover(paths)
    reader = Reader()
    intern = Interner(elider=Elider() if settings.elide else None)
    forced = named(settings.input_format, FORMATS) if settings.input_format else None
    try:
        yield _Inputs(discovery, reader, Reading(reader, FORMATS, intern, forced=forced, progress=progress), intern)
    finally:
        reader.inputs.close()


def _check_waste(report: Report) -> None:
    """No finding may claim what was never paid. Raises SeamauditError (internal) where the findings claim more than the bill."""
    claimed = report.waste.usd or 0
    if claimed > report.spend.usd:
        error = SeamauditError("the findings claim more than was spent", "This is a defect of seamaudit: please report it.")
        error.exit_code = EXIT_INTERNAL
        raise error


def layers(
    intern: Interner,
    prices: PriceBook,
    knobs: Knobs,
    asked: frozenset[str] = frozenset(),
    suite_of: Callable[[Exchange], str] = lambda exchange: "",
    limits: Limits = NO_LIMITS,
    calls: Calls | None = None,
) -> tuple[Callable[[], Layer], ...]:
    """How to make one instance of every layer, for one thread or one cache; `calls` is filled with what caches were replayed for.

    The ledger takes as long as several others together, so it is kept where its table is among those `asked` for.
    """
    ledger: tuple[Callable[[], Layer], ...] = (lambda: Ledger(prices),) if LEDGER in asked else ()
    return (
        *ledger,
        Content,
        lambda: PrefixLayer(intern.texts.get, knobs.prefix),
        lambda: CacheLayer(intern.texts.get, calls),
        UsageCache,
        Diagnoses,
        RetrievalLayer,
        lambda: Contexts(suite_of),
        Markers,
        Tools,
        Reasoning,
        lambda: Stream(knobs.stream),
        lambda: Answers(intern.texts.get),
        Stalls,
        lambda: Attempts(prices),
        Refusals,
        RateLimits,
        Outages,
        lambda: Failovers(prices),
        Resends,
        Conventions,
        lambda: Repeats(prices, suite_of, knobs.repeats),
        lambda: Loop(knobs.loop),
        lambda: Context(knobs.context),
        lambda: Cost(prices, knobs.cost),
        lambda: Budgets(prices, limits),
    )


def seams(prices: PriceBook, knobs: Knobs, calls: Calls | None = None) -> tuple[Seam, ...]:
    """Every seam, in the order in which they may build on each other; fixes are replayed where the requests were kept in `calls`."""
    replays: tuple[Seam, ...] = () if calls is None else (Fixes(calls, prices),)
    return (
        CacheBreaks(prices, knobs.breaks),
        CacheHabits(prices),
        CacheChecks(),
        CacheHealth(),
        FrozenEvals(),
        LoopCosts(),
        ContextCosts(prices),
        FullWindows(),
        RefusedTurns(),
        Caps(knobs.caps),
        *replays,
    )


def replay(reading: Reading, discovery: Discovery, factories: Sequence[Callable[[], Layer]], joins: Sequence[Seam]) -> Replayed:
    """Read and merge the sources, feed every exchange to the layers of its scopes, then join."""
    facts = FactBase()
    coverage = Coverage()
    running: dict[tuple[int, tuple[str, ...]], Layer] = {}
    by_scope = [(index, factory, factory().scope) for index, factory in enumerate(factories)]
    counts: dict[str, Counter[str]] = {"formats": Counter(), "levels": Counter(), "clocks": Counter()}
    threads: set[str] = set()
    holes: list[Hole] = []
    drafts = list(_drafts(reading, discovery, facts, holes))
    for exchange in merge(drafts, facts.add, holes):
        coverage.add(exchange)
        threads.add(exchange.thread.id)
        counts["formats"][exchange.format] += 1
        counts["levels"][exchange.level.value] += 1
        counts["clocks"][exchange.clock.value] += 1
        for index, factory, scope in by_scope:
            key = (index, _scope_key(exchange, scope))
            layer = running.get(key)
            if layer is None:
                layer = running[key] = factory()
            facts.extend(layer.feed(exchange))
    for layer in running.values():
        facts.extend(layer.close())
    for seam in joins:
        facts.extend(list(seam.join(facts)))
    return Replayed(facts, coverage, coverage.total, len(threads), *(dict(sorted(count.items())) for count in counts.values()))


def _drafts(reading: Reading, discovery: Discovery, facts: FactBase, holes: list[Hole]) -> Iterator[Draft]:
    """The drafts; faults go straight to the facts, holes to their list."""
    for item in reading.read(discovery.sources):
        if isinstance(item, Draft):
            yield item
        elif isinstance(item, InputFault):
            facts.add(item)
        else:
            holes.append(item)


def _scope_key(exchange: Exchange, scope: Scope) -> tuple[str, ...]:
    if scope is Scope.THREAD:
        return (exchange.thread.id,)
    return cache_scope(exchange) if scope is Scope.CACHE else ()


def _refuse_unrecognised(reading: Reading) -> None:
    """Nothing audited never looks like clean."""
    if reading.recognised:
        return
    known = ", ".join(each.name for each in FORMATS)
    if reading.unrecognised:
        names = ", ".join(repr(source.path) for source in reading.unrecognised[:3])
        seen = described(reading.reader.head(reading.unrecognised[0]))
        hint = f"Known formats: {known}. Force one with --input-format."
        raise InputError(f"not a recording in a known format: {names}", f"{seen} {hint}".strip())
    raise InputError("no recording found in the given paths", "Name a .jsonl file, or a directory that holds some.")


def _is_wanted(finding: Finding, settings: Settings) -> bool:
    return not (finding.severity < settings.min_severity or finding.confidence < settings.min_confidence)


def _with_evidence(
    findings: Sequence[Finding], records: Rereader, formats: Mapping[int, Format], show_content: bool, intern: Interner
) -> Iterable[Finding]:
    evidence = collect([finding.evidence_ref for finding in findings], records, formats, show_content, intern)
    return [replace(finding, evidence=found) for finding, found in zip(findings, evidence, strict=True)]


def _accounting(reading: Reading) -> Accounting:
    total = reading.accounting.total
    return Accounting(total.bytes, total.lines, total.records, total.rejected, total.oversize, total.blank)


def _skipped(reading: Reading, discovery: Discovery) -> tuple[Skipped, ...]:
    unread = [Skipped(source.path, SkipReason.UNRECOGNISED.value, explicit=True) for source in reading.unrecognised]
    walked = [Skipped(item.path, item.reason.value) for item in (*discovery.skipped, *reading.skipped)]
    passed = [Skipped(path, f"{count} records of other endpoints than a model's") for path, count in reading.passed_over.items()]
    return (*unread, *walked, *passed)


def _spend(facts: FactBase, prices: PriceBook) -> Spend:
    rows = [row for row in facts.rows(SpendFact) if row.unpriced_reason is not Unpriced.REFUSED]
    priced = [row.usd for row in rows if row.usd is not None]
    return Spend(Money(sum(priced)), len(priced), len(rows) - len(priced), str(prices))


def _spelled(knobs: Knobs) -> dict[str, dict[str, Scalar]]:
    return {name: dict(values) for name, values in asdict(knobs).items() if isinstance(values, dict)}
