"""A baseline as a file: JSON that a person can review, one entry a line, sorted; whole at any moment, and one writer at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from seamaudit.baseline.entries import Baseline, Entry, Opinion, in_order
from seamaudit.errors import UsageError
from seamaudit.findings import Scalar
from seamaudit.replaced import replaced

VERSION = 1
LARGEST = 64 << 20
"""Bytes of a baseline that are read."""


def load(path: Path) -> Baseline:
    """The baseline in a file. Raises UsageError where it cannot be read, is of a later version or is not one; nothing of it is quoted."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{str(path)!r} is too large for a baseline")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the baseline {str(path)!r}: {error.strerror}", "`seamaudit baseline create` makes one.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{str(path)!r} is no baseline: it is not JSON", "`seamaudit baseline create` makes one.") from None
    version = data.get("seamaudit_baseline") if isinstance(data, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise UsageError(f"{str(path)!r} is no baseline", "`seamaudit baseline create` makes one.")
    if version > VERSION:
        raise UsageError(f"{str(path)!r} was written by a newer seamaudit", "Update seamaudit, or create the baseline again.")
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{str(path)!r} is no whole baseline", "`seamaudit baseline create` makes one.") from None


def save(baseline: Baseline, path: Path) -> None:
    """Write a baseline, whole or not at all. Raises UsageError where the place cannot be written; what was there is then intact."""
    try:
        with replaced(path) as out:
            out.write(spelled(baseline))
    except OSError as error:
        raise UsageError(f"cannot write the baseline {str(path)!r}: {error.strerror}", "What was there is unchanged.") from None


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep other writers of the file away until the block ends. The folder is locked, so that no lock file is left behind.

    Where the system has no such locks, nothing is held.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        yield
        return
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise UsageError(f"cannot write the baseline {str(path)!r}: {error.strerror}") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def spelled(baseline: Baseline) -> str:
    """The file's text: pure ASCII, one entry a line."""
    entries = ",\n".join(f"    {json.dumps(_written(entry), sort_keys=True)}" for entry in in_order(baseline.entries.values()))
    blind = json.dumps(dict(sorted(baseline.blind.items())))
    listed = f"[\n{entries}\n  ]" if entries else "[]"
    return f'{{\n  "seamaudit_baseline": {VERSION},\n  "blind": {blind},\n  "entries": {listed}\n}}\n'


def _written(entry: Entry) -> dict[str, Any]:
    told = {
        "code": entry.code,
        "fingerprint": entry.fingerprint,
        "identity": dict(entry.identity),
        "occurrences": entry.occurrences,
        "exchanges": entry.exchanges,
        "waste_picodollars": entry.waste,
    }
    said = {"reason": entry.reason, "expires": entry.expires and entry.expires.isoformat(), "opinion": entry.opinion.value}
    return {**told, **{name: value for name, value in said.items() if value}}


def _read(data: Mapping[str, Any]) -> Baseline:
    entries = [_entry(row) for row in data["entries"]]
    blind = {str(code): float(share) for code, share in data.get("blind", {}).items()}
    return Baseline(entries={entry.fingerprint: entry for entry in entries}, blind=blind)


def _entry(row: Mapping[str, Any]) -> Entry:
    identity: dict[str, Scalar] = {str(name): _scalar(value) for name, value in row.get("identity", {}).items()}
    return Entry(
        code=str(row["code"]),
        fingerprint=str(row["fingerprint"]),
        identity=identity,
        occurrences=_count(row["occurrences"]),
        exchanges=_count(row["exchanges"]),
        waste=_count(row.get("waste_picodollars", 0)),
        reason=str(row.get("reason", "")),
        expires=date.fromisoformat(row["expires"]) if row.get("expires") else None,
        opinion=Opinion(row.get("opinion", "")),
    )


def _scalar(value: Any) -> Scalar:
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError("no scalar")


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("no count")
    return value
