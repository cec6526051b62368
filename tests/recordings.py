"""Where third-party recordings stand, if they do: beside the checkout, or where SEAMAUDIT_RECORDINGS points."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

RECORDINGS = Path(os.environ.get("SEAMAUDIT_RECORDINGS", Path(__file__).parents[2] / "shared" / "data"))


def recorded(*parts: str) -> Path:
    """A file or folder of recordings; skips the test where it is not there."""
    path = RECORDINGS.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no recordings at {path}")
    return path
