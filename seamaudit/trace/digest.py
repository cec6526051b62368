"""Short, stable digests for labels: never of free text that could be guessed back."""

from __future__ import annotations

import hashlib


def short_digest(text: str, size: int = 8) -> str:
    """The first `size` hex digits of a SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:size]
