"""Facts as frames, on disk, and asked in SQL."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from seamaudit.audit import Measured, measure
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.evidence import printable
from seamaudit.facts import REGISTRY, FactBase
from seamaudit.forensics.query import query
from seamaudit.forensics.store import INDEX, is_store, read, write
from seamaudit.layers.cost import Spend
from seamaudit.layers.ledger import LedgerRow
from seamaudit.providers.billing import Unpriced
from seamaudit.tables import columns, frames
from seamaudit.trace import Locus, Source

DEMO = Path(__file__).parents[1] / "fixtures" / "demo" / "demo.jsonl"


@pytest.fixture(scope="module")
def demo() -> Measured:
    return measure([str(DEMO)], Settings())


@pytest.fixture(scope="module")
def tables(demo: Measured) -> dict[str, pl.DataFrame]:
    return frames(demo.replayed.facts, demo.sources, printable)


def test_every_table_is_a_frame_with_its_documented_columns(demo: Measured, tables: dict[str, pl.DataFrame]) -> None:
    assert list(tables) == [table.name for table in REGISTRY]
    for table in REGISTRY:
        assert tables[table.name].columns == [name for name, _, _ in columns(table)]
        assert tables[table.name].height == len(demo.replayed.facts.table(table.name))


def test_money_is_exact_and_unknown_is_null(demo: Measured, tables: dict[str, pl.DataFrame]) -> None:
    spent = demo.replayed.facts.rows(Spend)
    assert tables["spend"]["usd"].to_list() == [None if row.usd is None else Decimal(row.usd).scaleb(-12) for row in spent]
    assert None in tables["spend"]["usd"].to_list()


def test_a_place_is_file_line_and_pointer(demo: Measured, tables: dict[str, pl.DataFrame]) -> None:
    row, told = next(iter(demo.replayed.facts.rows(LedgerRow))), tables["ledger"].row(0, named=True)
    assert (told["file"], told["line"], told["pointer"]) == (str(DEMO), row.locus.line, row.locus.pointer)


def test_text_is_made_safe() -> None:
    facts = FactBase()
    facts.add(_spend("\x1b[31mred\ud800"))
    told = frames(facts, [Source(0, "a\nb.jsonl")], printable)["spend"].row(0, named=True)
    assert (told["model"], told["file"]) == ("\u241b[31mred<U+D800>", "a\u240ab.jsonl")


def _spend(model: str) -> Spend:
    unknown = dict.fromkeys(
        ("at", "input", "cache_read", "cache_write", "output", "usd", "input_usd", "cache_read_usd", "cache_write_usd", "output_usd")
    )
    return Spend(
        exchange=0,
        thread="t",
        app="",
        locus=Locus(0, 1, 0, 1),
        conversation="c",
        side="",
        provider="p",
        platform="p",
        model=model,
        output_is_lower_bound=False,
        fees_unknown=False,
        priced=False,
        unpriced_reason=Unpriced.UNKNOWN_MODEL,
        basis=None,
        dated=None,
        recorded_usd=None,
        cumulative_usd=None,
        **unknown,
    )


def test_sql_sums_to_the_bill(demo: Measured, tables: dict[str, pl.DataFrame]) -> None:
    bill = sum(row.usd or 0 for row in demo.replayed.facts.rows(Spend))
    for table in ("spend", "ledger"):
        assert query(f"select sum(usd) as usd from {table}", tables).frame.item() == Decimal(bill).scaleb(-12)


@pytest.mark.parametrize("sql", ["", "selec 1", "select nothing from spend", "select * from nowhere", "select 1; select 2"])
def test_wrong_sql_is_a_usage_error(sql: str, tables: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(UsageError, match="cannot be run"):
        query(sql, tables)


def test_what_is_written_is_read_again(tables: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    written = write(tables, tmp_path / "facts")
    assert {path.name for path in written} == {*(f"{name}.parquet" for name in tables), INDEX}
    again = read(tmp_path / "facts")
    assert [name for name, frame in tables.items() if not again[name].equals(frame)] == []
    index = json.loads((tmp_path / "facts" / INDEX).read_text())
    assert index["tables"]["ledger"]["columns"]["usd"]["type"] == "US dollars"
    ours = {name: each for name, each in index["tables"].items() if REGISTRY[name].fact.__module__.startswith("seamaudit.")}
    told = ((table, name, column["doc"]) for table, each in ours.items() for name, column in each["columns"].items())
    assert [(table, name) for table, name, doc in told if not doc and name not in _COMMON] == []


_COMMON = {"exchange", "thread", "app", "witness"}


def test_a_folder_with_other_files_is_left_alone(tables: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        write(tables, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    assert not is_store(tmp_path)


def test_a_broken_folder_is_told(tables: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    write(tables, tmp_path)
    (tmp_path / "spend.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="cannot be read as facts"):
        read(tmp_path)
