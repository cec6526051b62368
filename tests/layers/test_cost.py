from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.base import Unchecked
from seamaudit.layers.cost import (
    Check,
    Cost,
    CostDifference,
    CostKnobs,
    Gap,
    HiddenCall,
    Spend,
    UsageFault,
    UsageGap,
    Why,
)
from seamaudit.providers.billing import Unpriced
from seamaudit.providers.units import ORDINARY, Terms, UnitPrices
from seamaudit.trace import Attribution, Breakpoint, Convention, Exchange, Level, Money, Response, ThreadRef, ToolCall, Usage
from tests.builders import Story, answer, call, stream

F = TypeVar("F", bound=Fact)

FLAT = UnitPrices(input=10, read=1, write=None, write_5m=12, write_1h=20, output=50)


@dataclass
class Listed:
    """Prices by model, for ordinary terms, at named providers and their own alone."""

    by_model: dict[str, UnitPrices] = field(default_factory=lambda: {"claude-sonnet-4-5-20250929": FLAT})
    asked: list[tuple[str, str, Terms]] = field(default_factory=list)

    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        self.asked.append((provider, model, terms))
        return self.by_model.get(model) if terms.selection() == {} and provider != "unknown" else None


def facts(exchanges: Iterable[Exchange], prices: Listed | None = None, knobs: CostKnobs = CostKnobs()) -> list[Fact]:
    layer = Cost(prices or Listed(), knobs)
    return [*(found for exchange in exchanges for found in layer.feed(exchange)), *layer.close()]


def only(kind: type[F], found: Iterable[Fact]) -> list[F]:
    return [one for one in found if isinstance(one, kind)]


def spent(exchange: Exchange, prices: Listed | None = None) -> Spend:
    (spend,) = only(Spend, facts([exchange], prices))
    return spend


def used(**counts: Any) -> Response:
    return answer(usage=Usage(**{"input": 20, "output": 5, **counts}))


# --- spend -----------------------------------------------------------------------------------------------------------


def test_every_exchange_is_billed_part_by_part() -> None:
    usage = {"input": 100, "cache_read": 60, "cache_write": 30, "cache_write_5m": 10, "cache_write_1h": 20, "output": 7}
    spend = spent(Story().exchange(response=used(**usage)))
    assert (spend.input_usd, spend.cache_read_usd, spend.cache_write_usd, spend.output_usd) == (100, 60, 520, 350)
    assert spend.usd == spend.cumulative_usd == 1030
    assert (spend.priced, spend.unpriced_reason, spend.basis, spend.dated) == (True, None, "provider", True)
    assert spend.locus.pointer == "/response/body"


def test_a_threads_known_cost_adds_up_across_what_is_unknown() -> None:
    story = Story()
    found = facts([story.exchange(response=used()), story.exchange(response=used(), provider="unknown"), story.exchange(response=used())])
    assert [spend.cumulative_usd for spend in only(Spend, found)] == [450, 450, 900]


def test_while_nothing_is_known_the_sum_is_not_either() -> None:
    assert spent(Story(model="mystery").exchange(response=used())).cumulative_usd is None


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (Story(model="mystery").exchange(response=used()), Unpriced.UNKNOWN_MODEL),
        (Story(provider="unknown").exchange(response=used()), Unpriced.UNKNOWN_PROVIDER),
        (Story().exchange(response=used(service_tier="provisioned")), Unpriced.UNKNOWN_TERMS),
        (Story().exchange(response=used(), request={"params": {"inference_geo": '"mars"'}}), Unpriced.UNKNOWN_TERMS),
        (Story().exchange(response=used(cache_write=10)), Unpriced.UNKNOWN_PRICE_PART),
        (Story().exchange(response=used(output=None)), Unpriced.USAGE_INCOMPLETE),
        (Story().exchange(response=used(placeholder_output=True)), Unpriced.USAGE_INCOMPLETE),
        (Story().exchange(response=used(), request={"breakpoints": (Breakpoint(1, "5m"),)}), Unpriced.USAGE_INCOMPLETE),
        (Story().exchange(response=answer(usage=None)), Unpriced.NO_USAGE),
        (Story().exchange(response=None), Unpriced.NO_USAGE),
        (Story().exchange(response=answer(status=429, usage=None)), Unpriced.REFUSED),
    ],
)
def test_what_is_not_priced_says_why_and_costs_unknown(exchange: Exchange, reason: Unpriced) -> None:
    spend = spent(exchange)
    assert (spend.priced, spend.unpriced_reason) == (False, reason)
    assert spend.usd is spend.input_usd is spend.output_usd is spend.cache_read_usd is spend.cache_write_usd is None


