"""Markdown: a page for a step summary, a comment or a wiki. Text of the trace stands in code spans only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from seamaudit.report.base import DocumentV1, EvidenceV1, FindingV1, LocationV1
from seamaudit.report.base.escape import markdown_code, markdown_text
from seamaudit.report.base.words import by_reason, count, elsewhere, read, recorded, severities, skipped, spent, waste_of, wasted

MOST_BYTES = 1_000_000
"""A step summary over 1 MiB is refused as a whole."""
MOST_ROWS = 100
MOST_SKIPPED = 5


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write the summary, a table of the findings, each finding with its evidence, and what was not checked.

    What does not fit into a step summary is counted instead; the JSON format holds all of it.
    """
    room = MOST_BYTES
    for part in (_head(whole), _unchecked(whole)):
        room -= len(part.encode())
    out.write(_head(whole))
    for number, finding in enumerate(whole.findings):
        part = _finding(finding)
        room -= len(part.encode())
        if room < 0:
            out.write(f"\n*and {count(len(whole.findings) - number, 'finding')} more; the JSON format holds all of them*\n")
            break
        out.write(part)
    out.write(_unchecked(whole))


def _head(whole: DocumentV1) -> str:
    summary = whole.summary
    rows = [
        ("findings", severities(whole.findings)),
        ("read", read(summary)),
        ("recorded", recorded(summary)),
        *((("skipped", skipped(summary, MOST_SKIPPED)),) if summary.skipped else ()),
        ("spend", spent(summary)),
        ("waste", wasted(summary)),
        ("prices", summary.spend.price_table or "none"),
    ]
    lines = ["# seamaudit", "", "| | |", "| --- | --- |", *(f"| {name} | {markdown_text(text)} |" for name, text in rows), ""]
    if whole.findings:
        lines += ["| rule | severity | where | times | waste | status |", "| --- | --- | --- | --- | --- | --- |"]
        lines += map(_row, whole.findings[:MOST_ROWS])
        left = len(whole.findings) - MOST_ROWS
        lines += ["", *((f"*and {count(left, 'finding')} more*", "") if left > 0 else ())]
    return "\n".join(lines) + "\n"


def _row(finding: FindingV1) -> str:
    place = _place(finding.locations[0]) if finding.locations else ""
    waste = markdown_text(waste_of(finding.waste))
    rule = f"{markdown_code(finding.code)} {markdown_text(finding.name)}"
    return f"| {rule} | {finding.severity} | {place} | {finding.occurrences:,} | {waste} | {finding.status or ''} |"


def _finding(finding: FindingV1) -> str:
    return "\n".join(_paragraphs(finding)) + "\n"


def _paragraphs(finding: FindingV1) -> Iterator[str]:
    yield f"\n## {markdown_text(finding.code)} {markdown_text(finding.name)}\n"
    often = f", {elsewhere(finding)}" if finding.occurrences > 1 else ""
    yield f"**{finding.severity}**, {markdown_text(finding.proof)}, {finding.confidence} confidence{markdown_text(often)}\n"
    yield markdown_code(finding.message) + "\n"
    if finding.locations:
        yield f"- at {_place(finding.locations[0])}"
    if finding.site:
        yield f"- behind it {markdown_code(f'{finding.site.file}:{finding.site.line}')}"
    for place in finding.witness[:3]:
        yield f"- seen against {_place(place)}"
    if finding.evidence:
        yield from _evidence(finding.evidence)
    if waste := waste_of(finding.waste):
        yield f"- waste: {markdown_text(waste)}"
    if finding.status:
        yield f"- {finding.status}" + (f": {markdown_code(finding.justification)}" if finding.justification else "")
    yield f"- {markdown_text(finding.seam.upstream)} guarantees {markdown_text(finding.seam.guarantees)}"
    yield f"- {markdown_text(finding.seam.downstream)} assumes {markdown_text(finding.seam.assumes)}"
    yield f"- fix: {markdown_text(finding.fix)}"
    yield f"- fingerprint {markdown_code(finding.fingerprint)}"


def _evidence(evidence: EvidenceV1) -> Iterator[str]:
    for name, excerpt in (("was", evidence.was), ("now", evidence.now)):
        if excerpt:
            yield f"- {name} {markdown_code(excerpt.text)}"
    if evidence.note:
        yield f"- note: {markdown_text(evidence.note)}"


def _unchecked(whole: DocumentV1) -> str:
    lines = ["", "## Not checked", ""]
    for reason, entries in by_reason(whole.summary.not_checked):
        codes = ", ".join(markdown_code(code) for code in sorted({entry.code for entry in entries}))
        widest = max(entries, key=lambda entry: entry.exchanges)
        lines.append(f"- {markdown_text(reason)} \\({widest.exchanges:,} of {count(widest.of, 'exchange')}\\): {codes}")
    return "\n".join(lines if whole.summary.not_checked else [*lines, "nothing"]) + "\n"


def _place(place: LocationV1) -> str:
    return markdown_code(f"{place.file}:{place.line} {place.pointer}".rstrip())
