"""`seamaudit facts` and `query` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import DEMO, run

CHEAP = "select model, count(*) as calls from spend where priced group by model order by model"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("facts")
    code, out, _ = run("facts", DEMO, "-o", str(path))
    assert (code, out.endswith("tables.\n")) == (0, True)
    return str(path)


def test_rows_come_as_table_json_and_csv(folder: str) -> None:
    assert run("query", CHEAP, folder, "--output-format", "csv")[1].splitlines()[0] == "model,calls"
    rows = json.loads(run("query", CHEAP, folder, "--output-format", "json")[1])
    assert [set(row) for row in rows] == [{"model", "calls"}] * len(rows)
    code, out, _ = run("query", CHEAP, folder)
    assert (code, out.splitlines()[0].split()) == (0, ["model", "calls"])


def test_a_folder_says_what_the_trace_says(folder: str) -> None:
    assert run("query", CHEAP, folder) == run("query", CHEAP, DEMO)


def test_wrong_sql_ends_with_two_and_helps(folder: str) -> None:
    code, out, err = run("query", "select nothing from spend", folder)
    assert (code, out) == (2, "")
    assert "valid columns" in err


def test_nothing_recognised_ends_with_three(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b")
    assert run("query", CHEAP, str(tmp_path / "a.csv"))[0] == 3
    assert run("facts", str(tmp_path / "a.csv"), "-o", str(tmp_path / "out"))[0] == 3
    assert not (tmp_path / "out").exists()


def test_a_trace_in_the_place_of_the_sql_is_said(folder: str) -> None:
    code, out, err = run("query", folder, CHEAP)
    assert (code, out) == (2, "")
    assert "the SQL comes before the traces" in err
