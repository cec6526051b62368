"""An examined recording as a page: what was recognised, what its calls hold, what can be decided, what to record."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TextIO

from seamaudit.audit import Examined
from seamaudit.cli.sheet import Sheet
from seamaudit.cli.sheet import write as write_sheet
from seamaudit.evidence import printable
from seamaudit.forensics.doctor import Diagnosis, Gap, Part, Recorded, State, hints
from seamaudit.trace import Convention

FILES = 20
"""Files that are shown before the rest is counted."""
SKIPPED = 5
PIPED_WIDTH = 100
"""Columns where there is no terminal to ask, so that what is written to a file does not depend on who wrote it."""
NARROWEST = 40

_LEVELS: Final = {"A": "A bodies", "B": "B messages", "C": "C counters"}
_OF: Final = {Part.STREAMS: "streamed calls", Part.FIRST: "streamed calls", Part.RESULTS: "calls of tools"}
_SERVED: Final = frozenset({Part.STOPS, Part.USAGE, Part.CACHE, Part.IDS})
_STATES: Final = {
    State.DECIDED: "decided for every call",
    State.PARTLY: "decided for some calls",
    State.BLIND: "blind",
    State.IDLE: "nothing to check",
}
_CONVENTIONS: Final = {
    Convention.INCLUSIVE: "cached tokens inside",
    Convention.EXCLUSIVE: "cached tokens beside",
    Convention.UNKNOWN: "cached tokens not told apart",
}


def write(found: Examined, out: TextIO) -> None:
    """Write the page: tables for what was read, then what it is good for, folded to the terminal's width."""
    write_sheet(_files(found), out)
    if not found.survey.total.calls:
        out.write("\nNo call of a model was found: nothing can be checked.\n")
        return
    out.write("\n")
    write_sheet(_holdings(found), out)
    out.write("\n")
    width = max(NARROWEST, _width(out))
    for line in _verdict(found.diagnosis, found.survey.total.calls, width):
        out.write(line + "\n")


def _width(out: TextIO) -> int:
    if not out.isatty():
        return PIPED_WIDTH
    from shutil import get_terminal_size

    return get_terminal_size((PIPED_WIDTH, 24)).columns


def _files(found: Examined) -> Sheet:
    """One row a file; those that hold most come first where there are too many."""
    read = [source for source in found.sources if source.index in found.formats]
    kept = sorted(read, key=lambda source: -found.survey.source(source.index).calls)[:FILES]
    shown = [source for source in read if source in kept]
    rows = tuple(
        (source.path, found.formats[source.index], *_cells(found.survey.source(source.index), found.records.get(source.index, 0)))
        for source in shown
    )
    total = ("Total", "", *_cells(found.survey.total, sum(found.records.values()))) if len(read) > 1 else ()
    notes = tuple(_file_notes(found, len(read) - len(shown)))
    return Sheet(("File", "Format", "Level", "Clock", "Records", "Calls"), 4, rows, total, notes)


def _cells(recorded: Recorded, records: int) -> tuple[str, ...]:
    levels = _mixed({_LEVELS[level]: count for level, count in recorded.levels.items()})
    return levels, _mixed(recorded.clocks), f"{records:,}", f"{recorded.calls:,}"


def _mixed(counts: Mapping[str, int]) -> str:
    """The only one, or each with its count."""
    if len(counts) < 2:
        return next(iter(counts), "")
    return ", ".join(f"{name} ({count:,})" for name, count in sorted(counts.items()))


def _file_notes(found: Examined, left: int) -> Iterator[str]:
    if left > 0:
        yield f"{_count(left, 'file')} more, each with fewer calls; --json names all of them."
    lost = found.accounting.rejected + found.accounting.oversize
    if lost:
        yield f"{_count(lost, 'line')} could not be read; `seamaudit scan` names them (IN001)."
    for entry in found.skipped[:SKIPPED]:
        yield f"Not read: {entry.path} ({entry.reason})"
    if len(found.skipped) > SKIPPED:
        yield f"Not read: {_count(len(found.skipped) - SKIPPED, 'file')} more."


