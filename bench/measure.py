"""Runs of commands, taken in turns: wall time, processor time and peak memory of each, and ratios inside one round."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Command:
    """What is run, under a name; `bytes` is what it reads, `ok` the exit codes it may end with."""

    name: str
    argv: Sequence[str]
    bytes: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    ok: frozenset[int] = frozenset({0})


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds by the clock and of processors, and peak bytes of its largest process."""

    wall: float
    cpu: float
    rss: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A command's runs, one a round."""

    command: Command
    runs: Sequence[Run]

    def median(self, column: str) -> float:
        """The median of `wall`, `cpu` or `rss`."""
        return statistics.median(float(getattr(run, column)) for run in self.runs)

    def ratio(self, other: Measured, column: str = "wall") -> float:
        """The median of the ratios to another command's runs of the same rounds."""
        pairs = zip(self.runs, other.runs, strict=True)
        return statistics.median(float(getattr(one, column)) / max(float(getattr(two, column)), 1e-9) for one, two in pairs)


class Failed(Exception):
    """A measured command ended with another exit code than it should."""


def run(command: Command) -> Run:
    """Run a command to its end. Raises Failed."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **command.env}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once
    started = time.perf_counter()
    process = subprocess.Popen(command.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, cwd=Path.home())
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    code = process.returncode = os.waitstatus_to_exitcode(status)
    if code not in command.ok:
        raise Failed(f"{command.name} ended with {code}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _UNIT)


def in_turns(commands: Sequence[Command], rounds: int) -> tuple[list[Measured], dict[str, str]]:
    """Each command once a round, after one round to warm up; and those that failed, with how."""
    failed: dict[str, str] = {}
    rows: dict[str, list[Run]] = {command.name: [] for command in commands}
    for number in range(rounds + 1):
        for command in commands:
            if command.name in failed:
                continue
            try:
                done = run(command)
            except (Failed, OSError) as error:
                failed[command.name] = str(error)
                continue
            if number:
                rows[command.name].append(done)
    return [Measured(command, rows[command.name]) for command in commands if command.name not in failed], failed
