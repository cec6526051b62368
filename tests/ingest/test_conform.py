"""Validation by a trace's own schemas: right where it can be, refused where it may not be, and harmless whatever the schema holds."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamaudit.ingest.conform.sandbox import MAX_INSTANCE, Sandbox
from seamaudit.ingest.conform.schema import Declared, Prepared, Refused, prepared
from seamaudit.ingest.conform.store import SchemaStore
from seamaudit.layers.base import Unchecked
from seamaudit.layers.cost import Spend
from seamaudit.trace import Conformance
from tests.measured import measured


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def judged(sandbox: Sandbox, schema: Any, value: Any, *, is_openapi: bool = False) -> Conformance:
    ready = prepared(Declared(schema, is_openapi))
    assert isinstance(ready, Prepared), ready
    return sandbox.judge(ready, json.dumps(value).encode())


def refusal(schema: Any) -> str:
    found = prepared(Declared(schema))
    assert isinstance(found, Refused), found
    return found.reason


class TestVerdicts:
    @pytest.mark.parametrize(
        ("schema", "value", "keyword", "where"),
        [
            ({"required": ["a", "b"]}, {"a": 1}, "required", "/required/b"),
            ({"properties": {"a": {"type": "integer"}}}, {"a": "5"}, "type", "/properties/a/type"),
            ({"properties": {"a/b": {"enum": [1]}}}, {"a/b": 2}, "enum", "/properties/a~1b/enum"),
            ({"properties": {"a": {}}, "additionalProperties": False}, {"x": 1}, "additionalProperties", "/additionalProperties"),
            ({"$defs": {"n": {"minimum": 1}}, "items": {"$ref": "#/$defs/n"}}, [0], "minimum", "/$defs/n/minimum"),
            (False, {}, "falseSchema", "/"),
        ],
    )
    def test_the_first_word_that_is_broken_is_named_with_its_place(
        self, sandbox: Sandbox, schema: Any, value: Any, keyword: str, where: str
    ) -> None:
        found = judged(sandbox, schema, value)
        assert (found.state, found.keyword, found.where) == ("invalid", keyword, where)

    def test_nothing_of_the_value_is_in_the_verdict(self, sandbox: Sandbox) -> None:
        schema = {"properties": {"a": {"maxLength": 3}}, "additionalProperties": False}
        for value in ({"a": "a-secret"}, {"a-secret": 1}):
            assert "secret" not in repr(judged(sandbox, schema, value))

    def test_the_draft_a_schema_names_decides(self, sandbox: Sandbox) -> None:
        pair = {"items": [{"type": "string"}, {"type": "number"}]}
        assert judged(sandbox, {"$schema": "http://json-schema.org/draft-07/schema#", **pair}, ["a", "b"]).state == "invalid"
        assert judged(sandbox, pair, ["a", "b"]).state == "unchecked", "today a list of schemas is no schema"

    def test_formats_are_no_reason(self, sandbox: Sandbox) -> None:
        assert judged(sandbox, {"type": "string", "format": "email"}, "nobody").state == "valid"

    def test_openapi_speaks_in_capitals_and_of_null_beside_the_type(self, sandbox: Sandbox) -> None:
        schema = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER", "nullable": True}, "l": {"type": "ARRAY", "minItems": "1"}}}
        for value, state in (({"n": None}, "valid"), ({"n": "1"}, "invalid"), ({"l": []}, "invalid"), ({"l": [1]}, "valid")):
            assert judged(sandbox, schema, value, is_openapi=True).state == state

    def test_what_the_provider_undertook_is_kept_with_the_verdict(self, sandbox: Sandbox) -> None:
        for promised in (True, False):
            ready = prepared(Declared({"type": "string"}, promised=promised))
            assert isinstance(ready, Prepared)
            assert sandbox.judge(ready, b"1").promised is promised


_NAMES = st.sampled_from("abc")
_SOME_NAMES = st.lists(_NAMES, unique=True)
_LEAVES = st.sampled_from(
    [
        {},
        True,
        False,
        {"type": "string"},
        {"type": ["integer", "null"]},
        {"enum": [1, "a"]},
        {"minimum": 1},
        {"maxLength": 1},
        {"const": None},
    ]
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(_NAMES, inner, max_size=3)
    return st.one_of(
        st.fixed_dictionaries(
            {}, optional={"properties": members, "required": st.lists(_NAMES, unique=True), "additionalProperties": inner}
        ),
        st.fixed_dictionaries({}, optional={"items": inner, "minItems": st.integers(0, 2), "not": inner}),
        st.builds(lambda word, held: {word: held}, st.sampled_from(["anyOf", "oneOf", "allOf"]), st.lists(inner, min_size=1, max_size=3)),
    )


_SCHEMAS = st.recursive(_LEAVES, _larger, max_leaves=8)
_VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 2, "a", "ab"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


class TestAgainstAnother:
    @settings(max_examples=300, deadline=None)
    @given(schema=_SCHEMAS, value=_VALUES)
    def test_another_validator_says_the_same(self, sandbox: Sandbox, schema: Any, value: Any) -> None:
        expected = jsonschema.Draft202012Validator(schema).is_valid(value)
        assert judged(sandbox, schema, value).state == ("valid" if expected else "invalid")

    @settings(max_examples=500, deadline=None)
    @given(schema=_SCHEMAS, value=_VALUES)
    def test_a_yes_without_the_validator_is_its_yes(self, schema: Any, value: Any) -> None:
        ready = prepared(Declared(schema))
        assert isinstance(ready, Prepared), ready
        if ready.accepts is not None and ready.accepts(value):
            assert jsonschema.Draft202012Validator(schema).is_valid(value)


class TestPlain:
    TOOL: ClassVar[dict[str, Any]] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Where.", "format": "uri"},
            "lines": {"type": "array", "items": {"type": "integer"}, "default": []},
            "mode": {"anyOf": [{"enum": ["r", "w"]}, {"type": "null"}]},
        },
        "required": ["path"],
        "additionalProperties": False,
    }

    def accepts(self, schema: Any, value: Any) -> bool:
        ready = prepared(Declared(schema))
        assert isinstance(ready, Prepared), ready
        return ready.accepts is not None and ready.accepts(value)

    @pytest.mark.parametrize("value", [{"path": "a"}, {"path": "", "lines": [1, 2], "mode": "r"}, {"path": "a", "mode": None}])
    def test_what_a_plain_tool_takes_needs_no_validator(self, value: Any) -> None:
        assert self.accepts(self.TOOL, value)

    @pytest.mark.parametrize(
        "value",
        [
            {},
            [],
            None,
            {"path": 1},
            {"path": "a", "b": 1},
            {"path": "a", "lines": [True]},
            {"path": "a", "lines": [1.0]},
            {"path": "a", "mode": "x"},
        ],
    )
    def test_what_it_may_not_take_is_left_to_the_validator(self, value: Any) -> None:
        assert not self.accepts(self.TOOL, value)

    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "text"},
            {"type": []},
            {"enum": []},
            {"required": ["a", "a"]},
            {"required": True},
            {"properties": []},
            {"properties": {"a": {"type": 1}}},
            {"description": 1},
            {"title": "half a pair: \ud800"},
            {"items": [{}]},
            {"anyOf": []},
            {"type": "object", "patternProperties": {}},
            {"type": "object", "x": 1},
            {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"},
            True,
        ],
    )
    def test_a_schema_that_is_wrong_or_says_more_is_left_to_it(self, schema: Any) -> None:
        assert not self.accepts(schema, {})


class TestRefused:
    @pytest.mark.parametrize("target", ["https://example.com/x", "file:///etc/hostname", "other.json", "//host/x", "urn:x"])
    @pytest.mark.parametrize("word", ["$ref", "$dynamicRef", "$recursiveRef"])
    def test_another_document_is_never_asked_for(self, target: str, word: str) -> None:
        assert refusal({"properties": {"a": {word: target}}}) == "the schema refers to another document"

    def test_a_reference_in_a_literal_is_a_literal(self, sandbox: Sandbox) -> None:
        assert judged(sandbox, {"const": {"$ref": "https://example.com/x"}}, {"$ref": "https://example.com/x"}).state == "valid"

    def test_a_member_may_be_called_like_a_word(self, sandbox: Sandbox) -> None:
        assert (
            judged(sandbox, {"properties": {"$ref": {"type": "string"}, "$id": {"type": "integer"}}}, {"$ref": "x", "$id": 1}).state
            == "valid"
        )

    def test_references_that_multiply(self) -> None:
        chain = {f"d{at}": {"anyOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(32)}
        schema = {"$defs": {**chain, "d32": {"type": "number"}}, "$ref": "#/$defs/d0"}
        assert len(json.dumps(schema)) < 2500
        assert refusal(schema) == "the schema's references multiply beyond what is tried"

    def test_size_depth_dialect_and_kind(self) -> None:
        deep: Any = {}
        for _ in range(70):
            deep = {"items": deep}
        assert "too large or too deep" in refusal(deep)
        assert "too large or too deep" in refusal({"enum": list(range(6000))})
        assert "too large or too deep" in refusal({"description": "x" * (257 << 10)})
        assert refusal({"$schema": "https://example.com/dialect"}) == "the schema is written in a dialect that is not known here"
        assert refusal("object") == "the schema is no object"


class TestHostile:
    def test_no_connection_is_made(self, sandbox: Sandbox) -> None:
        """The near end refuses; and were it to let a reference pass, the process has no descriptor left to connect with."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            met: list[bool] = []
            server.settimeout(1)

            def listen() -> None:
                try:
                    server.accept()[0].close()
                    met.append(True)
                except TimeoutError:
                    pass

            waiting = threading.Thread(target=listen)
            waiting.start()
            target = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
            for schema in ({"$ref": target}, {"$schema": target}, {"$id": target, "$ref": "more.json"}):
                let_through = Prepared(json.dumps(schema).encode(), "2020-12", promised=False)
                assert sandbox.judge(let_through, b"{}").state != "invalid"
            waiting.join()
            assert met == []

    def test_no_file_is_opened(self, sandbox: Sandbox, tmp_path: Path) -> None:
        schema = tmp_path / "schema.json"
        schema.write_text("false")
        let_through = Prepared(json.dumps({"$ref": schema.as_uri()}).encode(), "2020-12", promised=False)
        assert sandbox.judge(let_through, b"{}").state == "unchecked", "the file's schema allows nothing"

    def test_a_pattern_that_backtracks_is_done_or_given_up(self, sandbox: Sandbox) -> None:
        assert judged(sandbox, {"pattern": "^(a+)+$"}, "a" * 5000 + "b").state in ("invalid", "unchecked")

    def test_what_takes_too_long_is_ended_and_costs_nothing_else(self, sandbox: Sandbox) -> None:
        """Only the value's depth makes it explode, which no look at the schema can tell."""
        either = [{"properties": {"a": {"$ref": "#/$defs/n"}}, "required": [name]} for name in "xy"]
        schema = {"$defs": {"n": {"anyOf": either}}, "$ref": "#/$defs/n"}
        value: Any = {}
        for _ in range(60):
            value = {"a": value}
        found = judged(sandbox, schema, value)
        assert (found.state, found.reason) == ("unchecked", "validating it takes more time or memory than is given")
        assert judged(sandbox, schema, {}).state == "unchecked", "such a schema is not tried again"
        assert judged(sandbox, {"type": "object"}, {}).state == "valid"

    def test_a_value_too_large_is_not_sent(self, sandbox: Sandbox) -> None:
        assert sandbox.judge(Prepared(b"{}", "2020-12", promised=False), b'"' + b"x" * MAX_INSTANCE + b'"').state == "unchecked"

    def test_text_that_is_no_text(self, sandbox: Sandbox) -> None:
        assert sandbox.judge(Prepared(b'{"type":"string"}', "2020-12", promised=False), b'"\xed\xa0\x80"').state == "unchecked"


