"""Keyed, winnowed prints: enough to recognise quoted text, too little to read it."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence
from contextvars import ContextVar
from itertools import pairwise, repeat
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

_SPACES: Final = bytes.maketrans(b"\\\x1c\x1d\x1e\x1f", b"     ")
"""What splits words beside what splits bytes: a backslash, and what ASCII once separated records with."""
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
    words = _words(text[:MAX_TEXT])
    if len(words) < SPAN:
        return b""
    hashed = list(map(xxh3_64_intdigest, words, repeat(_KEY.get())))
    hashes = list(map(hash, zip(hashed, hashed[1:], hashed[2:], strict=False)))  # of integers: the same in every process
    kept = _least(hashes) if len(hashes) > WINDOW else {min(hashes)}
    return struct.pack(f"<{len(kept)}q", *sorted(kept))


def _words(text: str) -> list[bytes]:
    """The long words of a text, escapes taken for spaces."""
    if text.isascii():  # the same words in less time
        return [word for word in text.encode().replace(b"\\n", b" ").translate(_SPACES).split() if len(word) >= LONG_WORD]
    words = text.replace("\\n", " ").replace("\\", " ").split()
    return [word.encode("utf-8", "surrogatepass") for word in words if len(word) >= LONG_WORD]


def _least(hashes: Sequence[int]) -> set[int]:
    """The smallest of each WINDOW in a row: of four, by way of pairs."""
    pairs = [one if one < other else other for one, other in pairwise(hashes)]
    return {one if one < other else other for one, other in zip(pairs, pairs[2:], strict=False)}


def unpack(packed: bytes) -> frozenset[int]:
    """The prints as a set."""
    return frozenset(struct.unpack(f"<{len(packed) // 8}q", packed))
