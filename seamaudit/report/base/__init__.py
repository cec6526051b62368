"""What every report format builds on: the versioned document, the words for its figures, the places of alerts."""

from __future__ import annotations

from typing import Protocol, TextIO

from seamaudit.report.base.document import document
from seamaudit.report.base.sites import Site, Sites, parse_sites, typed_sites
from seamaudit.report.base.v1 import (
    SCHEMA_VERSION,
    DocumentV1,
    EvidenceV1,
    ExcerptV1,
    FindingV1,
    LocationV1,
    NotCheckedV1,
    RuleV1,
    SeamV1,
    SummaryV1,
    WasteV1,
    members,
)

__all__ = [
    "SCHEMA_VERSION",
    "DocumentV1",
    "EvidenceV1",
    "ExcerptV1",
    "FindingV1",
    "LocationV1",
    "NotCheckedV1",
    "Render",
    "RuleV1",
    "SeamV1",
    "Site",
    "Sites",
    "SummaryV1",
    "WasteV1",
    "document",
    "members",
    "parse_sites",
    "typed_sites",
]


class Render(Protocol):
    """Writes one report to a text stream. Raises OSError where the stream cannot be written."""

    def __call__(self, whole: DocumentV1, out: TextIO, /) -> None:
        """Write the report."""
        ...
