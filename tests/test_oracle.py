"""The oracle against the worked examples of the provider documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oracle import Recorder, block_tokens, positions, text, thinking, tokens, tool, use, words
from provider_cache import AnthropicCache, Bill, OpenAICache, bill

SONNET = "claude-sonnet-4-5-20250929"
BLOCK = words(300, "block")


def body(count: int, marks: dict[int, str], model: str = SONNET, start: int = 1) -> dict[str, Any]:
    """A prompt of `count` text positions of about 300 tokens; `marks` puts a marker of a life at a 1-based position."""
    blocks = [text(f"{number}. {BLOCK}", cache=marks.get(number, "")) for number in range(start, start + count)]
    return {"model": model, "messages": [{"role": "user", "content": blocks}]}


def test_the_tokenizer_is_additive_and_counts_utf8() -> None:
    assert [tokens(""), tokens("a"), tokens("abcd"), tokens("abcde"), tokens("äöü")] == [0, 1, 1, 2, 2]
    assert block_tokens(text("abcde", cache="1h")) == block_tokens(text("abcde")) == 2


def test_lookback_reaches_19_positions_back_and_no_further() -> None:
    """The document's example: written at 10 and 15; 34 still finds 15, 35 looks at 35 to 16 and misses it."""

    def reads(last: int) -> int:
        cache = AnthropicCache()
        cache.bill(body(10, {10: "5m"}), 0.0, 1.0)
        assert cache.bill(body(15, {15: "5m"}), 10.0, 11.0).read == size(10)
        return cache.bill(body(last, {last: "5m"}), 20.0, 21.0).read

    def size(count: int) -> int:
        return positions(body(count, {}), collapse=False)[-1].tokens

    assert reads(16) == size(15)
    assert reads(34) == size(15)
    assert reads(35) == 0


def test_the_search_resumes_at_the_next_lower_breakpoint() -> None:
    cache = AnthropicCache()
    cache.bill(body(15, {15: "5m"}), 0.0, 1.0)
    paid = cache.bill(body(60, {20: "5m", 60: "5m"}), 10.0, 11.0)
    assert paid.read == positions(body(15, {}), collapse=False)[-1].tokens
    assert paid.read + paid.write_5m == positions(body(60, {}), collapse=False)[-1].tokens


def test_nothing_is_written_below_a_breakpoint() -> None:
    """Reads find entries that were written, not text that was stable."""
    cache = AnthropicCache()
    cache.bill(body(12, {12: "5m"}), 0.0, 1.0)
    changed = body(12, {12: "5m"})
    changed["messages"][0]["content"][11]["text"] += " changed"
    assert cache.bill(changed, 10.0, 11.0).read == 0


def test_a_run_of_tool_results_is_one_position_since_september_2026() -> None:
    def turn(count: int) -> dict[str, Any]:
        calls = [use("ls", {"path": str(number)}, id=f"toolu_{number}") for number in range(count)]
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "x"} for call in calls]
        return {
            "model": SONNET,
            "messages": [
                {"role": "user", "content": [text(words(1200))]},
                {"role": "assistant", "content": calls},
                {"role": "user", "content": results},
            ],
        }

    assert positions(turn(30), collapse=True)[-1].number == 3
    assert positions(turn(30), collapse=False)[-1].number == 61


@pytest.mark.parametrize(
    ("a", "b", "c", "total", "expected"),
    [
        (1000, 1000, 1800, 2000, Bill(read=1000, write_1h=0, write_5m=800, plain=200)),
        (1000, 1500, 1800, 2000, Bill(read=1000, write_1h=500, write_5m=300, plain=200)),
        (0, 1500, 1800, 2000, Bill(read=0, write_1h=1500, write_5m=300, plain=200)),
        (1800, 1800, 1800, 2000, Bill(read=1800, write_1h=0, write_5m=0, plain=200)),
    ],
)
def test_mixed_lives_are_billed_by_a_b_c(a: int, b: int, c: int, total: int, expected: Bill) -> None:
    assert bill(a, b, c, total) == expected
    assert expected.total == total


def test_a_long_lived_head_and_a_short_lived_tail() -> None:
    cache = AnthropicCache()
    at = [position.tokens for position in positions(body(12, {}), collapse=False)]
    first = cache.bill(body(10, {5: "1h", 10: "5m"}), 0.0, 1.0)
    assert first == Bill(read=0, write_1h=at[4], write_5m=at[9] - at[4], plain=0)
    after_six_minutes = cache.bill(body(12, {5: "1h", 12: "5m"}), 360.0, 361.0)
    assert after_six_minutes == Bill(read=at[4], write_1h=0, write_5m=at[11] - at[4], plain=0)


@pytest.mark.parametrize(
    ("model", "least"), [(SONNET, 1024), ("claude-opus-4-5-20251101", 4096), ("claude-haiku-4-5", 4096), ("claude-opus-5", 512)]
)
def test_a_prefix_below_the_minimum_is_silently_not_cached(model: str, least: int) -> None:
    def one(size: int) -> dict[str, Any]:
        return {"model": model, "messages": [{"role": "user", "content": [text("x" * 4 * size, cache="5m")]}]}

    cache = AnthropicCache()
    assert cache.bill(one(least - 1), 0.0, 1.0) == Bill(read=0, write_5m=0, write_1h=0, plain=least - 1)
    assert cache.bill(one(least - 1), 10.0, 11.0).read == 0
    assert cache.bill(one(least), 20.0, 21.0).write_5m == least
    assert cache.bill(one(least), 30.0, 31.0).read == least


def test_an_entry_is_readable_once_the_first_answer_begins() -> None:
    cache = AnthropicCache()
    prompt = body(5, {5: "5m"})
    assert cache.bill(prompt, 0.0, 2.0).write_5m > 0
    assert cache.bill(prompt, 1.0, 3.0).write_5m > 0
    assert cache.bill(prompt, 2.5, 4.0).read > 0


