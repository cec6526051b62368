"""What a predicate means: equality, alternatives, orders, texts, parameters, and what unknown does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.catalog.match import compile_rule
from seamaudit.errors import CatalogError
from seamaudit.facts import REGISTRY
from tests.catalog.rows import PICO, Row, row, rule

TABLE = REGISTRY["test_rows"]


def fires(fact: Row, overrides: dict[str, Any] | None = None, **keys: Any) -> bool:
    return compile_rule(rule(**keys), TABLE, overrides)(fact)


@pytest.mark.parametrize(
    ("where", "columns", "expected"),
    [
        ({"cause": "clock"}, {"cause": "clock"}, True),
        ({"cause": "clock"}, {"cause": "tools"}, False),
        ({"cause": ["clock", "tools"]}, {"cause": "tools"}, True),
        ({"cause": "clock", "intended": False}, {"cause": "clock", "intended": True}, False),
        ([{"cause": "clock"}, {"intended": True}], {"cause": "tools", "intended": True}, True),
        ([{"cause": "clock"}, {"intended": True}], {"cause": "tools", "intended": False}, False),
        ({"size": {"gte": 5}}, {"size": 5}, True),
        ({"size": {"gt": 5}}, {"size": 5}, False),
        ({"size": {"gt": 3, "lt": 6}}, {"size": 5}, True),
        ({"size": {"gt": 3, "lte": 4}}, {"size": 5}, False),
        ({"size": {"gte": 0}}, {"size": None}, False),
        ({"size": {"lt": 10}}, {"size": None}, False),
        ({"size": None}, {"size": None}, True),
        ({"size": None}, {"size": 0}, False),
        ({"size": [None, 3]}, {"size": None}, True),
        ({"share": {"lt": 1}}, {"share": 0.5}, True),
        ({"price": {"gte": 0.25}}, {"price": PICO // 4}, True),
        ({"price": {"gt": 0.25}}, {"price": PICO // 4}, False),
        ({"label": {"startswith": "ab"}}, {"label": "abc"}, True),
        ({"label": {"contains": "bc"}}, {"label": "abcd"}, True),
        ({"label": {"contains": "Bc"}}, {"label": "abcd"}, False),
        ({"label": {"matches": "b+c"}}, {"label": "abbbc"}, True),
        ({"label": {"matches": "^b+c"}}, {"label": "abbbc"}, False),
        ({"label": {"matches": "x"}}, {"label": "\ud83d"}, False),
        ({"label": {"matches": "."}}, {"label": "\ud83d"}, True),
        ({"note": {"contains": "a"}}, {"note": None}, False),
        ({"cause": {"startswith": "cl"}}, {"cause": "clock"}, True),
    ],
)
def test_where(where: Any, columns: dict[str, Any], expected: bool) -> None:
    assert fires(row(**columns), where=where) is expected


def test_a_rule_without_where_takes_every_row() -> None:
    assert fires(row())


def test_unless_is_none_of_its_selections() -> None:
    unless = [{"intended": True}, {"cause": "tools", "label": "ok"}]
    assert fires(row(cause="tools"), unless=unless)
    assert not fires(row(cause="tools", label="ok"), unless=unless)
    assert not fires(row(intended=True), unless=unless)


def test_what_is_unknown_excuses_nothing() -> None:
    assert fires(row(size=None), unless={"size": {"lt": 10}})


def test_a_parameter_has_its_default_until_it_is_set() -> None:
    keys = {"where": {"size": {"gte": "$least"}}, "params": {"least": {"default": 10, "doc": "."}}}
    assert fires(row(size=10), **keys)
    assert not fires(row(size=10), {"least": 11}, **keys)


def test_a_list_parameter_is_any_of_its_values_also_among_others() -> None:
    keys = {"where": {"label": ["a", "$more"]}, "params": {"more": {"default": ["b", "c"], "doc": "."}}}
    assert [fires(row(label=label), **keys) for label in "abcd"] == [True, True, True, False]
    assert [fires(row(label=label), {"more": []}, **keys) for label in "abcd"] == [True, False, False, False]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"leest": 1}, 'unknown parameter "leest" (did you mean "least"?)'),
        ({"least": "many"}, 'parameter "least" takes a number, not "many"'),
        ({"least": True}, 'parameter "least" takes a number, not true'),
        ({"least": [1]}, 'parameter "least" takes a number, not a list'),
        ({"least": 1.5}, "1.5 is no value of size, which is a whole number"),
        ({"more": "b"}, 'parameter "more" takes a list of words or numbers, not "b"'),
        ({"more": [3]}, "3 is no value of label, which is text"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(overrides: dict[str, Any], said: str) -> None:
    params = {"least": {"default": 10, "doc": "."}, "more": {"default": ["b"], "doc": "."}}
    with pytest.raises(CatalogError, match=re.escape(said)):
        fires(row(), overrides, where={"size": {"gte": "$least"}, "label": "$more"}, params=params)


def test_a_pattern_that_would_backtrack_forever_takes_linear_time() -> None:
    assert not fires(row(label="a" * 50_000 + "b"), where={"label": {"matches": "^(a+)+$"}})


def test_more_values_than_the_cap_are_refused_also_in_an_unvalidated_rule() -> None:
    with pytest.raises(CatalogError, match="more than 256 values"):
        fires(row(), where={"label": [f"w{n}" for n in range(257)]})


# --- against an interpreter that reads the same data in the most obvious way ---------------------------------------

_words = st.text("ab", max_size=3)
_some = st.text("ab", min_size=1, max_size=2)
_whole = st.integers(-2, 3)
_orders = ("gt", "gte", "lt", "lte")


def _asked(values: st.SearchStrategy[Any], operands: st.SearchStrategy[Any], operators: tuple[str, ...]) -> st.SearchStrategy[Any]:
    maps = st.dictionaries(st.sampled_from(operators), operands, min_size=1, max_size=2)
    return values | st.lists(values, min_size=1, max_size=3) | maps


_columns = {
    "cause": st.sampled_from(["clock", "retrieval", "tools"]) | st.lists(st.sampled_from(["clock", "tools"]), min_size=1, max_size=2),
    "label": _asked(_words, _some, ("startswith", "contains", "matches")),
    "note": _asked(_words | st.none(), _some, ("startswith", "contains", "matches")),
    "size": _asked(_whole | st.none() | st.just("$least"), _whole | st.just("$least"), _orders),
    "share": _asked(_whole | st.none(), _whole, _orders),
    "price": _asked(_whole, _whole, _orders),
    "intended": st.booleans(),
}
_selection = st.lists(st.sampled_from(sorted(_columns)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _columns[name] for name in names})
)
_selections = _selection | st.lists(_selection, min_size=1, max_size=3)
_rows = st.fixed_dictionaries(
    {
        "cause": st.sampled_from(["clock", "retrieval", "tools"]),
        "label": _words,
        "note": _words | st.none(),
        "size": _whole | st.none(),
        "share": st.sampled_from([None, -1.0, 0.5, 2.0]),
        "price": _whole | st.none(),
        "intended": st.booleans(),
    }
)


def _holds(asked: Any, value: Any, least: int) -> bool:
    if isinstance(asked, dict):
        return value is not None and all(
            _compare(operator, value, least if operand == "$least" else operand) for operator, operand in asked.items()
        )
    options = asked if isinstance(asked, list) else [asked]
    return any(value == (least if option == "$least" else option) for option in options)


def _compare(operator: str, value: Any, operand: Any) -> bool:
    return bool(
        {
            "gt": lambda: value > operand,
            "gte": lambda: value >= operand,
            "lt": lambda: value < operand,
            "lte": lambda: value <= operand,
            "startswith": lambda: value.startswith(operand),
            "contains": lambda: operand in value,
            "matches": lambda: re.search(operand, value),
        }[operator]()
    )


def _interpreted(selections: Any, columns: dict[str, Any], least: int) -> bool:
    maps = selections if isinstance(selections, list) else [selections]
    return any(all(_holds(asked, columns[name], least) for name, asked in each.items()) for each in maps)


@given(_selections, _selections | st.none(), _rows, _whole)
def test_a_compiled_rule_is_the_obvious_reading_of_its_file(where: Any, unless: Any, columns: dict[str, Any], least: int) -> None:
    fact = row(**{**columns, "price": None if columns["price"] is None else columns["price"] * PICO})
    obvious = _interpreted(where, columns, least) and not (unless is not None and _interpreted(unless, columns, least))
    params = {"least": {"default": 99, "doc": "."}}
    assert fires(fact, {"least": least}, where=where, unless=unless, params=params) is obvious
