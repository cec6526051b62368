"""Measures growth: one thread of 50, 100, 200 and 400 turns through the whole audit.

Every cell runs in a process of its own. Time is the ratio to `orjson.loads` of every line of the same file, medians of five
interleaved rounds, without what an audit costs before it reads (rules, prices): that is measured as the audit of one line in the
same process, taken off, and printed apart as `start`. Imports are in neither. Memory is the peak of what Python allocated
(tracemalloc) and, beside it, the process's own peak. Slopes are least squares over the logarithms: 1 is linear in the turns, 2 what
the file itself does.

What is new in a request costs about 0.8 ms (2 vCPU) whatever the length of its thread, what it repeats about a quarter of what orjson
takes. So the ratio falls with the turns and short threads stand far above the limit: it is held for the growing thread as a whole, all
lengths together, and printed for each. A thread whose head changes with every turn pays about 0.5 ms more for each of those breaks,
most of it for telling and quoting what changed, and has a limit of its own.

    python bench/growth.py [--full] [--turns 50 100 200 400] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.generate import Disturbance, Layout, generate

TURNS = (50, 100, 200, 400)
ROUNDS = 5
SLOPE_LIMIT = 1.2
TIME_LIMIT = 1.2
DISTURBED_LIMIT = 2.0
SEGMENT_LIMIT = 3.0


@dataclass(frozen=True, slots=True)
class Counters:
    """What an audit read: exchanges, bytes it had to parse, segments it interned and positions on its tape."""

    exchanges: int
    parsed_bytes: int
    segments: int
    tape: int


def audit_file(path: Path) -> Counters:
    """The whole audit of one file: the only place here that knows how seamaudit is called."""
    from seamaudit.audit import audit  # noqa: PLC0415
    from seamaudit.config import Settings  # noqa: PLC0415
    from seamaudit.ingest.elide import Elider  # noqa: PLC0415
    from seamaudit.ingest.intern import Interner  # noqa: PLC0415

    used: list[Interner] = []

    def watched(*, elider: Elider | None) -> Interner:
        used.append(Interner(elider=elider))
        return used[-1]

    with mock.patch("seamaudit.audit.inputs.Interner", watched):
        report = audit([str(path)], Settings())
    return Counters(report.exchanges, used[0].parsed_bytes, len(used[0].tape.segments), len(used[0].tape.ids))


@dataclass(frozen=True, slots=True)
class Cell:
    """One measured file: see the column heads of `table`."""

    layout: str
    disturb: str
    turns: int
    bytes: int
    exchanges: int
    parsed_bytes: int
    segments: int
    tape: int
    peak_bytes: int
    rss_bytes: int
    start: float
    seconds: float
    yardstick: float
    ratio: float


# --- the measuring child --------------------------------------------------------------------------------------------


def loads_every_line(path: Path) -> None:
    """The yardstick: read the file, parse every line, keep nothing."""
    import orjson  # noqa: PLC0415

    with path.open("rb") as lines:
        for line in lines:
            orjson.loads(line)


def timed(work: Callable[[Path], Any], path: Path) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    work(path)
    return time.perf_counter() - start


def measure_time(path: Path, warm: Path, rounds: int) -> dict[str, float]:
    """Interleaved rounds of yardstick, audit and start, after one of each to warm up; `start` is the audit of one line, and in neither
    `seconds` nor `ratio`."""
    works = ((loads_every_line, path), (audit_file, path), (audit_file, warm))
    rows = [[timed(work, file) for work, file in works] for _ in range(rounds + 1)][1:]
    return {
        "start": statistics.median(start for _, _, start in rows),
        "seconds": statistics.median(audit - start for _, audit, start in rows),
        "yardstick": statistics.median(yard for yard, _, _ in rows),
        "ratio": statistics.median((audit - start) / yard for yard, audit, start in rows),
    }


def measure_memory(path: Path, warm: Path) -> dict[str, int]:
    """Peak allocation of one audit, imports and tables already loaded by a first small one."""
    audit_file(warm)
    tracemalloc.start()
    counters = audit_file(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {**asdict(counters), "peak_bytes": peak}


def measure_rss(path: Path) -> dict[str, int]:
    """The process's own peak, imports included."""
    audit_file(path)
    unit = 1 if sys.platform == "darwin" else 1024
    return {"rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def child(task: str, path: Path, warm: Path, rounds: int) -> dict[str, Any]:
    """What a measuring process prints."""
    if task == "time":
        return measure_time(path, warm, rounds)
    return measure_memory(path, warm) if task == "memory" else measure_rss(path)


# --- the table ------------------------------------------------------------------------------------------------------


def measure(layout: Layout, disturb: Disturbance, turns: int, rounds: int, folder: Path) -> Cell:
    """Generate one file and measure it in three processes."""
    path, warm = folder / "bench.jsonl", folder / "warm.jsonl"
    with path.open("wb") as out:
        size = generate(out, turns, layout=layout, disturb=disturb)
    with warm.open("wb") as out:
        generate(out, 1, layout=layout, disturb=disturb)
    found: dict[str, Any] = {}
    for task in ("memory", "rss", "time"):
        call = [sys.executable, __file__, "--child", task, str(path), str(warm), "--rounds", str(rounds)]
        found |= json.loads(subprocess.run(call, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
    path.unlink()
    return Cell(layout=layout, disturb=disturb, turns=turns, bytes=size, **found)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least-squares slope of log(y) over log(x)."""
    logs = [(math.log(x), math.log(max(y, 1e-9))) for x, y in points]
    mean_x, mean_y = (statistics.fmean(axis) for axis in zip(*logs, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread if spread else 0.0


def table(cells: Sequence[Cell]) -> str:
    """The measurements of one layout and disturbance, and the slopes below."""
    head = " turns  file MB  parsed MB  segments    tape  peak MB  rss MB  start s       s  x orjson"
    rows = [
        f"{c.turns:>6} {c.bytes / 1e6:>8.1f} {c.parsed_bytes / 1e6:>10.2f} {c.segments:>9} {c.tape:>7} {c.peak_bytes / 1e6:>8.1f} "
        f"{c.rss_bytes / 1e6:>7.0f} {c.start:>8.3f} {c.seconds:>7.2f} {c.ratio:>9.2f}"
        for c in cells
    ]
    columns = ("bytes", "parsed_bytes", "segments", "tape", "peak_bytes", "rss_bytes", "seconds")
    by = {name: slope([(c.turns, float(getattr(c, name))) for c in cells]) for name in columns}
    if len(cells) == 1:
        return "\n".join([f"{cells[0].layout}, {cells[0].disturb}", head, *rows])
    slopes = (
        f"{'slope':>6} {by['bytes']:>8.2f} {by['parsed_bytes']:>10.2f} {by['segments']:>9.2f} {by['tape']:>7.2f} {by['peak_bytes']:>8.2f} "
        f"{by['rss_bytes']:>7.2f} {'':>8} {by['seconds']:>7.2f}"
    )
    return "\n".join([f"{cells[0].layout}, {cells[0].disturb}", head, *rows, slopes])


def verdicts(groups: Sequence[Sequence[Cell]]) -> list[str]:
    """The goals, each with what was measured; `ok` or `MISSED`."""
    out = []
    clean = {(c.layout, c.turns): c for cells in groups for c in cells if c.disturb == "clean"}
    for cells in groups:
        name = f"{cells[0].layout}, {cells[0].disturb}"
        if len(cells) > 1:
            for column in ("parsed_bytes", "peak_bytes"):
                out.append(_verdict(f"{name}: slope of {column}", slope([(c.turns, getattr(c, column)) for c in cells]), SLOPE_LIMIT))
        together = sum(c.seconds for c in cells) / sum(c.yardstick for c in cells)
        limit = TIME_LIMIT if cells[0].disturb == "clean" else DISTURBED_LIMIT
        lengths = f"{len(cells)} lengths together" if len(cells) > 1 else f"{cells[0].turns} turns"
        out.append(_verdict(f"{name}: time / orjson.loads of every line, {lengths}", together, limit))
        for cell in cells:
            base = clean.get((cell.layout, cell.turns))
            if base is not None and cell.disturb != "clean":
                out.append(_verdict(f"{name}: segments at {cell.turns} turns / clean", cell.segments / base.segments, SEGMENT_LIMIT))
                out.append(_verdict(f"{name}: tape at {cell.turns} turns / clean", cell.tape / base.tape, SEGMENT_LIMIT))
    return out


def _verdict(what: str, value: float, limit: float) -> str:
    return f"{'ok    ' if value <= limit else 'MISSED'} {what}: {value:.2f} (at most {limit})"


def suite(full: bool, turns: Sequence[int]) -> list[tuple[Layout, Disturbance, tuple[int, ...]]]:
    """What is measured: growth of the clean thread, and both disturbances of a 200-turn thread; with `full` everything."""
    if full:
        return [(layout, disturb, tuple(turns)) for layout in get_args(Layout) for disturb in get_args(Disturbance)]
    middle = (200,) if 200 in turns else (max(turns),)
    return [("sdk", "clean", tuple(turns)), ("sdk", "clock", middle), ("sdk", "middle-edit", middle)]


def main() -> int:
    """Run the suite and print one table a layout and disturbance; exit code 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="every layout and disturbance")
    parser.add_argument("--turns", type=int, nargs="+", default=list(TURNS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true", help="print the cells as JSON")
    parser.add_argument("--child", nargs=3, metavar=("TASK", "PATH", "WARM"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        task, path, warm = chosen.child
        print(json.dumps(child(task, Path(path), Path(warm), chosen.rounds)))
        return 0
    groups = []
    with tempfile.TemporaryDirectory() as folder:
        for layout, disturb, turns in suite(chosen.full, chosen.turns):
            cells = [measure(layout, disturb, count, chosen.rounds, Path(folder)) for count in turns]
            groups.append(cells)
            if not chosen.json:
                print(table(cells), end="\n\n", flush=True)
    if chosen.json:
        print(json.dumps([asdict(cell) for cells in groups for cell in cells], indent=1))
        return 0
    goals = verdicts(groups)
    print("\n".join(goals))
    return int(any(goal.startswith("MISSED") for goal in goals))


if __name__ == "__main__":
    raise SystemExit(main())