def test_an_entry_lives_from_the_start_of_the_request_that_touched_it() -> None:
    cache = AnthropicCache()
    prompt = body(5, {5: "5m"})
    cache.bill(prompt, 0.0, 240.0)
    assert cache.bill(prompt, 299.0, 300.0).read > 0
    assert cache.bill(prompt, 599.0, 600.0).read > 0
    assert cache.bill(prompt, 900.0, 901.0).read == 0


def test_a_read_refreshes_only_the_entry_it_found() -> None:
    cache = AnthropicCache()
    cache.bill(body(8, {4: "5m", 8: "5m"}), 0.0, 1.0)
    cache.bill(body(8, {8: "5m"}), 200.0, 201.0)
    assert cache.bill(body(4, {4: "5m"}), 400.0, 401.0).read == 0


def test_markers_are_no_part_of_the_key_and_tool_choice_is_of_the_messages() -> None:
    cache = AnthropicCache()
    prompt = body(5, {5: "5m"}) | {"system": [text(BLOCK * 5, cache="5m")]}
    cache.bill(prompt, 0.0, 1.0)
    moved = body(6, {6: "5m"}) | {"system": [text(BLOCK * 5)]}
    assert cache.bill(moved, 10.0, 11.0).read == positions(prompt, collapse=False)[-1].tokens
    forced = prompt | {"tool_choice": {"type": "any"}}
    assert cache.bill(forced, 20.0, 21.0).read == positions(prompt, collapse=False)[0].tokens


def test_caches_are_apart_by_model_and_workspace() -> None:
    cache = AnthropicCache()
    cache.bill(body(5, {5: "5m"}), 0.0, 1.0)
    assert cache.bill(body(5, {5: "5m"}, model="claude-sonnet-4-6"), 10.0, 11.0).read == 0
    assert cache.bill(body(5, {5: "5m"}), 10.0, 11.0, workspace="other").read == 0
    assert cache.bill(body(5, {5: "5m"}), 12.0, 13.0).read > 0


def test_the_automatic_marker_stands_on_the_last_block() -> None:
    cache = AnthropicCache()
    prompt = body(5, {}) | {"cache_control": {"type": "ephemeral"}}
    assert cache.bill(prompt, 0.0, 1.0).plain == 0
    assert cache.bill(body(6, {}) | {"cache_control": {"type": "ephemeral"}}, 10.0, 11.0).read > 0


def chat(*contents: str, model: str = "gpt-5.2") -> dict[str, Any]:
    """A Chat Completions body of user messages."""
    return {"model": model, "messages": [{"role": "user", "content": content} for content in contents]}


def test_openai_serves_steps_of_128_from_1024_on() -> None:
    cache = OpenAICache()
    total, cached = cache.read(chat(words(2000)), 0.0, 1.0)
    assert cached == 0
    again, cached = cache.read(chat(words(2000), "and now?"), 10.0, 11.0)
    assert again > total
    assert cached == total // 128 * 128
    short = OpenAICache()
    short.read(chat(words(900)), 0.0, 1.0)
    assert short.read(chat(words(900)), 10.0, 11.0)[1] == 0


def test_openai_shares_up_to_the_first_different_byte() -> None:
    cache = OpenAICache()
    cache.read(chat(words(3000) + " Monday"), 0.0, 1.0)
    _, cached = cache.read(chat(words(3000) + " Tuesday"), 10.0, 11.0)
    assert 2900 < cached <= 3072
    assert cached % 128 == 0


def test_openai_forgets_after_five_idle_minutes_and_keeps_models_apart() -> None:
    cache = OpenAICache()
    cache.read(chat(words(2000)), 0.0, 1.0)
    assert cache.read(chat(words(2000), model="gpt-5.1"), 10.0, 11.0)[1] == 0
    assert cache.read(chat(words(2000)), 290.0, 291.0)[1] > 0
    assert cache.read(chat(words(2000)), 580.0, 581.0)[1] > 0
    assert cache.read(chat(words(2000)), 900.0, 901.0)[1] == 0


@pytest.mark.parametrize("api", ["anthropic", "chat", "responses"])
def test_a_conversation_bills_what_it_sent(api: str) -> None:
    rec = Recorder(seed=3)
    conversation = getattr(rec, api)("c", tools=[tool("ls", "List.", {"path": {"type": "string"}})], moving="5m")
    conversation.user(words(2000))
    first = conversation.call([thinking("hm"), text("Look."), use("ls", {"path": "."})])
    assert first.calls == conversation.pending
    conversation.results("a b c")
    second = conversation.call("Done.", expect=["CA001"])
    usage = second.data["response"]["body"]["usage"]
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    assert (usage.get("cache_read_input_tokens") or details["cached_tokens"]) > 1900
    assert second.data["_expect"] == ["CA001"]
    assert [record["n"] for record in rec.records] == [0, 1]


def test_files_are_deterministic_and_raw_lines_have_a_sidecar(tmp_path: Path) -> None:
    def make(path: Path) -> bytes:
        rec = Recorder(seed=5)
        conversation = rec.anthropic("c", system="S")
        conversation.user("Hi.").call("Hello.", stream=True, cut=-1)
        rec.raw('{"request": ', expect=["IN001"])
        rec.write(path)
        return path.read_bytes()

    assert make(tmp_path / "bad.jsonl") == make(tmp_path / "again.jsonl")
    assert json.loads((tmp_path / "bad.expect.json").read_text()) == {"2": ["IN001"]}
    assert "message_stop" not in json.loads((tmp_path / "bad.jsonl").read_text().splitlines()[0])["response"]["body_raw"]
