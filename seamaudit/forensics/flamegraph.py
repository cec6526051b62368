"""The bill as a flame graph, in speedscope's file format: app, thread, turn, producer, and as their weight micro-US-dollars.

Every part of the bill hangs from the turn that caused it: a tool result that was sent again for forty turns weighs what all forty paid for
it, at the turn that brought it in. What no recorded text accounts for belongs to no turn. Format: https://www.speedscope.app/file-format-schema.json.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from seamaudit import __version__
from seamaudit.facts import FactBase
from seamaudit.forensics.cost import Amount, Sums, spoken
from seamaudit.forensics.cost.ledger import named
from seamaudit.forensics.cost.sums import by_recording
from seamaudit.forensics.spelling import short
from seamaudit.layers.cost import Spend
from seamaudit.layers.ledger import LedgerRow, Producer
from seamaudit.trace import Locus, Source

SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"
PICO_PER_MICRO: Final = 10**6
BY_RECORDING: Final = "priced by the recording alone"

Frame = tuple[str, str, int]
"""A frame's name, and the file and line that tell it from others of that name; the same frame in two places is added up by the viewer."""


class Stack(Struct, frozen=True):
    """A part of the bill: its frames from the app down, and picodollars."""

    frames: tuple[Frame, ...]
    usd: int


def flamegraph(facts: FactBase, sources: Sequence[Source]) -> dict[str, Any]:
    """The file's data, every string of it safe to print. The weights sum to the bill as far as it is known.

    Weights are micro-US-dollars with decimals, so that the picodollars inside are kept.
    """
    bill = Sums.over(facts.rows(Spend)).usd
    numbers: dict[Frame, int] = {}
    samples: list[list[int]] = []
    weights: list[float] = []
    for stack in _stacks(facts, sources):
        samples.append([numbers.setdefault(frame, len(numbers)) for frame in stack.frames])
        weights.append(stack.usd / PICO_PER_MICRO)
    return {
        "$schema": SCHEMA,
        "exporter": f"seamaudit {__version__}",
        "name": f"Bill: {spoken(bill, money=True)}",
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(*frame) for frame in numbers]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{_head(bill)} in micro-US-dollars",
                "unit": "none",
                "startValue": 0,
                "endValue": (bill.value or 0) / PICO_PER_MICRO,
                "samples": samples,
                "weights": weights,
            }
        ],
    }


def _head(bill: Amount) -> str:
    return "What is known of the bill" if bill.at_least or bill.value is None else "The bill"


def _frame(name: str, file: str, line: int) -> dict[str, Any]:
    return {"name": name, **({"file": file, "line": line} if file else {})}


def _stacks(facts: FactBase, sources: Sequence[Source]) -> Iterator[Stack]:
    """Every part of the bill, threads of an app together, in the order of their turns."""
    spent = list(facts.rows(Spend))
    places = _Places(sources)
    turns = _turns(spent)
    sums: defaultdict[_Part, int] = defaultdict(int)
    for row in facts.rows(LedgerRow):
        producer = named(row) + (f": {row.name}" if row.name else "")
        sums[_Part(row.exchange, row.producer is not Producer.UNRECORDED, producer)] += row.usd
    for call in spent:
        if by_recording(call):
            sums[_Part(call.exchange, True, BY_RECORDING)] += call.recorded_usd or 0
    apps = {app: number for number, app in reversed(list(enumerate(call.app for call in spent)))}
    threads = {thread: number for number, thread in reversed(list(enumerate(call.thread for call in spent)))}
    calls = {call.exchange: call for call in spent}

    def place(part: _Part) -> tuple[int, int, _Part]:
        call = calls[part.exchange]
        return apps[call.app], threads[call.thread], part

    for part in sorted(filter(sums.__getitem__, sums), key=place):
        call = calls[part.exchange]
        turn = f"turn {turns[part.exchange]}" if part.of_one_turn else "every turn"
        yield Stack((*places.frames(call, turn), (short(part.producer), "", 0)), sums[part])


class _Part(NamedTuple):
    """What a stack is about: the call that caused it, whether that one alone did, and the producer."""

    exchange: int
    of_one_turn: bool
    producer: str


def _turns(spent: Sequence[Spend]) -> dict[int, int]:
    """The number of every call in its thread, from 1."""
    counts: defaultdict[str, int] = defaultdict(int)
    turns: dict[int, int] = {}
    for call in spent:
        counts[call.thread] += 1
        turns[call.exchange] = counts[call.thread]
    return turns


class _Places:
    """Spells the frames of a call, each name once."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._files = [short(source.path) for source in sources]
        self._names: dict[str, str] = {}

    def frames(self, call: Spend, turn: str) -> tuple[Frame, ...]:
        return (
            (self._named(call.app) or "no app", "", 0),
            (self._named(call.thread), "", 0),
            (turn, *self._at(call.locus)),
        )

    def _named(self, text: str) -> str:
        if text not in self._names:
            self._names[text] = short(text)
        return self._names[text]

    def _at(self, locus: Locus) -> tuple[str, int]:
        return self._files[locus.source], locus.line
