from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamaudit.providers.prices import PriceBook, Terms, UnitPrices, table_date

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
SMALL = 1_000


def at(year: int, month: int, day: int, hour: int = 12) -> float:
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


def per_million(price: str | None) -> int | None:
    """Dollars per million tokens as picodollars per token."""
    return None if price is None else int(Decimal(price) * 1_000_000)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook(as_of=date(2026, 11, 20))


def known(book: PriceBook, provider: str, model: str, when: float | None = NOW, input_tokens: int = SMALL) -> UnitPrices:
    prices = book.unit(provider, model, when, input_tokens=input_tokens)
    assert prices is not None, model
    return prices


# Dollars per million: input, output, write for 5 minutes, write for 1 hour, read (pricing page and model overviews, November 2026).
ANTHROPIC = [
    ("claude-fable-5-2", "8", "40", "10", "16", "0.20"),
    ("claude-mythos-5-2", "8", "40", "10", "16", "0.20"),
    ("claude-fable-5-1", "10", "50", "12.5", "20", "0.25"),
    ("claude-mythos-5-1", "10", "50", "12.5", "20", "0.25"),
    ("claude-fable-5", "10", "50", "12.5", "20", "1.00"),
    ("claude-mythos-5", "10", "50", "12.5", "20", "1.00"),
    ("claude-opus-5-5", "4", "20", "5", "8", "0.20"),
    ("claude-opus-5", "5", "25", "6.25", "10", "0.50"),
    ("claude-opus-4-8", "5", "25", "6.25", "10", "0.50"),
    ("claude-opus-4-7", "5", "25", "6.25", "10", "0.50"),
    ("claude-opus-4-6", "5", "25", "6.25", "10", "0.50"),
    ("claude-opus-4-5", "5", "25", "6.25", "10", "0.50"),
    ("claude-sonnet-5-5", "2", "10", "2.5", "4", "0.10"),
    ("claude-sonnet-5", "2", "10", "2.5", "4", "0.20"),
    ("claude-sonnet-4-6", "3", "15", "3.75", "6", "0.30"),
    ("claude-sonnet-4-5", "3", "15", "3.75", "6", "0.30"),
    ("claude-haiku-5-5", "0.10", "0.50", "0.125", "0.20", "0.01"),
    ("claude-haiku-4-5", "1", "5", "1.25", "2", "0.10"),
]


@pytest.mark.parametrize(("model", "plain", "output", "short", "long", "read"), ANTHROPIC)
def test_anthropic_price_list(book: PriceBook, model: str, plain: str, output: str, short: str, long: str, read: str) -> None:
    prices = known(book, "anthropic", model)
    assert (prices.input, prices.output) == (per_million(plain), per_million(output))
    assert (prices.write_5m, prices.write_1h, prices.read) == (per_million(short), per_million(long), per_million(read))
    assert prices.write is None  # a write of unknown life could cost either
    assert (prices.dated, prices.basis, prices.surcharged) == (True, "provider", False)


# Dollars per million: input, output, read, write (None: writes are plain input).
OPENAI = [
    ("gpt-6-astra", "10", "50", "1.00", "12.5"),
    ("gpt-6-sol", "2", "10", "0.20", "2.5"),
    ("gpt-6-luna", "0.10", "0.50", "0.01", "0.125"),
    ("gpt-6.1-sol", "2", "10", "0.10", "2.5"),
    ("gpt-6.1-terra", "1", "5", "0.05", "1.25"),
    ("gpt-5.6-sol", "4", "20", "0.40", "5"),
    ("gpt-5.6-terra", "2", "12", "0.20", "2.5"),
    ("gpt-5.6-luna", "0.20", "1.20", "0.02", "0.25"),
    ("gpt-5.5", "5", "30", "0.50", None),
    ("gpt-5.4", "2.5", "15", "0.25", None),
    ("gpt-5.4-mini", "0.75", "4.5", "0.075", None),
    ("gpt-5.4-nano", "0.20", "1.25", "0.02", None),
    ("gpt-5.2", "1.75", "14", "0.175", None),
    ("gpt-5.1", "1.25", "10", "0.125", None),
    ("gpt-5", "1.25", "10", "0.125", None),
    ("gpt-4.1", "2", "8", "0.50", None),
    ("gpt-4o", "2.5", "10", "1.25", None),
]


@pytest.mark.parametrize(("model", "plain", "output", "read", "write"), OPENAI)
def test_openai_price_list(book: PriceBook, model: str, plain: str, output: str, read: str, write: str | None) -> None:
    prices = known(book, "openai", model)
    assert (prices.input, prices.output, prices.read) == (per_million(plain), per_million(output), per_million(read))
    assert prices.write == prices.write_5m == per_million(write or plain)
    assert prices.write_1h is None


