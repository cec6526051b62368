"""GitHub Actions: annotations, as workflow commands. The step summary beside them is the markdown format's."""

from __future__ import annotations

from typing import TextIO

from seamaudit.report.base import DocumentV1, FindingV1
from seamaudit.report.base.escape import cut
from seamaudit.report.base.words import count, not_checked, recorded, severities, waste_of

MOST = 10
"""Annotations of one kind that GitHub shows of a step; what comes after them is dropped without a word."""
LONGEST = 4000

_COMMANDS = {"info": "notice", "low": "notice", "medium": "warning", "high": "error", "critical": "error"}


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write one annotation a finding, dearest first, as many as are shown, then a line of plain text: how many there are, what was
    recorded, and how many rules were not checked everywhere."""
    fresh = [finding for finding in whole.findings if finding.counts]
    shown: dict[str, int] = dict.fromkeys(_COMMANDS.values(), 0)
    for finding in fresh:
        command = _COMMANDS[finding.severity]
        shown[command] += 1
        if shown[command] <= MOST:
            out.write(f"::{command} {_properties(finding)}::{_data(_message(finding))}\n")
    left = sum(max(0, number - MOST) for number in shown.values())
    unseen = f", {left:,} more than GitHub shows" if left else ""
    told = f"{severities(whole.findings)}; {count(len(fresh), 'finding')} to look at{unseen}"
    out.write(f"seamaudit: {told}; {recorded(whole.summary)}; {not_checked(whole.summary)}\n")


def _properties(finding: FindingV1) -> str:
    place = finding.site or (finding.locations[0] if finding.locations else None)
    named = {"title": f"{finding.code} {finding.name}"}
    if place and place.file:
        named = {"file": place.file, "line": str(max(1, place.line)), **named}
    return ",".join(f"{name}={_property(value)}" for name, value in named.items())


def _message(finding: FindingV1) -> str:
    place = finding.locations[0] if finding.locations else None
    parts = (
        finding.message,
        f"Seen at {place.file}:{place.line} {place.pointer}".rstrip() + "." if place else "",
        f"Waste: {waste}." if (waste := waste_of(finding.waste)) else "",
        f"Fix: {finding.fix}",
    )
    return cut("\n".join(filter(None, parts)), LONGEST)


def _data(text: str) -> str:
    """The text of a command, by the rule of actions/toolkit."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
