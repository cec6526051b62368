"""`seamaudit whatif` as a shell sees it."""

from __future__ import annotations

import json

from tests.cli.shell import run

RAG = "fixtures/CA001/bad.jsonl"


def test_the_sheet_goes_from_what_was_to_what_cannot_be_undercut() -> None:
    code, out, err = run("whatif", RAG)
    assert (code, err) == (0, "")
    heading, *rows = out.splitlines()
    assert heading.split()[:2] == ["Layout", "Edit"]
    assert [row.split("  ")[0] for row in rows[:4]] == ["Actual", "CA001", "All together", "Floor"]
    assert rows[-1] == "Predicted by replay, not measured: the model reproduces 8 of 8 recorded requests."


def test_one_fix_as_json() -> None:
    code, out, _ = run("whatif", RAG, "--fix", "ca001,CA004", "--json")
    told = json.loads(out)
    assert told["absent"] == ["CA004"]
    assert code == 0
    assert [(fix["code"], fix["mend"]) for fix in told["fixes"]] == [("CA001", "move_block")]
    assert told["fixes"][0]["saved_usd"] > 0


def test_a_code_without_a_fix_to_replay_is_a_usage_error() -> None:
    code, _, err = run("whatif", RAG, "--fix", "CA01")
    assert code == 2
    assert "CA01 has no fix to replay" in err


def test_where_nothing_can_be_replayed_there_is_no_table_of_zeros() -> None:
    code, out, _ = run("whatif", "fixtures/formats/codex/rollout.jsonl")
    assert code == 0
    assert out == "No request can be replayed: none is recorded whole, or none of their caches follows documented rules.\n"


def test_what_is_no_recording_is_an_input_error() -> None:
    assert run("whatif", "pyproject.toml")[0] == 3
