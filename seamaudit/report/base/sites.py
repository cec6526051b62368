"""Sites: which line of source is behind an app, agent, prompt or tool, so that an alert lands on committed code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from seamaudit.errors import UsageError

COLUMNS = {"tool": "tool", "prompt": "block", "agent": "agent", "app": "app"}
"""Kinds of sites, the most telling first, and the identity column of a finding that names one of the kind."""
_PLACE = re.compile(r"(?P<file>[^\x00-\x1f]{1,1000}):(?P<line>[1-9][0-9]{0,8})")
_ENTRY = re.compile(r"(?P<kind>[a-z]{1,10}):(?P<name>[^=]{1,1000})=(?P<place>.+)", re.DOTALL)


class Site(Struct, frozen=True):
    """A source file, relative to the repository, and a line in it, counted from 1."""

    file: str
    line: int


class Sites(Struct, frozen=True):
    """Sites by kind and name. A prompt's name is its block (`system[1]`), or the part before the bracket for all of them."""

    by_name: Mapping[tuple[str, str], Site] = field(default_factory=dict)

    def of(self, identity: Iterable[tuple[str, object]]) -> Site | None:
        """The site of a finding with these identity columns: of its tool, else its prompt, its agent, its app."""
        columns = dict(identity)
        for kind, column in COLUMNS.items():
            name = columns.get(column)
            if not isinstance(name, str):
                continue
            site = self.by_name.get((kind, name))
            if site is None and kind == "prompt":
                site = self.by_name.get((kind, name.partition("[")[0]))
            if site is not None:
                return site
        return None


def parse_sites(table: Mapping[str, object]) -> Sites:
    """Sites from a config table, `{tool: {search: "src/tools.py:12"}}`. Raises UsageError for what is none."""
    found: dict[tuple[str, str], Site] = {}
    for kind, names in table.items():
        if not isinstance(names, Mapping):
            raise UsageError(f'sites: "{kind}" must be a table of names', _HINT)
        for name, place in names.items():
            found[_kind(kind), str(name)] = _site(place)
    return Sites(found)


def typed_sites(entries: Iterable[str]) -> Sites:
    """Sites as typed on a command line, `tool:search=src/tools.py:12` each. Raises UsageError for what is none."""
    found: dict[tuple[str, str], Site] = {}
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise UsageError(f'"{entry}" is no site', _HINT)
        found[_kind(match["kind"]), match["name"]] = _site(match["place"])
    return Sites(found)


_HINT = "Write tool:NAME=FILE:LINE; instead of tool also app, agent or prompt."


def _kind(kind: str) -> str:
    if kind not in COLUMNS:
        raise UsageError(f'sites: no kind is called "{kind}"', _HINT)
    return kind


def _site(place: object) -> Site:
    match = _PLACE.fullmatch(place) if isinstance(place, str) else None
    if match is None:
        raise UsageError(f'sites: "{place}" is not FILE:LINE', _HINT)
    return Site(match["file"], int(match["line"]))
