"""CSV: one finding a row, for spreadsheets; no cell of it is a formula."""

from __future__ import annotations

import csv
from typing import TextIO

from seamaudit.report.base import DocumentV1, ExcerptV1, FindingV1

COLUMNS = (
    *("code", "name", "layer", "severity", "confidence", "proof", "status", "justification", "message", "fix", "upstream", "downstream"),
    *(
        "file",
        "line",
        "pointer",
        "site_file",
        "site_line",
        "occurrences",
        "threads",
        "tokens",
        "usd",
        "seconds",
        "was",
        "now",
        "fingerprint",
    ),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'", "\u2409", "\u240d")


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write a heading and every finding; unknown is an empty cell. Lines end in CR LF (RFC 4180). What was recorded and
    not checked is no finding and has no row."""
    rows = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    rows.writerow(COLUMNS)
    rows.writerows(map(_row, whole.findings))


def _row(finding: FindingV1) -> list[str | int | float | None]:
    place = finding.locations[0] if finding.locations else None
    evidence = finding.evidence
    cells = (
        *(finding.code, finding.name, finding.layer, finding.severity, finding.confidence, finding.proof),
        *(finding.status, finding.justification, finding.message, finding.fix, finding.seam.upstream, finding.seam.downstream),
        *((place.file, place.line, place.pointer) if place else (None, None, None)),
        *((finding.site.file, finding.site.line) if finding.site else (None, None)),
        *(finding.occurrences, finding.threads, finding.waste.tokens, finding.waste.usd, finding.waste.seconds),
        *((_text(evidence.was), _text(evidence.now)) if evidence else (None, None)),
        finding.fingerprint,
    )
    return [_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def _text(excerpt: ExcerptV1 | None) -> str | None:
    return None if excerpt is None else excerpt.text


def _cell(text: str) -> str:
    """A cell that a spreadsheet takes for text, whatever it begins with."""
    return "'" + text if text.lstrip().startswith(_FORMULA) else text