def test_the_words_of_a_call_reach_the_price_list() -> None:
    prices = Listed()
    params = {"speed": '"fast"', "inference_geo": '"us"'}
    spent(Story().exchange(response=used(service_tier="batch"), request={"params": params}), prices)
    assert prices.asked[0] == ("anthropic", "claude-sonnet-4-5-20250929", Terms("batch", "fast", "us"))


@pytest.mark.parametrize(
    ("provider", "asked", "answered", "billed"),
    [
        ("openai", "gpt-4o", "gpt-4o-2024-08-06", ["gpt-4o-2024-08-06", "gpt-4o"]),
        ("openrouter", "google/gemini-2.0-flash", "x-ai/grok-4", ["x-ai/grok-4"]),  # routed elsewhere
        ("azure", "gpt-4", "gpt-4.1-mini-2025-04-14", ["gpt-4.1-mini-2025-04-14"]),  # a deployment may be called anything
        ("azure", "gpt-4o", "", ["gpt-4o"]),
        (
            "aws",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "claude-haiku-4-5-20251001",
            ["us.anthropic.claude-haiku-4-5-20251001-v1:0"],
        ),
    ],
)
def test_the_model_that_answered_is_billed(provider: str, asked: str, answered: str, billed: list[str]) -> None:
    prices = Listed({})
    exchange = Story(provider=provider, model=asked).exchange(response=replace(used(), model=answered))
    assert spent(exchange, prices).model == billed[0]
    assert list(dict.fromkeys(model for _, model, _ in prices.asked)) == billed


@pytest.mark.parametrize(("ttls", "expected"), [(("5m", "5m"), 120), (("1h",), 200), (("5m", "1h"), None), ((), None)])
def test_markers_tell_the_life_of_writes_where_the_usage_does_not(ttls: tuple[str, ...], expected: int | None) -> None:
    markers = tuple(Breakpoint(at, ttl) for at, ttl in enumerate(ttls, 1))
    exchange = Story().exchange(response=used(cache_read=0, cache_write=10), request={"breakpoints": markers})
    assert spent(exchange).cache_write_usd == expected


@pytest.mark.parametrize(
    ("api", "tool", "unknown"),
    [
        ("openai.responses", call("ws_1", server=True), True),
        ("openai.responses", replace(call("ts_1", server=True), name="tool_search"), False),
        ("openai.responses", call("fc_1"), False),
        ("anthropic.messages", call("srvtoolu_1", server=True), False),  # its usage counts them
    ],
)
def test_fees_of_server_tools_that_no_usage_counts_are_told(api: str, tool: ToolCall, unknown: bool) -> None:
    response = answer(tool, usage=Usage(input=20, output=5))
    assert spent(Story(api=api).exchange(response=response)).fees_unknown is unknown


COUNTS = st.none() | st.integers(0, 1_000_000)


@given(input=COUNTS, cache_read=COUNTS, cache_write=COUNTS, cache_write_5m=COUNTS, output=COUNTS, reads=st.none() | st.just(1))
def test_parts_sum_to_the_bill_and_unknown_never_becomes_nothing(reads: int | None, **counts: int | None) -> None:
    prices = Listed({"claude-sonnet-4-5-20250929": replace(FLAT, read=reads)})
    spend = spent(Story().exchange(response=used(**counts)), prices)
    parts = (spend.input_usd, spend.cache_read_usd, spend.cache_write_usd, spend.output_usd)
    if counts["input"] is None or counts["output"] is None or (counts["cache_read"] and reads is None):
        assert spend.usd is None
    if spend.priced:
        assert spend.usd == sum(part for part in parts if part is not None)
        assert None not in parts and spend.unpriced_reason is None
    else:
        assert (spend.usd, *parts) == (None,) * 5
        assert spend.unpriced_reason is not None and spend.cumulative_usd is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1000)), max_size=12), st.randoms(use_true_random=False))
