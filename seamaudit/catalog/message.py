"""Messages: text with `{column}` placeholders, and how values read in it.

`{occurrences:call/calls}` adds the word that goes with the number: `1 call`, `3 calls`. No format specs, attributes or expressions:
a placeholder is one of these two or it is an error. What is filled in may come from a trace and is plain data; who prints the
message makes it safe.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from seamaudit.trace import to_usd

LONGEST_VALUE = 120
"""Characters of a text column that a message shows; a tool's name may be a novel."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*)(?::([^{}/]+)/([^{}/]+))?\}|[{}]")


class Placeholder(Struct, frozen=True):
    """A value's name and, where a word goes with its number, that word for one and for many."""

    name: str
    one: str = ""
    many: str = ""

    def filled(self, said: str) -> str:
        """The value as said, with its word."""
        if not self.many:
            return said
        return f"{said} {self.one if said == '1' else self.many}"


class Template(Struct, frozen=True):
    """A parsed message: literal text and placeholders in turn, beginning and ending with literal text."""

    literals: tuple[str, ...]
    placeholders: tuple[Placeholder, ...]

    def render(self, value: Callable[[str], str]) -> str:
        """The message with every placeholder replaced by `value(name)`."""
        return "".join(self._parts(value))

    def _parts(self, value: Callable[[str], str]) -> Iterator[str]:
        yield self.literals[0]
        for placeholder, literal in zip(self.placeholders, self.literals[1:], strict=True):
            yield placeholder.filled(value(placeholder.name))
            yield literal


def template(text: str) -> Template:
    """Parse a message; `{{` and `}}` are literal braces. Raises ValueError for a brace of no placeholder, with the word it begins."""
    literals, placeholders, literal, end = [], [], "", 0
    for token in _TOKEN.finditer(text):
        literal += text[end : token.start()]
        end = token.end()
        if token[1]:
            literals.append(literal)
            placeholders.append(Placeholder(token[1], token[2] or "", token[3] or ""))
            literal = ""
        elif token[0] in ("{{", "}}"):
            literal += token[0][0]
        else:
            raise ValueError(text[token.start() :].split(maxsplit=1)[0])
    return Template((*literals, literal + text[end:]), tuple(placeholders))


def spoken(value: object, kind: str) -> str:
    """A column's value as a message says it: dollars, digits grouped by thousands, unknown where it is None, long text cut."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return dollars(value) if kind == "money" else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def dollars(amount: int) -> str:
    """Picodollars as `$1,234.56`; two significant digits below a cent, so that a small waste is not shown as none."""
    usd = to_usd(amount)
    if usd == 0:
        return "$0"
    places = 2 if abs(usd) >= 0.01 else 1 - math.floor(math.log10(abs(usd)))
    sign = "-" if usd < 0 else ""
    return f"{sign}${abs(usd):,.{places}f}"
