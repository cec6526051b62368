"""`python -m tests.fuzz --lines 20000 --seed 1`: fuzz the scan; a failing file is kept and named."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.fuzz.mutate import corpus_of, mutated
from tests.fuzz.scan import narrowed, run

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def main() -> int:
    """Scan the mutated lines; exit code 1 where a scan failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=500)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="seamaudit-fuzz-"))
    failures = run(mutated(corpus_of(FIXTURES), chosen.lines, chosen.seed), folder, chosen.batch)
    for failure in failures:
        print(f"{failure.path}: {failure.reason}\n{failure.said}")
    if failures:
        found = narrowed(failures[0], folder)
        print(f"narrowed to {found.path}: {found.reason}\n{found.said}")
        return 1
    folder.rmdir()
    print(f"{chosen.lines:,} mutated lines, seed {chosen.seed}: no uncaught exception, every byte and line accounted for")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
