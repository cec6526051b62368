"""The versioned form of a report that every format prints.

What stands here is a promise to readers of the JSON: it changes by a new `SCHEMA_VERSION`, never in place. Everything in it is
already safe to print.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import fields

SCHEMA_VERSION = 1

SeverityV1 = Literal["info", "low", "medium", "high", "critical"]
ConfidenceV1 = Literal["low", "medium", "high"]


class ToolV1(Struct, frozen=True):
    """Who wrote the report."""

    name: str
    version: str


class SeamV1(Struct, frozen=True):
    """Two layers and what the one guarantees and the other assumes."""

    upstream: str
    downstream: str
    guarantees: str
    assumes: str


class LocationV1(Struct, frozen=True):
    """A place in an input: 1-based line, byte offset of the record in the decompressed stream, JSON pointer inside the record."""

    file: str
    line: int
    offset: int
    pointer: str


class WasteV1(Struct, frozen=True):
    """What was paid for nothing: tokens, US dollars to six places, seconds. null is unknown, never zero."""

    tokens: int | None
    usd: float | None
    seconds: float | None


class ExcerptV1(Struct, frozen=True):
    """A redacted excerpt; `at` is the index of the first differing character, null where nothing differs."""

    text: str
    at: int | None


class EvidenceV1(Struct, frozen=True):
    """What a value was and what it is now, and what else to know about the comparison."""

    was: ExcerptV1 | None
    now: ExcerptV1 | None
    note: str


class SiteV1(Struct, frozen=True):
    """The source line that config says is behind a finding's app, agent, prompt or tool."""

    file: str
    line: int


class FindingV1(Struct, frozen=True):
    """One finding; `locations` holds the dearest place first, `witness` the places that prove it.

    `calls` and `lanes` say, location by location, which exchange and which thread of the run it stands in, both counted from 1;
    0 where it stands in none. `status` is null where no baseline and no ignore entry was asked.
    """

    code: str
    name: str
    layer: str
    severity: SeverityV1
    confidence: ConfidenceV1
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
    calls: tuple[int, ...]
    lanes: tuple[int, ...]
    site: SiteV1 | None
    status: Literal["new", "known", "ignored"] | None
    justification: str

    @property
    def counts(self) -> bool:
        """Whether it may fail a run: neither known already nor ignored."""
        return self.status in (None, "new")


class RuleV1(Struct, frozen=True):
    """A rule that was judged, whether it found anything or not."""

    code: str
    name: str
    layer: str
    severity: SeverityV1
    confidence: ConfidenceV1
    seam: SeamV1
    fix: str
    why: str
    false_positives: tuple[str, ...]
    references: tuple[str, ...]


class LinesV1(Struct, frozen=True):
    """Where every line went: `total` = records + rejected + oversize + blank."""

    total: int
    records: int
    rejected: int
    oversize: int
    blank: int


class SpendV1(Struct, frozen=True):
    """US dollars of the `priced` exchanges; what the `unpriced` ones cost is not known. `price_table` dates the prices."""

    usd: float
    priced: int
    unpriced: int
    price_table: str


class NotCheckedV1(Struct, frozen=True):
    """A rule that could not be decided for `exchanges` of the run's `of`, and why."""

    code: str
    name: str
    reason: str
    exchanges: int
    of: int


class SkippedV1(Struct, frozen=True):
    """An input that was not read; `explicit` where it was named rather than found in a directory."""

    path: str
    reason: str
    explicit: bool


class SummaryV1(Struct, frozen=True):
    """The run as a whole. `files`, `formats`, `levels` and `clocks` say what was read, `knobs` how the layers were set.

    `masked` says that evidence shows the shape of trace text only. `fail_on` is the least severity that failed the run, null
    where none did.
    """

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
    masked: bool
    fail_on: SeverityV1 | None


class DocumentV1(Struct, frozen=True):
    """A whole report."""

    schema_version: int
    tool: ToolV1
    findings: tuple[FindingV1, ...]
    rules: tuple[RuleV1, ...]
    summary: SummaryV1


def members(value: Any) -> dict[str, Any]:
    """A versioned value as its members in the order they are declared: what a JSON encoder falls back to."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
