from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from seamaudit.providers import cache_facts, model_facts
from seamaudit.providers.contracts import (
    CacheContract,
    CacheMode,
    StopKind,
    cache_contract,
    context_window,
    enforces_output_cap,
    pairing_contract,
    stop_contract,
)
from seamaudit.providers.rows import ALWAYS, Row, day_of, find
from seamaudit.trace import Zone


def at(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


NOW = at(2026, 11, 20)


def known(provider: str, model: str, platform: str, when: float | None = NOW, api: str = "") -> CacheContract:
    contract = cache_contract(provider, model, platform, when, api)
    assert contract is not None, model
    return contract


# Least tokens that are cached (prompt-caching page, November 2026); True where documents disagree or none says.
MINIMUMS = [
    ("claude-opus-5", 512, False),
    ("claude-fable-5", 512, False),
    ("claude-fable-5-1", 512, False),
    ("claude-mythos-5-1", 512, False),
    ("claude-haiku-5-5", 512, False),
    ("claude-opus-5-5", 512, False),
    ("claude-sonnet-5-5", 512, False),
    ("claude-fable-5-2", 512, True),
    ("claude-mythos-5-2", 512, True),
    ("claude-opus-4-8", 1024, False),
    ("claude-sonnet-5", 1024, False),
    ("claude-sonnet-4-6", 1024, True),
    ("claude-sonnet-4-5-20250929", 1024, False),
    ("claude-opus-4-1", 1024, False),
    ("claude-sonnet-4-20250514", 1024, False),
    ("claude-opus-4-7", 2048, False),
    ("claude-opus-4-6", 4096, False),
    ("claude-opus-4-5", 4096, False),
    ("claude-haiku-4-5-20251001", 4096, False),
    ("claude-3-5-haiku-20241022", 2048, False),
]


@pytest.mark.parametrize(("model", "minimum", "uncertain"), MINIMUMS)
def test_least_tokens_anthropic_caches(model: str, minimum: int, uncertain: bool) -> None:
    contract = known("anthropic", model, "claude_api")
    assert contract.minimum_tokens == minimum
    assert ("minimum_tokens" in contract.uncertain) is uncertain


def test_anthropic_caches_at_markers() -> None:
    contract = known("anthropic", "claude-opus-5", "claude_api")
    assert contract.mode is CacheMode.EXPLICIT
    assert (contract.lookback, contract.max_breakpoints, contract.step) == (20, 4, 1)
    assert dict(contract.ttl_seconds) == {"5m": 300.0, "1h": 3600.0}
    assert contract.default_ttl == "5m"
    assert contract.refresh_on_read and contract.write_charged and contract.automatic
    assert contract.isolation == "workspace"


@pytest.mark.parametrize(
    ("platform", "when", "collapses", "certain"),
    [
        ("claude_api", at(2026, 7, 1), False, True),
        ("claude_api", at(2026, 9, 1), True, False),
        ("claude_api", at(2026, 10, 15), True, True),
        ("claude_api", None, True, True),
        ("bedrock", at(2026, 7, 1), False, True),
        ("bedrock", at(2026, 10, 15), False, False),
        ("vertex", at(2026, 10, 15), False, False),
    ],
)
def test_runs_of_calls_count_as_one_position_by_platform_and_date(
    platform: str, when: float | None, collapses: bool, certain: bool
) -> None:
    provider = {"bedrock": "aws", "vertex": "google"}.get(platform, "anthropic")
    contract = known(provider, "claude-opus-4-8", platform, when)
    assert contract.run_collapse is collapses
    assert ("run_collapse" not in contract.uncertain) is certain


def test_what_parameters_invalidate_at_anthropic() -> None:
    contract = known("anthropic", "claude-opus-5", "claude_api")
    assert contract.invalidates["tool_choice"] is Zone.MESSAGES
    assert contract.invalidates["thinking"] is Zone.MESSAGES
    assert contract.invalidates["speed"] is Zone.SYSTEM
    assert "invalidates.thinking" in contract.uncertain
    assert "invalidates.tool_choice" not in contract.uncertain
    assert "max_tokens" not in contract.invalidating_params


@pytest.mark.parametrize("model", ["gpt-4o-2024-08-06", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5.2", "gpt-5.4", "o4-mini"])
def test_openai_cached_in_steps(model: str) -> None:
    contract = known("openai", model, "openai")
    assert contract.mode is CacheMode.IMPLICIT_STEP
    assert (contract.minimum_tokens, contract.step) == (1024, 128)
    assert not contract.write_charged
    assert contract.invalidates["reasoning_effort"] is Zone.TOOLS


@pytest.mark.parametrize("model", ["gpt-5.6", "gpt-5.6-luna", "gpt-6-sol", "gpt-6.1-terra"])
def test_openai_caches_at_breakpoints_since_5_6(model: str) -> None:
    contract = known("openai", model, "openai")
    assert contract.mode is CacheMode.IMPLICIT_BREAKPOINTS
    assert (contract.minimum_tokens, contract.step, contract.max_breakpoints) == (1024, 1, 4)
    assert contract.write_charged
    assert contract.ttl_seconds[contract.default_ttl] == 1800.0
    assert "lookback" in contract.uncertain


@pytest.mark.parametrize(
    ("provider", "model", "platform"),
    [
        ("anthropic", "claude-opus-9", "claude_api"),
        ("openai", "gpt-4-0613", "openai"),
        ("openai", "gpt-3.5-turbo", "openai"),
        ("google", "gemini-2.0-flash", "vertex"),
        ("aws", "amazon.titan-text-express-v1", "bedrock"),
        ("openrouter", "anthropic/claude-haiku-4.5", "openrouter.ai"),
        ("together", "deepseek-chat", "api.together.xyz"),
        ("azure", "our-chat-deployment", "azure"),
        ("unknown", "claude-opus-5", "gateway.example"),
    ],
)
def test_no_contract_where_none_is_known(provider: str, model: str, platform: str) -> None:
    assert cache_contract(provider, model, platform, NOW) is None


def test_a_gateway_that_speaks_the_makers_language_is_taken_to_pass_on_but_uncertain() -> None:
    contract = known("unknown", "claude-opus-5", "gateway.example", api="anthropic.messages")
    assert "platform" in contract.uncertain
    assert cache_contract("unknown", "claude-opus-5", "gateway.example", NOW, "openai.chat") is None


def test_before_there_was_a_cache_there_is_no_contract() -> None:
    assert cache_contract("anthropic", "claude-3-5-sonnet-20240620", "claude_api", at(2024, 7, 1)) is None
    assert cache_contract("anthropic", "claude-3-5-sonnet-20240620", "claude_api", at(2024, 12, 1)) is not None


def test_automatic_markers_are_refused_by_older_models_on_bedrock() -> None:
    assert not known("aws", "us.anthropic.claude-opus-4-6-v1:0", "bedrock").automatic
    assert known("aws", "us.anthropic.claude-opus-4-7-v1:0", "bedrock").automatic


def test_clouds_have_minimums_and_borders_of_their_own() -> None:
    contract = known("aws", "us.anthropic.claude-opus-5", "bedrock")
    assert {"minimum_tokens", "lookback"} <= contract.uncertain
    assert contract.isolation == "organisation"
    assert "platform" in known("azure", "gpt-4o", "azure").uncertain


@pytest.mark.parametrize(
    ("provider", "model", "context", "max_output"),
    [
        ("anthropic", "claude-opus-5", 1_000_000, 128_000),
        ("anthropic", "claude-haiku-4-5", 200_000, 64_000),
        ("anthropic", "claude-sonnet-4-5-20250929", 200_000, 64_000),
        ("aws", "us.anthropic.claude-opus-4-5-v1:0", 200_000, 64_000),
        ("openai", "gpt-6.1-sol", 1_050_000, 128_000),
        ("openai", "gpt-5-mini", 400_000, 128_000),
        ("openai", "gpt-4o-2024-08-06", 128_000, 16_384),
    ],
)
def test_windows(provider: str, model: str, context: int, max_output: int) -> None:
    window = context_window(provider, model, NOW)
    assert window is not None
    assert (window.context, window.max_output, window.uncertain) == (context, max_output, False)


def test_a_window_under_a_beta_is_uncertain_until_it_settled() -> None:
    early, late = (context_window("anthropic", "claude-opus-4-6", when) for when in (at(2026, 3, 1), at(2026, 4, 1)))
    assert early is not None and early.uncertain
    assert late is not None and not late.uncertain
    assert context_window("azure", "our-chat-deployment", NOW) is None


@pytest.mark.parametrize(
    ("api", "word", "kind"),
    [
        ("anthropic.messages", "tool_use", StopKind.TOOL_USE),
        ("anthropic.messages", "pause_turn", StopKind.PAUSED),
        ("anthropic.messages", "model_context_window_exceeded", StopKind.TRUNCATED),
        ("anthropic.messages", "refusal", StopKind.REFUSAL),
        ("openai.chat", "length", StopKind.TRUNCATED),
        ("openai.chat", "tool_calls", StopKind.TOOL_USE),
        ("openai.chat", "", None),
        ("openai.responses", "completed", StopKind.NORMAL),
        ("gemini.generate", "STOP", StopKind.NORMAL),
        ("gemini.generate", "SPII", StopKind.REFUSAL),
        ("bedrock.converse", "guardrail_intervened", StopKind.REFUSAL),
        ("bedrock.converse", "word_of_2031", None),
    ],
)
def test_stop_words(api: str, word: str, kind: StopKind | None) -> None:
    contract = stop_contract("anthropic", api)
    assert contract is not None
    assert contract.kind(word) is kind


def test_some_shapes_have_no_stop_word_for_tools() -> None:
    announcing = {api: contract.announces_tools for api in STOP_APIS if (contract := stop_contract("", api))}
    assert announcing == {"anthropic.messages": True, "openai.chat": True, "openai.responses": False, "gemini.generate": False}


STOP_APIS = ("anthropic.messages", "openai.chat", "openai.responses", "gemini.generate", "nobody.knows")


def test_pairing_is_enforced_by_the_shapes_author_alone() -> None:
    assert pairing_contract("anthropic", "anthropic.messages").enforced
    assert not pairing_contract("unknown", "anthropic.messages").enforced


def test_who_never_answers_past_the_cap() -> None:
    assert enforces_output_cap("anthropic", "anthropic.messages")
    assert enforces_output_cap("openai", "openai.chat")
    assert not enforces_output_cap("unknown", "openai.chat")
    assert not enforces_output_cap("google", "gemini.generate")


def test_the_last_row_that_holds_wins() -> None:
    rows = [
        Row("m", "*", "*", ALWAYS, 1, "general"),
        Row("m", "big-*", "*", ALWAYS, 2, "special"),
        Row("m", "big-one", "here", date(2026, 1, 2), 3, "later"),
    ]
    assert [find(rows, "m", name, "here", date(2026, 1, 1)) for name in ("small", "big-one")] == [rows[0], rows[1]]
    assert find(rows, "m", "big-one", "here", date(2026, 1, 2)) is rows[2]
    assert find(rows, "m", "big-one", "there", date(2026, 1, 2)) is rows[1]
    assert find(rows, "other", "big-one", "here", date.max) is None


def test_a_time_that_cannot_be_is_the_newest() -> None:
    assert day_of(None) == day_of(float("nan")) == day_of(1e300) == date.max


def test_every_row_names_its_source() -> None:
    tables = [value for module in (cache_facts, model_facts) for name, value in vars(module).items() if name.isupper()]
    rows = [row for table in tables if isinstance(table, tuple) for row in table if isinstance(row, Row)]
    assert len(rows) > 60
    assert all(row.source.strip() for row in rows)


@pytest.mark.parametrize(
    ("provider", "model", "platform", "mode", "minimum"),
    [
        ("google", "gemini-2.5-flash", "vertex", CacheMode.IMPLICIT_STEP, 2048),
        ("google", "gemini-3.1-pro-preview", "generativelanguage.googleapis.com", CacheMode.IMPLICIT_STEP, 4096),
        ("aws", "us.amazon.nova-lite-v1:0", "bedrock", CacheMode.EXPLICIT, 1000),
        ("deepseek", "deepseek-chat", "api.deepseek.com", CacheMode.IMPLICIT_STEP, 64),
    ],
)
def test_where_documents_leave_the_boundaries_open_the_contract_says_so(
    provider: str, model: str, platform: str, mode: CacheMode, minimum: int
) -> None:
    contract = cache_contract(provider, model, platform, NOW)
    assert contract is not None
    assert (contract.mode, contract.minimum_tokens) == (mode, minimum)
    assert {"mode", "minimum_tokens"} <= contract.uncertain


def test_geminis_minimums_are_those_of_the_day() -> None:
    before = cache_contract("google", "gemini-2.5-flash", "vertex", 1_780_000_000.0)
    assert before is not None
    assert before.minimum_tokens == 1024
    assert cache_contract("google", "gemini-2.5-flash", "vertex", 1_740_000_000.0) is None, "implicit caching began on 8 May 2025"
