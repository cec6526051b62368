from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.layers.ledger import Billing, Ledger, LedgerRow, Producer
from seamaudit.layers.ledger.scale import ONE, Rates, Scale
from seamaudit.layers.ledger.spread import Part, Share, Whole, spread
from seamaudit.providers.units import ORDINARY, Terms, UnitPrices
from seamaudit.trace import Answer, Exchange, Kind, Response, Segment, Tape, Usage, Zone
from tests.builders import Story, answer, call, calling, result, say, segment

FLAT = UnitPrices(input=100, read=10, write=None, write_5m=125, write_1h=200, output=500, search=7)
QUARTER = Rates(ONE // 4, ONE // 4, ONE // 4)


@dataclass
class Flat:
    """One price list for every model but `mystery`."""

    def unit(
        self, provider: str, model: str, when: float | None, terms: Terms = ORDINARY, input_tokens: int | None = None
    ) -> UnitPrices | None:
        return None if model == "mystery" else FLAT


def ledger(*calls: Exchange) -> list[LedgerRow]:
    layer = Ledger(Flat())
    for each in calls:
        assert not list(layer.feed(each))
    return [row for row in layer.close() if isinstance(row, LedgerRow)]


def used(total: int, read: int = 0, written: int = 0, output: int = 0, **columns: Any) -> Usage:
    return Usage(input=total, cache_read=read, cache_write=written, cache_write_5m=written, cache_write_1h=0, output=output, **columns)


def sized(piece: Segment, tokens: int) -> Segment:
    """A segment of so many tokens at a quarter of a token a byte."""
    return replace(piece, length=4 * tokens)


def tokens_of(rows: Iterable[LedgerRow], producer: Producer, billing: Billing | None = None) -> int:
    return sum(row.tokens for row in rows if row.producer is producer and billing in (None, row.billing))


@dataclass
class Agent:
    """A thread whose calls report what its prompt weighs: four bytes a token, and what no position holds."""

    story: Story = field(default_factory=Story)
    prompt: list[Segment] = field(default_factory=list)
    calls: list[Exchange] = field(default_factory=list)
    hidden: int = 0

    def send(self, *new: Segment, read: int = 0, written: int = 0, output: int = 0, **columns: Any) -> None:
        self.prompt.extend(new)
        total = self.hidden + sum(piece.length for piece in self.prompt) // 4
        response = answer(usage=used(total, read, written, output), answers=())
        self.calls.append(self.story.exchange(self.prompt, response, **columns))


# --- one call ----------------------------------------------------------------------------------------------------------


@st.composite
def laid(draw: st.DrawFn) -> tuple[list[int], list[int], Rates]:
    """Byte lengths of positions, tokens of classes, and rates."""
    sizes = draw(st.lists(st.integers(0, 50), max_size=12))
    classes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    return sizes, classes, Rates(*(draw(st.integers(0, ONE)) for _ in range(3)))


@given(laid())
def test_every_token_of_a_call_is_assigned_once(given: tuple[list[int], list[int], Rates]) -> None:
    sizes, classes, rates = given
    story = Story()
    kinds = (Kind.TEXT, Kind.TOOL_RESULT, Kind.THINKING)
    prompt = [segment(kinds[at % 3], str(at), length=size) for at, size in enumerate(sizes)]
    prefix = story.prefix(prompt)
    scale, parts = Scale(story.tape), tuple((False, low, high) for low, high in prefix.runs)
    shares = [Share(billing, tokens, 1) for billing, tokens in zip(Billing, classes, strict=False)]
    rates = scale.fitting(parts, rates, sum(classes))
    found: Counter[Billing] = Counter()
    positions: Counter[int] = Counter()
    for entry in spread(parts, shares, scale, rates):
        if isinstance(entry, Part):
            found[entry.share.billing] += entry.tokens
            positions[entry.at] += entry.tokens
            continue
        heads, low, high = entry.stretch
        for at in range(low, high):
            weight = scale.upto(heads, at + 1, rates) - scale.upto(heads, at, rates)
            found[entry.share.billing] += weight
            positions[at] += weight
    assert found == Counter({share.billing: share.tokens for share in shares})
    for at in range(len(sizes)):
        assert positions[at] == scale.upto(False, at + 1, rates) - scale.upto(False, at, rates)


def test_classes_cover_the_prompt_front_to_back_and_cut_the_position_at_their_border() -> None:
    story = Story()
    prefix = story.prefix([sized(say("user", text), 10) for text in ("a", "b", "c")])
    parts = tuple((False, low, high) for low, high in prefix.runs)
    read, plain = Share(Billing.READ, 15, 1), Share(Billing.PLAIN, 18, 10)
    assert list(spread(parts, [read, plain], Scale(story.tape), QUARTER)) == [
        Part(read, 3),
        Whole(read, (False, 0, 1)),
        Part(read, 2, False, 1),
        Part(plain, 8, False, 1),
        Whole(plain, (False, 2, 3)),
    ]


# --- a thread ----------------------------------------------------------------------------------------------------------


def test_a_result_that_is_sent_again_costs_again_in_the_class_of_each_call() -> None:
    agent = Agent()
    agent.send(sized(say("user", "task"), 100))
    agent.send(sized(calling("c1", "grep"), 20), sized(result("c1", "hits"), 1000), written=1120)
    for turn in range(8):
        agent.send(sized(say("user", f"more {turn}"), 10), read=1120 + 10 * turn, written=10)
    rows = [row for row in ledger(*agent.calls) if row.producer is Producer.TOOL_RESULT]
    assert [(row.name, row.billing, row.size, row.sent, row.tokens, row.usd) for row in rows] == [
        ("grep", Billing.READ, 1000, 8, 8000, 80_000),
        ("grep", Billing.WRITE_5M, 1000, 1, 1000, 125_000),
    ]
    assert [(row.first, row.recent, row.old, row.stale) for row in rows] == [(0, 5000, 3000, 0), (1000, 0, 0, 0)]
    assert {(row.exchange, row.locus.line, row.locus.pointer) for row in rows} == {(1, 2, "/request/body/messages/2")}


def test_what_the_recording_does_not_hold_is_shown_as_such_and_stands_in_front() -> None:
    agent = Agent(hidden=500)
    agent.send(sized(say("user", "task"), 100), written=600)
    agent.send(sized(say("assistant", "hm"), 40), sized(say("user", "go on"), 60), read=600)
    rows = ledger(*agent.calls)
    assert tokens_of(rows, Producer.UNRECORDED, Billing.WRITE_5M) == 500
    assert tokens_of(rows, Producer.UNRECORDED, Billing.READ) == 500
    assert tokens_of(rows, Producer.USER) == 100 + 100 + 60
    assert tokens_of(rows, Producer.HISTORY) == 40


def test_an_image_weighs_what_its_first_call_has_beyond_its_text() -> None:
    story = Story()
    text, more = sized(say("user", "look"), 100), sized(say("assistant", "a cat"), 50)
    image = segment(Kind.IMAGE, "png", length=90_000, unsized=True)
    calls = [
        story.exchange([text], answer(usage=used(100))),
        story.exchange([text, more], answer(usage=used(150))),
        story.exchange([text, more, image], answer(usage=used(1350))),
        story.exchange([text, more, image, sized(say("user", "and?"), 10)], answer(usage=used(1360))),
    ]
    assert tokens_of(ledger(*calls), Producer.ATTACHMENT) == 2 * 1200


def test_an_answer_is_reasoning_text_and_calls() -> None:
    blocks = (Answer(Kind.TEXT, 30, b"t", ""), Answer(Kind.TOOL_CALL, 60, b"c", ""), Answer(Kind.THINKING, 500, b"r", ""))
    response = answer(usage=used(10, output=100, reasoning=10), answers=blocks)
    rows = [row for row in ledger(Story().exchange(response=response)) if row.billing is Billing.OUTPUT]
    assert {row.producer: (row.tokens, row.usd) for row in rows} == {
        Producer.REASONING: (10, 5000),
        Producer.ANSWER: (30, 15_000),
        Producer.CALLS: (60, 30_000),
    }


def test_what_the_providers_own_tools_read_is_theirs() -> None:
    response = answer(call("s1", "web_search", server=True), usage=used(5_000, recorded={"server_tool_use.web_search_requests": 3}))
    rows = ledger(Story().exchange([say("user", "hi")], response))
    searched = [(row.name, row.tokens) for row in rows if row.producer is Producer.SERVER_TOOLS]
    assert searched == [("web_search", 5_000 - tokens_of(rows, Producer.USER))]
    assert [(row.billing, row.tokens, row.usd) for row in rows if row.producer is Producer.FEES] == [(Billing.FEE, 0, 21)]


def test_counts_that_contradict_each_other_have_no_class_and_no_price() -> None:
    rows = ledger(Story().exchange(response=answer(usage=Usage(input=10, cache_read=30, output=0))))
    assert {row.billing for row in rows} == {Billing.UNKNOWN}
    assert (sum(row.tokens for row in rows), sum(row.unpriced for row in rows), sum(row.usd for row in rows)) == (10, 10, 0)


def test_a_model_without_a_price_has_tokens_and_no_dollars() -> None:
    rows = ledger(Story(model="mystery").exchange(response=answer(usage=used(10, output=4))))
    assert (sum(row.tokens for row in rows), sum(row.unpriced for row in rows), sum(row.usd for row in rows)) == (14, 14, 0)


@pytest.mark.parametrize("response", [None, answer(usage=None), answer(status=429, usage=used(10))])
def test_a_call_that_was_not_billed_has_no_entries(response: Response | None) -> None:
    assert ledger(Story().exchange(response=response)) == []


@given(st.randoms(use_true_random=False))
def test_rows_sum_to_the_usage_and_to_the_bill(random: Random) -> None:
    story, prompt = Story(), [sized(say("system", "rules", zone=Zone.SYSTEM), 40)]
    calls: list[Exchange] = []
    bill: Counter[Billing] = Counter()
    for turn in range(random.randint(1, 12)):
        if random.random() < 0.2:
            del prompt[random.randint(1, len(prompt)) :]
        prompt.append(segment(random.choice(list(Kind)), f"{turn}", length=random.randint(0, 400), unsized=random.random() < 0.1))
        total = random.randint(0, 600)
        read = random.randint(0, total)
        written = random.randint(0, total - read)
        output = random.randint(0, 50)
        calls.append(story.exchange(prompt, answer(usage=used(total, read, written, output), answers=())))
        bill.update({Billing.READ: read, Billing.WRITE_5M: written, Billing.PLAIN: total - read - written, Billing.OUTPUT: output})
    rows = ledger(*calls)
    found: Counter[Billing] = Counter()
    for row in rows:
        found[row.billing] += row.tokens
        assert row.tokens == row.first + row.recent + row.old + row.stale
    assert +found == +bill
    dollars = {Billing.READ: 10, Billing.WRITE_5M: 125, Billing.PLAIN: 100, Billing.OUTPUT: 500}
    assert sum(row.usd for row in rows) == sum(tokens * dollars[billing] for billing, tokens in bill.items())


# --- an oracle ---------------------------------------------------------------------------------------------------------

DENSITY = {Kind.TEXT: 4.4, Kind.TOOL_RESULT: 3.1, Kind.TOOL_CALL: 3.1, Kind.TOOL_DEFINITION: 3.1, Kind.THINKING: 8.0}


def weight(piece: Segment, random: Random) -> int:
    """What a segment really weighs: its kind's density, a little more or less, and three tokens around it."""
    return round(piece.length / DENSITY[piece.kind] * random.uniform(0.97, 1.03)) + 3


def test_the_shares_of_producers_are_those_an_oracle_knows() -> None:
    random, story, hidden = Random(7), Story(), 346
    prompt: list[Segment] = [
        *(segment(Kind.TOOL_DEFINITION, f"t{n}", zone=Zone.TOOLS, name=f"t{n}", length=900 + 100 * n) for n in range(6)),
        *(say("system", f"rules {n}", zone=Zone.SYSTEM, length=1500) for n in range(6)),
        say("user", "task", length=1200),
    ]
    weights = {piece.ordered: weight(piece, random) for piece in prompt}
    truth: Counter[Producer] = Counter()
    calls: list[Exchange] = []
    owner = {
        Kind.TOOL_DEFINITION: Producer.TOOL_SCHEMAS,
        Kind.TOOL_RESULT: Producer.TOOL_RESULT,
        Kind.TOOL_CALL: Producer.HISTORY,
        Kind.THINKING: Producer.REASONING,
    }
    spoken = {
        ("system", Zone.SYSTEM): Producer.SYSTEM,
        ("user", Zone.MESSAGES): Producer.USER,
        ("assistant", Zone.MESSAGES): Producer.HISTORY,
    }
    for turn in range(60):
        total = hidden + sum(weights[piece.ordered] for piece in prompt)
        calls.append(story.exchange(prompt, answer(usage=used(total), answers=())))
        truth[Producer.UNRECORDED] += hidden
        for piece in prompt:
            truth[owner.get(piece.kind) or spoken[piece.role, piece.zone]] += weights[piece.ordered]
        new = _turn(turn, random)
        weights.update((piece.ordered, weight(piece, random)) for piece in new)
        prompt = [*prompt, *new]
    rows = ledger(*calls)
    for producer, tokens in truth.items():
        if producer is not Producer.UNRECORDED:
            assert tokens_of(rows, producer) == pytest.approx(tokens, rel=0.03), producer


def _turn(turn: int, random: Random) -> Sequence[Segment]:
    """What an agent adds: thinks, says and asks now and then, calls, and gets results of very different sizes."""
    said = [
        say("assistant", f"said {turn}", length=random.randint(2000, 6000)),
        say("user", f"ask {turn}", length=random.randint(1000, 3000)),
    ]
    thought = [segment(Kind.THINKING, f"thought {turn}", role="assistant", length=random.randint(3000, 9000))]
    ran = [
        calling(f"c{turn}", "run", length=random.randint(200, 900)),
        result(f"c{turn}", f"out {turn}", length=random.choice((400, 3000, 20_000))),
    ]
    return (said, [*thought, calling(f"c{turn}", "look", length=150), result(f"c{turn}", f"r {turn}", length=300)], ran)[turn % 3]


def test_nothing_was_recorded_nothing_is_reported() -> None:
    assert list(Ledger(Flat()).close()) == []
    assert Scale(Tape()).tokens((), QUARTER) == 0


DEMO = Path(__file__).parents[2] / "fixtures" / "demo" / "demo.jsonl"
RULE = """
code: XX001
name: dear-result
status: preview
since: 0.1.0
severity: low
confidence: medium
seam: {upstream: tools, downstream: cost, guarantees: an answer of any length, assumes: one that is worth its price}
from: ledger
where: {producer: tool_result, sent: {gte: 3}}
identity: [app, name]
message: "{name} is sent again and again."
fix: Shorten it.
why: It costs.
false_positives: [It may be needed.]
references: [https://example.org]
"""


def test_a_rule_may_ask_for_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "XX001-dear-result.yaml").write_text(RULE)
    report = audit([str(DEMO)], Settings(rules_dirs=(tmp_path,)))
    assert {finding.severity.name for finding in report.findings if finding.code == "XX001"} == {"LOW"}
