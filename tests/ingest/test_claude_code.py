"""Claude Code sessions: rows that share an id are one call, what stands above it is its prompt, and every call is billed once."""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.trace import Exchange, Need
from tests.ingest.recordings import DATA, Read, at_hand, told, written

SESSION = "11111111-2222-3333-4444-555555555555"
FOLDER = DATA / "claude-code"


class Play:
    """A session as it is written: a row after the other, each the child of the one before unless told otherwise."""

    def __init__(self, session: str = SESSION) -> None:
        self.session = session
        self.rows: list[dict[str, Any]] = []
        self.last: str | None = None
        self._clock = itertools.count()

    def row(self, type: str, *, parent: str | None = "", **members: Any) -> str:
        count = next(self._clock)
        id = members.pop("uuid", f"u{count}")
        self.rows.append(
            {
                "parentUuid": self.last if parent == "" else parent,
                "isSidechain": False,
                "sessionId": self.session,
                "type": type,
                "uuid": id,
                "timestamp": f"2026-01-28T10:{count // 60:02}:{count % 60:02}.000Z",
                **members,
            }
        )
        self.last = id
        return id

    def user(self, content: Any, **members: Any) -> str:
        return self.row("user", message={"role": "user", "content": content}, **members)

    def result(self, call: str, text: str = "done", **members: Any) -> str:
        return self.user([{"type": "tool_result", "tool_use_id": call, "content": text}], **members)

    def says(self, id: str, *blocks: dict[str, Any], output: int = 10, stop: str | None = None, request: str = "", **members: Any) -> str:
        return self.row("assistant", requestId=request or f"req_{id}", message=message(id, blocks, output, stop), **members)

    def fails(self, number: int, **error: Any) -> str:
        refusal = {"status": 529, "headers": {}, "error": {"type": "error", "error": {"type": "overloaded_error", "message": "secret"}}}
        retry = {"retryInMs": 500.0, "retryAttempt": number, "maxRetries": 10}
        return self.row("system", subtype="api_error", error={**refusal, **error}, **retry)

    def agent(self, agent: str, type: str, said: dict[str, Any], id: str) -> str:
        inner = {"type": type, "message": said, "uuid": id, "requestId": f"req_{said.get('id')}", "timestamp": "2026-01-28T10:30:00.000Z"}
        return self.row("progress", data={"type": "agent_progress", "agentId": agent, "message": inner}, parentToolUseID="toolu_task")

    def read(self, folder: Path, name: str = "session.jsonl") -> Read:
        return Read(written(folder / name, self.rows))


def message(id: str, blocks: tuple[dict[str, Any], ...], output: int = 10, stop: str | None = None) -> dict[str, Any]:
    usage = {
        "input_tokens": 10,
        "cache_creation_input_tokens": 300,
        "cache_read_input_tokens": 4000,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "output_tokens": output,
    }
    return {
        "id": f"msg_{id}",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-5-20251101",
        "content": list(blocks),
        "stop_reason": stop,
        "usage": usage,
    }


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def call(id: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "Read", "input": arguments}


def only(exchanges: list[Exchange]) -> Exchange:
    assert len(exchanges) == 1
    return exchanges[0]


def test_rows_that_share_an_id_are_one_call_with_its_largest_counts(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", {"type": "thinking", "thinking": "well", "signature": "x"}, output=1)
    play.says("1", text("hello"), output=1)
    play.says("1", call("toolu_1"), output=40, stop="tool_use")
    exchange = only(play.read(tmp_path).exchanges)
    usage = exchange.usage
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h, usage.output) == (4310, 4000, 100, 200, 40)
    assert exchange.response is not None
    assert [answer.kind for answer in exchange.response.answers] == ["thinking", "text", "tool_call"]
    assert exchange.response.calls[0].pointer == "/message/content/2"
    assert exchange.response.stop == "tool_use"
    assert told(exchange) == ["user text"]
    assert exchange.thread.id == SESSION
    assert exchange.attribution.app == "claude-code"
    assert Need.PROMPT not in exchange.lacks
    assert {Need.TOOLS, Need.STREAM, Need.CACHE_CONTRACT} <= exchange.lacks.keys()