def test_schemas_leave_the_oldest_first() -> None:
    store = SchemaStore(budget=30)
    for key in (b"a", b"b", b"c"):
        store.put(key, Declared({"title": key.decode() * 8}))
    assert [key in store for key in (b"a", b"b", b"c")] == [False, False, True]
    assert store.get(b"a") is None


HALF: Any = {"properties": {"half a pair \ud83d": {"type": "string"}}, "required": ["b"]}


def test_half_a_surrogate_pair_in_a_schema_comes_back() -> None:
    store = SchemaStore()
    store.put(b"k", Declared(HALF))
    assert store.get(b"k") == Declared(HALF)


def called(path: Path, schema: Any) -> Path:
    """A recording of one call of one tool, with tags that are no list."""
    tool = {"name": "t", "description": "", "input_schema": schema}
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9, "tools": [tool], "messages": [{"role": "user", "content": "hi"}]}
    block = {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {"b": 1}}
    usage = {"input_tokens": 3, "output_tokens": 4}
    answer = {"id": "msg_1", "type": "message", "role": "assistant", "content": [block], "stop_reason": "tool_use", "usage": usage}
    request = {"url": "https://api.anthropic.com/v1/messages", "body": body}
    path.write_text(json.dumps({"request": request, "response": {"status_code": 200, "body": answer}, "tags": 7}) + "\n")
    return path


def test_a_schema_that_no_validator_takes_costs_its_verdict_alone(tmp_path: Path) -> None:
    facts = measured(called(tmp_path / "half.jsonl", HALF))
    assert len(facts.rows(Spend)) == 1
    assert [row.reason for row in facts.rows(Unchecked)] == ["the schema is no valid JSON Schema"]


def test_a_validator_that_fails_costs_a_verdict_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(store: SchemaStore, key: bytes) -> Declared | None:
        raise RuntimeError

    monkeypatch.setattr(SchemaStore, "get", fail)
    facts = measured(called(tmp_path / "one.jsonl", {"required": ["b"]}))
    assert len(facts.rows(Spend)) == 1
    assert [row.reason for row in facts.rows(Unchecked)] == ["the validator failed on it"]
