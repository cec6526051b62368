"""One fault, many spellings: what is wrong with the conversation is found in every format that holds what it shows in, and in no other;
where it cannot be seen, the rule says that it was not checked."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from seamaudit.audit import audit, convert_to_pairs
from seamaudit.config import Settings
from seamaudit.trace import Level
from tests.ingest.test_truth import FOLDER, NO_STOPS, SPELLINGS, Spelling

LOOP = """
MESSAGES = [
    {"role": "system", "content": SYSTEM},
    {"role": "user", "content": "Is it raining in Oslo and in Bergen?"},
    *(
        message
        for id in ("call_first", "call_second", "call_third")
        for message in (
            {"role": "assistant", "content": None, "tool_calls": [call(id, "Oslo")]},
            result(id, "Clear sky, 12 degrees."),
        )
    ),
    {"role": "assistant", "content": "It is clear in Oslo at 12 degrees; for Bergen there is nothing that I could find."},
]
ANSWERS = (2, 4, 6, 8)
USAGE = (*USAGE, {"input": 1340, "read": 1280, "output": 31, "reasoning": 0})
STOPS = ("tool_calls", "tool_calls", "tool_calls", "stop")


class Turn:"""
RETRIEVAL = '''
def asked(number: int) -> list[Json]:
    """What was sent, with the passages found for this turn before the first question: other ones each time."""
    about = ("rain", "wind", "fog", "snow")[number]
    passages = " ".join(f"The {about} of the {season} over the fjords and the {place}." for season in SEASONS for place in PLACES)
    first = {"role": "user", "content": f"<documents>{passages}</documents> {MESSAGES[1]['content']}"}
    return [MESSAGES[0], first, *MESSAGES[2 : ANSWERS[number]]]


SEASONS = ("spring", "summer", "autumn", "winter", "thaw", "frost", "early year", "late year", "dry weeks", "wet weeks")
SIDES = ("inner", "outer", "upper", "lower", "old")
PLACES = tuple(f"{side} {place}" for side in SIDES for place in ("islands", "valleys", "towns", "passes"))
USAGE = tuple({**each, "input": each["input"] + 2600, "read": 0} for each in USAGE)


class Turn:'''


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the conversation: the edits of its text, the rule that finds it, where its occurrences are found, and where
    the rule must say that it was not checked. Elsewhere there is nothing to be seen, and nothing to be checked."""

    code: str
    edits: tuple[tuple[str, str], ...]
    found: Callable[[Spelling], bool]
    blind: Callable[[Spelling], bool]
    times: int = 1
    beside: frozenset[str] = frozenset()
    spellings: tuple[str, ...] = ()
    """The files it is spelled in; all where none are named."""

    def __str__(self) -> str:
        return self.code


