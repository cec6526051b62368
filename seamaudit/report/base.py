"""The face of a report format, and the versioned form of a report that every format prints.

What stands here is a promise to readers of the JSON: it changes by a new `SCHEMA_VERSION`, never in place. Everything in it is
already safe to print.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, TextIO

from seamaudit.evidence import Evidence, Excerpt, printable, sanitize
from seamaudit.findings import Finding, NotChecked, Report, Scalar, Skipped, Waste
from seamaudit.trace import Locus

SCHEMA_VERSION = 1
PICO_PER_MICRO = 10**6


class Render(Protocol):
    """Writes one report to a text stream. Raises OSError where the stream cannot be written."""

    def __call__(self, report: Report, out: TextIO) -> None:
        """Write the report."""
        ...


@dataclass(frozen=True, slots=True)
class ToolV1:
    """Who wrote the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class SeamV1:
    """Two layers and what the one guarantees and the other assumes."""

    upstream: str
    downstream: str
    guarantees: str
    assumes: str


@dataclass(frozen=True, slots=True)
class LocationV1:
    """A place in an input: 1-based line, byte offset of the record in the decompressed stream, JSON pointer inside the record."""

    file: str
    line: int
    offset: int
    pointer: str


@dataclass(frozen=True, slots=True)
class WasteV1:
    """What was paid for nothing: tokens, US dollars to six places, seconds. null is unknown, never zero."""

    tokens: int | None
    usd: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class ExcerptV1:
    """A redacted excerpt; `at` is the index of the first differing character, null where nothing differs."""

    text: str
    at: int | None


@dataclass(frozen=True, slots=True)
class EvidenceV1:
    """What a value was and what it is now, and what else to know about the comparison."""

    was: ExcerptV1 | None
    now: ExcerptV1 | None
    note: str


@dataclass(frozen=True, slots=True)
class FindingV1:
    """One finding; `locations` holds the dearest place first, `witness` the places that prove it."""

    code: str
    name: str
    layer: str
    severity: str
    confidence: str
    proof: str
    message: str
    fix: str
    seam: SeamV1
    locations: tuple[LocationV1, ...]
    witness: tuple[LocationV1, ...]
    occurrences: int
    threads: int
    waste: WasteV1
    symptoms: tuple[str, ...]
    fingerprint: str
    evidence: EvidenceV1 | None


@dataclass(frozen=True, slots=True)
class LinesV1:
    """Where every line went: `total` = records + rejected + oversize + blank."""

    total: int
    records: int
    rejected: int
    oversize: int
    blank: int


@dataclass(frozen=True, slots=True)
class SpendV1:
    """US dollars of the `priced` exchanges; what the `unpriced` ones cost is not known. `price_table` dates the prices."""

    usd: float
    priced: int
    unpriced: int
    price_table: str


@dataclass(frozen=True, slots=True)
class NotCheckedV1:
    """A rule that could not be decided for `exchanges` of the run's `of`, and why."""

    code: str
    name: str
    reason: str
    exchanges: int
    of: int


@dataclass(frozen=True, slots=True)
class SkippedV1:
    """An input that was not read; `explicit` where it was named rather than found in a directory."""

    path: str
    reason: str
    explicit: bool


@dataclass(frozen=True, slots=True)
class SummaryV1:
    """The run as a whole. `files`, `formats`, `levels` and `clocks` say what was read, `knobs` how the layers were set."""

    lines: LinesV1
    bytes: int
    files: tuple[str, ...]
    exchanges: int
    threads: int
    spend: SpendV1
    waste: WasteV1
    not_checked: tuple[NotCheckedV1, ...]
    skipped: tuple[SkippedV1, ...]
    knobs: Mapping[str, Mapping[str, str | int | float | bool | None]]
    formats: Mapping[str, int]
    levels: Mapping[str, int]
    clocks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DocumentV1:
    """A whole report."""

    schema_version: int
    tool: ToolV1
    findings: tuple[FindingV1, ...]
    summary: SummaryV1


