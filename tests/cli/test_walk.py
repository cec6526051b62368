"""`seamaudit walk` as a shell sees it."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import DEMO, run


def test_a_line_a_call_and_what_broke_under_it() -> None:
    code, out, err = run("walk", DEMO, "--thread", "digest-1")
    lines = out.splitlines()
    assert (code, err, lines[0].startswith("Thread digest-1: 6 calls to claude-opus-5")) == (0, "", True)
    assert sum(line[:7].strip().isdigit() for line in lines) == 6
    assert sum(line.startswith("         ! CA002 clock-in-prefix") for line in lines) == 5
    assert sum("cache assumes" in line for line in lines) == 1
    assert max(map(len, lines)) <= 120


def test_one_call_opened_is_masked_unless_content_is_asked_for() -> None:
    code, masked, _ = run("walk", DEMO, "--thread", "coding-1", "--turn", "2")
    assert (code, "tools/tool_definition" in masked, "Text is masked" in masked) == (0, True, True)
    shown = run("walk", DEMO, "--thread", "coding-1", "--turn", "2", "--show-content")[1]
    assert masked != shown
    assert len(masked.splitlines()) == len(shown.splitlines()) + 1


def test_json_and_the_list() -> None:
    told = json.loads(run("walk", DEMO, "--thread", "coding-1", "--turn", "1", "--json")[1])
    assert (told["conversation"], told["steps"][0]["turn"], told["request"]["turn"]) == ("coding-1", 1, 1)
    listed = json.loads(run("walk", DEMO, "--list", "--json")[1])["threads"]
    assert "coding-1" in {thread["conversation"] for thread in listed}
    assert run("walk", DEMO, "--list")[1].startswith("Thread")


@pytest.mark.parametrize("options", [("--thread", "nobody"), ("--thread", "coding-1", "--turn", "99")])
def test_what_is_not_there_ends_with_two(options: tuple[str, ...]) -> None:
    code, out, err = run("walk", DEMO, *options)
    assert (code, out, err != "") == (2, "", True)