NAMED = (
    "pairs/calls.jsonl",
    "otlp/latest.jsonl",
    "otlp/evented.jsonl",
    "otlp/logged.jsonl",
    "otlp/flattened.jsonl",
    "otlp/counters.jsonl",
    "langfuse/trace.json",
    "langfuse/rows.jsonl",
    "litellm/payload.jsonl",
    "litellm/stored.json",
    "codex/rollout.jsonl",
    "claude_code/session.jsonl",
)
PRICED = ("pairs/calls.jsonl", "langfuse/trace.json", "langfuse/rows.jsonl", "litellm/payload.jsonl", "litellm/stored.json")
FAULTS = [
    Fault(
        "TP001",
        (('    result(CALLS[1], "Rain all day, 9 degrees."),\n', ""), ("ANSWERS = (2, 5, 7)", "ANSWERS = (2, 4, 6)")),
        found=lambda spelling: spelling.content,
        blind=lambda spelling: not spelling.content,
        beside=frozenset({"TP018"}),
        spellings=tuple(spelling.file for spelling in SPELLINGS),
    ),
    Fault(
        "TP007",
        (('"type": "string"', '"type": "integer"'),),
        found=lambda spelling: spelling.tools,
        blind=lambda spelling: not spelling.tools,
        times=3,
    ),
    Fault(
        "TP008",
        (('"function": {"name": TOOL["name"], "arguments"', '"function": {"name": "get_climate", "arguments"'),),
        found=lambda spelling: spelling.tools,
        blind=lambda spelling: not spelling.tools,
        times=3,
    ),
    Fault(
        "ST008",
        (('STOPS = ("tool_calls", "stop", "tool_calls")', 'STOPS = ("tool_calls", "length", "tool_calls")'),),
        found=lambda spelling: spelling.content and spelling.stops != NO_STOPS,
        blind=lambda spelling: not spelling.content or spelling.stops == NO_STOPS,
    ),
    Fault(
        "LP001",
        (("\nclass Turn:", LOOP),),
        found=lambda spelling: spelling.content,
        blind=lambda spelling: not spelling.content,
    ),
    Fault(
        "CA001",
        (("\nclass Turn:", RETRIEVAL), ("self.sent: list[Json] = MESSAGES[: ANSWERS[number]]", "self.sent: list[Json] = asked(number)")),
        found=lambda spelling: spelling.level is Level.WIRE,
        blind=lambda spelling: spelling.level is not Level.WIRE,
        times=2,
    ),
    Fault(
        "CO003",
        (("/ 1e6, 9)", "/ 1e6 * 2, 9)"),),
        found=lambda spelling: spelling.file in PRICED,
        blind=lambda spelling: False,
        times=3,
    ),
]
CASES = [
    pytest.param(fault, spelling, id=f"{fault}-{spelling}")
    for fault in FAULTS
    for spelling in SPELLINGS
    if spelling.file in (fault.spellings or NAMED)
]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Fault], Path]:
    """The fixtures as their scripts write them, of a conversation with a fault."""
    made: dict[str, Path] = {}

    def make(fault: Fault) -> Path:
        if fault.code not in made:
            made[fault.code] = _written(fault, tmp_path_factory.mktemp(fault.code) / "formats")
        return made[fault.code]

    return make


def _written(fault: Fault, folder: Path) -> Path:
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "truth.py").read_text()
    for sound, changed in fault.edits:
        assert text.count(sound) == 1
        text = text.replace(sound, changed)
    (folder / "truth.py").write_text(text)
    for name in sorted({file.partition("/")[0] for file in fault.spellings or NAMED}):
        subprocess.run([sys.executable, str(folder / name / "make.py")], check=True)
    return folder


@pytest.mark.parametrize(("fault", "spelling"), CASES)
def test_a_fault_is_found_wherever_it_is_recorded(fault: Fault, spelling: Spelling, faulty: Callable[[Fault], Path]) -> None:
    report = audit([str(faulty(fault) / spelling.file)], Settings())
    found = [(finding.code, finding.occurrences) for finding in report.findings if finding.code not in (*fault.beside, "IN005")]
    assert found == ([(fault.code, fault.times)] if fault.found(spelling) else [])
    assert (fault.code in {each.code for each in report.not_checked}) is fault.blind(spelling)


@pytest.mark.parametrize(("fault", "spelling"), [each for each in CASES if each.values[1].file in NAMED])
def test_a_fault_is_found_in_the_pairs_that_its_spelling_is_converted_to(
    fault: Fault, spelling: Spelling, faulty: Callable[[Fault], Path], tmp_path: Path
) -> None:
    source, out = str(faulty(fault) / spelling.file), io.BytesIO()
    convert_to_pairs([source], Settings(), out, bodiless=spelling.level is Level.COUNTERS)
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_bytes(out.getvalue())
    assert _told(str(pairs)) == _told(source)


def _told(path: str) -> tuple[list[tuple[str, int, str]], dict[str, int], int]:
    """Findings, the calls that each rule could not be decided for, and the bill."""
    report = audit([path], Settings())
    blind: Counter[str] = Counter()
    for each in report.not_checked:
        blind[each.code] += each.exchanges
    return [(each.code, each.occurrences, each.message) for each in report.findings], blind, report.spend.usd


def test_no_fault_is_both_seen_and_not_checked_and_each_is_seen_somewhere() -> None:
    for fault in FAULTS:
        spellings = [spelling for spelling in SPELLINGS if spelling.file in (fault.spellings or NAMED)]
        assert any(map(fault.found, spellings))
        assert not any(fault.found(spelling) and fault.blind(spelling) for spelling in spellings)
