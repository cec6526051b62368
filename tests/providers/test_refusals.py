"""Error texts to causes: by the parts that stay, with places, ids and counts; never the text."""

from __future__ import annotations

import pytest

from seamaudit.providers.refusals import FAMILIES, WORDINGS, RefusalKind, explain
from seamaudit.trace import Refusal


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (
            "messages.236: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_019t.",
            Refusal("call_without_result", "/messages/236", ("toolu_019t",)),
        ),
        (
            "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each",
            Refusal("result_without_call", "/messages/2/content/1", ("toolu_1",)),
        ),
        ("No tool output found for function call call_9.", Refusal("call_without_result", ids=("call_9",))),
        ("prompt is too long: 3333404 tokens > 200000 maximum", Refusal("window_exceeded", tokens=3333404, limit=200000)),
        ("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", Refusal("window_exceeded", "", (), 210000, 200000)),
        (
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens.",
            Refusal("window_exceeded", tokens=8227, limit=8192),
        ),
        (
            "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
            Refusal("window_exceeded", tokens=1200293, limit=1048576),
        ),
    ],
)
def test_a_known_text_becomes_a_code_a_place_ids_and_counts(text: str, refusal: Refusal) -> None:
    assert explain(text) == refusal


def test_backticks_and_prefixes_may_vary() -> None:
    assert explain("tool_use ids were found without tool_result blocks") == Refusal("call_without_result")


def test_what_nobody_wrote_down_is_not_explained() -> None:
    assert explain("temperature: range 0..1", "invalid_request_error") is None


def test_a_code_can_say_it_alone() -> None:
    assert explain("Too much.", "invalid_request_error", "context_length_exceeded") == Refusal("window_exceeded")


def test_numbers_without_digits_are_no_counts() -> None:
    assert explain("prompt is too long: ,, tokens > , maximum") == Refusal("window_exceeded")


def test_every_kind_has_a_family_and_words_of_its_own() -> None:
    assert set(FAMILIES) == set(RefusalKind) == {word.kind for word in WORDINGS}
    assert all(explain(" ".join(word.parts)) for word in WORDINGS)
