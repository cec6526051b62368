from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.providers.models import LONGEST, bare, canonical, maker_of


@pytest.mark.parametrize(
    "spelling",
    [
        "claude-haiku-4-5",
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5@20251001",
        "anthropic/claude-haiku-4.5",
        "anthropic/claude-4.5-haiku-20251001",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1%3A0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        "publishers/anthropic/models/claude-haiku-4-5",
        "CLAUDE-HAIKU-4-5-latest",
        "claude-haiku-4-5[1m]",
    ],
)
def test_one_model_under_many_names(spelling: str) -> None:
    assert canonical(spelling) == "claude-haiku-4-5"
    assert maker_of(spelling) == "anthropic"


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
        ("anthropic/claude-3.5-sonnet", "claude-3-5-sonnet"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-35-turbo", "gpt-3.5-turbo"),
        ("gpt-5.6", "gpt-5.6-sol"),
        ("openai.gpt-5.6-luna", "gpt-5.6-luna"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("gpt-4-0613", "gpt-4-0613"),
    ],
)
def test_canonical_ids(spelling: str, expected: str) -> None:
    assert canonical(spelling) == expected


def test_dates_are_kept_where_prices_may_hang_on_them() -> None:
    assert bare("openai/gpt-4o-2024-05-13") == "gpt-4o-2024-05-13"


@pytest.mark.parametrize(
    "model", ["gpt-oss-120b", "openai/gpt-oss:20b", "llama3-8b-8192", "qwen3", "openllmetry-testing", "", "o10", "o3x"]
)
def test_open_weights_and_unknown_names_have_no_maker(model: str) -> None:
    assert maker_of(model) == ""


@pytest.mark.parametrize(("model", "maker"), [("o3", "openai"), ("o4-mini-2025-04-16", "openai"), ("gemini-3-pro-preview", "google")])
def test_closed_models_have_one(model: str, maker: str) -> None:
    assert maker_of(model) == maker


FRAGMENTS = st.sampled_from(
    [
        "us.",
        "anthropic.",
        "openai/",
        "claude",
        "-",
        "4",
        "5",
        "haiku",
        "20251001",
        "@",
        ":0",
        "-v1",
        "%3A",
        "gpt",
        "o1",
        "[1m]",
        ".",
        "\0",
        "²",
    ]
)


@given(st.lists(FRAGMENTS, max_size=12).map("".join) | st.text(max_size=2 * LONGEST))
def test_any_text_is_looked_at_and_never_grows(text: str) -> None:
    assert len(bare(text)) <= len(text.lower())
    assert maker_of(text) in ("", "anthropic", "openai", "google")
    assert bool(canonical(text)) or not maker_of(text)


def test_what_is_too_long_is_no_model() -> None:
    assert canonical("claude-opus-5" + "-x" * LONGEST) == ""


def test_a_digit_that_is_no_number_is_no_generation() -> None:
    assert canonical("claude-²-haiku") == "claude-²-haiku"
