"""Keyed, winnowed prints: enough to recognise quoted text, too little to read it."""

from __future__ import annotations

import secrets
import struct
from contextvars import ContextVar
from itertools import repeat
from typing import Final

from xxhash import xxh3_64_intdigest

LONG_WORD = 6
"""Words at least this long carry a print; short ones and punctuation are lost to quoting and escaping first."""
SPAN = 3
"""Long words in a row that make one print."""
WINDOW = 4
"""Of this many prints in a row the smallest is kept: text quoted over WINDOW + SPAN - 1 long words shares a print."""
MAX_TEXT = 8192
"""Characters of a text that are printed; a quotation from further back is not recognised."""

_OWN: Final = secrets.randbits(64)
_KEY: Final = ContextVar("the key of a run's prints", default=_OWN)


def key() -> int:
    """The key that prints are made with here: whoever makes others of the same run elsewhere needs it."""
    return _KEY.get()


def adopt(key: int) -> None:
    """Make prints with the key of a run that others work at, too."""
    _KEY.set(key)


def prints(text: str) -> bytes:
    """Winnowed prints of a text, 8 bytes each, sorted and distinct; b"" where it is too short to recognise.

    Prints of one run are comparable with each other, never with another run's: each draws its own key.
    """
    words = [word for word in text[:MAX_TEXT].replace("\\n", " ").replace("\\", " ").split() if len(word) >= LONG_WORD]
    if len(words) < SPAN:
        return b""
    hashed = list(map(xxh3_64_intdigest, map(_encoded, words), repeat(_KEY.get())))
    hashes = list(map(hash, zip(hashed, hashed[1:], hashed[2:], strict=False)))  # of integers: the same in every process
    kept = set(map(min, *(hashes[skipped:] for skipped in range(WINDOW)))) if len(hashes) > WINDOW else {min(hashes)}
    return struct.pack(f"<{len(kept)}q", *sorted(kept))


def _encoded(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


def unpack(packed: bytes) -> frozenset[int]:
    """The prints as a set."""
    return frozenset(struct.unpack(f"<{len(packed) // 8}q", packed))
