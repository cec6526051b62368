"""A walk says what happened at every call of a conversation."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from seamaudit.audit import Followed, follow
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.forensics.walk import Walk, choose, document, opened, summaries, walk
from seamaudit.layers.cost import Spend
from seamaudit.layers.stream import Terminal
from tests.recordings import recorded

FIXTURES = Path(__file__).parents[2] / "fixtures"
DEMO = FIXTURES / "demo" / "demo.jsonl"


@pytest.fixture(scope="module")
def demo() -> Followed:
    return follow([str(DEMO)], Settings())


def walked(found: Followed, name: str = "") -> Walk:
    return walk(choose(found.exchanges, found.findings, name).exchanges, found.measured.replayed.facts, found.findings)


def test_every_call_is_a_step_with_what_it_read_wrote_and_cost(demo: Followed) -> None:
    steps = walked(demo, "coding-1").steps
    spent = [row for row in demo.measured.replayed.facts.rows(Spend) if row.conversation == "coding-1"]
    assert [(step.usd, step.spent, step.read, step.written, step.output) for step in steps] == [
        (row.usd, row.cumulative_usd, row.cache_read, row.cache_write, row.output) for row in spent
    ]


def test_what_came_in_and_went_out(demo: Followed) -> None:
    steps = walked(demo, "coding-1").steps
    assert (steps[0].brought, steps[0].repeats) == (("user",), False)
    for before, step in pairwise(steps):
        if before.made and not before.refused and not step.repeats:
            assert step.brought[: len(before.made)] == before.made


def test_a_finding_stands_at_the_calls_where_it_shows(demo: Followed) -> None:
    shown = {
        (step.exchange, each.code)
        for name in ("support-1", "coding-1", "digest-1")
        for step in walked(demo, name).steps
        for each in step.boundaries
    }
    ids = {call.id for call in demo.exchanges if call.thread.conversation in ("support-1", "coding-1", "digest-1")}
    assert shown == {(case.exchange, finding.code) for finding in demo.findings for case in finding.cases if case.exchange in ids}


def test_a_cut_stream_and_a_refusal_are_told() -> None:
    cut = walked(follow([str(FIXTURES / "ST002" / "bad.jsonl")], Settings()))
    assert any(step.terminal is Terminal.TRUNCATED for step in cut.steps)
    refused = walked(follow([str(FIXTURES / "TP018" / "bad.jsonl")], Settings()))
    assert any(step.refused.startswith("400") for step in refused.steps)


def test_tries_are_numbered() -> None:
    found = follow([str(FIXTURES / "RT001" / "bad.jsonl")], Settings())
    tries = [
        step.attempt
        for summary in summaries(found.exchanges, found.measured.replayed.facts, found.findings)
        for step in walked(found, summary.thread).steps
    ]
    assert max(tries, key=lambda each: each[1])[1] == 18
    assert (1, 18) in tries
    assert (18, 18) in tries


def test_without_a_name_the_thread_whose_findings_weigh_most_is_chosen(demo: Followed) -> None:
    chosen = choose(demo.exchanges, demo.findings)
    worst = max(finding.severity for finding in demo.findings)
    threads = {case.thread for finding in demo.findings if finding.severity is worst for case in finding.cases}
    assert (chosen.exchanges[0].thread.id in threads, chosen.named) == (True, False)
    assert chosen.threads == len({call.thread.id for call in demo.exchanges})


@pytest.mark.parametrize(
    ("name", "hint"), [("coding-2", "Did you mean 'coding-1'?"), ("support", "Name one of them whole"), ("zzz", "--list")]
)
def test_a_name_that_fits_none_or_many_is_an_error_that_helps(name: str, hint: str, demo: Followed) -> None:
    with pytest.raises(UsageError) as error:
        choose(demo.exchanges, demo.findings, name)
    assert hint in error.value.hint


def test_nothing_to_walk() -> None:
    with pytest.raises(UsageError, match="no thread to walk"):
        choose((), ())


def test_an_opened_request_holds_every_position(demo: Followed) -> None:
    call = choose(demo.exchanges, demo.findings, "coding-1").exchanges[2]
    request = opened(call, demo.text, show_content=False)
    assert len(request.positions) == call.request.prefix.length
    assert [each.known for each in request.positions].count(True) == (call.previous.shared if call.previous else 0)
    assert [each.ttl for each in request.positions if each.ttl] == [mark.ttl for mark in call.request.breakpoints]
    masked = [each.excerpt or "" for each in request.positions]
    shown = [each.excerpt or "" for each in opened(call, demo.text, show_content=True).positions]
    assert masked[4] == "".join(("X" if c.isupper() else "x") if c.isalpha() else c for c in shown[4])


def test_a_text_that_has_left_is_not_invented(demo: Followed) -> None:
    request = opened(demo.exchanges[0], lambda _: None, show_content=True)
    assert {each.excerpt for each in request.positions} == {None}


def test_hostile_names_are_made_safe(demo: Followed) -> None:
    found = walked(demo, "coding-1")
    steps = (replace(found.steps[0], made=("\x1b[31m", "::error::x"), stop="\u202e"), *found.steps[1:])
    told = document(replace(found, steps=steps), ["a\nb"])
    assert (told["steps"][0]["calls"][0], told["steps"][0]["stop"], told["steps"][0]["file"]) == ("\u241b[31m", "<U+202E>", "a\u240ab")


def test_every_recorded_thread_can_be_walked() -> None:
    found = follow([str(recorded("pairs")), str(recorded("claude-code")), str(recorded("pi"))], Settings())
    for summary in summaries(found.exchanges, found.measured.replayed.facts, found.findings):
        steps = walked(found, summary.thread).steps
        assert len(steps) == summary.calls
        known = [step.usd for step in steps if step.usd is not None]
        assert (sum(known) if known else None) == summary.usd
