"""What a run concludes: findings, what was not checked, and the report that holds both.

Baseline, suppressions and every report share these types. They hold trace-derived strings (tool names, ids) as plain data; who
prints them makes them safe first.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import total_ordering
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field

from seamaudit.trace import Locus, Money, Source

if TYPE_CHECKING:
    # Evidence re-reads records and so imports the whole ingest, which a catalog listing does not need.
    from seamaudit.evidence.excerpt import Evidence, EvidenceRef


@total_ordering
class _Ranked(Enum):
    """An enumeration whose members are written from least to most. No StrEnum: that would compare by the alphabet."""

    def __lt__(self, other: Self) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.rank < other.rank

    def __str__(self) -> str:
        return str(self.value)

    @property
    def rank(self) -> int:
        """0 for the least member."""
        return list(type(self)).index(self)


class Severity(_Ranked):
    """How much harm a finding does, apart from how sure it is."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(_Ranked):
    """How sure a finding is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Proof(_Ranked):
    """What a finding rests on: shape only, bytes found again in a recorded source, or what the trace itself declares."""

    INFERRED = "inferred"
    PROVEN = "proven"
    DECLARED = "declared"


class Standing(_Ranked):
    """What a baseline or an ignore entry says of a finding. Known and ignored ones are shown and fail no run."""

    NEW = "new"
    KNOWN = "known"
    IGNORED = "ignored"


class SeamSpec(Struct, frozen=True):
    """The seam a rule watches: what the upstream layer guarantees, and what the downstream layer assumes of it."""

    upstream: str
    downstream: str
    guarantees: str
    assumes: str


class Waste(Struct, frozen=True):
    """What was paid for nothing. `usd` in picodollars, `seconds` of wall time; None is unknown or not this rule's to claim."""

    tokens: int | None = None
    usd: Money | None = None
    seconds: float | None = None

    @classmethod
    def total(cls, parts: Iterable[Waste]) -> Waste:
        """The sum of what is known, a lower bound; a dimension nobody knows stays None. Independent of the order of `parts`."""
        known = list(parts)
        tokens = [part.tokens for part in known if part.tokens is not None]
        usd = [part.usd for part in known if part.usd is not None]
        seconds = [part.seconds for part in known if part.seconds is not None]
        return cls(
            tokens=sum(tokens) if tokens else None,
            usd=Money(sum(usd)) if usd else None,
            seconds=math.fsum(seconds) if seconds else None,
        )

    @property
    def dearness(self) -> tuple[int, int, float]:
        """What sorts by cost: dollars, else tokens, else seconds; unknown counts as nothing here."""
        return (self.usd or 0, self.tokens or 0, self.seconds or 0.0)


NOTHING = Waste()


class Occurrence(Struct, frozen=True):
    """One place where a finding shows. `exchange` is -1 where it is about the input rather than a call."""

    locus: Locus
    exchange: int
    thread: str
    waste: Waste = NOTHING


Scalar = str | int | float | bool | None


class Finding(Struct, frozen=True, kw_only=True):
    """Everything one rule found wrong at one seam, however often it happened.

    `cases` are its occurrences, dearest first; `message`, `witness` and `evidence_ref` speak of the dearest. `identity` holds the
    columns that decide what is the same finding. `proof` and `confidence` are those of the weakest occurrence: a finding claims
    no more than all its occurrences bear. `symptoms` are the codes of rules whose occurrences this one explains. `evidence` is
    filled in by a second pass over the input. `status` is None where nothing was compared; `justification` is what a person wrote
    beside a known or ignored one.
    """

    code: str
    name: str
    layer: str
    severity: Severity
    confidence: Confidence
    proof: Proof
    message: str
    fix: str
    seam: SeamSpec
    identity: tuple[tuple[str, Scalar], ...]
    cases: tuple[Occurrence, ...]
    waste: Waste
    fingerprint: str
    witness: tuple[Locus, ...] = ()
    symptoms: tuple[str, ...] = ()
    evidence_ref: EvidenceRef | None = None
    evidence: Evidence | None = None
    status: Standing | None = None
    justification: str = ""

    @property
    def counts(self) -> bool:
        """Whether it may fail a run: nobody knows it already, nobody chose to ignore it."""
        return self.status in (None, Standing.NEW)

    @property
    def locations(self) -> tuple[Locus, ...]:
        """Where it shows, the primary (dearest) place first."""
        return tuple(case.locus for case in self.cases)

    @property
    def occurrences(self) -> int:
        """How often it shows."""
        return len(self.cases)

    @property
    def exchanges(self) -> tuple[int, ...]:
        """Ids of the exchanges it touches, ascending."""
        return tuple(sorted({case.exchange for case in self.cases if case.exchange >= 0}))

    @property
    def threads(self) -> int:
        """How many threads it touches."""
        return len({case.thread for case in self.cases if case.thread})


