"""pi sessions: what the client drops, answers for and sums up is not in the prompts it sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.trace import Need
from tests.ingest.recordings import DATA, Read, at_hand, told, written

FILE = DATA / "pi" / "before-compaction.jsonl"
START = 1765233665000


class Play:
    """A session as it is written, in the first version (without ids) or with them."""

    def __init__(self, *, ids: bool = False) -> None:
        header = {"type": "session", "id": "s1", "timestamp": "2025-12-09T00:53:29.825Z", "cwd": "/home/x", "provider": "anthropic"}
        self.rows: list[dict[str, Any]] = [header | ({"version": 3} if ids else {})]
        self._ids = ids
        self.last: str | None = None

    def row(self, type: str, *, parent: str | None = "", **members: Any) -> str:
        id = f"e{len(self.rows)}"
        ids = {"id": id, "parentId": self.last if parent == "" else parent} if self._ids else {}
        self.rows.append({"type": type, **ids, "timestamp": f"2025-12-08T22:41:{len(self.rows):02}.000Z", **members})
        self.last = id
        return id

    def message(self, role: str, content: Any = None, *, parent: str | None = "", **members: Any) -> str:
        said = {"role": role, "timestamp": START + 1000 * len(self.rows), **members}
        return self.row("message", parent=parent, message=said | ({"content": content} if content is not None else {}))

    def user(self, said: str, *, parent: str | None = "") -> str:
        return self.message("user", [text(said)], parent=parent)

    def says(self, *blocks: dict[str, Any], stop: str = "stop", parent: str | None = "", **members: Any) -> str:
        usage = members.pop(
            "usage", {"input": 10, "output": 5, "cacheRead": 200, "cacheWrite": 30, "totalTokens": 245, "cost": {"total": 0.25}}
        )
        told = {"api": "anthropic-messages", "provider": "anthropic", "model": "claude-opus-4-5", "usage": usage, "stopReason": stop}
        return self.message("assistant", list(blocks), parent=parent, **told, **members)

    def result(self, call: str) -> str:
        return self.message("toolResult", [text("done")], toolCallId=call, toolName="read", isError=False)

    def read(self, folder: Path) -> Read:
        return Read(written(folder / "session.jsonl", self.rows))


NOTHING = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 0, "cost": {"total": 0}}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def call(id: str) -> dict[str, Any]:
    return {"type": "toolCall", "id": id, "name": "read", "arguments": {"path": "x"}}


def test_an_answer_is_a_call_with_its_usage_its_price_and_its_times(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says(text("let me see"), call("toolu_1"), stop="toolUse")
    play.result("toolu_1")
    play.says(text("well"))
    first, second = play.read(tmp_path).exchanges
    assert first.usage is not None
    assert (first.usage.input, first.usage.plain, first.usage.cache_write_5m, first.usage.output) == (240, 10, 30, 5)
    assert first.recorded_cost == 250_000_000_000
    assert (first.provider, first.api, first.request.model) == ("anthropic", "anthropic.messages", "claude-opus-4-5")
    assert first.response is not None
    assert (first.response.stop, first.response.calls[0].id, first.response.calls[0].pointer) == (
        "tool_use",
        "toolu_1",
        "/message/content/1",
    )
    assert first.times.started == START / 1000 + 2
    assert told(second) == ["user text", "assistant text", "assistant tool_call toolu_1", "user tool_result toolu_1"]
    assert second.previous is not None
    assert second.previous.exchange == first.id
    assert second.thread.id == "s1"
    assert second.place(1).line == 3


def test_what_was_aborted_or_refused_is_a_call_and_no_part_of_later_prompts(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says(text("let me"), call("toolu_1"), stop="aborted", errorMessage="Request was aborted.")
    play.says(stop="aborted", usage=NOTHING)
    refusal = '400 {"type":"error","error":{"type":"invalid_request_error","message":"secret"}}'
    play.says(stop="error", usage=NOTHING, errorMessage=refusal)
    play.says(stop="error", usage=NOTHING, errorMessage="terminated 400")
    play.says(text("well"))
    aborted, unknown, refused, broken, answered = play.read(tmp_path).exchanges
    assert aborted.usage is not None
    assert aborted.usage.output_is_lower_bound
    assert Need.RESPONSE in aborted.lacks
    assert Need.USAGE not in aborted.lacks
    assert unknown.usage is None
    assert {Need.RESPONSE, Need.USAGE} <= unknown.lacks.keys()
    assert refused.response is not None
    assert (refused.refused, refused.response.status, refused.response.error_type) == (True, 400, "invalid_request_error")
    assert Need.RESPONSE not in refused.lacks
    assert broken.response is not None
    assert broken.response.status is None
    assert not broken.refused
    assert told(answered) == ["user text"]


def test_a_call_without_a_result_is_answered_for_by_the_client(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says(call("toolu_1"), call("toolu_2"), stop="toolUse")
    play.result("toolu_1")
    play.user("never mind")
    play.says(text("well"))
    calls = [each.split()[-1] for each in told(play.read(tmp_path).exchanges[1])]
    assert calls == ["text", "toolu_1", "toolu_2", "toolu_1", "toolu_2", "text"]


def test_a_shell_command_of_the_user_is_told_to_the_model_unless_it_is_kept_apart(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.message("bashExecution", command="ls", output="x", exitCode=0)
    play.message("bashExecution", command="ls", output="x", exitCode=0, excludeFromContext=True)
    play.says(text("well"))
    assert told(play.read(tmp_path).exchanges[0]) == ["user text", "user text"]


def test_a_compaction_keeps_the_last_of_what_it_sums_up(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says(text("hello"))
    play.user("kept")
    play.says(text("kept too"))
    play.row("compaction", summary="so far", firstKeptEntryIndex=3)
    play.user("more")
    play.says(stop="aborted", usage=NOTHING)
    play.says(text("well"))
    play.says(text("and"))
    exchanges = play.read(tmp_path).exchanges
    assert [exchange.intended for exchange in exchanges] == ["", "", "compaction", "compaction", ""]
    assert told(exchanges[3]) == ["user text", "user text", "assistant text", "user text"]
    assert [segment.locus.line for segment in exchanges[3].request.prefix.segments()] == [6, 4, 5, 7]
    assert {exchange.thread.id for exchange in exchanges} == {"s1"}


def test_rows_with_ids_are_a_tree(tmp_path: Path) -> None:
    play = Play(ids=True)
    play.user("hi")
    fork = play.says(text("hello"))
    play.user("left")
    play.says(text("gone left"))
    play.user("right", parent=fork)
    play.says(text("gone right"))
    kept = play.user("on")
    play.row("compaction", summary="so far", firstKeptEntryId=kept)
    play.says(text("well"))
    exchanges = play.read(tmp_path).exchanges
    assert [[each.locus.line for each in exchange.request.prefix.segments()] for exchange in exchanges] == [
        [2],
        [2, 3, 4],
        [2, 3, 6],
        [9, 8],
    ]


def test_a_branched_session_is_billed_once(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says(text("hello"))
    first = written(tmp_path / "a.jsonl", play.rows)
    play.user("more")
    play.says(text("well"))
    play.rows[0] |= {"id": "s2", "branchedFrom": "a.jsonl"}
    read = Read(first, written(tmp_path / "b.jsonl", play.rows))
    assert [len(read.drafts), len(read.exchanges), len(read.copies)] == [3, 2, 1]


def test_a_row_that_is_not_what_it_should_be_costs_nothing_else(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says(text("hello"), stop={"no": "word"})  # type: ignore[arg-type]
    play.message("toolResult", "not a list", toolCallId=5)
    play.says(text("well"), usage={"input": "many", "cost": []})
    odd, last = play.read(tmp_path).exchanges
    assert odd.response is not None
    assert odd.response.stop == ""
    assert last.usage is None
    assert last.recorded_cost is None


def test_only_a_session_header_is_recognised(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    assert Read(written(tmp_path / "a.jsonl", play.rows)).reading.recognised == {0: "pi"}
    assert "pi" not in Read(written(tmp_path / "b.jsonl", play.rows[1:])).reading.recognised.values()


@at_hand("pi")
def test_recorded_calls_and_prices_are_all_kept() -> None:
    messages = [row["message"] for line in FILE.read_text().splitlines() if (row := json.loads(line))["type"] == "message"]
    answers = [message for message in messages if message["role"] == "assistant"]
    exchanges = Read(FILE).exchanges
    assert len(exchanges) == len(answers) == 484
    recorded = sum(exchange.recorded_cost or 0 for exchange in exchanges)
    assert abs(recorded / 1e12 - sum(message["usage"]["cost"]["total"] for message in answers)) < 1e-6
    refused = [exchange for exchange in exchanges if exchange.refused]
    assert [(each.locus.line, each.response.status if each.response else None) for each in refused] == [(848, 400)]
    assert sum(Need.RESPONSE in exchange.lacks for exchange in exchanges) == sum(m["stopReason"] == "aborted" for m in answers)


@at_hand("pi")
def test_the_recorded_session_pairs_every_call_that_was_sent() -> None:
    report = audit([str(FILE)], Settings())
    found = [(finding.code, finding.cases[0].locus.line) for finding in report.findings if finding.code.startswith(("TP", "ST", "IN"))]
    assert found == [("TP018", 848)], "the provider's own 400, whose cause the stored file does not hold"


def test_what_came_between_a_call_and_its_result_is_sent_where_it_stands(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says(call("toolu_1"), stop="toolUse")
    play.message("bashExecution", command="open page.html", output="", exitCode=0)
    play.result("toolu_1")
    play.says(text("well"))
    assert [segment.locus.line for segment in play.read(tmp_path).exchanges[1].request.prefix.segments()] == [2, 3, 4, 5]


@pytest.mark.parametrize(("parted", "codes"), [(True, ["TP004"]), (False, ["TP018"])])
def test_a_refusal_that_names_a_call_confirms_the_stored_order_of_it(tmp_path: Path, parted: bool, codes: list[str]) -> None:
    play = Play()
    play.user("hi")
    play.says(call("toolu_1"), stop="toolUse")
    if parted:
        play.message("bashExecution", command="open page.html", output="", exitCode=0)
    play.result("toolu_1")
    play.says(text("well"))
    play.user("yo")
    words = "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1."
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    play.says(stop="error", usage=NOTHING, errorMessage=f"400 {json.dumps(error)}")
    report = audit([str(written(tmp_path / "session.jsonl", play.rows))], Settings())
    assert [finding.code for finding in report.findings if finding.code.startswith("TP")] == codes
