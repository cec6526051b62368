"""The suites: which commands run over which recording, and what is asked of the result."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bench import corpora
from bench.measure import Command, Measured
from bench.peers import Peers

MB = 1_000_000
YARDSTICK = "orjson.loads"
SCAN = "seamaudit"
TWO = f"{SCAN} --jobs 2"
_LOADS = "import orjson, sys\nfor path in sys.argv[1:]:\n    for line in open(path, 'rb'):\n        orjson.loads(line)"
_GROWN = (20, 40, 80, 160)


@dataclass(frozen=True, slots=True)
class Bar:
    """A goal: what is measured, and the most it may be; `beyond` is the better goal."""

    what: str
    value: Callable[[dict[str, Measured]], float]
    limit: float
    beyond: float | None = None
    at_least: bool = False

    def verdict(self, measured: dict[str, Measured]) -> str:
        """The goal with what was measured: `beyond`, `ok` or `MISSED`; or that it could not be."""
        try:
            value = self.value(measured)
        except KeyError as absent:
            return f"-       {self.what}: not measured, {absent.args[0]} did not run"
        reached = [self.beyond is not None and self._within(value, self.beyond), self._within(value, self.limit)]
        word = "beyond" if reached[0] else "ok" if reached[1] else "MISSED"
        also = f", beyond: {self.beyond:g}" if self.beyond is not None else ""
        return f"{word:<7} {self.what}: {value:.2f} ({'at least' if self.at_least else 'at most'} {self.limit:g}{also})"

    def _within(self, value: float, limit: float) -> bool:
        return value >= limit if self.at_least else value <= limit


@dataclass(frozen=True, slots=True)
class Suite:
    """Commands over one recording, run in turns; `against` is what they are compared with."""

    name: str
    commands: Sequence[Command]
    bars: Sequence[Bar] = ()
    against: str = YARDSTICK
    notes: Sequence[str] = ()
    rounds: int | None = None


@dataclass(slots=True)
class Bench:
    """Where recordings and peers are, and how large recordings are to be."""

    folder: Path
    peers: Peers
    full: bool
    recording: Path | None = None

    def suites(self) -> Iterator[tuple[str, Callable[[], Suite]]]:
        """Every suite by name, made when it is asked for."""
        yield from {
            "agents": self.agents,
            "recording": self.recorded,
            "rag": self.rag,
            "claude-code": self.claude_code,
            "lint": self.lint,
            "length": self.length,
            "compressed": self.packed,
            "start": self.start,
            "memory": self.memory,
        }.items()

    def agents(self) -> Suite:
        """Agents' threads of 5 to 80 turns, three body layouts, four at once."""
        path, size = self._file("agents.jsonl", 1000 if self.full else 100, corpora.agents)
        bars = [Bar("time / orjson.loads of every line", _times(SCAN, YARDSTICK), 1.0, 0.65)]
        bars.append(Bar("one process / --jobs 2", _times(SCAN, TWO), 1.4, 1.6, at_least=True))
        commands = [_cat(path, size), _loads(path, size), _scan(path, size), _scan(path, size, jobs=2)]
        return Suite(f"agents' wire threads, {size / MB:.0f} MB", commands, bars)

    def recorded(self) -> Suite:
        """A recording of one's own, again and again under new ids."""
        if self.recording is None:
            return Suite("a recording of one's own", (), notes=["skipped: none is named (--recording FILE)"])
        own = self.recording
        path, size = self._file(f"repeated-{own.name}", 200 if self.full else 50, lambda out, size: corpora.repeated(own, out, size))
        return Suite(f"{own.name} repeated, {size / MB:.0f} MB", [_cat(path, size), _loads(path, size), _scan(path, size)])

    def rag(self) -> Suite:
        """RAG chats: almost nothing is sent twice."""
        path, size = self._file("rag.jsonl", 300 if self.full else 30, corpora.chats)
        bars = [Bar("time / orjson.loads of every line", _times(SCAN, YARDSTICK), 2.2, 1.5)]
        return Suite(f"RAG chats, {size / MB:.0f} MB", [_cat(path, size), _loads(path, size), _scan(path, size)], bars)

    def claude_code(self) -> Suite:
        """A folder of Claude Code sessions, which usage counters read too."""
        home = self.folder / f"home-{'full' if self.full else 'small'}"
        folder = home / ".claude"
        if not folder.exists():
            corpora.sessions(folder, (300 if self.full else 30) * MB)
        files = sorted(str(path) for path in folder.rglob("*.jsonl"))
        size = sum(Path(path).stat().st_size for path in files)
        commands = [
            Command("cat", ("cat", *files), size),
            Command(YARDSTICK, (sys.executable, "-c", _LOADS, *files), size),
            _scan(folder, size, jobs=2),
        ]
        if self.peers.has("ccusage"):
            commands.append(Command("ccusage", self.peers.ccusage(), size, {"CLAUDE_CONFIG_DIR": str(folder), "HOME": str(home)}))
        if self.peers.has("tokscale"):
            modules = {"NODE_PATH": str(self.peers.folder / "node" / "node_modules"), "HOME": str(home)}
            commands.append(Command("tokscale core", self.peers.tokscale(home), size, modules))
        bars = [
            Bar("wall / ccusage", _times(TWO, "ccusage"), 1.0, 0.75),
            Bar("processor time / ccusage", _times(TWO, "ccusage", "cpu"), 1.0, 0.7),
        ]
        return Suite(
            f"Claude Code folder, {len(files)} files, {size / MB:.0f} MB", commands, bars, notes=self._absent("ccusage", "tokscale")
        )

    def lint(self) -> Suite:
        """The threads that other linters of prompts and transcripts read, in their own forms."""
        path, size = self._file("lint-small.jsonl", 10 if self.full else 2, partial(corpora.agents, turns=(5, 20)))
        large, large_size = self._file("lint-large.jsonl", 100 if self.full else 20, corpora.agents)
        commands = [_loads(path, size), _scan(path, size), _scan(large, large_size, name=f"{SCAN}, larger")]
        if self.peers.has("promptcachelint"):
            form, form_size = self._form(large, "promptcachelint", corpora.as_promptcachelint)
            report = (self.peers.python("promptcachelint"), "report", "--json", str(form))
            commands.append(Command("promptcachelint, larger", report, form_size))
        if self.peers.has("tracelint"):
            form, form_size = self._form(path, "tracelint", corpora.as_tracelint)
            check = (self.peers.python("tracelint"), "check", "--format", "openai", "--quiet", str(form))
            commands.append(Command("tracelint", check, form_size, ok=frozenset({0, 1, 2})))
        bars = [
            Bar("promptcachelint / seamaudit", _times("promptcachelint, larger", f"{SCAN}, larger"), 20, 50, at_least=True),
            Bar("tracelint / seamaudit", _times("tracelint", SCAN), 20, 50, at_least=True),
        ]
        name = f"linters, {size / MB:.0f} MB and {large_size / MB:.0f} MB of threads"
        return Suite(name, commands, bars, notes=self._absent("promptcachelint", "tracelint"), rounds=1)

    def length(self) -> Suite:
        """Equal bytes in threads of 20 to 160 turns."""
        wanted = 390 if self.full else 60
        commands: list[Command] = []
        threads: dict[int, int] = {}
        for turns in _GROWN:
            path, size = self._file(f"length-{turns}.jsonl", wanted, partial(corpora.agents, turns=(turns, turns)))
            threads[turns] = len({line[:40].split(b'"')[3] for line in path.open("rb")})
            commands += [_loads(path, size, f"{YARDSTICK}, {turns} turns"), _scan(path, size, name=f"{SCAN}, {turns} turns")]
        commands.append(Command(f"{SCAN}, start", _scan_of(self._file("one.jsonl", 0, _one)[0])))

        def slope(measured: dict[str, Measured]) -> float:
            start = measured[f"{SCAN}, start"].median("wall")
            return _slope([(turns, (measured[f"{SCAN}, {turns} turns"].median("wall") - start) / threads[turns]) for turns in _GROWN])

        bars = [Bar("log-log slope of time a thread over turns, start taken off", slope, 1.5, 1.3)]
        return Suite(
            f"threads of {_GROWN[0]} to {_GROWN[-1]} turns, {wanted} MB each", commands, bars, against=f"{YARDSTICK}, {_GROWN[0]} turns"
        )

    def packed(self) -> Suite:
        """Compressed recordings."""
        path, size = self._file("packed.jsonl", 300 if self.full else 60, corpora.agents)
        zst, gz = (self._packed(path, suffix) for suffix in (".zst", ".gz"))
        commands = [_loads(path, size), _scan(zst, size, name=f"{SCAN} .zst"), Command("gzip -dc", ("gzip", "-dc", str(gz)), size)]
        commands.append(_scan(gz, size, name=f"{SCAN} .gz"))
        bars = [
            Bar(".zst / orjson.loads of the plain file", _times(f"{SCAN} .zst", YARDSTICK), 1.0, 0.8),
            Bar(".gz / gzip -dc", _times(f"{SCAN} .gz", "gzip -dc"), 0.6, 0.4),
        ]
        return Suite(f"compressed, {size / MB:.0f} MB", commands, bars)

    def start(self) -> Suite:
        """From the command to the report, and to the help."""
        path, size = self._file("small.jsonl", 34, corpora.agents)
        help = Command("--help", (sys.executable, "-m", "seamaudit", "--help"))
        typer = Command("import typer", (sys.executable, "-c", "import typer"))
        bars = [
            Bar("seconds from cold start to JSON", lambda found: found[SCAN].median("wall"), 0.6, 0.4),
            Bar("processor time of --help / import typer", _times("--help", "import typer", "cpu"), 3.0, 2.0),
        ]
        return Suite(f"start, {size / MB:.0f} MB", [_loads(path, size), _scan(path, size), help, typer], bars)

    def memory(self) -> Suite:
        """Peak memory of a small and of a large recording, and of one line as long as either."""
        small, small_size = self._file("small.jsonl", 34, corpora.agents)
        large, large_size = self._file("large.jsonl", 3300 if self.full else 340, corpora.agents)
        line, line_size = self._file("line.jsonl", 3000 if self.full else 300, corpora.one_line)
        name, long, single = SCAN, f"{SCAN}, {large_size / MB:.0f} MB", f"{SCAN}, one line of {line_size / MB:.0f} MB"
        commands = [_scan(small, small_size), _scan(large, large_size, name=long), _scan(line, line_size, name=single)]
        bars = [
            Bar("peak memory, large / small", _times(long, name, "rss"), 1.5, 1.25),
            Bar("peak memory of the large one, MB", lambda found: found[long].median("rss") / MB, 250),
            Bar("peak memory of one line, MB", lambda found: found[single].median("rss") / MB, 100),
        ]
        return Suite("memory", commands, bars, against=SCAN, rounds=1)

    def _file(self, name: str, megabytes: int, write: Callable[[BinaryIO, int], object]) -> tuple[Path, int]:
        path = self.folder / f"{megabytes}-{name}"
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("wb") as out:
                write(out, megabytes * MB)
            part.rename(path)
        return path, path.stat().st_size

    def _form(self, recording: Path, name: str, write: Callable[[Path, BinaryIO], None]) -> tuple[Path, int]:
        return self._file(f"{recording.stem}-{name}.jsonl", 0, lambda out, _: write(recording, out))

    def _packed(self, recording: Path, suffix: str) -> Path:
        path = recording.with_name(recording.name + suffix)
        if not path.exists():
            corpora.compressed(recording, path)
        return path

    def _absent(self, *names: str) -> list[str]:
        return [f"{name} skipped: {self.peers.absent[name]}" for name in names if not self.peers.has(name)]


