"""Content that a recorder kept back: how it is known, and what is lacking by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seamaudit.ingest.withheld import body_withheld, mark, shortened
from seamaudit.trace import Exchange, Level, Need, Withheld
from tests.ingest import test_http_recordings, test_langfuse, test_litellm, test_otlp
from tests.ingest.recordings import Read, written
from tests.ingest.test_pairs import ANSWER as GIVEN
from tests.ingest.test_pairs import ASKED

URL = "https://api.openai.com/v1/chat/completions"
ANSWER = {"model": "gpt-5.2-2025-12-11", **GIVEN}
LONG = "x" * 700 + "... (litellm_truncated skipped 4000 chars. it was long) ..." + "y" * 700


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("redacted-by-litellm", Withheld.REDACTED),
        (" __REDACTED__\n", Withheld.REDACTED),
        ("<fully masked due to failed mask function>", Withheld.REDACTED),
        ("<truncated due to size exceeding limit>", Withheld.CUT),
        ("[Redacted]", Withheld.MASKED),
        ("<MASKED>", Withheld.MASKED),
        ("REDACTED", Withheld.MASKED),
        ("*****", Withheld.MASKED),
        ("redacted", None),
        ("***", None),
        ("---", None),
        ("", None),
        ("[redacted] said he would come", None),
        ("It says __REDACTED__.", None),
        ("[removed]", None),
        ("x" * 1000 + "[REDACTED]", None),
    ],
)
def test_a_mark_is_the_whole_text(text: str, found: Withheld | None) -> None:
    assert mark(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"model":"gpt-5.2","messages":[{"role":"us', Withheld.CUT),
        ('{"a":"b', Withheld.CUT),
        ("[REDACTED]", Withheld.MASKED),
        ('{"done":false}\n{"done":true}', None),
        ('{"done":false}\n{"do', None),
        ("{oops}", None),
        ('[{"text":"a"},', None),
        ("data: {", None),
        ("<html>", None),
        ("", None),
    ],
)
def test_a_body_is_cut_where_its_one_object_never_ends(text: str, found: Withheld | None) -> None:
    assert body_withheld(text) is found


def test_a_spend_logs_own_words_show_that_it_shortened_a_text() -> None:
    assert shortened(["hi", LONG]) is Withheld.CUT
    assert shortened(["c... (litellm_truncated 12982 chars)"]) is Withheld.CUT
    assert shortened(["f'... ({LITELLM_TRUNCATED_PAYLOAD_FIELD} skipped {n} chars'", "litellm_truncated"]) is None


def one(folder: Path, record: dict[str, Any]) -> Exchange:
    (exchange,) = Read(written(folder / "log.jsonl", [record])).exchanges
    return exchange


def test_a_call_whose_request_is_cut_keeps_its_model_and_its_usage(tmp_path: Path) -> None:
    body = json.dumps(ASKED)[:50]
    found = one(tmp_path, {"request": {"url": URL, "body": body}, "response": {"status_code": 200, "body": ANSWER}})
    assert (found.request.model, found.request.withheld, found.level) == ("gpt-5.2", Withheld.CUT, Level.MESSAGES)
    assert (found.usage.input if found.usage else None, found.request.complete, found.request.offered) == (3, False, None)
    assert found.lacks[Need.PROMPT] == "the messages were cut off at a length"
    assert {Need.CACHE_CONTRACT, Need.TOOLS} <= set(found.lacks)
    assert Need.RESPONSE not in found.lacks


def test_a_request_that_is_cut_is_a_call_only_where_its_url_says_so(tmp_path: Path) -> None:
    body = json.dumps(ASKED)[:50]
    answered = {"response": {"status_code": 200, "body": ANSWER}}
    elsewhere = Read(written(tmp_path / "a.jsonl", [{"request": {"url": "https://x.test/health", "body": body}, **answered}]))
    nowhere = Read(written(tmp_path / "b.jsonl", [{"request": {"body": body}, **answered}]))
    assert (elsewhere.drafts, sum(elsewhere.reading.passed_over.values())) == ([], 1)
    assert (nowhere.drafts, [fault.cause for fault in nowhere.faults]) == ([], ["unknown_body"])


def test_an_answer_that_is_cut_lacks_what_it_said(tmp_path: Path) -> None:
    found = one(tmp_path, {"request": {"url": URL, "body": ASKED}, "response": {"status_code": 200, "body": json.dumps(ANSWER)[:60]}})
    assert found.response is not None
    assert (found.response.withheld, found.response.complete) == (Withheld.CUT, False)
    assert found.lacks[Need.RESPONSE] == "the response body was cut"
    assert Need.PROMPT not in found.lacks


def test_a_refusal_in_html_is_no_cut_body(tmp_path: Path) -> None:
    found = one(tmp_path, {"request": {"url": URL, "body": ASKED}, "response": {"status_code": 502, "body": "<html>Bad gateway</html>"}})
    assert found.response is not None
    assert found.response.withheld is None
    assert Need.RESPONSE not in found.lacks


def test_one_masked_message_is_enough_and_a_tools_own_words_are_not(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    spoken = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    masked = [{"role": "user", "content": "[REDACTED]"}, *spoken[1:]]
    told = {"role": "tool", "tool_call_id": "c1", "content": "[REDACTED]"}
    for messages, withheld in (([*spoken, told], None), ([*masked, told], Withheld.MASKED)):
        found = one(tmp_path, {"request": {"url": URL, "body": ASKED | {"messages": messages}}, "response": {"body": ANSWER}})
        assert found.request.withheld is withheld
        assert found.request.complete is (withheld is None)


@pytest.mark.parametrize(
    ("row", "prompt", "answer"),
    [
        ({"messages": "redacted-by-litellm"}, Withheld.REDACTED, None),
        ({"messages": [{"role": "user", "content": "redacted-by-litellm"}]}, Withheld.REDACTED, None),
        ({"messages": [{"role": "user", "content": LONG}]}, Withheld.CUT, None),
        ({"messages": [], "proxy_server_request": '{"litellm_truncated": true}'}, Withheld.CUT, None),
        ({"response": {"choices": [{"message": {"role": "assistant", "content": LONG}}]}}, None, Withheld.CUT),
        ({"response": {"choices": [{"message": {"role": "assistant", "content": "redacted-by-litellm"}}]}}, None, Withheld.REDACTED),
        ({}, None, None),
    ],
)
def test_litellm_says_what_it_kept_back(tmp_path: Path, row: dict[str, Any], prompt: Withheld | None, answer: Withheld | None) -> None:
    found = one(tmp_path, test_litellm.payload(**row))
    assert found.response is not None
    assert (found.request.withheld, found.response.withheld) == (prompt, answer)
    assert (Need.PROMPT in found.lacks, Need.RESPONSE in found.lacks) == (prompt is not None, answer is not None)


def test_a_trace_says_what_was_hidden_and_what_was_cut(tmp_path: Path) -> None:
    counted = {"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2}
    hidden = test_otlp.chat() | counted | {"input.value": "__REDACTED__", "output.value": "__REDACTED__"}
    found = one(tmp_path, test_otlp.export(test_otlp.span("a", hidden)))
    assert (found.request.withheld, found.response.withheld if found.response else None) == (Withheld.REDACTED, Withheld.REDACTED)
    cut = test_otlp.chat() | counted | {"gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","cont'}
    assert one(tmp_path, test_otlp.export(test_otlp.span("a", cut))).request.withheld is Withheld.CUT
    silent = test_otlp.chat() | counted
    assert one(tmp_path, test_otlp.export(test_otlp.span("a", silent))).request.withheld is None


def test_a_langfuse_input_that_was_too_large_is_cut(tmp_path: Path) -> None:
    (found,) = test_langfuse.read(tmp_path, test_langfuse.observation(input="<truncated due to size exceeding limit>")).exchanges
    assert found.request.withheld is Withheld.CUT


def test_a_proxys_body_limit_costs_the_prompt_and_not_the_call(tmp_path: Path) -> None:
    whole = test_http_recordings.entry()
    sent, got = whole["request"]["postData"]["text"], whole["response"]["content"]["text"]
    cut = {**whole, "request": {**whole["request"], "postData": {"text": sent[: len(sent) // 2]}}}
    (found,) = Read(test_http_recordings.har(tmp_path, cut)).exchanges
    assert (found.request.withheld, found.level, found.usage is not None) == (Withheld.CUT, Level.MESSAGES, True)
    answer = test_http_recordings.entry(content={"text": got[: len(got) // 2]})
    (found,) = Read(test_http_recordings.har(tmp_path, answer)).exchanges
    assert (found.request.withheld, found.response.withheld if found.response else None) == (None, Withheld.CUT)
    assert found.level is Level.WIRE
