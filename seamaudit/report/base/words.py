"""Figures in words, the same in every format made for people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from seamaudit.report.base.v1 import FindingV1, NotCheckedV1, SummaryV1, WasteV1

SEVERITIES = ("critical", "high", "medium", "low", "info")
"""Worst first."""


def severities(findings: Sequence[FindingV1]) -> str:
    """How many findings of each severity, and how many of all are known or ignored."""
    counts: Counter[str] = Counter(finding.severity for finding in findings)
    text = ", ".join(f"{counts[name]:,} {name}" for name in SEVERITIES if counts[name]) or "none"
    standing = Counter(finding.status for finding in findings if not finding.counts)
    told = ", ".join(f"{standing[name]:,} {name}" for name in ("known", "ignored") if standing[name])
    return f"{text} (of these {told})" if told else text


def read(summary: SummaryV1) -> str:
    """What was read: files, bytes, where every line went, exchanges."""
    lines = summary.lines
    parts = [
        f"{number:,} {name}"
        for name, number in (("records", lines.records), ("rejected", lines.rejected), ("oversize", lines.oversize), ("blank", lines.blank))
        if number or name == "records"
    ]
    return (
        f"{count(len(summary.files), 'file')}, {summary.bytes:,} bytes, {count(lines.total, 'line')} ({', '.join(parts)}); "
        f"{count(summary.exchanges, 'exchange')} in {count(summary.threads, 'thread')}"
    )


_LEVELS = {"A": "exact bodies", "B": "messages and usage", "C": "counters alone"}
_CLOCKS = {"wall": "wall clock", "sequence": "no clock but the recording's own order", "none": "no clock and no order"}


def recorded(summary: SummaryV1) -> str:
    """How much was recorded of the calls, and what orders them: every level and clock, with how many exchanges it holds for where there
    are several."""
    levels = _each({f"level {name}, {_LEVELS[name]}" if name in _LEVELS else name: each for name, each in summary.levels.items()})
    clocks = _each({_CLOCKS.get(name, name): each for name, each in summary.clocks.items()})
    return "; ".join(filter(None, (levels, clocks))) or "nothing"


def _each(counts: Mapping[str, int]) -> str:
    if len(counts) < 2:
        return next(iter(counts), "")
    return ", ".join(f"{name} ({count(number, 'exchange')})" for name, number in counts.items())


def not_checked(summary: SummaryV1) -> str:
    """How many rules could not be decided everywhere, in a word; the formats with room for it say which, and why."""
    rules = len({entry.code for entry in summary.not_checked})
    return f"{count(rules, 'rule')} not checked for some exchanges" if rules else "every rule checked"


def skipped(summary: SummaryV1, limit: int) -> str:
    """Inputs that were not read, at most `limit` of them by name."""
    shown = "; ".join(f"{entry.path} ({entry.reason})" for entry in summary.skipped[:limit])
    left = len(summary.skipped) - limit
    return shown + (f"; and {left:,} more" if left > 0 else "")


def spent(summary: SummaryV1) -> str:
    """What the exchanges cost, and of how many that is not known."""
    spend = summary.spend
    if not spend.priced and not spend.unpriced:
        return "nothing to price"
    if not spend.priced:
        return f"unknown: {count(spend.unpriced, 'exchange')} without a price"
    unknown = f", and {spend.unpriced:,} more whose price is unknown" if spend.unpriced else ""
    return f"{usd(spend.usd)} for {count(spend.priced, 'exchange')}{unknown}"


def wasted(summary: SummaryV1) -> str:
    """What all findings wasted, and its part of the spend."""
    waste, spend = summary.waste, summary.spend.usd
    if not (text := waste_of(waste)):
        return "none found"
    return text + (f", {waste.usd / spend:.1%} of the spend" if waste.usd and spend else "")


def waste_of(waste: WasteV1) -> str:
    """What is known of a waste, dollars first; empty where nothing is."""
    parts = [
        usd(waste.usd) if waste.usd is not None else "",
        f"{waste.tokens:,} tokens" if waste.tokens is not None else "",
        f"{waste.seconds:,.1f} s" if waste.seconds is not None else "",
    ]
    return ", ".join(filter(None, parts))


def by_reason(entries: Iterable[NotCheckedV1]) -> Iterator[tuple[str, list[NotCheckedV1]]]:
    """What was not checked by the reason, the one that concerns most exchanges first."""
    reasons: dict[str, list[NotCheckedV1]] = defaultdict(list)
    for entry in entries:
        reasons[entry.reason].append(entry)
    yield from sorted(reasons.items(), key=lambda item: (-max(entry.exchanges for entry in item[1]), item[0]))


def elsewhere(finding: FindingV1) -> str:
    """How often it shows beyond its first place; empty for once."""
    if finding.occurrences <= 1:
        return ""
    threads = f" in {count(finding.threads, 'thread')}" if finding.threads > 1 else ""
    return f"{finding.occurrences:,} times{threads}"


def usd(amount: float) -> str:
    """Dollars as people read them: cents from a dollar on, four places below it."""
    if 0 < amount < 0.0001:
        return "under $0.0001"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


def count(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
