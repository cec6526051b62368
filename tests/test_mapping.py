"""The mapping file: logs of one's own are read as it says, and what cannot be meant is told with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.config.mapping import load_mapping, schema
from seamaudit.errors import InputError, UsageError
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import Cause
from seamaudit.ingest.known import mapped
from seamaudit.ingest.logmap import PATH, Record, opened, parsed, pointer
from seamaudit.trace import Clock, Convention, Level, Money, Need
from tests.cli.shell import run
from tests.ingest.recordings import Read, told
from tests.recordings import RECORDINGS

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
ASKED = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
ANSWERED = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def file(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text)
    return path


def read(folder: Path, mapping: str, *rows: Any, text: str | None = None) -> Read:
    """What a log with these rows holds by a mapping."""
    path = folder / "log.jsonl"
    path.write_text(text if text is not None else "".join(json.dumps(row) + "\n" for row in rows))
    return Read(path, formats=mapped(load_mapping(file(folder, mapping))))


def one(folder: Path, mapping: str, row: Any) -> Draft:
    (draft,) = read(folder, mapping, row).drafts
    return draft


def refused(folder: Path, text: str) -> list[str]:
    """What is said of a file, without its folder."""
    with pytest.raises(UsageError) as raised:
        load_mapping(file(folder, text))
    assert raised.value.exit_code == 2
    return [line.removeprefix(f"{folder}/") for line in raised.value.message.splitlines()]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requst: a", 'mapping.yaml:1:1: unknown key "requst" (did you mean "request"?)'),
        ("request: a\nstarted: {at: b, unt: ms}", 'mapping.yaml:2:18: unknown key "unt" (did you mean "unit"?)'),
        ("request: a\nstarted: {at: b, unit: msec}", 'mapping.yaml:2:24: "msec" is none of s, ms, us, ns (did you mean "ms"?)'),
        ("request: a\nstarted: {unit: ms}", 'mapping.yaml:2:10: the key "at" is missing'),
        ("request: a\nmodel: {at: b, unit: ms}", 'mapping.yaml:2:16: unknown key "unit"'),
        ("request: {value: b}", 'mapping.yaml:1:11: unknown key "value"'),
        ("request: 5", "mapping.yaml:1:10: expected text or a list or a map, found 5"),
        ("request: a..b", 'mapping.yaml:1:10: expected a path like request.body or /request/body, found "a..b"'),
        ("request: [a, 'b/~2']", 'mapping.yaml:1:14: expected a path like request.body or /request/body, found "b/~2"'),
        ("request: []", "mapping.yaml:1:10: must not be empty"),
        ("request: ''", 'mapping.yaml:1:10: expected a path like request.body or /request/body, found ""'),
        ("usage: {inptu: a, output: b}", 'mapping.yaml:1:9: unknown key "inptu" (did you mean "input"?)'),
        ("usage: {cache_read: a}", "mapping.yaml:1:8: it says neither where the input stands, nor the output, nor at"),
        ("usage: {at: a, input: b}", "mapping.yaml:1:16: at already says where input stands"),
        (
            "usage: {input: a, convention: incl}",
            'mapping.yaml:1:31: "incl" is none of inclusive, exclusive, unknown (did you mean "inclusive"?)',
        ),
        ("model: a", "mapping.yaml:1:1: it says neither where the request stands, nor the messages, nor the usage"),
        ("request: a\nmessages: b", "mapping.yaml:2:1: the request already holds its messages"),
        ("request: a\ncomplete: true", "mapping.yaml:2:1: a request is always whole"),
        ("messages: a\nresponse: b", "mapping.yaml:2:1: a response goes with a request; beside messages, call it answer"),
        ("request: a\nresponse: b\nanswer: c", "mapping.yaml:3:1: the response already holds its answer"),
        ("request: a\nfirst_byte: b\ntime_to_first_byte: c", "mapping.yaml:3:1: first_byte already says it"),
        ("request: a\ncomplete: sometimes", 'mapping.yaml:2:11: expected true or false, found "sometimes"'),
        ("request: a\nwhere: {a.: 1}", 'mapping.yaml:2:9: expected a path like request.body or /request/body, found "a."'),
        ("request: a\nwhere: {a: {gt: 1}}", "mapping.yaml:2:12: expected text or a number or true or false or a list, found a map"),
        ("request: a\nwhere: kind", 'mapping.yaml:2:8: expected a map, found "kind"'),
        ("- request", "mapping.yaml:1:1: expected a map, found a list"),
        ("", "mapping.yaml:1:1: expected a map, found null"),
        ("{}", "mapping.yaml:1:1: must not be empty"),
        ("request: a\nrequest: b", 'mapping.yaml:2:1: the key "request" is given twice'),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("request: &a x\nresponse: *a", "anchors are not allowed"),
        ("request: !!python/object/apply:os.system [id]", "tags are not allowed"),
        ("<<: {request: a}", "merge keys are not allowed"),
        ("request: " + "[" * 5000, "nesting is deeper than 64"),
        ("request: a\x07", "not YAML"),
        ("request: 'a\u202eb'", "control and invisible characters are not allowed"),
        ("request: a\n" + "x" * 1_000_001, "the file is larger than"),
        ("request: a\n---\nrequest: b", "a second document begins here"),
        ("request: " + "a" * 501, "longer than 500"),
        ("request: [" + "a," * 17 + "]", "longer than 16"),
        ("request: [a", "not YAML"),
    ],
)
def test_a_hostile_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in refused(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        load_mapping(tmp_path / "none.yaml")


def test_the_schema_is_one_and_takes_the_shipped_mappings() -> None:
    import yaml

    jsonschema.Draft202012Validator.check_schema(schema())
    shipped = sorted((FIXTURES / "formats" / "mapping").glob("*.yaml"))
    assert len(shipped) == 5
    for path in shipped:
        jsonschema.Draft202012Validator(schema()).validate(yaml.safe_load(path.read_text()))
        load_mapping(path)


@pytest.mark.parametrize(
    ("spelled", "path", "at"),
    [
        (".", (), ""),
        ("a", ("a",), "/a"),
        ("a.b.0", ("a", "b", "0"), "/a/b/0"),
        ("/a.b/c~1d/e~0f", ("a.b", "c/d", "e~f"), "/a.b/c~1d/e~0f"),
    ],
)
def test_a_path_is_dotted_or_a_pointer(spelled: str, path: tuple[str, ...], at: str) -> None:
    assert parsed(spelled) == path
    assert pointer(path) == at


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4).map(tuple), st.recursive(st.none() | st.text(max_size=5), st.lists))
def test_every_path_can_be_spelled_and_looked_up_in_anything(path: tuple[str, ...], value: Any) -> None:
    assert parsed(pointer(path)) == path
    Record(value).held(path)
    for key in reversed(path):
        value = {key: value}
    assert Record(value).held(path) == Record(value).held(path)


@given(st.text(max_size=40))
def test_a_text_that_is_no_json_stays_one(text: str) -> None:
    assert opened(text) == text or text.lstrip()[:1] in ("{", "[")


def test_paths_are_of_the_pattern() -> None:
    import re

    assert [spelled for spelled in ("a b", "a.b-c.0", "/", "//", ".") if not re.search(PATH, spelled)] == []
    assert [spelled for spelled in ("", "a.", ".a", "a/b", "/~") if re.search(PATH, spelled)] == []


class TestBodies:
    MAPPING = "request: [out.body, out.payload]\nresponse: in\nurl: {value: 'https://api.anthropic.com/v1/messages'}\n"

    def test_the_first_path_that_holds_a_value_counts(self, tmp_path: Path) -> None:
        draft = one(tmp_path, self.MAPPING, {"out": {"body": None, "payload": json.dumps(ASKED)}, "in": ANSWERED})
        assert (draft.level, draft.api, draft.provider, draft.format) == (Level.WIRE, "anthropic.messages", "anthropic", "mapping")
        assert draft.request.at == "/out/payload"
        assert draft.response is not None and draft.response.usage is not None
        assert (draft.response.at, draft.response.usage.input, draft.response.stop) == ("/in", 3, "end_turn")
        assert draft.clock is Clock.SEQUENCE
        assert set(draft.lacks) == {Need.TIME}

    def test_the_record_itself_may_be_the_request(self, tmp_path: Path) -> None:
        draft = one(tmp_path, "request: .\nresponse: reply", {**ASKED, "reply": ANSWERED})
        assert (draft.api, draft.request.at, told(draft)) == ("anthropic.messages", "", ["user text"])

    def test_a_stream_is_read_as_one(self, tmp_path: Path) -> None:
        from tests.record.server import MESSAGE_STREAM

        row = {"out": {"body": {**ASKED, "stream": True}}, "in": b"".join(MESSAGE_STREAM).decode()}
        draft = one(tmp_path, self.MAPPING, row)
        assert draft.response is not None and draft.response.stream is not None
        assert draft.response.stream.events[-1].name == "message_stop"

    def test_an_answer_without_its_body_leaves_the_request_whole(self, tmp_path: Path) -> None:
        mapping = "request: rq\nanswer: text\nstop: why\nusage: {input: i, output: o}\nstatus: http\nprovider: {value: anthropic}\n"
        row = {"rq": ASKED, "text": '{"ok": true}', "why": "end_turn", "i": 3, "o": "2", "http": 200}
        draft = one(tmp_path, mapping, row)
        assert draft.level is Level.WIRE
        assert draft.response is not None and draft.response.usage is not None
        assert (draft.response.stop, draft.response.usage.input, draft.response.usage.output) == ("end_turn", 3, 2)
        assert len(draft.response.answers) == 1
        assert set(draft.lacks) == {Need.TIME}

    def test_counts_beside_a_response_without_any_are_used(self, tmp_path: Path) -> None:
        bare = {name: held for name, held in ANSWERED.items() if name != "usage"}
        draft = one(tmp_path, self.MAPPING + "usage: u", {"out": {"body": ASKED}, "in": bare, "u": {"input_tokens": 3, "output_tokens": 2}})
        assert draft.response is not None and draft.response.usage is not None
        assert draft.response.usage.convention is Convention.UNKNOWN
        assert Need.USAGE not in draft.lacks

    @pytest.mark.parametrize(
        ("row", "status", "error"),
        [
            ({"status": 429, "err": {"type": "rate_limit_error"}}, 429, "rate_limit_error"),
            ({"status": None, "err": "ConnectTimeout"}, None, "ConnectTimeout"),
            ({"status": "500", "err": None}, 500, ""),
        ],
    )
    def test_a_failure_is_told(self, tmp_path: Path, row: Any, status: int | None, error: str) -> None:
        draft = one(tmp_path, self.MAPPING + "status: status\nerror: err", {"out": {"body": ASKED}, **row})
        assert draft.response is not None
        assert (draft.response.status, draft.response.error_type) == (status, error)


class TestFlat:
    MAPPING = "messages: prompt\nanswer: out\nmodel: m\nprovider: {value: openai}\n"

    def row(self, **beside: Any) -> Any:
        return {"prompt": ASKED["messages"], "out": "hello", "m": "gpt-5.2", **beside}

    def test_what_is_not_recorded_is_lacking(self, tmp_path: Path) -> None:
        draft = one(tmp_path, self.MAPPING, self.row())
        assert (draft.level, draft.clock, draft.provider) == (Level.MESSAGES, Clock.SEQUENCE, "openai")
        assert set(draft.lacks) == {Need.CACHE_CONTRACT, Need.STREAM, Need.TOOLS, Need.USAGE, Need.TIME}

    @pytest.mark.parametrize(
        ("prompt", "said", "whole"),
        [
            ("hi", "", False),
            ("hi", "complete: true", True),
            ('{"task": "translate"}', "complete: true", True),
            (ASKED["messages"], "", True),
            (json.dumps(ASKED["messages"]), "", True),
            (ASKED["messages"], "complete: false", False),
        ],
    )
    def test_of_a_lone_text_nobody_knows_what_was_before(self, tmp_path: Path, prompt: Any, said: str, whole: bool) -> None:
        draft = one(tmp_path, self.MAPPING + said, {**self.row(), "prompt": prompt})
        assert told(draft) == ["user text"]
        assert (draft.request.complete, Need.PROMPT in draft.lacks) == (whole, not whole)

    def test_the_system_prompt_may_stand_beside(self, tmp_path: Path) -> None:
        draft = one(tmp_path, self.MAPPING + "system: sys", self.row(sys="Be kind."))
        assert told(draft) == ["system text", "user text"]

    def test_counts_have_a_convention(self, tmp_path: Path) -> None:
        usage = "usage: {input: t.in, cache_read: t.hit, cache_write: t.new, output: t.out, convention: exclusive}"
        draft = one(tmp_path, self.MAPPING + usage, self.row(t={"in": 100, "hit": 4000, "new": 200, "out": 7}))
        assert draft.response is not None and draft.response.usage is not None
        found = draft.response.usage
        assert (found.input, found.cache_read, found.cache_write, found.output) == (4300, 4000, 200, 7)
        assert found.convention is Convention.EXCLUSIVE

    @pytest.mark.parametrize("counts", [{}, {"in": None}, {"in": "many"}, {"in": -1}, {"in": True}, {"in": 1e300}, {"in": 0, "out": 0}])
    def test_what_is_no_count_is_unknown(self, tmp_path: Path, counts: Any) -> None:
        draft = one(tmp_path, self.MAPPING + "usage: {input: t.in, output: t.out}", self.row(t=counts))
        assert draft.response is not None and draft.response.usage is None
        assert Need.USAGE in draft.lacks

    @pytest.mark.parametrize(
        ("times", "row", "started", "ended"),
        [
            (
                "started: {at: t, unit: ms}\nduration: {at: d, unit: ms}",
                {"t": 1_790_000_000_500, "d": "250"},
                1_790_000_000.5,
                1_790_000_000.75,
            ),
            ("started: {at: t, unit: us}\nended: e", {"t": 1_790_000_000_000_000, "e": 1_790_000_002}, 1_790_000_000.0, 1_790_000_002.0),
            ("started: t\nduration: d", {"t": "2026-09-21T14:13:20Z", "d": "1.5s"}, 1_790_000_000.0, 1_790_000_001.5),
            ("ended: t\nduration: d", {"t": 1_790_000_010, "d": 10}, 1_790_000_000.0, 1_790_000_010.0),
            ("started: t", {"t": "yesterday"}, None, None),
        ],
    )
    def test_times_are_read_in_their_units(self, tmp_path: Path, times: str, row: Any, started: float | None, ended: float | None) -> None:
        draft = one(tmp_path, self.MAPPING + times, self.row(**row))
        assert (draft.times.started, draft.times.ended) == (started, ended)
        assert draft.clock is (Clock.SEQUENCE if started is None else Clock.WALL)

    def test_the_first_byte_may_be_told_as_a_wait(self, tmp_path: Path) -> None:
        times = "started: t\ntime_to_first_byte: {at: w, unit: ms}"
        assert one(tmp_path, self.MAPPING + times, self.row(t=1_790_000_000, w=300)).times.first_byte == 1_790_000_000.3

    def test_who_and_what_for_is_kept(self, tmp_path: Path) -> None:
        mapping = self.MAPPING + "app: {value: bot}\nuser: u\ntags: tags\ncost: usd\nid: id\nconversation: c\nsequence: n"
        draft = one(tmp_path, mapping, self.row(u=17, tags=["eval", 3], usd="0.25", id="r1", c="c1", n=4))
        assert (draft.attribution.app, draft.attribution.app_declared, draft.attribution.user) == ("bot", True, "17")
        assert (draft.tags, draft.recorded_cost, draft.duplicate_key) == (frozenset({"eval"}), Money(250_000_000_000), "mapping/r1")
        assert (draft.conversation, draft.sequence) == ("c1", 4)

    def test_rows_of_one_id_are_one_call(self, tmp_path: Path) -> None:
        assert len(read(tmp_path, self.MAPPING + "id: id", self.row(id="r1"), self.row(id="r1")).exchanges) == 1

    def test_an_answer_that_calls_tools_is_read(self, tmp_path: Path) -> None:
        call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        draft = one(tmp_path, self.MAPPING, {**self.row(), "out": {"role": "assistant", "tool_calls": [call]}})
        assert draft.response is not None
        assert [each.id for each in draft.response.calls] == ["c1"]


class TestRecords:
    MAPPING = "where: {kind: [llm, chat]}\nrequest: rq\nresponse: rs\n"
    ROWS = ({"kind": "llm", "rq": ASKED, "rs": ANSWERED}, {"kind": "click"}, {"kind": "chat", "rq": ASKED, "rs": ANSWERED}, {"rq": ASKED})

    def test_what_is_no_call_is_passed_over(self, tmp_path: Path) -> None:
        found = read(tmp_path, self.MAPPING, *self.ROWS)
        assert (len(found.drafts), found.faults, list(found.reading.passed_over.values())) == (2, [], [2])

    @pytest.mark.parametrize("indent", [None, 2])
    @pytest.mark.parametrize("at", ["", "data.calls"])
    def test_a_document_holds_an_array(self, tmp_path: Path, indent: int | None, at: str) -> None:
        held: Any = {"v": 1, "data": {"calls": list(self.ROWS)}} if at else list(self.ROWS)
        mapping = self.MAPPING + (f"records: {at}" if at else "")
        found = read(tmp_path, mapping, text=json.dumps(held, indent=indent))
        above = f"/{at.replace('.', '/')}" if at else ""
        assert [each.locus.pointer for each in found.drafts] == [f"{above}/0", f"{above}/2"]
        assert found.faults == []

    def test_a_call_without_its_request_is_lost_and_said(self, tmp_path: Path) -> None:
        found = read(tmp_path, self.MAPPING, self.ROWS[0], {"kind": "llm"}, {"kind": "llm", "rq": "text"})
        assert len(found.drafts) == 1
        assert [fault.cause for fault in found.faults] == [Cause.NOT_AN_EXCHANGE] * 2

    @pytest.mark.parametrize("row", [None, 3, "x", [], [[]], {}, {"kind": {"llm": 1}}, {"kind": "llm", "rq": {"messages": 7}}])
    def test_any_row_is_read_or_refused(self, tmp_path: Path, row: Any) -> None:
        assert len(read(tmp_path, self.MAPPING, self.ROWS[0], row).drafts) >= 1

    def test_json_in_texts_in_texts_is_opened(self, tmp_path: Path) -> None:
        inner = json.dumps({"rq": json.dumps(ASKED)})
        draft = one(tmp_path, "request: a.b.rq\nresponse: rs", {"a": json.dumps({"b": inner}), "rs": json.dumps(ANSWERED)})
        assert told(draft) == ["user text"]

    def test_deep_json_in_a_text_is_left_a_text(self, tmp_path: Path) -> None:
        found = read(tmp_path, "request: a.b", {"a": "[" * 100_000})
        assert [fault.cause for fault in found.faults] == [Cause.NOT_AN_EXCHANGE]


def _pairs(name: str) -> Iterator[dict[str, Any]]:
    for line in (FIXTURES / name).read_text().splitlines():
        yield json.loads(line)


@pytest.mark.parametrize("name", ["TP001/bad.jsonl", "CA001/bad.jsonl", "LP001/bad.jsonl", "ST001/bad.jsonl"])
def test_the_same_is_found_as_in_pairs(tmp_path: Path, name: str) -> None:
    rows = []
    for pair in _pairs(name):
        got = pair["response"]
        held = {"url": pair["request"].get("url"), "sent": json.dumps(pair["request"]["body"]), "got": got.get("body_raw", got.get("body"))}
        beside = {key: pair.get(key) for key in ("timestamp", "duration", "conversation", "n")}
        rows.append({"e": "llm", "http": held | {"code": got.get("status_code")}, **beside})
    mapping = (
        "where: {e: llm}\nrequest: http.sent\nresponse: http.got\nstatus: http.code\nurl: http.url\nstarted: timestamp\n"
        "duration: duration\nconversation: conversation\nsequence: n"
    )
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    mine = audit([str(tmp_path / "log.jsonl")], Settings(mapping=load_mapping(file(tmp_path, mapping))))
    theirs = audit([str(FIXTURES / name)], Settings())
    assert theirs.findings
    assert [(each.code, each.occurrences, each.message) for each in mine.findings] == [
        (each.code, each.occurrences, each.message) for each in theirs.findings
    ]


@pytest.mark.skipif(not (RECORDINGS / "pairs").is_dir(), reason="the recordings are not at hand")
def test_real_bodies_are_read_as_in_pairs(tmp_path: Path) -> None:
    source = RECORDINGS / "pairs" / "coding-agent.jsonl"
    mapping = "request: request.body\nresponse: [response.body_raw, response.body]\nurl: request.url\nstatus: response.status_code\n"
    mapping += "conversation: conversation\nsequence: n\nduration: duration"
    mine = Read(source, formats=mapped(load_mapping(file(tmp_path, mapping)))).exchanges
    theirs = Read(source).exchanges
    assert len(mine) == 411
    assert [(each.usage, each.request.prefix.length, each.thread.id) for each in mine] == [
        (each.usage, each.request.prefix.length, each.thread.id) for each in theirs
    ]


class TestCommands:
    FOLDER = FIXTURES / "formats" / "mapping"
    OPTIONS = (str(FOLDER / "envelope.jsonl"), "--mapping", str(FOLDER / "envelope.yaml"))

    @pytest.mark.parametrize(
        "command", [("scan",), ("cost",), ("walk",), ("calibrate",), ("whatif",), ("query", "select count(*) as calls from spend")]
    )
    def test_every_command_that_reads_traces_takes_it(self, command: tuple[str, ...]) -> None:
        code, out, said = run(*command, *self.OPTIONS, "--no-progress")
        assert (code, said) == (0, "")
        assert out

    def test_a_scan_says_what_was_passed_over(self) -> None:
        _, out, _ = run("scan", *self.OPTIONS, "--no-progress")
        assert "3 exchanges in 1 thread" in out
        assert "3 records that the mapping passes over" in " ".join(out.split())

    def test_the_config_names_one(self, tmp_path: Path) -> None:
        (tmp_path / "seamaudit.toml").write_text('mapping = "mine.yaml"\n')
        (tmp_path / "mine.yaml").write_text((self.FOLDER / "envelope.yaml").read_text())
        code, out, said = run("scan", self.OPTIONS[0], "--no-progress", folder=tmp_path)
        assert (code, said) == (0, "")
        assert "3 exchanges in 1 thread" in out
        code, _, said = run("scan", str(FIXTURES / "demo" / "demo.jsonl"), "--input-format", "pairs", "--fail-on", "never", folder=tmp_path)
        assert code == 0

    def test_a_mistake_in_it_ends_with_2_and_its_place(self, tmp_path: Path) -> None:
        code, out, said = run("scan", self.OPTIONS[0], "--mapping", str(file(tmp_path, "requst: a")))
        assert (code, out) == (2, "")
        assert 'mapping.yaml:1:1: unknown key "requst" (did you mean "request"?)' in " ".join(said.split())

    def test_it_and_a_format_contradict_each_other(self) -> None:
        code, _, said = run("scan", *self.OPTIONS, "--input-format", "pairs")
        assert code == 2
        assert "contradict each other" in said

    def test_one_that_finds_no_call_ends_with_3(self, tmp_path: Path) -> None:
        mapping = load_mapping(file(tmp_path, "request: call.snet"))
        with pytest.raises(InputError, match="finds no call") as raised:
            audit([self.OPTIONS[0]], Settings(mapping=mapping))
        assert raised.value.exit_code == 3

    @pytest.mark.parametrize("content", [b"\x89PNG\r\n", b"a,b\n1,2\n", b""])
    def test_what_is_no_json_ends_with_3(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "log").write_bytes(content)
        code, _, said = run("scan", str(tmp_path / "log"), "--mapping", self.OPTIONS[2])
        assert code == 3
        assert "A mapping reads JSON lines and JSON documents." in " ".join(said.split())


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.sampled_from(["{", "[]", '{"a":1}'])
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "messages", "usage", "text", "model", "id"]), each, max_size=4)
    ),
    max_leaves=8,
)
_MAPPINGS = (
    "request: rq\nresponse: rs\nurl: u\nstatus: s\nerror: e\nstarted: t\nduration: d\nusage: {input: i, output: o}\nid: id\ntags: g\n",
    "request: .\nanswer: rs\nusage: i\nstarted: {at: t, unit: ns}\nsequence: o\nmodel: u\nprovider: id\n",
    "messages: rq\nsystem: u\nanswer: rs\ntools: g\nstop: s\nerror: e\nusage: {at: i}\nended: t\nduration: {at: d, unit: us}\ncost: o\n",
)


@pytest.mark.parametrize("mapping", _MAPPINGS)
def test_whatever_stands_in_the_places_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, mapping: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    names = ("rq", "rs", "u", "s", "e", "t", "d", "i", "o", "id", "g", "model", "messages")

    @given(st.lists(st.dictionaries(st.sampled_from(names), _ANYTHING), min_size=1, max_size=3), st.booleans())
    def check(rows: list[Any], array: bool) -> None:
        found = read(folder, mapping, text=json.dumps(rows)) if array else read(folder, mapping, *rows)
        assert len(found.drafts) + len(found.faults) <= 2 * len(rows)

    check()
