"""Measures the whole command against what it is held to, and against other tools over the same recordings.

Commands of a suite run in turns, one round to warm up and then as many as `--rounds`; the table shows medians, `x` the median of the
ratios to the suite's yardstick inside one round. Recordings and peers are made once in `--folder` and used again. Without `--full`
recordings are small: the fixed cost of a start then weighs more than in the goals, which are set for the full ones.

    python bench/run.py [--full] [--rounds 5] [--folder DIR] [--recording FILE] [SUITE ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.measure import Measured, in_turns
from bench.peers import Peers, installed
from bench.suites import MB, Bench, Suite

ROUNDS = 5


def table(suite: Suite, measured: list[Measured]) -> str:
    """One row a command."""
    base = next((row for row in measured if row.command.name == suite.against), None)
    lines = [f"{suite.name:<38} {'wall s':>8} {'CPU s':>8} {'MB/s':>8} {'RSS MB':>8} {'x':>7}"]
    for row in measured:
        wall = row.median("wall")
        rate = f"{row.command.bytes / MB / wall:>8.1f}" if row.command.bytes else f"{'':>8}"
        times = f"{row.ratio(base):>7.2f}" if base is not None else f"{'':>7}"
        lines.append(f"  {row.command.name:<36} {wall:>8.3f} {row.median('cpu'):>8.3f} {rate} {row.median('rss') / MB:>8.0f} {times}")
    return "\n".join(lines)


def measure(name: str, suite: Suite, rounds: int) -> bool:
    """Run one suite and print it. Gives whether no goal was missed."""
    measured, failed = in_turns(suite.commands, suite.rounds or rounds)
    print(f"[{name}]", table(suite, measured), sep="\n")
    by_name = {row.command.name: row for row in measured}
    verdicts = [bar.verdict(by_name) for bar in suite.bars]
    told = [*suite.notes, *(f"{command} left out: {why}" for command, why in failed.items())]
    print(*verdicts, *(f"-       {note}" for note in told), sep="\n", end="\n\n", flush=True)
    return not any(verdict.startswith("MISSED") for verdict in verdicts)


def main() -> int:
    """Run the suites asked for; exit code 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="only these; all by default")
    parser.add_argument("--full", action="store_true", help="recordings of the sizes that the goals are set for")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "seamaudit-bench", help="where recordings and peers are kept"
    )
    parser.add_argument("--recording", type=Path, help="a recording of one's own, measured too: repeated under new ids")
    parser.add_argument("--no-peers", action="store_true", help="install and run no other tool")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    names = ("promptcachelint", "tracelint", "ccusage", "tokscale")
    peers = Peers(chosen.folder, dict.fromkeys(names, "--no-peers")) if chosen.no_peers else installed(chosen.folder)
    bench = Bench(chosen.folder, peers, chosen.full, chosen.recording)
    known = dict(bench.suites())
    unknown = set(chosen.suites) - known.keys()
    if unknown:
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    results = [measure(name, known[name](), chosen.rounds) for name in chosen.suites or known]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