def test_times_are_of_the_rows_before_and_behind(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.row("progress", data={"type": "hook_progress"})
    play.says("1", text("a"))
    play.says("1", text("b"))
    times = only(play.read(tmp_path).exchanges).times
    assert times.started is not None
    assert times.ended is not None
    assert times.ended - times.started == 3


@pytest.mark.parametrize(
    ("said", "output", "stop", "bounded"),
    [("x" * 100, 24, None, True), ("x" * 100, 26, None, False), ("x" * 100, 24, "end_turn", False), ("x" * 100, 12, "end_turn", True)],
)
def test_an_output_count_that_cannot_be_all_is_a_lower_bound(
    tmp_path: Path, said: str, output: int, stop: str | None, bounded: bool
) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text(said), output=output, stop=stop)
    usage = only(play.read(tmp_path).exchanges).usage
    assert usage is not None
    assert usage.output_is_lower_bound is bounded
    assert not usage.placeholder_output


def test_a_prompt_is_the_chain_above_and_parallel_results_beside_it(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    calls = play.says("1", call("toolu_1"), call("toolu_2"))
    play.row("progress", data={"type": "bash_progress"})
    play.result("toolu_1", parent=calls)
    play.result("toolu_2", parent=calls)
    play.says("2", text("both"))
    first, second = play.read(tmp_path).exchanges
    assert told(second) == [
        "user text",
        "assistant tool_call toolu_1",
        "assistant tool_call toolu_2",
        "user tool_result toolu_1",
        "user tool_result toolu_2",
    ]
    assert second.previous is not None
    assert second.previous.exchange == first.id
    assert second.previous.shared == 1


def test_results_between_the_rows_of_one_answer_follow_it(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", call("toolu_1"))
    play.result("toolu_1")
    play.says("1", call("toolu_2"))
    play.result("toolu_2")
    play.says("2", text("done"))
    assert [each.split()[-1] for each in told(play.read(tmp_path).exchanges[1])] == ["text", "toolu_1", "toolu_2", "toolu_1", "toolu_2"]


def test_a_rewind_is_a_branch_of_its_own(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    fork = play.says("1", text("hello"))
    play.user("left")
    play.says("2", text("gone left"))
    play.user("right", parent=fork)
    play.says("3", text("gone right"))
    exchanges = play.read(tmp_path).exchanges
    assert [len(told(exchange)) for exchange in exchanges] == [1, 3, 3]
    assert {exchange.thread.id for exchange in exchanges} == {SESSION}


def test_line_order_decides_nothing(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"))
    play.user("more")
    play.says("2", text("well"))
    play.rows.reverse()
    first, second = play.read(tmp_path).exchanges
    assert told(first) == ["user text"]
    assert told(second) == ["user text", "assistant text", "user text"]


def test_a_chain_that_leads_out_of_the_file_lacks_its_prompt(tmp_path: Path) -> None:
    play = Play()
    play.user("hi", parent="elsewhere")
    play.says("1", text("hello"))
    play.user("more")
    play.says("2", text("well"))
    for exchange in play.read(tmp_path).exchanges:
        assert not exchange.request.complete
        assert Need.PROMPT in exchange.lacks


def test_rows_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    play = Play()
    play.user("hi", uuid="a", parent="c")
    play.says("1", text("hello"), uuid="b")
    play.says("2", text("hello"), uuid="c")
    exchanges = play.read(tmp_path).exchanges
    assert len(exchanges) == 2
    assert not any(exchange.request.complete for exchange in exchanges)


def test_a_compaction_begins_anew_on_purpose_in_the_same_thread(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"))
    play.row("system", subtype="compact_boundary", parent=None, logicalParentUuid="u1")
    play.user("This session is being continued", isCompactSummary=True)
    play.says("2", text("on we go"))
    play.user("more")
    play.says("3", text("well"))
    exchanges = play.read(tmp_path).exchanges
    assert [exchange.intended for exchange in exchanges] == ["", "compaction", ""]
    assert [len(told(exchange)) for exchange in exchanges] == [1, 1, 3]
    assert {exchange.thread.id for exchange in exchanges} == {SESSION}
    assert all(exchange.request.complete for exchange in exchanges)


def test_a_microcompaction_is_intended_once(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"))
    play.row("system", subtype="microcompact_boundary")
    play.user("more")
    play.says("2", text("well"))
    play.user("more")
    play.says("3", text("well"))
    assert [exchange.intended for exchange in play.read(tmp_path).exchanges] == ["", "microcompaction", ""]


def test_errors_are_tries_of_the_call_they_precede(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.fails(1)
    play.fails(2, headers={"retry-after": "3"})
    play.says("1", text("hello"))
    first, second, answered = play.read(tmp_path).exchanges
    assert first.refused
    assert second.refused
    assert not answered.refused
    assert first.attempt is not None
    assert (first.attempt.number, first.attempt.limit, first.attempt.wait, first.attempt.retry_after) == (1, 10, 0.5, None)
    assert second.attempt is not None
    assert (second.attempt.number, second.attempt.retry_after) == (2, 3.0)
    assert first.response is not None
    assert (first.response.status, first.response.error_type, first.usage) == (529, "overloaded_error", None)
    assert first.request.model == answered.request.model
    assert told(first) == told(second) == told(answered) == ["user text"]
    assert first.times.ended is not None
    assert second.times.started == first.times.ended + 0.5
    assert {first.thread.id, second.thread.id, answered.thread.id} == {SESSION}


def test_a_call_that_broke_off_underway_has_no_status(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.fails(1, status=None, error=None, cause={"code": "ECONNRESET"})
    exchange = only(play.read(tmp_path).exchanges)
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.error_type) == (None, "ECONNRESET")
    assert {Need.RESPONSE, Need.USAGE} <= exchange.lacks.keys()


def test_what_the_client_says_itself_is_no_call(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.fails(10)
    notice = message("x", (text("API Error: 529"),)) | {"model": "<synthetic>"}
    play.row("assistant", message=notice, isApiErrorMessage=True, error="unknown")
    play.user("again")
    play.row("assistant", message=notice | {"id": "y", "content": [text("No response requested.")]}, isApiErrorMessage=False)
    play.user("now")
    play.says("1", text("hello"))
    refused, answered = play.read(tmp_path).exchanges
    assert refused.attempt is not None
    assert refused.attempt.number == refused.attempt.limit
    assert told(answered) == ["user text", "user text", "assistant text", "user text"]


def test_a_sub_agent_told_by_progress_rows_is_a_thread_of_its_own(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", call("toolu_task"))
    play.agent("a1", "user", {"role": "user", "content": [text("look")]}, "p1")
    play.agent("a2", "user", {"role": "user", "content": [text("see")]}, "q1")
    play.agent("a1", "assistant", message("s1", (call("toolu_a"),)), "p2")
    play.agent("a2", "assistant", message("t1", (text("seen"),)), "q2")
    play.agent("a1", "user", {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_a", "content": "x"}]}, "p3")
    play.agent("a1", "assistant", message("s2", (text("found"),)), "p4")
    play.result("toolu_task")
    play.says("2", text("done"))
    by_thread: dict[str, list[Exchange]] = {}
    for exchange in play.read(tmp_path).exchanges:
        by_thread.setdefault(exchange.thread.id, []).append(exchange)
    assert {name: len(group) for name, group in by_thread.items()} == {SESSION: 2, f"{SESSION}/a1": 2, f"{SESSION}/a2": 1}
    agent = by_thread[f"{SESSION}/a1"]
    assert [exchange.side for exchange in agent] == ["subagent", "subagent"]
    assert told(agent[1]) == ["user text", "assistant tool_call toolu_a", "user tool_result toolu_a"]
    assert told(by_thread[SESSION][1]) == ["user text", "assistant tool_call toolu_task", "user tool_result toolu_task"]
    assert agent[1].place(0).pointer == "/data/message/message/content/0"


def test_a_sidechain_is_a_sub_agent(tmp_path: Path) -> None:
    play = Play()
    play.user("look", isSidechain=True, agentId="a9", parent=None)
    play.says("1", text("seen"), isSidechain=True, agentId="a9")
    play.user("old style", isSidechain=True, parent=None, uuid="root")
    play.says("2", text("seen"), isSidechain=True)
    exchanges = play.read(tmp_path).exchanges
    assert [(exchange.side, exchange.thread.id) for exchange in exchanges] == [
        ("subagent", f"{SESSION}/a9"),
        ("subagent", f"{SESSION}/root"),
    ]


def test_a_resumed_session_is_billed_once(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"), output=5)
    play.fails(1)
    first = written(tmp_path / "a.jsonl", play.rows)
    play.user("more")
    play.says("2", text("well"))
    grown = [json.loads(json.dumps(row).replace('"output_tokens": 5', '"output_tokens": 50')) for row in play.rows]
    read = Read(first, written(tmp_path / "b.jsonl", grown))
    assert len(read.drafts) == 5
    assert [exchange.usage.output if exchange.usage else None for exchange in read.exchanges] == [50, None, 10]
    assert [(copy.tokens, copy.locus.source) for copy in read.copies] == [(4315, 0), (None, 1)]
    assert {exchange.thread.id for exchange in read.exchanges} == {SESSION}


def test_a_session_resumed_in_a_file_of_its_own_stays_one_thread(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"))
    first = written(tmp_path / "a.jsonl", play.rows)
    play.rows.clear()
    play.user("more")
    play.says("2", text("well"))
    before, after = Read(first, written(tmp_path / "b.jsonl", play.rows)).exchanges
    assert after.thread.id == before.thread.id
    assert not after.request.complete


def test_a_replay_in_a_sidechain_loses_to_the_turn_it_copies(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"))
    play.user("by the way", isSidechain=True, agentId="a1", parent=None)
    play.says("1", text("hello"), request="req_other", isSidechain=True, agentId="a1", output=99)
    read = play.read(tmp_path)
    assert only(read.exchanges).side == ""
    assert [copy.side for copy in read.copies] == ["subagent"]


def test_a_copy_of_the_session_inside_itself_adds_nothing(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", call("toolu_1"))
    play.user("hi", parent=None)
    play.says("1", call("toolu_1"))
    play.result("toolu_1")
    play.says("2", text("done"))
    last = play.read(tmp_path).exchanges[-1]
    assert told(last) == ["user text", "assistant tool_call toolu_1", "user tool_result toolu_1"]


def test_every_row_is_accounted_for_and_joined_ones_are_taken_apart(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"))
    rows = [json.dumps(row) for row in play.rows]
    lines = ['{"type":"summary","summary":"S","leafUuid":"u1"}', rows[0] + rows[1], '{"type":"something-new"}', "[1]"]
    path = tmp_path / "session.jsonl"
    path.write_text("\n".join(lines) + "\n")
    read = Read(path)
    total = read.reading.accounting.total
    assert (total.lines, total.records, total.rejected) == (4, 3, 1)
    assert len(read.exchanges) == 1
    assert [fault.cause for fault in read.faults] == ["joined_records", "not_an_exchange"]


def test_half_of_a_surrogate_pair_costs_nothing(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("1", text("hello"))
    path = tmp_path / "session.jsonl"
    path.write_text("\n".join(json.dumps(row).replace('"hi"', '"hi \\ud83d"') for row in play.rows))
    exchange = only(Read(path).exchanges)
    assert told(exchange) == ["user text"]
    assert [cause for cause, _ in exchange.request.broken] == ["lone_surrogate"]


def test_nothing_but_rows_that_hide_a_format_is_still_recognised(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl", [{"type": "summary", "summary": "S", "leafUuid": "x"}])
    assert Read(path).reading.recognised == {0: "claude-code"}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    for line in path.read_text().splitlines():
        at = 0
        while at < len(line):
            row, at = decoder.raw_decode(line, at)
            yield row
            at += len(line[at:]) - len(line[at:].lstrip())


def _independent_count(folder: Path) -> tuple[Counter[str], int]:
    """Totals by the rules of deduplication alone: a call is a message id and request id, and counts with its largest numbers."""
    calls: dict[tuple[str, str], Counter[str]] = {}
    refusals: set[str] = set()
    for path in sorted(folder.glob("*.jsonl")):
        for row in _rows(path):
            if row.get("subtype") == "api_error":
                refusals.add(row["uuid"])
            if row.get("type") == "progress" and row["data"].get("type") == "agent_progress":
                row = row["data"]["message"]
            if row.get("type") != "assistant" or row["message"]["model"] == "<synthetic>":
                continue
            usage = row["message"]["usage"]
            counts = Counter(
                plain=usage["input_tokens"],
                read=usage["cache_read_input_tokens"],
                short=usage["cache_creation"]["ephemeral_5m_input_tokens"],
                long=usage["cache_creation"]["ephemeral_1h_input_tokens"],
                output=usage["output_tokens"],
            )
            key = (row["message"]["id"], row["requestId"])
            calls[key] = calls.get(key, Counter()) | counts
    return sum(calls.values(), Counter({"responses": len(calls)})), len(refusals)


@at_hand("claude-code")
def test_totals_equal_an_independent_count() -> None:
    totals, refusals = _independent_count(FOLDER)
    read = Read(FOLDER)
    used = [exchange.usage for exchange in read.exchanges if exchange.usage is not None]
    assert (
        Counter(
            responses=len(used),
            plain=sum(usage.plain or 0 for usage in used),
            read=sum(usage.cache_read or 0 for usage in used),
            short=sum(usage.cache_write_5m or 0 for usage in used),
            long=sum(usage.cache_write_1h or 0 for usage in used),
            output=sum(usage.output or 0 for usage in used),
        )
        == totals
    )
    assert len(read.exchanges) == len(used) + refusals
    assert len(read.copies) == len(read.drafts) - len(read.exchanges) > 0
    assert {copy.locus.source for copy in read.copies} == {6}, "only the resumed session's second file holds copies"
    assert sum(exchange.side == "subagent" for exchange in read.exchanges) == 73


@at_hand("claude-code")
def test_the_recorded_errors_are_six_intents() -> None:
    tries = [exchange.attempt for exchange in Read(FOLDER).exchanges if exchange.attempt is not None]
    intents: list[list[int]] = []
    for attempt in tries:
        assert attempt.number is not None
        if attempt.number == 1:
            intents.append([])
        intents[-1].append(attempt.number)
    assert intents == [list(range(1, count + 1)) for count in (3, 10, 4, 7, 2, 3)]
    given_up = [attempt for attempt in tries if attempt.number == attempt.limit]
    assert len(given_up) == 1


@at_hand("claude-code")
def test_recorded_compactions_are_intended() -> None:
    intended = [exchange for exchange in Read(FOLDER).exchanges if exchange.intended]
    answered = Counter(exchange.intended for exchange in intended if not exchange.refused)
    assert answered == {"compaction": 3, "microcompaction": 2}


@at_hand("claude-code")
def test_four_recorded_lines_hold_two_rows_and_none_is_lost() -> None:
    read = Read(FOLDER)
    assert [fault.cause for fault in read.faults] == ["joined_records"] * 4
    total = read.reading.accounting.total
    assert total.records == total.lines


@at_hand("claude-code")
def test_recorded_sessions_pair_every_call() -> None:
    report = audit([str(FOLDER)], Settings())
    found = [finding.code for finding in report.findings if finding.code.startswith(("TP", "ST", "IN"))]
    assert found == ["ST009"], "these sessions keep provisional output counts, and nothing else is wrong with them"


@at_hand("")
def test_every_recording_is_recognised_as_itself_and_nothing_else(tmp_path: Path) -> None:
    expected = {
        "claude-code": {"claude-code"},
        "pi": {"pi"},
        "pairs": {"pairs"},
        "tau-bench": {"messages-document"},
        "otlp": {"otlp", "otlp-document"},
        "langfuse": {"langfuse"},
        "gemini-cli": {"gemini-cli"},
        "inspect": {"inspect", "inspect-json"},
    }
    for folder in sorted(path for path in DATA.iterdir() if path.is_dir()):
        reading = Read(folder).reading
        assert set(reading.recognised.values()) == expected.get(folder.name, set()), folder.name
    packed = tmp_path / "session.jsonl.gz"
    packed.write_bytes(gzip.compress(sorted(FOLDER.glob("*.jsonl"))[0].read_bytes()))
    assert Read(packed).reading.recognised == {0: "claude-code"}


def test_a_row_of_several_blocks_is_an_answer_that_came_without_a_stream(tmp_path: Path) -> None:
    play = Play()
    play.user("go")
    play.says("msg_1", text("Let me look."), call("toolu_1"), stop="tool_use")
    play.result("toolu_1")
    play.says("msg_2", text("And now"))
    play.says("msg_2", call("toolu_2"), stop="tool_use")
    assert [each.request.streamed for each in play.read(tmp_path).exchanges] == [False, True]
