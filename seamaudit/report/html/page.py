"""The page: summary, where the money went, threads, findings with their evidence, and what was not checked."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import TextIO

from seamaudit.report.base import DocumentV1, EvidenceV1, ExcerptV1, FindingV1, LocationV1
from seamaudit.report.base.words import by_reason, count, elsewhere, read, recorded, severities, skipped, spent, waste_of, wasted
from seamaudit.report.html.charts import threads, waterfall

MOST = 1_000
"""Findings on the page; a browser grows slow beyond it."""
MOST_SKIPPED = 5
MOST_PLACES = 5
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write the page: no script, no link, nothing that is loaded; a policy in it forbids both."""
    style = files("seamaudit.report.html").joinpath("style.css").read_text("utf-8")
    out.write('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    out.write(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n')
    out.write('<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n')
    out.write(f"<title>seamaudit</title>\n<style>\n{style}</style>\n</head>\n<body>\n")
    for part in _parts(whole):
        out.write(part + "\n")
    out.write("</body>\n</html>\n")


def _parts(whole: DocumentV1) -> Iterator[str]:
    summary = whole.summary
    yield "<h1>seamaudit</h1>"
    yield "<dl>"
    yield _term("findings", severities(whole.findings))
    yield _term("read", read(summary))
    yield _term("recorded", recorded(summary))
    if summary.skipped:
        yield _term("skipped", skipped(summary, MOST_SKIPPED))
    yield _term("spend", spent(summary))
    yield _term("waste", wasted(summary))
    yield _term("prices", summary.spend.price_table or "none")
    yield _term("version", f"seamaudit {whole.tool.version}")
    yield "</dl>"
    yield "<h2>Where the money went</h2>"
    yield from waterfall(whole)
    yield "<h2>Threads</h2>"
    yield from threads(whole)
    yield "<h2>Findings</h2>"
    if summary.masked and any(finding.evidence for finding in whole.findings):
        yield '<p class="note">Trace text is masked; scan with --show-content to quote it, credentials left out.</p>'
    for finding in whole.findings[:MOST]:
        yield from _finding(finding)
    left = len(whole.findings) - MOST
    if left > 0:
        yield f"<p>and {count(left, 'finding')} more; the JSON format holds all of them</p>"
    if not whole.findings:
        yield "<p>none</p>"
    yield "<h2>Not checked</h2>"
    yield from _unchecked(whole)


def _finding(finding: FindingV1) -> Iterator[str]:
    done = "" if finding.counts else " done"
    yield f'<article class="finding {finding.severity}{done}">'
    yield f"<h3><b>{escape(finding.code)}</b> {escape(finding.name)}</h3>"
    meta = [finding.severity, finding.proof, f"{finding.confidence} confidence", elsewhere(finding), finding.status or ""]
    yield f'<p class="meta">{escape(" · ".join(filter(None, meta)))}</p>'
    yield f"<p>{escape(finding.message)}</p>"
    if finding.evidence:
        yield from _evidence(finding.evidence)
    yield "<dl>"
    yield from _details(finding)
    yield "</dl></article>"


def _details(finding: FindingV1) -> Iterator[str]:
    yield _term("at", _places(finding.locations), code=True)
    if finding.site:
        yield _term("behind it", f"{finding.site.file}:{finding.site.line}", code=True)
    if finding.witness:
        yield _term("seen against", _places(finding.witness), code=True)
    if waste := waste_of(finding.waste):
        yield _term("waste", waste)
    if finding.symptoms:
        yield _term("explains", ", ".join(finding.symptoms))
    if finding.justification:
        yield _term(f"{finding.status or 'noted'} because", finding.justification)
    yield _term(f"{finding.seam.upstream} guarantees", finding.seam.guarantees)
    yield _term(f"{finding.seam.downstream} assumes", finding.seam.assumes)
    yield _term("fix", finding.fix)
    yield _term("fingerprint", finding.fingerprint, code=True)


def _evidence(evidence: EvidenceV1) -> Iterator[str]:
    yield '<div class="diff">'
    for name, excerpt in (("was", evidence.was), ("now", evidence.now)):
        if excerpt:
            yield f'<div class="quote {name}"><i>{name}</i><span>{_marked(excerpt)}</span></div>'
    if evidence.note:
        yield f'<div class="quote"><i>note</i><span>{escape(evidence.note)}</span></div>'
    yield "</div>"


def _marked(excerpt: ExcerptV1) -> str:
    """The excerpt, highlighted from its first difference on."""
    if excerpt.at is None:
        return escape(excerpt.text)
    return f"{escape(excerpt.text[: excerpt.at])}<mark>{escape(excerpt.text[excerpt.at :])}</mark>"


def _unchecked(whole: DocumentV1) -> Iterator[str]:
    if not whole.summary.not_checked:
        yield "<p>nothing</p>"
        return
    yield "<dl>"
    for reason, entries in by_reason(whole.summary.not_checked):
        widest = max(entries, key=lambda entry: entry.exchanges)
        codes = ", ".join(sorted({entry.code for entry in entries}))
        yield _term(codes, f"{reason} ({widest.exchanges:,} of {count(widest.of, 'exchange')})")
    yield "</dl>"


def _places(places: tuple[LocationV1, ...]) -> str:
    shown = "; ".join(f"{place.file}:{place.line} {place.pointer}".rstrip() for place in places[:MOST_PLACES])
    left = len(places) - MOST_PLACES
    return shown + (f"; and {left:,} more" if left > 0 else "")


def _term(name: str, text: str, *, code: bool = False) -> str:
    told = f"<code>{escape(text)}</code>" if code else escape(text)
    return f"<dt>{escape(name)}</dt><dd>{told}</dd>"
