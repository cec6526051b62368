"""The oracle's other caches against the worked examples and rules of their documents, and the replay against the oracle."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from oracle import words
from other_caches import BreakpointCache, ConverseCache, GeminiCache, Paid
from seamaudit.facts import FactBase
from seamaudit.layers.cache import CacheRead, Verdict
from seamaudit.providers.contracts import CacheMode
from tests.measured import measured

START = 1790000000.0
MARK = {"prompt_cache_breakpoint": {"mode": "explicit"}}
RULES = words(2000, "rules")


def part(text: str, *, marked: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text, **(MARK if marked else {})}


def chat(*messages: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "gpt-5.6-sol", "messages": [{"role": role, "content": content} for role, content in messages], **more}


# --- OpenAI, from GPT-5.6 on


def test_the_boundary_is_exact_and_a_write_ends_at_the_latest_user_message() -> None:
    cache = BreakpointCache()
    first = chat(("system", RULES), ("user", "What now?"))
    one = cache.pay(first, 0.0, 1.0)
    assert one == Paid(one.total, 0, one.total)
    assert one.total % 128, "no rounding to 128"
    again = chat(("system", RULES), ("user", "What now?"), ("assistant", "This."), ("user", "And then?"))
    two = cache.pay(again, 10.0, 11.0)
    assert two == Paid(two.total, one.total, two.total - one.total)


def test_below_1024_tokens_nothing_is_cached() -> None:
    cache = BreakpointCache()
    assert cache.pay(chat(("user", words(900))), 0.0, 1.0).written == 0


def test_explicit_without_a_breakpoint_is_no_caching_at_all() -> None:
    cache = BreakpointCache()
    body = chat(("system", RULES), ("user", "Hi."), prompt_cache_options={"mode": "explicit"})
    assert cache.pay(body, 0.0, 1.0).written == 0
    assert cache.pay(body, 10.0, 11.0).read == 0


def test_a_shared_prefix_without_a_breakpoint_at_its_end_is_not_read() -> None:
    cache = BreakpointCache()
    cache.pay(chat(("system", RULES), ("user", "One.")), 0.0, 1.0)
    assert cache.pay(chat(("system", RULES), ("user", "Two.")), 10.0, 11.0).read == 0
    marked = [part(RULES, marked=True)]
    cache.pay(chat(("system", marked), ("user", "Three.")), 20.0, 21.0)
    assert cache.pay(chat(("system", marked), ("user", "Four.")), 30.0, 31.0).read > 1900


def test_extending_a_message_and_turning_to_explicit_lose_the_entry() -> None:
    cache = BreakpointCache()
    cache.pay(chat(("system", RULES), ("user", [part("One.")])), 0.0, 1.0)
    assert cache.pay(chat(("system", RULES), ("user", [part("One."), part("More.")])), 10.0, 11.0).read == 0
    turned = chat(("system", RULES), ("user", [part("One.")]), prompt_cache_options={"mode": "explicit"})
    assert cache.pay(turned, 20.0, 21.0).read == 0


def test_four_writes_at_most_three_of_them_explicit() -> None:
    cache = BreakpointCache()
    parts = [part(words(1100, n), marked=True) for n in range(5)]
    cache.pay(chat(("user", [*parts, part("Go.")])), 0.0, 1.0)
    assert len(cache.entries) == 4


def test_an_entry_lives_half_an_hour_from_the_last_use() -> None:
    cache = BreakpointCache()
    body = chat(("system", RULES), ("user", "Hi."))
    total = cache.pay(body, 0.0, 1.0).total
    assert cache.pay(body, 1700.0, 1701.0).read == total
    assert cache.pay(body, 3400.0, 3401.0).read == total
    assert cache.pay(body, 5300.0, 5301.0).read == 0


def test_twenty_message_ends_before_the_latest_are_looked_at() -> None:
    def turns(count: int) -> list[tuple[str, str]]:
        return [("system", RULES), *((role, f"{role} {n}") for n in range(count) for role in ("user", "assistant")), ("user", "last")]

    def read(later: int) -> int:
        cache = BreakpointCache()
        cache.pay(chat(*turns(0)[:-1], ("user", "user 0")), 0.0, 1.0)
        return cache.pay(chat(*turns(later)), 10.0, 11.0).read

    assert read(20) > 0
    assert read(21) == 0


# --- Gemini


def gemini(*texts: str, **more: Any) -> dict[str, Any]:
    contents = [{"role": "model" if at % 2 else "user", "parts": [{"text": text}]} for at, text in enumerate(texts)]
    return {"systemInstruction": {"parts": [{"text": words(5000, "gemini")}]}, "contents": contents, **more}


def test_what_is_held_is_read_whole_and_not_kept_longer_by_reads() -> None:
    cache = GeminiCache()
    held = cache.hold("cachedContents/1", words(6000, "held"), 0.0)
    body = {"contents": [{"role": "user", "parts": [{"text": "What does it say?"}]}], "cachedContent": "cachedContents/1"}
    assert cache.pay(body, 10.0, 11.0).read == cache.pay(body, 3000.0, 3001.0).read == held
    with pytest.raises(KeyError):
        cache.pay(body, 3700.0, 3701.0)


def test_a_content_below_the_minimum_is_refused_in_the_providers_words() -> None:
    with pytest.raises(ValueError, match="Cached content is too small"):
        GeminiCache().hold("cachedContents/1", words(1000), 0.0)


def test_an_implicit_prefix_below_the_minimum_is_never_read() -> None:
    cache = GeminiCache()
    short = {"contents": [{"role": "user", "parts": [{"text": words(3000)}]}]}
    cache.pay(short, 0.0, 1.0)
    assert cache.pay(short, 10.0, 11.0).read == 0
    long = gemini("Hi.")
    total = cache.pay(long, 20.0, 21.0).total
    assert cache.pay(gemini("Hi.", "Hello.", "And?"), 30.0, 31.0).read == total


# --- Bedrock

POINT = {"cachePoint": {"type": "default"}}


def converse(*blocks: Any, system: list[Any] | None = None) -> dict[str, Any]:
    return {"system": system or [], "messages": [{"role": "user", "content": list(blocks)}]}


def test_a_cache_point_marks_the_block_before_it_and_is_none_itself() -> None:
    cache, claude = ConverseCache(), "anthropic.claude-sonnet-4-5-20250929-v1:0"
    rules = {"text": RULES}
    first = cache.pay(claude, converse({"text": "One."}, system=[rules, POINT]), 0.0, 1.0)
    assert first.written == first.total - 1
    bare = cache.pay(claude, converse({"text": "Two."}, POINT, system=[rules]), 10.0, 11.0)
    assert bare.read == first.written, "the point is no part of the key, and looks back"


def test_nova_finds_only_what_ends_at_its_points() -> None:
    cache, nova = ConverseCache(), "amazon.nova-pro-v1:0"
    rules = {"text": RULES}
    cache.pay(nova, converse({"text": "One."}, system=[rules, POINT]), 0.0, 1.0)
    assert cache.pay(nova, converse({"text": "Two."}, POINT, system=[rules]), 10.0, 11.0).read == 0
    assert cache.pay(nova, converse({"text": "Three."}, system=[rules, POINT]), 20.0, 21.0).read > 1900


# --- the replay against all of them


class Trace:
    """A file of records, each paid for by an oracle."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lines: list[str] = []

    def add(self, body: dict[str, Any], usage: dict[str, Any], at: float, answer: dict[str, Any]) -> None:
        sent = {"method": "POST", "url": self.url, "body": copy.deepcopy(body)}
        got = {"status_code": 200, "headers": {}, "body": {**answer, **usage}}
        record = {"conversation": "c", "n": len(self.lines), "timestamp": START + at, "request": sent, "response": got, "duration": 1.0}
        self.lines.append(json.dumps(record))

    def measured(self, folder: Path) -> FactBase:
        path = folder / "trace.jsonl"
        path.write_text("\n".join(self.lines) + "\n")
        return measured(path)


