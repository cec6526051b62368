"""Keyed, winnowed prints: enough to recognise quoted text, too little to read it."""

from __future__ import annotations

import secrets
import struct
from itertools import repeat

LONG_WORD = 6
"""Words at least this long carry a print; short ones and punctuation are lost to quoting and escaping first."""
SPAN = 3
"""Long words in a row that make one print."""
WINDOW = 4
"""Of this many prints in a row the smallest is kept: text quoted over WINDOW + SPAN - 1 long words shares a print."""
MAX_TEXT = 8192
"""Characters of a text that are printed; a quotation from further back is not recognised."""

_KEY = secrets.token_hex(16)


def prints(text: str) -> bytes:
    """Winnowed prints of a text, 8 bytes each, sorted and distinct; b"" where it is too short to recognise.

    Prints of one run are comparable with each other, never with another run's: each draws its own key.
    """
    words = [word for word in text[:MAX_TEXT].replace("\\n", " ").replace("\\", " ").split() if len(word) >= LONG_WORD]
    if len(words) < SPAN:
        return b""
    hashes = list(map(hash, zip(repeat(_KEY), words, words[1:], words[2:], strict=False)))
    kept = set(map(min, *(hashes[skipped:] for skipped in range(WINDOW)))) if len(hashes) > WINDOW else {min(hashes)}
    return struct.pack(f"<{len(kept)}q", *sorted(kept))


def unpack(packed: bytes) -> frozenset[int]:
    """The prints as a set."""
    return frozenset(struct.unpack(f"<{len(packed) // 8}q", packed))
