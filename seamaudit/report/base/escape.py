"""Text as the languages of the formats want it: already safe to print, now also no word of the language it stands in."""

from __future__ import annotations

import re
from urllib.parse import quote

_PUNCTUATION = re.compile(r"([!$&()*+\-.:<=>\[\\\]^_`{|}~])")
_LOOKALIKES = str.maketrans({"@": "\uff20", "#": "\uff03"})
_RUN = re.compile(r"`+")
_PLACEHOLDER = re.compile(r"\{(\d)")


def guarded(line: str) -> str:
    """A line of which no build log takes the beginning for a command. A runner drops leading blanks before it looks."""
    return "\\" + line if line.lstrip().startswith("::") else line


def markdown_text(text: str) -> str:
    """Words in Markdown that are nothing but words: no markup, no link, no mention of a person or an issue."""
    return _PUNCTUATION.sub(r"\\\1", text.translate(_LOOKALIKES))


def markdown_code(text: str) -> str:
    """A code span that ends where it should, in a table cell too; the only place for text of a trace."""
    inner = text.replace("|", "\u2502") or " "
    fence = "`" * (1 + max((len(run) for run in _RUN.findall(inner)), default=0))
    return f"{fence} {inner} {fence}"


def sarif_text(text: str) -> str:
    """A SARIF message that holds no link and no placeholder."""
    escaped = re.sub(r"([\\\[\]])", r"\\\1", text)
    return _PLACEHOLDER.sub(r"{ \1", escaped)


def uri(path: str) -> str:
    """A path as a URI reference: relative as it stands, absolute with its scheme; never empty."""
    spelled = quote(path.replace("\\", "/"), safe="/", errors="replace").lstrip() or "unknown"
    if spelled.startswith("/"):
        return "file:///" + spelled.lstrip("/")
    return spelled.removeprefix("./") or "unknown"


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as `limit` characters hold, with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