GEMINI = [
    ("gemini-4-argon", "2", "10", "0.10"),
    ("gemini-3.8-flash", "0.75", "3.75", "0.075"),
    ("gemini-3.7-flash", "0.75", "3.75", "0.075"),
    ("gemini-3.6-flash", "0.75", "3.75", "0.075"),
    ("gemini-3.5-flash", "1.5", "9", "0.15"),
    ("gemini-3.1-pro-preview", "2", "12", "0.20"),
    ("gemini-2.5-pro", "1.25", "10", "0.125"),
    ("gemini-2.5-flash", "0.30", "2.50", "0.03"),
    ("gemini-2.5-flash-lite", "0.10", "0.40", "0.01"),
]


@pytest.mark.parametrize(("model", "plain", "output", "read"), GEMINI)
def test_gemini_price_list(book: PriceBook, model: str, plain: str, output: str, read: str) -> None:
    prices = known(book, "google", model)
    assert (prices.input, prices.output, prices.read) == (per_million(plain), per_million(output), per_million(read))


def test_prices_are_those_of_the_day(book: PriceBook) -> None:
    assert known(book, "openai", "gpt-5.6-sol", at(2026, 8, 20)).input == per_million("5")
    assert known(book, "openai", "gpt-5.6-sol", at(2026, 8, 21)).input == per_million("4")


def test_without_a_time_the_newest_prices_hold_and_say_so(book: PriceBook) -> None:
    undated = known(book, "openai", "gpt-5.6-sol", None)
    assert (undated.input, undated.dated) == (per_million("4"), False)
    assert known(PriceBook(as_of=date(2026, 8, 1)), "openai", "gpt-5.6-sol", None).input == per_million("5")


@pytest.mark.parametrize("when", [float("nan"), float("inf"), 1e30, -1e30])
def test_an_impossible_time_is_no_time(book: PriceBook, when: float) -> None:
    assert known(book, "anthropic", "claude-opus-5", when).dated is False


@pytest.mark.parametrize(
    ("provider", "model", "threshold", "below", "above"),
    [
        ("anthropic", "claude-haiku-5-5", 100_000, ("0.10", "0.50", "0.01"), ("0.50", "2.50", "0.05")),
        ("openai", "gpt-6.1-sol", 272_000, ("2", "10", "0.10"), ("4", "15", "0.20")),
        ("google", "gemini-2.5-pro", 200_000, ("1.25", "10", "0.125"), ("2.50", "15", "0.25")),
    ],
)
def test_a_request_past_the_threshold_is_dearer_as_a_whole(
    book: PriceBook, provider: str, model: str, threshold: int, below: tuple[str, ...], above: tuple[str, ...]
) -> None:
    at_it, past_it = known(book, provider, model, NOW, threshold), known(book, provider, model, NOW, threshold + 1)
    assert (at_it.input, at_it.output, at_it.read) == tuple(map(per_million, below))
    assert (past_it.input, past_it.output, past_it.read) == tuple(map(per_million, above))
    assert book.unit(provider, model, NOW, input_tokens=None) is None  # its size decides, and is not known


def test_vendors_prefixes_are_no_obstacle(book: PriceBook) -> None:
    assert book.unit("anthropic", "anthropic/claude-opus-5", NOW) == book.unit("anthropic", "claude-opus-5", NOW)
    assert book.unit("google", "models/gemini-3.5-flash", NOW) == book.unit("google", "gemini-3.5-flash", NOW)
    assert book.unit("openrouter", "anthropic/claude-4.6-sonnet-20260217", NOW) is not None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-mythos-preview"),
        ("anthropic", "claude-opus-9"),
        ("anthropic", "this-model-does-not-exist-12345"),
        ("openai", "gpt-5.2-proo"),
        ("openai", "ft:gpt-4o-mini:acme::abc"),
        ("openai", "gpt-4o-2031-01-01"),
        ("azure", "our-chat-deployment"),
        ("ollama", "gpt-oss:120b"),
        ("unknown", "gpt-oss-120b"),
        ("unknown", "deepseek-v4-pro-0813"),
        ("unknown", ""),
        ("", "gpt-4o"),
    ],
)
def test_what_is_not_known_has_no_price(book: PriceBook, provider: str, model: str) -> None:
    assert book.unit(provider, model, NOW, input_tokens=SMALL) is None


def test_an_unknown_gateway_gets_the_list_price_of_a_closed_model_and_says_so(book: PriceBook) -> None:
    own, listed = known(book, "anthropic", "claude-opus-5"), known(book, "unknown", "claude-opus-5")
    assert listed.basis == "list"
    assert (listed.input, listed.output) == (own.input, own.output)


def test_a_region_has_its_own_price(book: PriceBook) -> None:
    regional = known(book, "aws", "us.anthropic.claude-haiku-4-5-20251001-v1:0")
    everywhere = known(book, "aws", "global.anthropic.claude-haiku-4-5-20251001-v1:0")
    assert (regional.input, everywhere.input) == (per_million("1.1"), per_million("1"))
    assert book.unit("aws", "us.anthropic.claude-haiku-4-5-20251001-v1%3A0", NOW) == regional


