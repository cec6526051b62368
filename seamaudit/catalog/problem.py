"""What is wrong in a rule file, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from msgspec import Struct

from seamaudit.errors import CatalogError

_SHOWN = 20
_LONGEST_WORD = 60


class Problem(Struct, frozen=True, order=True):
    """One mistake at a 1-based line and column of a file; prints as `file:line:column: message (did you mean "x"?)`."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)` for the known word closest to this one, "" where none is close."""
    if len(word) > _LONGEST_WORD:
        return ""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def quoted(value: object) -> str:
    """A value of a rule file for a message: quoted where it is text, and cut where it is long."""
    text = f'"{value}"' if isinstance(value, str) else _spelled(value)
    return text if len(text) <= _LONGEST_WORD else f"{text[:_LONGEST_WORD]}…"


class RefusedRules(CatalogError):
    """Rule files that cannot be used. `problems` holds every mistake in file order; the message shows the first twenty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        lines = [str(problem) for problem in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"and {len(self.problems) - _SHOWN} more")
        super().__init__("\n".join(lines), hint="`seamaudit rules check DIR` checks a catalog without reading a trace.")


def refuse(problems: Iterable[Problem]) -> None:
    """Raise RefusedRules where there is any problem."""
    found = list(problems)
    if found:
        raise RefusedRules(found)


def _spelled(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "a list"
    return "a map" if isinstance(value, dict) else str(value)
