"""The terminal: findings by seam, dearest first, then a closing summary that says what was read and what was not checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from seamaudit.report.base import DocumentV1, EvidenceV1, ExcerptV1, FindingV1, LocationV1, NotCheckedV1, SeamV1
from seamaudit.report.base.words import by_reason, count, elsewhere, read, recorded, severities, skipped, spent, usd, waste_of, wasted

LIMIT = 50
"""Findings shown; the JSON formats hold all of them."""
PIPED_WIDTH = 100
"""Columns where there is no terminal to ask, so that what is written to a file does not depend on who wrote it."""
NARROWEST = 40
WITNESSES = 3
CODES = 6
REASONS = 8
SKIPPED = 5
"""Entries of a list that are shown before the rest is counted."""

_STYLES = {"critical": "bold red", "high": "bold red", "medium": "bold yellow", "low": "bold cyan", "info": "bold blue"}


def render(whole: DocumentV1, out: TextIO, *, limit: int = LIMIT, summary: bool = True) -> None:
    """Write the report for a person: at most `limit` findings, and unless told otherwise the summary."""
    page = Page(out)
    shown = whole.findings[:limit]
    for seam, findings in _by_seam(shown).items():
        _seam(page, seam, findings)
        told: set[str] = set()
        for finding in findings:
            _finding(page, finding, told)
    if len(shown) < len(whole.findings):
        left = len(whole.findings) - len(shown)
        page.line("... ", Text(f"and {count(left, 'finding')} more, each cheaper than these; --output-format json holds all of them."))
        page.blank()
    if whole.summary.masked and any(finding.evidence for finding in shown):
        page.line("", Text("Trace text is masked above; --show-content quotes it, credentials left out.", "dim"))
        page.blank()
    if summary:
        _summary(page, whole)


class Page:
    """Lines of styled text on a stream, wrapped to its width; no line of it starts like a command to a CI log."""

    def __init__(self, out: TextIO) -> None:
        width = None if out.isatty() else PIPED_WIDTH
        self._console = Console(file=out, width=width, markup=False, emoji=False, highlight=False, soft_wrap=True)
        self.width = max(NARROWEST, self._console.width)

    def line(self, prefix: str, text: Text, follow: str | None = None, style: str = "dim") -> None:
        """Print `text` after `prefix`; what does not fit goes on after `follow` (as wide a blank by default)."""
        follow = " " * cell_len(prefix) if follow is None else follow
        room = max(1, self.width - max(cell_len(prefix), cell_len(follow)))
        for at, part in enumerate(text.wrap(self._console, room, overflow="fold") or [Text()]):
            part.rstrip()
            self._print(Text.assemble((follow if at else prefix, style), part))

    def blank(self) -> None:
        """Print an empty line."""
        self._console.print()

    def _print(self, line: Text) -> None:
        # A runner drops leading blanks before it looks for a command, so indentation is no protection.
        if line.plain.lstrip().startswith("::"):
            line = Text.assemble("\\", line)
        line.rstrip()
        self._console.print(line)


def _by_seam(findings: Iterable[FindingV1]) -> dict[SeamV1, list[FindingV1]]:
    """Findings by the two layers they stand between; the first of each group, the dearest, orders the groups."""
    groups: dict[tuple[str, str], list[FindingV1]] = defaultdict(list)
    for finding in findings:
        groups[finding.seam.upstream, finding.seam.downstream].append(finding)
    return {group[0].seam: group for group in groups.values()}


def _seam(page: Page, seam: SeamV1, findings: Sequence[FindingV1]) -> None:
    wasted = sum(finding.waste.usd or 0.0 for finding in findings)
    cost = f", {usd(wasted)} wasted" if wasted else ""
    page.line("", Text.assemble((f"{seam.upstream} → {seam.downstream}", "bold"), f": {count(len(findings), 'finding')}{cost}"))
    page.blank()


def _finding(page: Page, finding: FindingV1, told: set[str]) -> None:
    """One finding; what its rule says every time is printed once, `told` holds the codes that have."""
    page.line(
        "",
        Text.assemble(
            (finding.severity, _STYLES.get(finding.severity, "bold")),
            (f"[{finding.code}] ", "bold"),
            (finding.name, "bold"),
            (f"  {finding.proof}, {finding.confidence} confidence", "dim"),
            (f"  {finding.status}" if finding.status else "", "dim"),
        ),
        follow="  | ",
    )
    page.line("  | ", Text(finding.message), follow="  | ")
    if finding.locations:
        page.line(" --> ", _place(finding.locations[0]).append(_times(finding), "dim"), follow="  |  ")
    if finding.evidence:
        _evidence(page, finding.evidence)
    for name, text in (*_notes(finding), *_advice(finding, told)):
        page.line("  = ", Text.assemble((f"{name}: ", "bold"), text), follow="  |   ")
    page.blank()
    told |= {finding.code, finding.fix}


def _notes(finding: FindingV1) -> Iterable[tuple[str, Text]]:
    if finding.witness:
        left = len(finding.witness) - WITNESSES
        seen = Text(", ").join(_place(place) for place in finding.witness[:WITNESSES])
        yield "seen against", seen.append(f" and {left} more" if left > 0 else "", "dim")
    if waste := waste_of(finding.waste):
        yield "waste", Text(waste)
    if finding.justification:
        yield f"{finding.status or 'noted'} because", Text(finding.justification)
    if finding.symptoms:
        yield "explains", Text(", ".join(finding.symptoms))


def _advice(finding: FindingV1, told: set[str]) -> Iterable[tuple[str, Text]]:
    """What two layers expected of each other and what to do about it; of codes and fixes that were told, only what is new."""
    if finding.code not in told:
        yield f"guaranteed by {finding.seam.upstream}", Text(finding.seam.guarantees)
        yield f"assumed by {finding.seam.downstream}", Text(finding.seam.assumes)
    known = finding.code in told and finding.fix in told
    yield "fix", Text(f"as for {finding.code} above" if known else finding.fix)


def _place(place: LocationV1) -> Text:
    return Text.assemble((f"{place.file}:{place.line}", "cyan"), f" {place.pointer}".rstrip())


def _times(finding: FindingV1) -> str:
    return f"  ({often})" if (often := elsewhere(finding)) else ""


def _evidence(page: Page, evidence: EvidenceV1) -> None:
    room = page.width - len("  | was  ")
    columns: list[int | None] = []
    page.line("  |", Text())
    for name, excerpt in (("was", evidence.was), ("now", evidence.now)):
        if excerpt:
            text, column = _fitted(excerpt, room)
            page.line(f"  | {name}  ", Text(text, no_wrap=True))
            columns.append(column)
    if columns and columns[-1] is not None:
        page.line("  |      ", Text(" " * columns[-1] + "^", "bold red", no_wrap=True))
    if evidence.note:
        page.line("  | note ", Text(evidence.note, "dim"), follow="  |      ")
    page.line("  |", Text())


def _fitted(excerpt: ExcerptV1, room: int) -> tuple[str, int | None]:
    """The part of an excerpt that fits into `room` columns and the column of its first difference, which stays in sight."""
    text, at = excerpt.text, excerpt.at
    while at is not None and cell_len(text[:at]) > room * 2 // 3:
        text, at = "…" + text[2:], at - 1
    if cell_len(text) > room:
        text = set_cell_size(text, room - 1).rstrip() + "…"
    return text, None if at is None else cell_len(text[:at])


def _summary(page: Page, whole: DocumentV1) -> None:
    for name, text in _summary_lines(whole):
        page.line(f"{name:<13}", text, style="bold" if name else "")
    for entry in _unchecked(whole.summary.not_checked):
        page.line("  - ", entry)


def _summary_lines(whole: DocumentV1) -> Iterable[tuple[str, Text]]:
    summary = whole.summary
    yield "findings", Text(severities(whole.findings))
    yield "read", Text(read(summary))
    yield "recorded", Text(recorded(summary))
    if summary.skipped:
        yield "skipped", Text(skipped(summary, SKIPPED))
    yield "spend", Text(spent(summary))
    yield "waste", Text(wasted(summary))
    if summary.spend.price_table:
        yield "prices", Text(summary.spend.price_table)
    rules = len({entry.code for entry in summary.not_checked})
    yield "not checked", Text(f"{count(rules, 'rule')} for some exchanges:" if rules else "nothing")


def _unchecked(entries: Sequence[NotCheckedV1]) -> Iterable[Text]:
    """One line a reason: the rules it silenced and how many exchanges it concerns, widest first."""
    order = list(by_reason(entries))
    for reason, silenced in order[:REASONS]:
        codes = sorted({entry.code for entry in silenced})
        left = f" and {len(codes) - CODES} more" if len(codes) > CODES else ""
        widest = max(silenced, key=lambda entry: entry.exchanges)
        scope = f"{widest.exchanges:,} of {count(widest.of, 'exchange')}"
        yield Text.assemble(", ".join(codes[:CODES]) + left, (f"  {reason} ({scope})", "dim"))
    if len(order) > REASONS:
        yield Text(f"and {count(len(order) - REASONS, 'reason')} more; --output-format json holds all of them", "dim")
