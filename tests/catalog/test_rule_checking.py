"""What an author is told about a rule that cannot be used: every mistake, at its line and column, with the word that was meant."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema_rs
import pytest

import seamaudit
from seamaudit.catalog.load import check_directory, load_catalog, validated
from seamaudit.catalog.problem import RefusedRules
from seamaudit.catalog.schema import rule_schema
from seamaudit.catalog.vocabulary import tables
from seamaudit.errors import CatalogError
from tests.catalog.rows import rule_data, written

GOOD = """\
code: XX001
name: something-moves
status: preview
since: 0.1.0
severity: high
confidence: medium
seam: {upstream: retrieval, downstream: cache, guarantees: fresh text, assumes: stable bytes}
from: test_rows
where: {cause: [clock, tools], size: {gte: $least}, label: {startswith: a}}
unless:
  - {intended: true}
  - {note: null}
params:
  least: {default: 1024, doc: Ignore smaller ones.}
identity: [app, cause]
waste: {tokens: lost, usd: price, seconds: delay}
message: >-
  It moves at {label}:
  {size} bytes, {occurrences} times.
fix: Do not.
why: It costs.
false_positives: [None known.]
references: [https://example.org/]
needs: [prompt]
"""


def problems(tmp_path: Path, text: str, file: str = "XX001-something-moves.yaml") -> list[str]:
    (tmp_path / file).write_text(text, "utf-8")
    try:
        validated(tmp_path)
    except RefusedRules as refused:
        return [str(problem).removeprefix(f"{tmp_path}/").removeprefix(f"{file}:") for problem in refused.problems]
    return []


def test_a_sound_rule_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: high", "severty: high", '5:1: unknown key "severty" (did you mean "severity"?)'),
        ("severity: high", "severity: hihg", '5:11: "hihg" is none of info, low, medium, high, critical (did you mean "high"?)'),
        ("upstream: retrieval", "upsteam: retrieval", '7:8: unknown key "upsteam" (did you mean "upstream"?)'),
        ("from: test_rows", "from: test_row", 'did you mean "test_rows"?'),
        ("{cause: [", "{cuase: [", '9:9: unknown column "cuase" (did you mean "cause"?)'),
        ("[clock, tools]", "[clok, tools]", '9:17: "clok" is none of clock, retrieval, tools (did you mean "clock"?)'),
        ("{gte: $least}", "{gt: $least, get: 3}", '9:51: unknown operator "get" (did you mean "gt"?)'),
        ("{gte: $least}", "{gte: much}", '9:44: expected a whole number, found "much"'),
        ("{gte: $least}", "{gte: null}", "9:44: expected a whole number, found null"),
        ("{gte: $least}", "{startswith: 1}", '9:39: unknown operator "startswith"'),
        ("{gte: $least}", "{gte: $lest}", '9:44: unknown parameter "$lest" (did you mean "least"?)'),
        ("{gte: $least}", "$1", "expected a parameter like $min_tokens"),
        ("{gte: $least}", "{}", "9:38: must not be empty"),
        ("{startswith: a}", "{matches: '(a+)+\\1'}", "is no linear-time pattern"),
        ("{startswith: a}", "{matches: '(\\w{1,1000}){1,1000}'}", "is no linear-time pattern"),
        ("{startswith: a}", "{matches: '('}", '9:70: "(" is no linear-time pattern'),
        ("{intended: true}", "{intended: 'true'}", '11:16: expected true or false, found "true"'),
        ("{intended: true}", "{intended: null}", "11:16: expected true or false, found null"),
        ("{intended: true}", "[intended]", "11:5: expected a map, found a list"),
        ("{note: null}", "{locus: 1}", '12:6: unknown column "locus"'),
        ("{default: 1024,", "{default: many,", '9:44: "many" is no value of size, which is a whole number'),
        ("{default: 1024,", "{defalt: 1024,", '14:11: unknown key "defalt" (did you mean "default"?)'),
        ("  least: {default", "  Least: {default", '14:3: expected a parameter name like min_tokens, found "Least"'),
        ("{gte: $least}", "{gte: 3}", '14:3: no test uses the parameter "least"'),
        ("identity: [app, cause]", "identity: [app, thread]", '15:17: "thread" is none of app, cause'),
        ("identity: [app, cause]", "identity: []", "15:11: must not be empty"),
        ("tokens: lost", "tokens: price", '16:17: "price" is none of'),
        ("{label}:", "{lable}:", '18:15: unknown placeholder "lable" (did you mean "label"?)'),
        ("{size} bytes", "{size.__class__} bytes", '19:3: "{size.__class__}" begins no placeholder'),
        ("{size} bytes", "{size!r} bytes", '19:3: "{size!r}" begins no placeholder'),
        ("{size} bytes", "{was} bytes", '19:3: unknown placeholder "was"'),
        ("why: It costs.", "why: ''", "21:6: must not be empty"),
        ("why: It costs.\n", "", '1:1: the key "why" is missing'),
        ("needs: [prompt]", "needs: [promt]", '24:9: "promt" is none of'),
        ("needs: [prompt]", "symptom_of: [ca1]", "24:14: expected a code like CA001"),
        ("needs: [prompt]", "sums: [label]", '24:8: "label" is none of size, lost, price'),
        ("needs: [prompt]", "sums: []", "24:7: must not be empty"),
        ("since: 0.1.0", "since: 0.1", "4:8: expected text, found 0.1"),
        ("code: XX001", "code: XX002", "the file of this rule is called XX002-something-moves.yaml"),
    ],
)
def test_a_mistake_is_told_at_its_place_with_what_was_meant(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    told = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(said in problem for problem in told), told


def test_a_document_that_is_no_map_is_told_so(tmp_path: Path) -> None:
    assert problems(tmp_path, "- a\n") == ["1:1: expected a map, found a list"]
    assert problems(tmp_path, "") == ["1:1: expected a map, found null"]


def test_all_mistakes_of_all_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &x 1\n")
    told = "\n".join(problems(tmp_path, GOOD.replace("severity: high", "severity: 1").replace("cause: [", "cuase: [")))
    assert "a.yaml:1:4: anchors" in told
    assert "5:11:" in told
    assert "9:9:" in told


def test_more_values_than_a_rule_may_test_are_refused(tmp_path: Path) -> None:
    many = ", ".join(f"w{n}" for n in range(257))
    assert "9:1: more than 256 values in where and unless" in problems(tmp_path, GOOD.replace("[clock, tools]", f"clock, note: [{many}]"))


def test_a_list_parameter_stands_for_its_values(tmp_path: Path) -> None:
    text = GOOD.replace("[clock, tools]", "$causes").replace("params:", "params:\n  causes: {default: [clock], doc: Which.}")
    assert problems(tmp_path, text) == []


def catalog_problems(tmp_path: Path, *rules: dict[str, Any]) -> str:
    for data in rules:
        (tmp_path / f"{data['code']}-{data['name']}.yaml").write_bytes(written(data).text.encode())
    with pytest.raises(RefusedRules) as info:
        check_directory(tmp_path)
    return info.value.message


def test_codes_are_unique_also_beside_the_shipped_ones(tmp_path: Path) -> None:
    shipped = load_catalog()[0]
    told = catalog_problems(tmp_path, rule_data(code=shipped.code))
    assert f"the code {shipped.code} is taken by {shipped.path}" in told


def test_names_are_unique(tmp_path: Path) -> None:
    assert "the name something-moves is taken by" in catalog_problems(tmp_path, rule_data(), rule_data(code="XX002"))


def test_a_symptom_names_a_rule_that_exists(tmp_path: Path) -> None:
    told = catalog_problems(tmp_path, rule_data(symptom_of=["XX009"]), rule_data(code="XX008", name="other"))
    assert 'no rule has the code XX009 (did you mean "XX00' in told


def test_symptoms_do_not_explain_each_other(tmp_path: Path) -> None:
    told = catalog_problems(
        tmp_path,
        rule_data(symptom_of=["XX002"]),
        rule_data(code="XX002", name="two", symptom_of=["XX003"]),
        rule_data(code="XX003", name="three", symptom_of=["XX001"]),
    )
    assert "XX002 is itself a symptom of XX001" in told


def test_a_missing_or_empty_directory_is_a_catalog_error(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "gone"):
        with pytest.raises(CatalogError):
            load_catalog([directory])


def test_added_rules_join_the_shipped_ones_in_order_of_code(tmp_path: Path) -> None:
    (tmp_path / "XX001-something-moves.yaml").write_text(GOOD)
    catalog = load_catalog([tmp_path])
    assert [rule.code for rule in catalog] == sorted(rule.code for rule in catalog)
    assert "XX001" in [rule.code for rule in catalog]
    assert [rule.code for rule in load_catalog([tmp_path], shipped=False)] == ["XX001"]


def test_the_layer_is_the_folder_else_the_downstream_layer(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "XX001-something-moves.yaml").write_text(GOOD)
    assert load_catalog([tmp_path], shipped=False)[0].layer == "tools"
    assert load_catalog([tmp_path / "tools"], shipped=False)[0].layer == "cache"


def test_the_schema_is_a_json_schema() -> None:
    schema = rule_schema(tables())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)


def test_the_schema_refers_to_nothing_outside_itself() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for value in node.values() for ref in references(value)]
        return [ref for value in node for ref in references(value)] if isinstance(node, list) else []

    assert all(ref.startswith("#/$defs/") for ref in references(rule_schema(tables())))


def test_a_column_that_a_layer_adds_is_known_at_once(tmp_path: Path) -> None:
    text = dedent(GOOD).replace("from: test_rows", "from: test_plain")
    told = problems(tmp_path, text)
    assert any('unknown column "cause"' in problem for problem in told)
    assert any('"lost" is none of tokens' in problem for problem in told)


def test_every_fact_of_the_source_is_a_table_without_being_listed_anywhere() -> None:
    sources = Path(seamaudit.__file__).parent.rglob("*.py")
    declared = {name for source in sources for name in re.findall(r'^@fact\(\s*"(\w+)"', source.read_text("utf-8"), re.MULTILINE)}
    assert declared
    assert declared <= {table.name for table in tables()}