def exact(facts: FactBase) -> list[tuple[int, int]]:
    """(predicted, reported) of each request after the first, all of them exact."""
    first, *reads = facts.rows(CacheRead)
    assert first.verdict in (Verdict.COLD, Verdict.MORE_THAN_PREDICTED)
    assert {read.verdict for read in reads} <= {Verdict.EXACT, Verdict.COLD}
    return [(read.predicted, read.reported) for read in reads]


def test_the_replay_agrees_with_breakpoint_caches_to_the_token(tmp_path: Path) -> None:
    cache, trace = BreakpointCache(), Trace("https://api.openai.com/v1/chat/completions")
    messages: list[dict[str, Any]] = [{"role": "system", "content": [part(RULES, marked=True)]}]
    for turn in range(6):
        messages.append({"role": "user", "content": f"Question {turn}: " + words(30, turn)})
        body = {"model": "gpt-5.6-sol", "messages": messages}
        paid = cache.pay(body, START + 20.0 * turn, START + 20.0 * turn + 1)
        details = {"cached_tokens": paid.read, "cache_write_tokens": paid.written}
        usage = {"usage": {"prompt_tokens": paid.total, "completion_tokens": 9, "prompt_tokens_details": details}}
        reply = {"role": "assistant", "content": f"Answer {turn}: " + words(20, f"a{turn}")}
        trace.add(
            body, usage, 20.0 * turn, {"id": f"x{turn}", "model": "gpt-5.6-sol", "choices": [{"message": reply, "finish_reason": "stop"}]}
        )
        messages.append(reply)
    facts = trace.measured(tmp_path)
    assert {read.mode for read in facts.rows(CacheRead)} == {CacheMode.IMPLICIT_BREAKPOINTS}
    assert [reported > 1900 for _, reported in exact(facts)] == [True] * 5


