"""Keyed, winnowed prints: enough to recognise quoted text, too little to read it."""

from __future__ import annotations

import secrets
import struct

import xxhash

LONG_WORD = 6
"""Words at least this long carry a print; short ones and punctuation are lost to quoting and escaping first."""
SPAN = 3
"""Long words in a row that make one print."""
WINDOW = 4
"""Of this many prints in a row the smallest is kept: text quoted over WINDOW + SPAN - 1 long words shares a print."""
MAX_TEXT = 8192
"""Characters of a text that are printed; a quotation from further back is not recognised."""

_KEY = secrets.randbits(64)


def prints(text: str) -> bytes:
    """Winnowed prints of a text, 8 bytes each, sorted and distinct; b"" where it is too short to recognise."""
    words = [word for word in text[:MAX_TEXT].replace("\\n", " ").replace("\\", " ").split() if len(word) >= LONG_WORD]
    if len(words) < SPAN:
        return b""
    hashes = [
        xxhash.xxh3_64_intdigest(f"{a} {b} {c}".encode("utf-8", "surrogatepass"), _KEY)
        for a, b, c in zip(words, words[1:], words[2:], strict=False)
    ]
    windows = max(1, len(hashes) - WINDOW + 1)
    kept = {min(hashes[i : i + WINDOW]) for i in range(windows)}
    return struct.pack(f"<{len(kept)}Q", *sorted(kept))


def unpack(packed: bytes) -> frozenset[int]:
    """The prints as a set."""
    return frozenset(struct.unpack(f"<{len(packed) // 8}Q", packed))
