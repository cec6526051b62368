"""What a file is that no format takes for its own, as far as its first bytes show: kinds and names, never its text."""

from __future__ import annotations

from typing import Final

from seamaudit.ingest import jsontext
from seamaudit.ingest.blocks import code

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "It is an image."),
    (b"\xff\xd8\xff", "It is an image."),
    (b"GIF8", "It is an image."),
    (b"%PDF-", "It is a PDF."),
    (b"PAR1", "It is Parquet: export the same rows as JSON lines."),
    (b"ARROW1", "It is Arrow: export the same rows as JSON lines."),
    (b"SQLite format 3\x00", "It is a SQLite database: export its sessions as JSON."),
    (b"PK\x03\x04", "It is a zip archive of something else: unpack it and name the recordings in it."),
)
_MOST_NAMES: Final = 8


def described(head: bytes) -> str:
    """A sentence about the first bytes of a file that nobody recognised, "" where there is nothing to say."""
    if not head.strip():
        return "It is empty."
    kind = next((words for magic, words in _MAGIC if head.startswith(magic)), "")
    if kind:
        return kind
    if b"\0" in head[:4096]:
        return "It is no text."
    line = head.lstrip().split(b"\n", 1)[0].strip()
    if line[:1] in (b"{", b"["):
        return _members(line)
    if line.count(b",") >= 2 or line.count(b"\t") >= 2:
        return "It looks like a table (CSV): export the same rows as JSON lines."
    return "It is no JSON."


def _members(line: bytes) -> str:
    """The names in a first record, as far as they are plain words."""
    try:
        value = jsontext.parse(line).value
    except jsontext.Unparsable:
        return ""
    record = value[0] if isinstance(value, list) and value else value
    names = [name for name in record if code(name)][:_MOST_NAMES] if isinstance(record, dict) else []
    return f"Its first record has the members {', '.join(names)}: no recording that is known has these." if names else ""
