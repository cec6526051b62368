"""Elision gives what decoding gives: compared over threads told in every way that could go wrong, and over recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.errors import InputError
from seamaudit.ingest.elide import Elider
from seamaudit.ingest.formats.base import Rejected
from seamaudit.ingest.formats.pairs import _take_apart
from seamaudit.ingest.jsontext import Unparsable
from seamaudit.ingest.rawarray import Array, measured
from seamaudit.report.base import document
from tests.fuzz.threads import lines, written
from tests.recordings import recorded

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"


def apart(line: bytes, elider: Elider | None) -> Any:
    """A line taken apart, as plain data, or why it is not."""
    try:
        pair = _take_apart(line, elider)
    except (Unparsable, Rejected) as error:
        return type(error).__name__, error.cause
    return {name: bytes(pair.body[name]) for name in pair.body}, pair.body_at, pair.url, pair.answer, pair.extra, pair.broken


def talk(count: int, marked: bool = True) -> list[bytes]:
    """An agent thread's lines: two messages more each turn, the marker on the last."""
    out = []
    for turn in range(count):
        messages: list[Any] = [
            {"role": "user", "content": [{"type": "text", "text": f"{at} " + "word " * 40}]} for at in range(2 * turn + 1)
        ]
        if marked:
            messages[-1]["content"][0]["cache_control"] = {"type": "ephemeral"}
        body = {"model": "m", "messages": messages, "tools": []}
        out.append(json.dumps({"conversation": "c", "n": turn, "request": {"body": body}, "response": {}}, separators=(",", ":")).encode())
    return out


@pytest.mark.parametrize("seed", range(120))
def test_a_line_is_taken_apart_alike(seed: int) -> None:
    elider = Elider(least=1)
    for line in lines(seed):
        assert apart(line, elider) == apart(line, None)


def test_what_is_repeated_is_left_out() -> None:
    elider, left = Elider(), 0
    told = talk(20)
    for line in told:
        short = elider.shortened(line)
        left += len(short.data) if short else len(line)
        apart(line, elider)
    assert left < 0.25 * sum(map(len, told))


def test_an_edit_in_the_middle_costs_that_element_alone() -> None:
    elider = Elider(least=256)
    line = talk(10)[-1]
    apart(line, elider)
    edited = line.replace(b'"9 word', b'"NINE word word', 1)
    short = elider.shortened(edited)
    assert short is not None
    assert (len(short.data) < 0.25 * len(line), apart(edited, elider)) == (True, apart(edited, None))


def test_a_conversation_that_repeats_nothing_is_let_go() -> None:
    elider = Elider(least=64)
    for number in range(40):
        messages = [{"role": "user", "content": f"{number} " + "passage " * 100}]
        line = json.dumps({"conversation": "rag", "request": {"body": {"model": "m", "messages": messages}}}).encode()
        apart(line, elider)
    assert elider.held == 0


def test_no_more_is_held_than_the_budget() -> None:
    told = talk(30)
    elider = Elider(budget=3 * len(told[-1]))
    for number in range(200):
        apart(told[number % 30].replace(b'"c"', b'"c%d"' % number, 1), elider)
        assert elider.held <= 3 * len(told[-1])


def test_a_conversation_that_has_ended_is_let_go() -> None:
    elider = Elider()
    for line in talk(3):
        apart(line, elider)
    other = talk(1)[0].replace(b'"conversation":"c"', b'"conversation":"d"')
    for _ in range(1000):
        apart(other, elider)
    assert elider.held > 0, "it may still go on"
    for _ in range(30):
        apart(other, elider)
    assert elider.held == 0, "and the other one repeats too little to be held"


def test_nothing_is_held_once_all_is_read() -> None:
    elider = Elider()
    apart(talk(1)[0], elider)
    elider.forget()
    assert elider.held == 0 and elider.shortened(talk(2)[1]) is None


def test_a_branch_goes_on_from_its_own_line() -> None:
    elider = Elider(least=256)
    told = talk(8, marked=False)
    for line in told:
        apart(line, elider)
    assert apart(told[3], elider) == apart(told[3], None)
    short = elider.shortened(told[7])
    assert short is not None
    assert apart(told[7], elider) == apart(told[7], None)


def test_an_array_is_its_elements() -> None:
    raws = [b'{"a":1}', b'"b"', b"3"]
    array = measured(b'{"messages":[{"a":1}, "b", 3]}', "messages", raws)
    assert isinstance(array, Array)
    assert (list(array), array[1:], array.size, len(array)) == (raws, raws[1:], sum(map(len, raws)), 3)
    with pytest.raises(IndexError):
        array[3]


def test_what_is_spelled_otherwise_is_not_held() -> None:
    assert measured(b'{"messages":[1,  2]}', "messages", [b"1", b"2"]) is None
    assert measured(b'{"contents":[1]}', "messages", [b"1"]) is None
    assert measured(b"{}", "messages", [b"1"]) is None


def reported(path: Path, elide: bool) -> Any:
    """What an audit of a file says, as data."""
    try:
        report = audit([str(path)], Settings(elide=elide))
    except InputError as error:
        return error.message
    return document(report)


@pytest.mark.parametrize("seed", range(12))
def test_reports_are_alike(seed: int, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(written(seed))
    assert reported(tmp_path / "a.jsonl", elide=True) == reported(tmp_path / "a.jsonl", elide=False)


@pytest.mark.parametrize("name", ["coding-agent.jsonl", "cassettes.jsonl"])
def test_recordings_are_read_alike(name: str) -> None:
    path = recorded("pairs", name)
    assert reported(path, elide=True) == reported(path, elide=False)


def test_the_clean_fixtures_are_read_alike() -> None:
    for path in sorted(CLEAN.glob("*.jsonl")):
        assert reported(path, elide=True) == reported(path, elide=False)


@pytest.mark.parametrize("gap", [b"};{", b"}, {", b"},  {", b"} ,{", b"}{", b"},,{"])
def test_what_stands_between_two_elements_counts(gap: bytes) -> None:
    told = talk(6)
    for at in range(told[-1].count(b"},{")):
        elider = Elider(least=1)
        apart(told[-1], elider)
        parts = told[-1].split(b"},{")
        line = b"},{".join(parts[: at + 1]) + gap + b"},{".join(parts[at + 1 :])
        assert apart(line, elider) == apart(line, None)


@pytest.mark.parametrize("gap", [b"", b" ", b"\t\t"])
def test_what_stands_before_a_second_stretch_counts(gap: bytes) -> None:
    elider = Elider(least=64)
    line = talk(10)[-1]
    apart(line, elider)
    at = line.index(b'{"role":"user","content":[{"type":"text","text":"10 ')
    edited = line[:at].replace(b'"9 word', b'"NINE', 1) + gap + line[at:]
    assert apart(edited, elider) == apart(edited, None)


def test_the_last_of_two_arrays_of_one_name_counts() -> None:
    elider = Elider(least=64)
    line = talk(10)[-1]
    apart(line, elider)
    for twice in (line.replace(b'"tools":[]', b'"messages":[]', 1), line.replace(b'"model":"m"', b'"messages":[1]', 1)):
        assert apart(twice, elider) == apart(twice, None)
