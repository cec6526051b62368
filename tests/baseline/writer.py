"""A process that writes a baseline again and again: `python -m tests.baseline.writer FILE NAME COUNT`."""

from __future__ import annotations

import sys
from pathlib import Path

from seamaudit.baseline import Baseline, Entry, held, load, save


def main() -> None:
    """Add COUNT entries, one update each."""
    path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for number in range(count):
        with held(path):
            known = load(path)
            key = f"{name}{number:06}"
            entry = Entry(code="CA001", fingerprint=key, identity={"app": "x" * 200}, occurrences=1, exchanges=1)
            save(Baseline(entries={**known.entries, key: entry}), path)


if __name__ == "__main__":
    main()
