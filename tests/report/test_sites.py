"""Sites: which source line stands behind a finding."""

from __future__ import annotations

import pytest

from seamaudit.errors import UsageError
from seamaudit.report.base import Site, document, parse_sites, typed_sites
from tests.report.reports import ORPHAN, REPORT, RETRIEVED

TABLE = {"app": {"support": "src/app.py:3"}, "tool": {"search": "src/tools.py:12"}, "prompt": {"system": "prompts/main.md:1"}}


def test_the_most_telling_kind_wins() -> None:
    sites = parse_sites(TABLE)
    assert sites.of(ORPHAN.identity) == Site("src/tools.py", 12)
    assert sites.of(RETRIEVED.identity) == Site("prompts/main.md", 1)
    assert sites.of((("app", "support"),)) == Site("src/app.py", 3)
    assert sites.of((("app", None), ("tool", "other"))) is None


def test_a_block_of_its_own_goes_before_all_blocks() -> None:
    sites = parse_sites({"prompt": {"system": "a:1", "system[1]": "b:2"}})
    assert sites.of(RETRIEVED.identity) == Site("b", 2)


def test_typed_sites_say_the_same_as_a_table() -> None:
    typed = [f"{kind}:{name}={place}" for kind, names in TABLE.items() for name, place in names.items()]
    assert typed_sites(typed) == parse_sites(TABLE)


def test_a_document_names_them() -> None:
    sites = [finding.site for finding in document(REPORT, parse_sites(TABLE)).findings]
    assert [(site.file, site.line) for site in sites if site] == [("prompts/main.md", 1), ("prompts/main.md", 1), ("src/tools.py", 12)]


@pytest.mark.parametrize("typed", ["", "tool:search", "tool=a:1", "tol:search=a:1", "tool:search=a", "tool:search=a:0", "tool:search=:1"])
def test_a_typo_is_told(typed: str) -> None:
    with pytest.raises(UsageError):
        typed_sites([typed])


@pytest.mark.parametrize("table", [{"tool": "a:1"}, {"tools": {"a": "b:1"}}, {"tool": {"a": 3}}])
def test_a_table_of_another_shape_is_told(table: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        parse_sites(table)