def test_batch_costs_half(book: PriceBook) -> None:
    whole = known(book, "anthropic", "claude-opus-5")
    half = book.unit("anthropic", "claude-opus-5", NOW, Terms(tier="batch"), SMALL)
    assert half is not None
    assert half.input is not None and half.input * 2 == whole.input
    assert half.write_1h is not None and half.write_1h * 2 == whole.write_1h


def test_fast_mode_has_its_own_price(book: PriceBook) -> None:
    fast = book.unit("anthropic", "claude-opus-5", NOW, Terms(speed="fast"), SMALL)
    assert fast is not None
    assert (fast.input, fast.output) == (per_million("10"), per_million("50"))


@pytest.mark.parametrize(
    ("provider", "model", "when", "terms"),
    [
        ("google", "gemini-3.7-flash", NOW, Terms(tier="batch")),  # the table has no batch price for it
        ("anthropic", "claude-opus-5", at(2026, 9, 1), Terms(tier="priority")),
        ("anthropic", "claude-haiku-4-5", NOW, Terms(speed="fast")),
        ("openai", "gpt-5", at(2025, 12, 1), Terms(tier="flex")),  # the table's tiers begin in October 2026
        ("openai", "gpt-5", NOW, Terms(tier="provisioned")),
        ("openai", "gpt-5", NOW, Terms(geo="us")),
        ("anthropic", "claude-opus-5", NOW, Terms(geo="mars")),
    ],
)
def test_terms_the_table_does_not_price_are_unknown_not_standard(
    book: PriceBook, provider: str, model: str, when: float, terms: Terms
) -> None:
    assert book.unit(provider, model, when, terms, SMALL) is None
    assert book.unit(provider, model, when, input_tokens=SMALL) is not None


@pytest.mark.parametrize(
    "terms", [Terms(tier="default"), Terms(tier="STANDARD", speed="standard"), Terms(geo="not_available"), Terms(tier="auto")]
)
def test_ordinary_terms_by_any_name(book: PriceBook, terms: Terms) -> None:
    assert book.unit("anthropic", "claude-opus-5", NOW, terms, SMALL) == book.unit("anthropic", "claude-opus-5", NOW, input_tokens=SMALL)


def test_us_only_inference_costs_a_tenth_more(book: PriceBook) -> None:
    prices = book.unit("anthropic", "claude-opus-5", NOW, Terms(geo="us"), SMALL)
    assert prices is not None
    assert (prices.input, prices.read, prices.output) == (per_million("5.5"), per_million("0.55"), per_million("27.5"))


def test_a_missing_cache_price_is_missing(book: PriceBook) -> None:
    assert known(book, "openai", "gpt-5.5-pro").read is None
    assert known(book, "groq", "llama3-8b-8192").write is None


def test_prices_that_change_with_the_hour_need_a_time(book: PriceBook) -> None:
    night, day = at(2026, 11, 20, 2), at(2026, 11, 20, 12)
    assert known(book, "deepseek", "deepseek-v4-flash", night).input == per_million("0.30")
    assert known(book, "deepseek", "deepseek-v4-flash", day).input == per_million("0.15")
    assert known(book, "deepseek", "deepseek-v4-flash", night).input == per_million("0.30")
    assert book.unit("deepseek", "deepseek-v4-flash", None, input_tokens=SMALL) is None


def test_hours_came_with_the_newest_dated_price(book: PriceBook) -> None:
    assert known(book, "deepseek", "deepseek-v4-flash", at(2026, 6, 10, 9)).input == per_million("0.14")
    assert known(book, "deepseek", "deepseek-v4-flash", at(2026, 8, 18, 9)).input == per_million("0.22")
    assert known(book, "deepseek", "deepseek-v4-flash", at(2026, 9, 10, 9)).input == per_million("0.30")


def test_fees_that_are_not_by_token_are_told(book: PriceBook) -> None:
    assert known(book, "perplexity", "sonar").surcharged


PROVIDERS = st.sampled_from(["anthropic", "openai", "google", "aws", "azure", "openrouter", "deepseek", "unknown", "", "nobody"])


@settings(max_examples=60, deadline=None)
@given(PROVIDERS, st.text(max_size=250), st.none() | st.floats(), st.text(max_size=12), st.none() | st.integers())
def test_any_question_has_an_answer(
    book: PriceBook, provider: str, model: str, when: float | None, word: str, input_tokens: int | None
) -> None:
    prices = book.unit(provider, model, when, Terms(tier=word, speed=word, geo=word), input_tokens)
    assert prices is None or isinstance(prices, UnitPrices)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a price look-up opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert PriceBook().unit("anthropic", "claude-opus-5", NOW) is not None
    assert "genai-prices" in table_date()


def test_the_table_is_loaded_at_the_first_look_up_only() -> None:
    code = "import sys, seamaudit.providers.prices, seamaudit.layers.cost; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