def document(report: Report) -> DocumentV1:
    """The report in its versioned form, every string of it safe to print. Findings keep the report's order."""
    files = tuple(sanitize(source.path) for source in report.sources)
    return DocumentV1(
        schema_version=SCHEMA_VERSION,
        tool=ToolV1("seamaudit", sanitize(report.version)),
        findings=tuple(_finding(finding, files) for finding in report.findings),
        summary=_summary(report, files),
    )


def members(value: Any) -> dict[str, Any]:
    """A versioned value as its members in the order they are declared: what a JSON encoder falls back to."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _finding(finding: Finding, files: Sequence[str]) -> FindingV1:
    return FindingV1(
        code=_line(finding.code),
        name=_line(finding.name),
        layer=_line(finding.layer),
        severity=str(finding.severity),
        confidence=str(finding.confidence),
        proof=str(finding.proof),
        message=_line(finding.message),
        fix=_line(finding.fix),
        seam=SeamV1(
            _line(finding.seam.upstream), _line(finding.seam.downstream), _line(finding.seam.guarantees), _line(finding.seam.assumes)
        ),
        locations=_locations(finding.locations, files),
        witness=_locations(finding.witness, files),
        occurrences=finding.occurrences,
        threads=finding.threads,
        waste=_waste(finding.waste),
        symptoms=tuple(map(_line, finding.symptoms)),
        fingerprint=_line(finding.fingerprint),
        evidence=_evidence(finding.evidence),
    )


def _summary(report: Report, files: tuple[str, ...]) -> SummaryV1:
    books, spend = report.accounting, report.spend
    return SummaryV1(
        lines=LinesV1(books.lines, books.records, books.rejected, books.oversize, books.blank),
        bytes=books.bytes,
        files=files,
        exchanges=report.exchanges,
        threads=report.threads,
        spend=SpendV1(_dollars(spend.usd), spend.priced, spend.unpriced, _line(spend.price_table)),
        waste=_waste(report.waste),
        not_checked=tuple(map(_not_checked, report.not_checked)),
        skipped=tuple(map(_skipped, report.skipped)),
        knobs={_line(layer): {_line(knob): _scalar(value) for knob, value in knobs.items()} for layer, knobs in report.knobs.items()},
        formats=_counts(report.formats),
        levels=_counts(report.levels),
        clocks=_counts(report.clocks),
    )


def _locations(loci: Iterable[Locus], files: Sequence[str]) -> tuple[LocationV1, ...]:
    return tuple(LocationV1(files[at.source] if at.source < len(files) else "", at.line, at.offset, sanitize(at.pointer)) for at in loci)


def _not_checked(entry: NotChecked) -> NotCheckedV1:
    return NotCheckedV1(_line(entry.code), _line(entry.name), _line(entry.reason), entry.exchanges, entry.of)


def _skipped(entry: Skipped) -> SkippedV1:
    return SkippedV1(sanitize(entry.path), _line(entry.reason), entry.explicit)


def _evidence(evidence: Evidence | None) -> EvidenceV1 | None:
    if evidence is None:
        return None
    return EvidenceV1(_excerpt(evidence.was), _excerpt(evidence.now), evidence.note)


def _excerpt(excerpt: Excerpt | None) -> ExcerptV1 | None:
    return None if excerpt is None else ExcerptV1(excerpt.text, excerpt.at)


def _waste(waste: Waste) -> WasteV1:
    seconds = waste.seconds
    return WasteV1(
        tokens=waste.tokens,
        usd=None if waste.usd is None else _dollars(waste.usd),
        seconds=None if seconds is None or not math.isfinite(seconds) else round(seconds, 3),
    )


def _dollars(picodollars: int) -> float:
    """Dollars to six places, rounded half up on integers, so that no platform rounds differently."""
    return (picodollars + PICO_PER_MICRO // 2) // PICO_PER_MICRO / 10**6


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {_line(key): counts[key] for key in sorted(counts)}


def _scalar(value: Scalar) -> Scalar:
    return _line(value) if isinstance(value, str) else value


def _line(text: str) -> str:
    return printable(" ".join(text.split()))