def _holdings(found: Examined) -> Sheet:
    rows = tuple((_named(part), f"{held:,} of {of:,}", _percent(held / of)) for part, (held, of) in found.survey.holdings.items())
    return Sheet(("The calls hold", "Recorded", "Share"), 1, rows, notes=tuple(_survey_notes(found)))


def _named(part: Part) -> str:
    of = _OF.get(part, "calls not refused" if part in _SERVED else "")
    return f"{part} (of {of})" if of else str(part)


def _survey_notes(found: Examined) -> Iterator[str]:
    threads = found.survey.threads
    parts = [
        f"{threads['declared']:,} declared",
        f"{threads['inferred']:,} inferred from what calls say",
        f"{threads['alone']:,} of one undeclared call",
    ]
    yield "Threads: " + ", ".join(part for part, number in zip(parts, threads.values(), strict=True) if number) + "."
    conventions: dict[Convention, int] = {}
    for (convention, _), count in found.survey.conventions.items():
        conventions[convention] = conventions.get(convention, 0) + count
    told = (f"{_CONVENTIONS[each]} ({_count(count, 'call')})" for each in Convention if (count := conventions.get(each, 0)))
    if conventions:
        yield f"Input counts: {', '.join(told)}."


def _verdict(found: Diagnosis, calls: int, width: int) -> Iterator[str]:
    """What can be decided, and what would open the rest."""
    decidable = "nothing to check" if found.decidable is None else f"{_percent(found.decidable)} decidable"
    yield f"Rules: {len(found.checks):,}, {decidable}."
    codes = [check.code for check in found.checks]
    label = max(map(len, _STATES.values())) + 8
    for state, words in _STATES.items():
        if listed := found.of(state):
            yield from _folded(f"  {f'{words} ({len(listed):,})':<{label}}", ranges(listed, codes), width)
    yield ""
    if not found.gaps:
        yield "Every rule is decided for every call it is about."
        return
    yield from _folded(
        "", "Not checked is not clean: a blind rule is silent whatever happened. What to record, and what that opens:", width
    )
    for record, gaps in _by_record(found.gaps).items():
        yield ""
        yield from _folded("  ", record or "no recording shows these", width)
        for gap in gaps:
            yield from _gap(gap, codes, calls, width)
    found_hints = list(hints(found.lacking))
    if found_hints:
        yield ""
        yield "In these formats:"
    for hint in found_hints:
        yield from _folded(f"  {hint.format}: ", hint.text, width)
    yield ""
    yield "`seamaudit rules show CODE` says what a rule finds; --json holds every rule by itself."


def _by_record(gaps: Iterable[Gap]) -> Mapping[str, list[Gap]]:
    """Gaps by what to record against them, in their order; what nothing helps against comes last."""
    groups: dict[str, list[Gap]] = {}
    for gap in sorted(gaps, key=lambda gap: not gap.record):
        groups.setdefault(gap.record, []).append(gap)
    return groups


def _gap(gap: Gap, codes: Sequence[str], calls: int, width: int) -> Iterator[str]:
    silenced = ranges({*gap.blind, *gap.partly}, codes)
    yield from _folded("    - ", f"{printable(gap.reason)} ({gap.calls:,} of {_count(calls, 'call')}): {silenced}", width)


def ranges(codes: Iterable[str], known: Sequence[str]) -> str:
    """Codes in few words: a run of neighbours in `known` that begin alike as its first and last."""
    runs: list[list[str]] = []
    order = {code: at for at, code in enumerate(known)}
    for code in sorted(codes):
        follows = runs and order.get(code, -1) == order.get(runs[-1][-1], -3) + 1 and code[:2] == runs[-1][-1][:2]
        if follows:
            runs[-1].append(code)
        else:
            runs.append([code])
    told = (f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)
    return printable(", ".join(told))


def _folded(prefix: str, text: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(text, width, initial_indent=prefix, subsequent_indent=" " * len(prefix), break_on_hyphens=False)


def _percent(share: float) -> str:
    """A share, never rounded up: what is not whole does not look whole."""
    return f"{math.floor(share * 1000) / 10:.1f} %"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
