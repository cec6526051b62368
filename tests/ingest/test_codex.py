"""Codex rollouts: which counts are calls, what forks repeat, and what a compaction leaves of a prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seamaudit.trace import Need
from tests.ingest.recordings import Read, told, written
from tests.ingest.test_truth import FOLDER


class Play:
    """A rollout as it is written, a second a row."""

    def __init__(self, **meta: Any) -> None:
        self.rows: list[dict[str, Any]] = []
        self.row("session_meta", id="s1", model_provider="openai", **meta)
        self.row("turn_context", model="gpt-5.1-codex")
        self._total = 0

    def row(self, kind: str, **payload: Any) -> None:
        at = f"2026-05-28T20:{len(self.rows) // 60:02}:{len(self.rows) % 60:02}.000Z"
        self.rows.append({"timestamp": at, "type": kind, "payload": payload})

    def item(self, kind: str, **payload: Any) -> None:
        self.row("response_item", type=kind, **payload)

    def user(self, text: str) -> None:
        self.item("message", role="user", content=[{"type": "input_text", "text": text}])

    def says(self, text: str) -> None:
        self.item("message", role="assistant", content=[{"type": "output_text", "text": text}])

    def counts(self, sent: int = 100, read: int = 0, total: int | None = None) -> None:
        self._total = self._total + sent + 5 if total is None else total
        last = {
            "input_tokens": sent,
            "cached_input_tokens": read,
            "output_tokens": 5,
            "reasoning_output_tokens": 0,
            "total_tokens": sent + 5,
        }
        self.row("event_msg", type="token_count", info={"total_token_usage": {"total_tokens": self._total}, "last_token_usage": last})

    def event(self, kind: str, **payload: Any) -> None:
        self.row("event_msg", type=kind, **payload)

    def read(self, folder: Path) -> Read:
        return Read(written(folder / "rollout.jsonl", self.rows))


def test_counts_that_come_after_the_results_belong_to_the_call_before(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.item("function_call", call_id="c1", name="shell", arguments="{}")
    play.item("function_call_output", call_id="c1", output="done")
    play.counts(100)
    play.says("well")
    play.counts(200)
    exchanges = play.read(tmp_path).exchanges
    assert [exchange.usage.input if exchange.usage else None for exchange in exchanges] == [100, 200]
    assert told(exchanges[1]) == ["user text", "assistant tool_call c1", "tool tool_result c1"]


def test_a_count_that_is_told_again_is_no_call(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("well")
    play.counts(100)
    play.counts(100, total=105)
    play.event("token_count", info=None)
    assert len(play.read(tmp_path).exchanges) == 1


def test_a_count_without_items_is_the_call_that_wrote_a_summary(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("well")
    play.counts(100)
    play.counts(5000)
    history = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "so far"}]}]
    play.row("compacted", message="so far", replacement_history=history)
    play.user("on")
    play.says("fine")
    play.counts(50)
    exchanges = play.read(tmp_path).exchanges
    assert [(each.side, each.intended, Need.PROMPT in each.lacks) for each in exchanges] == [
        ("", "", False),
        ("compaction", "", True),
        ("", "compaction", False),
    ]
    assert told(exchanges[2]) == ["user text", "user text"]


def test_a_compaction_of_an_older_version_leaves_the_prompt_unknown(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("well")
    play.counts(100)
    play.row("compacted", message="so far")
    play.user("on")
    play.says("fine")
    play.counts(50)
    assert [Need.PROMPT in exchange.lacks for exchange in play.read(tmp_path).exchanges] == [False, True]


def test_a_call_that_broke_off_is_one_without_usage(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.says("wel")
    play.event("turn_aborted", reason="interrupted")
    play.user("again")
    play.says("well")
    play.counts(9)
    exchanges = play.read(tmp_path).exchanges
    assert [(Need.RESPONSE in each.lacks, Need.USAGE in each.lacks) for each in exchanges] == [(True, True), (False, False)]


def test_attempts_that_failed_are_told_with_their_number(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.event("stream_error", message="stream error: exceeded retry limit, last status: 429 Too Many Requests; retrying 1/5 in 200ms…")
    play.says("well")
    play.counts(9)
    play.event("error", message="You've hit your usage limit.", codex_error_info="usage_limit_exceeded")
    play.event("error", message="no such file")
    failed, answered, gave_up = play.read(tmp_path).exchanges
    assert failed.response is not None
    assert failed.attempt is not None
    assert (failed.response.status, failed.attempt.number, failed.attempt.limit, failed.attempt.wait) == (429, 1, 5, 0.2)
    assert not answered.refused
    assert gave_up.response is not None
    assert (gave_up.response.status, gave_up.response.error_type) == (None, "usage_limit_exceeded")


def test_what_a_fork_copied_is_not_counted_again() -> None:
    parent, fork = Read(FOLDER / "codex" / "rollout.jsonl"), Read(FOLDER / "codex" / "fork.jsonl")
    assert (len(parent.exchanges), len(fork.exchanges)) == (3, 0)


@pytest.mark.parametrize(("source", "side"), [("cli", ""), ({"subagent": "review"}, "subagent")])
def test_a_sub_agents_file_says_so(tmp_path: Path, source: Any, side: str) -> None:
    play = Play(source=source)
    play.user("hi")
    play.says("well")
    play.counts(9)
    (exchange,) = play.read(tmp_path).exchanges
    assert (exchange.side, exchange.attribution.agent) == (side, "review" if side else "")


def test_a_custom_tools_input_is_text_and_not_broken_json(tmp_path: Path) -> None:
    play = Play()
    play.user("hi")
    play.item("reasoning", summary=[{"type": "summary_text", "text": "think"}], encrypted_content="x")
    play.item("custom_tool_call", call_id="c1", name="apply_patch", input="*** Begin Patch", status="completed")
    play.counts(9)
    play.item("custom_tool_call_output", call_id="c1", output="done")
    play.says("well")
    play.counts(9)
    first, second = play.read(tmp_path).exchanges
    assert first.response is not None
    assert [(call.id, call.name, call.state.value) for call in first.response.calls] == [("c1", "apply_patch", "parsed")]
    assert told(second) == ["user text", "assistant thinking", "assistant tool_call c1", "tool tool_result c1"]


def test_where_only_totals_are_told_a_call_is_what_they_grew_by(tmp_path: Path) -> None:
    play = Play()
    for total in (500, 800):
        play.user("hi")
        play.says("well")
        play.event(
            "token_count", info={"total_token_usage": {"input_tokens": total, "cached_input_tokens": 0, "output_tokens": total // 10}}
        )
    used = [exchange.usage for exchange in play.read(tmp_path).exchanges]
    assert [(each.input, each.output) for each in used if each] == [(500, 50), (300, 30)]
