"""Rule files are hostile until read: what the loader refuses, where it says so, and what plain values mean."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.catalog.document import MAX_BYTES, parse, read
from seamaudit.catalog.problem import RefusedRules


def refused(text: str | bytes) -> str:
    with pytest.raises(RefusedRules) as info:
        parse(text.encode() if isinstance(text, str) else text, "r.yaml")
    return info.value.message


ALIAS_BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
MERGE_BOMB = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 25))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ALIAS_BOMB, "r.yaml:1:5: anchors are not allowed"),
        (MERGE_BOMB, "r.yaml:1:5: anchors are not allowed"),
        ("a: 1\nb: *a\n", "r.yaml:2:4: aliases are not allowed"),
        ("&a [*a]", "r.yaml:1:1: anchors are not allowed"),
        ("a: 1\n<<: {b: 2}\n", "r.yaml:2:1: merge keys are not allowed"),
        ("a: !!python/object/apply:os.system [id]\n", "r.yaml:1:4: tags are not allowed"),
        ("a: !!str 1\n", "r.yaml:1:4: tags are not allowed"),
        ("a: ! 1\n", "r.yaml:1:4: tags are not allowed"),
        ("a: 1\nb: 2\na: 3\n", 'r.yaml:3:1: the key "a" is given twice'),
        ("a: {b: 1, b: 2}\n", 'r.yaml:1:11: the key "b" is given twice'),
        ("a: 1\n---\nb: 2\n", "r.yaml:2:1: one rule a file: a second document begins here"),
        ("? [a]\n: 1\n", "r.yaml:1:3: a key must be a word"),
        ("[" * 100_000, "r.yaml:1:65: nesting is deeper than 64"),
        ("{a: " * 100_000, "nesting is deeper than 64"),
        ("- " * 100_000, "nesting is deeper than 64"),
        ("[" + "1," * 250_000 + "]", "more than 200,000 values"),
        ("a: [1\n", "r.yaml:2:1: not YAML"),
        ("a: \x00\n", "r.yaml:1:1: not YAML"),
        ('a: "\\e[2J"\n', "r.yaml:1:4: control and invisible characters are not allowed"),
        ("a: x\u202ey\n", "r.yaml:1:4: control and invisible characters are not allowed"),
        ('"\\u200b": 1\n', "r.yaml:1:1: control and invisible characters are not allowed"),
        (b"a: 1\nb: \xff\n", "r.yaml:2:1: the file is not UTF-8"),
        (b"a" * (MAX_BYTES + 1), "r.yaml:1:1: the file is larger than 1,000,000 bytes"),
    ],
)
def test_what_a_rule_file_must_not_hold_is_refused_at_its_place(text: str | bytes, said: str) -> None:
    assert said in refused(text)


def test_every_repeated_key_is_told_at_once() -> None:
    assert refused("a: 1\na: 2\nb: 1\nb: 2\n").count("given twice") == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("010", 10),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("1:30", "1:30"),
        ("2026-11-20", "2026-11-20"),
        ("0.1.0", "0.1.0"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("'7'", "7"),
        ("'true'", "true"),
        (">-\n  one\n  two", "one two"),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, value: object) -> None:
    document = parse(f"a: {text}\n".encode(), "r.yaml")
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)  # type: ignore[index]


def test_words_that_yaml_1_1_takes_for_booleans_can_be_keys() -> None:
    assert parse(b"on: 1\nno: 2\n", "r.yaml").data == {"on": 1, "no": 2}


def test_every_value_and_key_remembers_its_place() -> None:
    document = parse(b"a: 1\nb:\n  c: [x, y]\n", "r.yaml")
    assert document.values[("b", "c", 1)] == (3, 10)
    assert document.keys[("b", "c")] == (3, 3)
    assert str(document.at_value(("b", "c", 1), "wrong", "yy", ["y", "yyy"])) == 'r.yaml:3:10: wrong (did you mean "yyy"?)'
    assert str(document.at_value(("b", "missing"), "wrong")) == "r.yaml:3:3: wrong"


def test_a_byte_order_mark_is_no_content() -> None:
    assert parse(b"\xef\xbb\xbfa: 1\n", "r.yaml").data == {"a": 1}


def test_a_file_that_cannot_be_read_is_a_problem_with_that_file(tmp_path: Path) -> None:
    with pytest.raises(RefusedRules, match=r"gone\.yaml:1:1: cannot be read"):
        read(tmp_path / "gone.yaml")


@given(st.text(alphabet="ab:-[]{}&*!<>?|#'\"%@\n \t,0.~", max_size=60))
def test_any_text_is_data_or_a_located_refusal(text: str) -> None:
    try:
        document = parse(text.encode(), "r.yaml")
    except RefusedRules as refusal:
        assert refusal.problems
        assert all(problem.line >= 1 and problem.column >= 1 for problem in refusal.problems)
    else:
        assert document.data is None or document.values[()] is not None


_leaves = (
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Z")))
)
_trees = st.recursive(_leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<", min_size=1), inner, max_size=3))


class _Quoting(yaml.SafeDumper):
    """Writes every text in quotes: which plain words are numbers, 08 or 1e5, is not the same in YAML 1.1, which is written, and 1.2."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@given(_trees)
def test_what_yaml_writes_comes_back_as_it_was(tree: object) -> None:
    assert parse(yaml.dump(tree, Dumper=_Quoting).encode(), "r.yaml").data == tree