def test_threads_bill_apart_in_whatever_order_they_come(calls: list[tuple[str, int]], random: Any) -> None:
    stories = {name: Story(thread=name) for name in "abc"}
    exchanges = [(name, stories[name].exchange(response=used(input=size))) for name, size in calls]

    def spends(order: list[tuple[str, Exchange]]) -> dict[tuple[str, int], Spend]:
        layers = {name: Cost(Listed()) for name in "abc"}
        rows = [row for name, exchange in order for row in only(Spend, layers[name].feed(exchange))]
        return {(row.thread, row.exchange): row for row in rows}

    queues = {name: [pair for pair in exchanges if pair[0] == name] for name in "abc"}
    turns = [name for name, _ in exchanges]
    random.shuffle(turns)
    assert spends([queues[name].pop(0) for name in turns]) == spends(exchanges)


# --- gaps ------------------------------------------------------------------------------------------------------------


def gap(exchange: Exchange) -> Gap | None:
    found = only(UsageGap, facts([exchange]))
    return found[0].reason if found else None


def silent(**columns: Any) -> Response:
    return answer(usage=None, **columns)


CHAT_STREAM = stream("chat", [("delta", 0, "content"), ("finish", 0, "stop"), "done"])


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (silent(), Gap.ABSENT),
        (silent(status=None), Gap.ABSENT),
        (silent(complete=False), Gap.BODY_CUT),
        (silent(stream=CHAT_STREAM), Gap.STREAM_WITHOUT_USAGE),
        (silent(stream=stream("chat", [("delta", 0, "content")])), Gap.STREAM_CUT),
        (silent(stream=stream("anthropic", ["message_start", "message_stop"], partial_tail=True)), Gap.STREAM_CUT),
        (silent(stream=stream("bedrock", [], decodable=False)), Gap.STREAM_UNREADABLE),
        (silent(stream=stream("legacy", ["completion"])), Gap.NOT_RECORDED),
    ],
)
def test_a_success_without_usage_is_a_gap_and_says_why(response: Response, reason: Gap) -> None:
    assert gap(Story().exchange(response=response)) is reason


def test_a_format_that_keeps_no_usage_is_told_apart() -> None:
    assert gap(Story(level=Level.MESSAGES).exchange(response=silent())) is Gap.NOT_RECORDED


@pytest.mark.parametrize(
    "response",
    [
        None,
        used(),
        silent(status=400),
        silent(status=529, stream=CHAT_STREAM),
        silent(status=None, error_type="overloaded_error"),
        silent(stream=stream("chat", [("delta", 0, "content"), "error"], error_type="tool_use_failed")),
    ],
)
def test_no_gap_where_there_is_usage_or_was_no_success(response: Response | None) -> None:
    assert gap(Story().exchange(response=response)) is None


# --- faults ----------------------------------------------------------------------------------------------------------


def fault(exchange: Exchange) -> UsageFault | None:
    found = only(UsageFault, facts([exchange]))
    assert len(found) <= 1
    return found[0] if found else None


def check(exchange: Exchange) -> Check | None:
    found = fault(exchange)
    return found.check if found else None


def test_a_negative_count_cannot_be() -> None:
    found = fault(Story().exchange(response=used(recorded={"output_tokens": -3})))
    assert found is not None
    assert (found.check, found.recorded, found.expected, found.confidence) == (Check.NEGATIVE, -3, 0, "high")


