"""The price file: what it says is used, and what cannot be meant is told with its place."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from seamaudit.config.prices import load_prices
from seamaudit.errors import UsageError
from seamaudit.providers.own import OwnPrice
from tests.cli.shell import run

GOOD = """\
name: Contract
date: 2026-10-01
models:
  - model: our-llama
    input: 0.6
    output: 2.4
  - {model: claude-x, provider: anthropic, from: 2026-01-01, terms: us+batch, above: 200000,
     input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6, search: 10}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    return path


def refused(tmp_path: Path, text: str) -> list[str]:
    """What is said of a file, without its folder."""
    with pytest.raises(UsageError) as raised:
        load_prices(written(tmp_path, text))
    return [line.rpartition("/")[2] for line in raised.value.message.splitlines()]


def test_dollars_per_million_tokens_become_picodollars_for_one(tmp_path: Path) -> None:
    table = load_prices(written(tmp_path, GOOD))
    assert (table.name, table.of) == ("Contract", date(2026, 10, 1))
    llama, claude = table.rows
    assert (llama.prices.input, llama.prices.output, llama.prices.read, llama.prices.write_1h) == (600_000, 2_400_000, None, None)
    assert claude == OwnPrice("claude-x", claude.prices, "anthropic", date(2026, 1, 1), "batch+us", 200_000)
    prices = claude.prices
    assert (prices.read, prices.write, prices.write_5m, prices.write_1h) == (300_000, None, 3_750_000, 6_000_000)
    assert prices.search == 10_000_000_000


def test_a_write_of_any_life_costs_what_a_write_costs(tmp_path: Path) -> None:
    (row,) = load_prices(written(tmp_path, "date: 2026-10-01\nmodels: [{model: m, input: 1, output: 2, cache_write: 1.25}]")).rows
    assert row.prices.write == row.prices.write_5m == row.prices.write_1h == 1_250_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "prices.yaml:1:1: a price file is a map with date and models"),
        ("models: [{model: m, input: 1, output: 2}]", "prices.yaml:1:1: date must be a day like 2026-10-01, not null"),
        ("date: soon\nmodels: [{model: m, input: 1, output: 2}]", 'prices.yaml:1:7: date must be a day like 2026-10-01, not "soon"'),
        ("date: 2026-10-01\nmodels: {}", "prices.yaml:2:9: models must be a list of models and their prices"),
        ("date: 2026-10-01\nmodels:\n- {model: m, input: 1}", "prices.yaml:3:3: output is missing"),
        (
            "date: 2026-10-01\nmodels:\n- {model: m, input: 1, output: 2, cash_read: 1}",
            'prices.yaml:3:35: unknown key "cash_read" (did you mean "cache_read"?)',
        ),
        (
            "date: 2026-10-01\nmodels:\n- {model: m, input: -1, output: 2}",
            "prices.yaml:3:21: input must be US dollars per million tokens, not -1",
        ),
        (
            "date: 2026-10-01\nmodels:\n- {model: m, input: true, output: 2}",
            "prices.yaml:3:21: input must be US dollars per million tokens, not true",
        ),
        (
            "date: 2026-10-01\nmodels:\n- {model: m, input: 1e300, output: 2}",
            "prices.yaml:3:21: input must be US dollars per million tokens, not 1e+300",
        ),
        ("date: 2026-10-01\nmodels:\n- {model: 4, input: 1, output: 2}", "prices.yaml:3:11: model must be a text, not 4"),
        (
            "date: 2026-10-01\nmodels:\n- {model: m, input: 1, output: 2, above: few}",
            'prices.yaml:3:42: above must be a count of input tokens, not "few"',
        ),
        (
            "date: 2026-10-01\nmodels:\n- {model: m, input: 1, output: 2, terms: batsh}",
            'prices.yaml:3:42: terms are batch, fast, flex, priority, us, not "batsh" (did you mean "batch"?)',
        ),
        (
            "date: 2026-10-01\nmodels:\n- {model: m, input: 1, output: 2}\n- {model: m, input: 1, output: 3}",
            'prices.yaml:4:3: the prices of "m" are given twice, first as model 1',
        ),
        ("date: &a 2026-10-01", "prices.yaml:1:7: anchors are not allowed"),
        ("date: [\n", "prices.yaml:2:1: not YAML: did not find expected node content"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text) == [said]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    assert len(refused(tmp_path, "date: 1\nname: 2\nmodels: [{}, 3]")) == 6


class TestCommand:
    TRACE = "fixtures/CO001/bad.jsonl"

    def test_what_had_no_price_has_one(self, tmp_path: Path) -> None:
        models = "".join(f"  - {{model: {name}, input: 1000, output: 1000}}\n" for name in ("gpt-9-omega", "our-chat"))
        path = written(tmp_path, f"date: 2026-10-01\nmodels:\n{models}")
        code, out, _ = run("cost", self.TRACE, "--by", "model", "--json", "--prices", str(path))
        rows = {row["model"]: row["usd"] for row in json.loads(out)["rows"]}
        assert code == 0
        assert (rows["gpt-9-omega"], rows["our-chat"]) == (0.017, 0.017)
        assert rows["gpt-oss:20b"] is None
        assert json.loads(out)["price_table"].startswith("prices.yaml of 2026-10-01 (2 models); else genai-prices ")

    def test_a_scan_names_the_table_and_asks_no_more_of_what_it_prices(self, tmp_path: Path) -> None:
        path = written(tmp_path, "date: 2026-10-01\nmodels: [{model: gpt-9-omega, input: 1, output: 1}]")
        (tmp_path / "seamaudit.toml").write_text('prices = "prices.yaml"\n')
        for options in (["--prices", str(path)], ["--config", str(tmp_path / "seamaudit.toml")]):
            _, out, _ = run("scan", self.TRACE, "--select", "CO001", "--output-format", "json", *options)
            report = json.loads(out)
            assert report["summary"]["spend"]["price_table"].startswith("prices.yaml of 2026-10-01 (1 model); else ")
            assert report["summary"]["spend"]["unpriced"] == 6
        for command in (["walk"], ["query", "select usd from spend where model = 'gpt-9-omega'"]):
            code, out, _ = run(*command, self.TRACE, "--prices", str(path))
            assert code == 0
            assert "0.000017" in out or "prices.yaml" in out

    def test_a_file_that_cannot_be_used_is_2(self, tmp_path: Path) -> None:
        code, out, said = run("cost", self.TRACE, "--prices", str(tmp_path / "none.yaml"))
        assert (code, out) == (2, "")
        assert "none.yaml:1:1: cannot be read" in said