def _cat(path: Path, size: int) -> Command:
    return Command("cat", ("cat", str(path)), size)


def _loads(path: Path, size: int, name: str = YARDSTICK) -> Command:
    return Command(name, (sys.executable, "-c", _LOADS, str(path)), size)


def _scan(path: Path, size: int, *options: str, name: str = "", jobs: int = 1) -> Command:
    return Command(
        name or (SCAN if jobs == 1 else f"{SCAN} --jobs {jobs}"), _scan_of(path, *options, jobs=jobs), size, ok=frozenset({0, 3})
    )


def _scan_of(path: Path, *options: str, jobs: int = 1) -> tuple[str, ...]:
    """The whole command, by one process: left to itself it takes as many as there are cores."""
    said = ("--output-format", "json", "--fail-on", "never", "--isolated", "--jobs", str(jobs))
    return (sys.executable, "-m", "seamaudit", "scan", *said, *options, str(path))


def _one(out: BinaryIO, _: int) -> None:
    corpora.agents(out, 1, (1, 1))


def _times(one: str, other: str, column: str = "wall") -> Callable[[dict[str, Measured]], float]:
    return lambda measured: measured[one].ratio(measured[other], column)


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Least-squares slope of log(y) over log(x)."""
    logs = [(math.log(x), math.log(max(y, 1e-9))) for x, y in points]
    mean_x, mean_y = (sum(axis) / len(logs) for axis in zip(*logs, strict=True))
    rise: float = sum((x - mean_x) * (y - mean_y) for x, y in logs)
    run: float = sum((x - mean_x) * (x - mean_x) for x, _ in logs)
    return rise / run