def test_more_cached_than_there_was_cannot_be_under_an_inclusive_count() -> None:
    over = {"input": 20, "cache_read": 15, "cache_write": 6}
    assert check(Story().exchange(response=used(**over, convention=Convention.INCLUSIVE))) is Check.CACHED_EXCEEDS_TOTAL
    assert check(Story().exchange(response=used(**over, convention=Convention.UNKNOWN))) is None
    assert check(Story().exchange(response=used(**{**over, "cache_write": 5}, convention=Convention.INCLUSIVE))) is None


def test_a_server_that_counts_cached_tokens_apart_has_another_convention_and_no_fault() -> None:
    apart = {"input": 20, "cache_read": 150, "output": 5, "convention": Convention.INCLUSIVE}
    assert check(Story().exchange(response=used(**apart, total=175))) is None
    assert check(Story().exchange(response=used(**apart, total=25))) is Check.CACHED_EXCEEDS_TOTAL
    assert check(Story().exchange(response=used(**apart))) is Check.CACHED_EXCEEDS_TOTAL


def test_reading_what_no_recorded_call_has_written_is_normal() -> None:
    assert check(Story().exchange(response=used(input=20, cache_read=20, cache_write=0, convention=Convention.INCLUSIVE))) is None


@pytest.mark.parametrize(
    ("total", "expected"), [(25, None), (28, None), (26, Check.PARTS_DIFFER_FROM_TOTAL), (0, Check.PARTS_DIFFER_FROM_TOTAL)]
)
def test_a_total_is_input_and_output_with_or_without_reasoning(total: int, expected: Check | None) -> None:
    assert check(Story().exchange(response=used(input=20, output=5, reasoning=3, total=total))) is expected


@pytest.mark.parametrize(
    ("output", "story", "request_", "response", "expected"),
    [
        (116, Story(), {"max_output": 100}, {}, None),
        (117, Story(), {"max_output": 100}, {}, Check.OUTPUT_EXCEEDS_MAX),
        (117, Story(), {}, {}, None),
        (117, Story(), {"max_output": 0}, {}, None),  # a pre-warm
        (117, Story(provider="unknown"), {"max_output": 100}, {}, None),
        (117, Story(provider="google", api="gemini.generate"), {"max_output": 100}, {}, None),  # thoughts count apart
        (117, Story(), {"max_output": 100}, {"calls": (call(server=True),)}, None),  # one answer, many passes
    ],
)
def test_more_output_than_the_cap_where_it_is_enforced(
    output: int, story: Story, request_: dict[str, Any], response: dict[str, Any], expected: Check | None
) -> None:
    assert check(story.exchange(response=replace(used(output=output), **response), request=request_)) is expected


def test_more_input_than_the_body_has_bytes() -> None:
    fits, not_ = (Story().exchange(response=used(input=size), request={"length": 500}) for size in (10_500, 10_501))
    assert check(fits) is None
    found = fault(not_)
    assert found is not None
    assert (found.check, found.recorded, found.expected, found.confidence) == (Check.INPUT_EXCEEDS_BODY, 10_501, 10_500, "medium")


@pytest.mark.parametrize(
    ("story", "request_", "response"),
    [
        (Story(level=Level.MESSAGES), {}, {}),
        (Story(), {"complete": False}, {}),
        (Story(), {"unsized": 900}, {}),
        (Story(), {}, {"calls": (call(server=True),)}),
        (Story(), {}, {"usage": Usage(input=90_000, output=5, recorded={"server_tool_use.web_search_requests": 1})}),
    ],
)
def test_where_the_body_is_no_bound_the_check_is_not_made_and_says_so(
    story: Story, request_: dict[str, Any], response: dict[str, Any]
) -> None:
    found = facts([story.exchange(response=replace(used(input=90_000), **response), request=request_)])
    assert not only(UsageFault, found)
    (unchecked,) = only(Unchecked, found)
    assert (unchecked.table, unchecked.aspect) == ("usage_faults", Check.INPUT_EXCEEDS_BODY)
    assert unchecked.reason


def test_a_plain_exchange_says_what_it_cost_and_nothing_else() -> None:
    assert [type(one) for one in facts([Story().exchange(response=used(), request={"length": 500})])] == [Spend]


