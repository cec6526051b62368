"""Causes planted in one clean thread of thirty turns: alone and in pairs each is found for what it is, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pytest

from planted import PLANTS, Plant, burst, rag, thread
from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.findings import Finding
from seamaudit.seams.cache_breaks import CacheBreak
from seamaudit.testing import expected
from tests.measured import measured

NAMES = [plant.name for plant in PLANTS]
FIRST, SECOND = 6, 12


def placed(*plants: Plant) -> Mapping[int, Plant]:
    """Each plant's turn: what stands before the thread at its first, what leaves nothing to be broken at the end."""
    ordered = sorted(plants, key=lambda plant: (not plant.before, plant.last))
    return {0 if plant.before else turn: plant for turn, plant in zip((FIRST, SECOND), ordered, strict=False)}


def found(path: Path) -> dict[int, set[str]]:
    """Codes by line."""
    lines: dict[int, set[str]] = defaultdict(set)
    for finding in findings(path):
        for location in finding.locations:
            lines[location.line].add(finding.code)
    return dict(lines)


def findings(path: Path) -> tuple[Finding, ...]:
    return audit([str(path)], Settings()).findings


def broken(path: Path) -> list[tuple[str, str, str, str]]:
    """(cause, block, origin, proof) of each break."""
    return [(row.cause.value, row.block, row.origin.value, row.proof) for row in measured(path).rows(CacheBreak)]


def test_the_clean_thread_is_silent(tmp_path: Path) -> None:
    thread().write(tmp_path / "clean.jsonl")
    assert findings(tmp_path / "clean.jsonl") == ()
    assert broken(tmp_path / "clean.jsonl") == []


@pytest.mark.parametrize("plant", PLANTS, ids=NAMES)
def test_a_cause_alone_is_found_with_code_block_and_origin(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    thread(placed(plant)).write(path)
    wanted = expected(path)
    assert {code for codes in wanted.values() for code in codes} == plant.codes
    assert found(path) == {line: set(codes) for line, codes in wanted.items()}
    told = [(plant.cause, plant.block, plant.origin, plant.proof)] * len(plant.found) if plant.cause else []
    assert broken(path) == told


@pytest.mark.parametrize("first", range(len(PLANTS)), ids=NAMES)
def test_two_causes_in_one_thread_are_both_found(first: int, tmp_path: Path) -> None:
    for one, other in combinations(PLANTS, 2):
        if one is not PLANTS[first]:
            continue
        path = tmp_path / "two.jsonl"
        thread(placed(one, other)).write(path)
        wanted = {line: set(codes) for line, codes in expected(path).items()}
        assert {code for codes in wanted.values() for code in codes} == one.codes | other.codes
        assert found(path) == wanted, f"{one.name} and {other.name}"


def test_what_a_changed_block_quotes_is_named_as_its_producer(tmp_path: Path) -> None:
    """The second witness of the break is the recorded result whose text now stands in the system prompt."""
    path = tmp_path / "rag.jsonl"
    (plant,) = (plant for plant in PLANTS if plant.name == "retrieved text")
    recorder = thread(placed(plant))
    recorder.write(path)
    (row,) = measured(path).rows(CacheBreak)
    produced = row.witness[-1]
    quoted = recorder.records[row.locus.line - 1]["request"]["body"]["system"][1]["text"]
    body = recorder.records[produced.line - 1]["request"]["body"]
    result = body["messages"][int(produced.pointer.split("/")[4])]["content"][0]
    assert row.tool == "search_docs"
    assert result["content"] in quoted


def test_three_layouts_that_look_alike_have_three_verdicts(tmp_path: Path) -> None:
    """Passages in the system block break it; in the first user message, behind the marker, they do no harm; four at once race."""
    verdicts = {}
    for name, recorder in (("system", rag("system", threads=True)), ("first", rag("first", threads=True)), ("burst", burst())):
        recorder.write(tmp_path / f"{name}.jsonl")
        verdicts[name] = {finding.code for finding in findings(tmp_path / f"{name}.jsonl")}
    assert verdicts == {"system": {"CA001"}, "first": set(), "burst": {"CA016"}}


@pytest.mark.parametrize(("where", "block"), [("system", "system[0]"), ("first", "messages, first user turn")])
def test_retrieved_text_is_found_in_the_block_it_is_stitched_into(where: str, block: str, tmp_path: Path) -> None:
    rag(where).write(tmp_path / "rag.jsonl")
    (finding,) = findings(tmp_path / "rag.jsonl")
    assert (finding.code, finding.occurrences) == ("CA001", 3)
    assert broken(tmp_path / "rag.jsonl") == [("text_changed", block, "retrieval", "declared")] * 3


def test_rag_in_the_system_block_of_single_question_threads_is_one_finding(tmp_path: Path) -> None:
    rag("system", questions=60, threads=True).write(tmp_path / "rag.jsonl")
    (finding,) = findings(tmp_path / "rag.jsonl")
    assert finding.code == "CA001"
    assert finding.occurrences == 59