def test_the_replay_agrees_with_cache_points_of_claude_and_nova(tmp_path: Path) -> None:
    for model in ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.amazon.nova-pro-v1:0"):
        cache, trace = ConverseCache(), Trace(f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{model}/converse")
        history: list[dict[str, Any]] = []
        for turn in range(5):
            history.append({"role": "user", "content": [{"text": f"Question {turn}: " + words(30, turn)}]})
            body = {"system": [{"text": RULES}, POINT], "messages": history}
            paid = cache.pay(model, body, START + 20.0 * turn, START + 20.0 * turn + 1)
            usage = {
                "inputTokens": paid.total - paid.read - paid.written,
                "outputTokens": 9,
                "totalTokens": paid.total + 9,
                "cacheReadInputTokens": paid.read,
                "cacheWriteInputTokens": paid.written,
            }
            reply = {"role": "assistant", "content": [{"text": f"Answer {turn}"}]}
            trace.add(body, {"usage": usage}, 20.0 * turn, {"output": {"message": reply}, "stopReason": "end_turn"})
            history.append(reply)
        folder = tmp_path / model.replace(":", "_")
        folder.mkdir()
        facts = trace.measured(folder)
        assert [reported > 1900 for _, reported in exact(facts)] == [True] * 4
        assert {read.documented for read in facts.rows(CacheRead)} == {"nova" not in model}


def test_the_replay_agrees_with_what_gemini_holds_and_shares(tmp_path: Path) -> None:
    url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.1-pro-preview:generateContent"
    cache, trace = GeminiCache(), Trace(url)
    texts: list[str] = []
    for turn in range(4):
        texts += [f"Question {turn}"]
        body = gemini(*texts)
        paid = cache.pay(body, START + 20.0 * turn, START + 20.0 * turn + 1)
        trace.add(body, _gemini_usage(paid), 20.0 * turn, _gemini_answer(turn))
        texts += [f"Answer {turn}"]
    reads = trace.measured(tmp_path).rows(CacheRead)
    assert [abs(read.predicted - read.reported) <= read.total // 100 for read in reads] == [True] * 4
    assert not any(read.documented for read in reads), "Google does not say where an implicit prefix ends"


def test_the_replay_knows_a_held_content_by_its_name(tmp_path: Path) -> None:
    url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.1-pro-preview:generateContent"
    cache, trace = GeminiCache(), Trace(url)
    cache.hold("cachedContents/1", words(6000, "held"), START)
    for turn in range(3):
        body = {"contents": [{"role": "user", "parts": [{"text": f"Question {turn}"}]}], "cachedContent": "cachedContents/1"}
        paid = cache.pay(body, START + 20.0 * turn, START + 20.0 * turn + 1)
        trace.add(body, _gemini_usage(paid), 20.0 * turn, _gemini_answer(turn))
    reads = exact(trace.measured(tmp_path))
    assert len(reads) == 2
    assert all(predicted == reported > 4096 for predicted, reported in reads)


def _gemini_usage(paid: Paid) -> dict[str, Any]:
    return {
        "usageMetadata": {
            "promptTokenCount": paid.total,
            "candidatesTokenCount": 9,
            "totalTokenCount": paid.total + 9,
            **({"cachedContentTokenCount": paid.read} if paid.read else {}),
        }
    }


def _gemini_answer(turn: int) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": f"Answer {turn}"}]}, "finishReason": "STOP"}]}