class RuleCard(Struct, frozen=True, kw_only=True):
    """What a rule that was judged says of itself: what a report needs to explain a finding, or that there is none."""

    code: str
    name: str
    layer: str
    severity: Severity
    confidence: Confidence
    seam: SeamSpec
    fix: str
    why: str
    false_positives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


class NotChecked(Struct, frozen=True, order=True):
    """A rule that could not be decided for `exchanges` of the run's `of` exchanges, and why."""

    code: str
    name: str
    reason: str
    exchanges: int
    of: int


class Accounting(Struct, frozen=True):
    """Where every byte and every line of the input went: `lines` = records + rejected + oversize + blank."""

    bytes: int = 0
    lines: int = 0
    records: int = 0
    rejected: int = 0
    oversize: int = 0
    blank: int = 0


class Skipped(Struct, frozen=True):
    """An input that was not read. `explicit` says that the person named it, rather than a directory walk."""

    path: str
    reason: str
    explicit: bool = False


_NO_MONEY = Money(0)


class Spend(Struct, frozen=True):
    """What the exchanges cost: the sum over the `priced` ones. `unpriced` ones cost something nobody knows; refused ones are neither.

    `price_table` says which prices, by source and date.
    """

    usd: Money = _NO_MONEY
    priced: int = 0
    unpriced: int = 0
    price_table: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """A run's whole result. `knobs` are the layers' settings by layer; `formats`, `levels` and `clocks` count exchanges.

    `rules` are those that were judged. `masked` says that evidence was collected without its content. `fail_on` is the least
    severity that fails the run, None where nothing does.
    """

    version: str
    sources: tuple[Source, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    accounting: Accounting = Accounting()
    exchanges: int = 0
    threads: int = 0
    spend: Spend = Spend()
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    rules: tuple[RuleCard, ...] = ()
    masked: bool = True
    fail_on: Severity | None = Severity.MEDIUM
    knobs: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    formats: Mapping[str, int] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    clocks: Mapping[str, int] = field(default_factory=dict)

    @property
    def waste(self) -> Waste:
        """What all findings together wasted; each token is claimed by one finding only."""
        return Waste.total(finding.waste for finding in self.findings)


def by_cost(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in report order: dearest first, then most severe, then by code and fingerprint."""
    return tuple(sorted(findings, key=_report_order))


def _report_order(finding: Finding) -> tuple[float, float, float, int, str, str]:
    usd, tokens, seconds = finding.waste.dearness
    return (-usd, -tokens, -seconds, -finding.severity.rank, finding.code, finding.fingerprint)


FINGERPRINT_VERSION = "seamaudit/1"


def fingerprint(code: str, identity: Iterable[tuple[str, Scalar]]) -> str:
    """16 hex digits that name a finding across recordings: of the rule's code and its identity columns, and of nothing else.

    No file, line, count, session, text or price goes in, so a re-recorded trace gives the same value.
    """
    parts = [FINGERPRINT_VERSION, code, *(_part(column, value) for column, value in identity)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _part(column: str, value: Scalar) -> str:
    """`column` for an unknown value, else `column=value`; a NUL in the value is escaped, it separates the parts."""
    if value is None:
        return column
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{column}={text}".replace("\\", "\\\\").replace("\0", "\\0")
