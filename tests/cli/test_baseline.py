"""`seamaudit baseline` and `scan --baseline` as a shell sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import DEMO, run


@pytest.fixture
def known(tmp_path: Path) -> str:
    path = tmp_path / "b.json"
    code, _, err = run("baseline", "create", DEMO, "--baseline", str(path))
    assert (code, "5 findings are known" in err) == (0, True)
    return str(path)


def test_what_is_known_fails_no_run(known: str) -> None:
    assert run("scan", DEMO)[0] == 1
    assert run("scan", DEMO, "--baseline", known)[0] == 0


def test_what_is_new_does(known: str) -> None:
    code, out, _ = run("scan", DEMO, "fixtures/CA006/bad.jsonl", "--baseline", known, "--output-format", "concise")
    assert (code, sum("; new)" in line for line in out.splitlines())) == (1, 1)


def test_what_is_stale_is_noted_and_fails_only_when_asked(known: str) -> None:
    code, _, err = run("scan", "fixtures/clean/clean.jsonl", "--baseline", known)
    assert (code, "5 entries of the baseline did not show" in err) == (0, True)
    assert run("scan", "fixtures/clean/clean.jsonl", "--baseline", known, "--strict-baseline")[0] == 1
    assert run("baseline", "prune", "fixtures/clean/clean.jsonl", "--baseline", known)[0] == 0
    assert run("baseline", "show", known)[1].count("CA0") == 0


def test_a_baseline_that_is_there_is_not_made_again(known: str) -> None:
    before = Path(known).read_text()
    assert run("baseline", "create", DEMO, "--baseline", known)[0] == 2
    assert Path(known).read_text() == before


def test_a_verdict_is_kept(known: str) -> None:
    name = Path(known).read_text().split('"fingerprint": "')[1][:8]
    assert run("baseline", "audit", known, name, "--verdict", "false_alarm", "--reason", "by design", "--expires", "2030-01-01")[0] == 0
    assert run("baseline", "update", DEMO, "--baseline", known)[0] == 0
    line = next(line for line in run("baseline", "show", known)[1].splitlines() if name in line)
    assert all(word in line for word in ("false_alarm", "by design", "2030-01-01"))
    assert name not in run("baseline", "audit", known)[1]


@pytest.mark.parametrize(
    "options", [("scan", DEMO, "--baseline", "nowhere.json"), ("baseline", "update", DEMO, "--baseline", "nowhere.json")]
)
def test_a_baseline_that_is_not_there_ends_with_two(options: tuple[str, ...]) -> None:
    code, out, err = run(*options)
    assert (code, out, "cannot read the baseline" in err) == (2, "", True)
