"""The worked examples of CONTRIBUTING.md do what it says they do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seamaudit.catalog.load import check_directory
from seamaudit.ingest.known import FORMATS
from seamaudit.testing import run_case

ROOT = Path(__file__).resolve().parent.parent
QUOTE = re.compile(r"<!-- in: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)
EXAMPLE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples as files, beside what they import."""
    folder = tmp_path_factory.mktemp("contributing")
    for found in EXAMPLE.finditer((ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        path = folder / found["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found["text"], "utf-8")
    for module in ("oracle.py", "wire.py", "provider_cache.py"):
        shutil.copy(ROOT / "fixtures" / module, folder / "fixtures" / module)
    return folder


def test_the_rule_is_sound_and_its_fixtures_find_exactly_what_they_expect(tree: Path) -> None:
    subprocess.run([sys.executable, str(tree / "fixtures" / "MY001" / "make.py")], check=True)
    assert [rule.code for rule in check_directory(tree / "rules")] == ["MY001"]
    result = run_case(tree / "fixtures" / "MY001", [tree / "rules"])
    assert result.ok, str(result)


def test_a_rule_whose_fixture_expects_something_else_fails(tree: Path) -> None:
    case = tree / "other" / "MY001"
    case.mkdir(parents=True)
    for kind in ("bad", "good"):
        shutil.copy(tree / "fixtures" / "MY001" / "bad.jsonl", case / f"{kind}.jsonl")
    assert not run_case(case, [tree / "rules"]).ok


def test_the_format_it_shows_is_the_one_in_the_tree_and_no_other_is_shorter(tree: Path) -> None:
    folder = ROOT / "seamaudit" / "ingest" / "formats"
    (shown,) = (tree / "seamaudit" / "ingest" / "formats").iterdir()
    assert shown.read_text("utf-8") == (folder / shown.name).read_text("utf-8")
    modules = {type(each).__module__ for each in FORMATS}
    files = [path for path in folder.glob("*.py") if f"seamaudit.ingest.formats.{path.stem}" in modules]
    assert min(files, key=lambda path: len(path.read_text("utf-8").splitlines())).name == shown.name


def test_the_lines_it_quotes_stand_where_it_says() -> None:
    quotes = list(QUOTE.finditer((ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    assert quotes
    for quote in quotes:
        assert quote["text"].strip() in (ROOT / quote["path"]).read_text("utf-8")
