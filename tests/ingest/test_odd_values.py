"""Every format is hostile input: whatever stands where something else is expected costs what cannot be read, and nothing else."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.recordings import Read
from tests.ingest.test_truth import FOLDER, SPELLINGS, Spelling

ODD: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1e300,
    "",
    "\ud800",
    "[",
    '{"a":',
    "x" * 300,
    [],
    {},
    [None],
    [[]],
    {"": {}},
    [{"type": []}],
    {"0": 1},
]
JSON = [each for each in SPELLINGS if each.file.endswith((".json", ".jsonl", ".har", ".traj"))]


@pytest.mark.parametrize("spelling", JSON, ids=str)
def test_no_value_breaks_a_reader(spelling: Spelling, tmp_path: Path) -> None:
    path = tmp_path / Path(spelling.file).name
    for text in oddities(FOLDER / spelling.file, 60):
        path.write_text(text)
        Read(path).reading.accounting.check()


def oddities(path: Path, times: int) -> Iterator[str]:
    """A file's text, up to so many times, each with one value in it replaced by one that should not stand there."""
    dice = random.Random(str(path.relative_to(FOLDER)))
    text = path.read_text()
    for _ in range(times):
        try:
            yield json.dumps(_changed(json.loads(text), dice), indent=1)
        except json.JSONDecodeError:
            lines = text.splitlines()
            at = dice.randrange(len(lines))
            with contextlib.suppress(json.JSONDecodeError):
                lines[at] = json.dumps(_changed(json.loads(lines[at]), dice))
                yield "\n".join(lines)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_no_cut_breaks_a_reader(spelling: Spelling, tmp_path: Path) -> None:
    data = (FOLDER / spelling.file).read_bytes()
    path = tmp_path / Path(spelling.file).name
    dice = random.Random(spelling.file)
    for _ in range(30):
        at = dice.randrange(len(data))
        path.write_bytes(data[:at] if dice.random() < 0.5 else data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :])
        Read(path).reading.accounting.check()


def _changed(value: Any, dice: random.Random) -> Any:
    """The value with one thing in it replaced."""
    at, keys = value, []
    while isinstance(at, dict | list) and at and (not keys or dice.random() < 0.85):
        key = dice.choice(list(at)) if isinstance(at, dict) else dice.randrange(len(at))
        keys.append((at, key))
        at = at[key]
    if not keys:
        return dice.choice(ODD)
    holder, key = keys[-1]
    text = holder[key]
    if isinstance(text, str) and text[:1] in ("{", "[") and dice.random() < 0.8:
        try:
            holder[key] = json.dumps(_changed(json.loads(text), dice))
        except json.JSONDecodeError:
            holder[key] = dice.choice(ODD)
    else:
        holder[key] = dice.choice(ODD)
    return value