# --- recorded dollars ------------------------------------------------------------------------------------------------

MICRO = 10**6
LISTED = UnitPrices(input=3 * MICRO, read=3 * MICRO // 10, write=None, write_5m=15 * MICRO // 4, write_1h=6 * MICRO, output=15 * MICRO)
"""US$ 3, 0.30, 3.75, 6 and 15 per million tokens."""
MIXED = {"input": 100_000, "cache_read": 60_000, "cache_write": 30_000, "cache_write_5m": 30_000, "cache_write_1h": 0, "output": 2_000}
COST = 10_000 * 3 * MICRO + 60_000 * 300_000 + 30_000 * 3_750_000 + 2_000 * 15 * MICRO
READS, WRITES, OUTPUT = 60_000 * 300_000, 30_000 * 3_750_000, 2_000 * 15 * MICRO


@dataclass
class Dated(Listed):
    """One model's prices, which are twice that today, half that for a batch and four times that for a long prompt."""

    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        found = self.by_model.get(model)
        if found is None:
            return None
        top = (2 if when is None else 1) * (4 if (input_tokens or 0) > 200_000 else 1)
        return found.times(top, 2 if terms.tier == "batch" else 1)


def difference(recorded: int, prices: Listed | None = None, story: Story | None = None, **usage: Any) -> CostDifference | None:
    """What the layer says of a call with MIXED usage and a recorded cost."""
    known = prices or Dated({"claude-sonnet-4-5-20250929": LISTED})
    exchange = (story or Story()).exchange(response=used(**{**MIXED, **usage}), recorded_cost=Money(recorded))
    found = only(CostDifference, facts([exchange], known))
    return found[0] if found else None


def reason(recorded: int, **usage: Any) -> Why | None:
    found = difference(recorded, **usage)
    return found.why if found else None


def test_a_cost_that_is_right_is_no_difference() -> None:
    assert reason(COST) is None
    assert reason(COST * 1009 // 1000) is None
    assert reason(COST * 991 // 1000) is None
    assert reason(3 * MICRO, input=1, cache_read=0, cache_write=0, cache_write_5m=0, output=0) is None


def test_a_call_of_tiny_cost_is_not_worth_a_word() -> None:
    tiny = {"input": 10, "cache_read": 0, "cache_write": 0, "cache_write_5m": 0, "output": 1}
    assert reason(2 * 45 * MICRO, **tiny) is None


def test_nothing_is_compared_where_one_side_is_missing() -> None:
    known = Dated({"claude-sonnet-4-5-20250929": LISTED})
    silent = Story().exchange(response=answer(usage=None), recorded_cost=Money(COST))
    refused = Story().exchange(response=answer(status=429, usage=None), recorded_cost=Money(0))
    assert not only(CostDifference, facts([silent, refused, Story().exchange(response=used(**MIXED))], known))


@pytest.mark.parametrize(
    ("recorded", "why"),
    [
        (0, Why.NOTHING_RECORDED),
        (COST - READS + 60_000 * 3 * MICRO, Why.READ_PRICE),
        (COST - READS, Why.READ_PRICE),
        (COST - WRITES + 30_000 * 3 * MICRO, Why.WRITE_PRICE),
        (COST - WRITES + 30_000 * 6 * MICRO, Why.WRITE_PRICE),
        (COST - WRITES, Why.WRITE_PRICE),
        (COST - READS - WRITES + 90_000 * 3 * MICRO, Why.CACHE_PRICES),
        (COST - READS - WRITES, Why.CACHE_PRICES),
        (COST + 90_000 * 3 * MICRO, Why.COUNTED_TWICE),
        (COST - OUTPUT, Why.OUTPUT_PRICE),
        (COST + 1_500 * 15 * MICRO, Why.OUTPUT_PRICE),  # 1,500 of the output are reasoning
        (COST // 2, Why.TIER),
        (COST * 4, Why.CONTEXT_TIER),
        (COST * 2, Why.PRICE_DATE),
        (COST * 137 // 100, Why.UNEXPLAINED),
    ],
)
def test_the_price_that_gives_the_recorded_amount_is_named(recorded: int, why: Why) -> None:
    found = difference(recorded, reasoning=1_500)
    assert found is not None
    assert (found.why, found.recorded, found.recomputed, found.difference) == (why, recorded, COST, recorded - COST)
    assert found.confidence == ("medium" if why is Why.UNEXPLAINED else "high")
    assert found.day == "2026-09-21"


def test_the_model_that_was_asked_for_may_have_been_billed() -> None:
    prices = Listed({"cheap": LISTED.times(1, 3), "dear": LISTED})
    exchange = Story(model="cheap").exchange(response=answer(model="dear", usage=Usage(**MIXED)), recorded_cost=Money(COST // 3))
    (found,) = only(CostDifference, facts([exchange], prices))
    assert (found.model, found.why) == ("dear", Why.OTHER_MODEL)


@pytest.mark.parametrize(("cents", "why"), [(18, Why.UNEXPLAINED), (19, Why.ROUNDING), (20, Why.UNEXPLAINED)])
def test_whole_cents_are_rounding_only_where_they_are_the_nearest(cents: int, why: Why) -> None:
    found = difference(cents * 10**10, output=2_266)
    assert found is not None
    assert (found.recomputed, found.why) == (194_490_000_000, why)


def test_a_running_total_is_known_as_one() -> None:
    story, known = Story(), Dated({"claude-sonnet-4-5-20250929": LISTED})
    calls = [story.exchange(response=used(**MIXED), recorded_cost=Money(COST * number)) for number in (1, 2, 3)]
    assert [found.why for found in only(CostDifference, facts(calls, known))] == [Why.RUNNING_TOTAL] * 2


def test_a_count_that_is_a_lower_bound_explains_a_higher_cost_only() -> None:
    assert reason(COST * 137 // 100, output_is_lower_bound=True) is Why.OUTPUT_LOWER_BOUND
    assert reason(COST * 63 // 100, output_is_lower_bound=True) is Why.UNEXPLAINED


def test_a_call_without_a_price_is_said_to_have_none() -> None:
    found = difference(COST, Listed({}))
    assert found is not None
    assert (found.why, found.recomputed, found.difference, found.confidence) == (Why.UNPRICED, None, None, "medium")


@pytest.mark.parametrize(("recorded", "why"), [(COST, None), (COST - WRITES + 30_000 * 6 * MICRO, None), (COST * 2, Why.UNPRICED)])
def test_writes_of_an_unknown_life_may_be_of_either(recorded: int, why: Why | None) -> None:
    assert reason(recorded, cache_write_5m=None, cache_write_1h=None) is why


# --- calls beside the conversation -----------------------------------------------------------------------------------


def test_a_call_beside_the_conversation_is_told_with_its_cost() -> None:
    story = Story()
    found = facts([story.exchange(response=used()), story.exchange(response=used(), side="title")])
    (hidden,) = only(HiddenCall, found)
    assert (hidden.exchange, hidden.side, hidden.tokens, hidden.usd) == (1, "title", 25, 450)


def test_a_hidden_call_that_was_refused_cost_nothing_and_one_without_a_price_is_unknown() -> None:
    refused = Story().exchange(response=answer(status=529, usage=None), side="subagent")
    mystery = Story(model="mystery").exchange(response=used(), side="subagent")
    (hidden,) = only(HiddenCall, facts([refused, mystery]))
    assert (hidden.model, hidden.usd) == ("mystery", None)


def test_a_sub_agents_spend_belongs_to_the_conversation_that_started_it() -> None:
    of = Attribution(app="app", agent="a1")
    thread = ThreadRef("s/a1", "s/a1", declared=True, basis="declared")
    assert spent(Story().exchange(response=used(), side="subagent", attribution=of, thread=thread)).conversation == "s"
    assert spent(Story().exchange(response=used(), attribution=of, thread=thread)).conversation == "s/a1"
