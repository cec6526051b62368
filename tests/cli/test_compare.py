"""`seamaudit compare` as a shell sees it."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import DEMO, run


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("compare")
    old, new = str(folder / "old.json"), str(folder / "new.json")
    run("scan", DEMO, "--output-format", "json", "-o", old)
    run("scan", DEMO, "fixtures/CA006/bad.jsonl", "--output-format", "json", "-o", new)
    return old, new


def test_what_is_new_fails(saved: tuple[str, str]) -> None:
    old, new = saved
    code, out, _ = run("compare", old, new)
    assert (code, out.splitlines()[1].split()[:5]) == (1, ["new", "(may", "be", "chance)", "CA006"])
    assert run("compare", old, new, "--fail-on", "critical")[0] == 0


def test_what_is_gone_does_not(saved: tuple[str, str]) -> None:
    old, new = saved
    code, out, _ = run("compare", new, old, "--json")
    assert (code, [row["trend"] for row in json.loads(out)["changes"] if row["code"] == "CA006"]) == (0, ["gone"])


def test_what_is_no_result_ends_with_two(saved: tuple[str, str]) -> None:
    assert run("compare", saved[0], DEMO)[0] == 2
