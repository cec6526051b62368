"""The page's charts, inline SVG without text: what they say stands beside them in words that wrap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from html import escape

from seamaudit.report.base import DocumentV1, FindingV1
from seamaudit.report.base.words import SEVERITIES, count, usd

WIDTH = 1_000
MOST_BARS = 12
MOST_LANES = 30
MOST_TICKS = 500
"""Ticks in a lane: more could not be told apart."""
TICK = 6


def waterfall(whole: DocumentV1) -> Iterator[str]:
    """From the whole spend down to what no finding claims: one step a rule, the dearest first."""
    spend = whole.summary.spend.usd
    if spend <= 0:
        yield "<p>What it cost is not known.</p>"
        return
    yield _bar("spend", usd(spend), _rect("spend", 0, 1))
    steps = _steps(whole)
    left = 1.0
    for label, severity, cost in steps:
        part = min(left, cost / spend)
        left -= part
        yield _bar(label, "−" + usd(cost), _rect(severity, left, part))
    yield _bar("the rest", usd(max(0.0, spend - sum(cost for _, _, cost in steps))), _rect("rest", 0, left))
    if whole.summary.spend.unpriced:
        yield f'<p class="note">{count(whole.summary.spend.unpriced, "exchange")} without a known price are in none of these.</p>'


def _steps(whole: DocumentV1) -> list[tuple[str, str, float]]:
    """What each rule claims with its label and severity; those beyond the limit as one."""
    costs: dict[tuple[str, str], float] = defaultdict(float)
    worst: dict[tuple[str, str], str] = {}
    for finding in whole.findings:
        if finding.waste.usd:
            rule = (finding.code, finding.name)
            costs[rule] += finding.waste.usd
            worst[rule] = min(finding.severity, worst.get(rule, "info"), key=SEVERITIES.index)
    order = sorted(costs, key=lambda rule: (-costs[rule], rule))
    steps = [(" ".join(rule), worst[rule], costs[rule]) for rule in order[:MOST_BARS]]
    rest = sum(costs[rule] for rule in order[MOST_BARS:])
    return [*steps, ("other rules", "info", rest)] if rest else steps


def threads(whole: DocumentV1) -> Iterator[str]:
    """One lane a thread, of those in which most was found, a tick where it shows, from the run's first call to its last."""
    lanes: dict[int, dict[int, FindingV1]] = defaultdict(dict)
    shown: dict[int, int] = defaultdict(int)
    for finding in whole.findings:
        for call, lane in zip(finding.calls, finding.lanes, strict=True):
            if call > 0 and lane > 0:
                shown[lane] += 1
                worst = lanes[lane].setdefault(call, finding)
                if SEVERITIES.index(finding.severity) < SEVERITIES.index(worst.severity):
                    lanes[lane][call] = finding
    if not lanes:
        yield "<p>Nothing was found in a thread.</p>"
        return
    last = max(whole.summary.exchanges, *(max(calls) for calls in lanes.values()))
    busiest = sorted(lanes, key=lambda lane: (-shown[lane], lane))[:MOST_LANES]
    for lane in sorted(busiest):
        ticks = "".join(_tick(call, last, finding) for call, finding in sorted(lanes[lane].items())[:MOST_TICKS])
        yield _bar(f"thread {lane}", f"{shown[lane]:,} ×", ticks)
    left = len(lanes) - MOST_LANES
    more = f", and {left:,} more are not shown" if left > 0 else ""
    yield f'<p class="note">From call 1 to call {last:,}, the worst finding of each call; threads without findings are left out{more}.</p>'


def _bar(label: str, figure: str, marks: str) -> str:
    track = f'<rect class="track" width="{WIDTH}" height="16"/>'
    picture = f'<svg viewBox="0 0 {WIDTH} 16" preserveAspectRatio="none" aria-hidden="true">{track}{marks}</svg>'
    return f'<div class="bar"><span>{escape(label)}</span>{picture}<span class="figure">{escape(figure)}</span></div>'


def _rect(kind: str, start: float, size: float) -> str:
    return f'<rect class="{kind}" x="{start * WIDTH:.1f}" width="{max(1.0, size * WIDTH):.1f}" height="16"/>'


def _tick(call: int, last: int, finding: FindingV1) -> str:
    at = (call - 1) / max(1, last - 1) * (WIDTH - TICK)
    title = f"<title>call {call:,}: {escape(finding.code)}</title>"
    return f'<rect class="{finding.severity}" x="{at:.1f}" width="{TICK}" height="16">{title}</rect>'
