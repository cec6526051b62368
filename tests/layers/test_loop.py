"""Playbooks of the loop layer: what agents do again, and whether it is a loop."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.facts import Fact
from seamaudit.ingest.outcome import text_digest, word_hash
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.layers.loop import Loop, LoopEpisode, LoopExchange, LoopKind, LoopKnobs, RepeatedEffect
from seamaudit.trace import Exchange, Need, Segment, Usage
from tests.builders import Story, answer, call, calling, result, say
from tests.recordings import recorded

F = TypeVar("F", bound=Fact)


class Did(Struct, frozen=True):
    """A call with its arguments and what came of it."""

    tool: str
    arguments: str = "a"
    came: str = "found"
    failed: bool = False

    def segments(self, id: str) -> tuple[Segment, Segment]:
        words = sorted({word_hash(word) for word in self.arguments.lower().split()})
        packed = struct.pack(f"<{len(words)}I", *words)
        outcome = text_digest(self.came) if self.came != "a picture" else b""
        return calling(id, self.tool, self.arguments, words=packed), result(id, self.came, outcome=outcome, failed=self.failed)


Turn = Did | str | tuple[Did, ...]
"""One call, parallel calls, or what a user says."""

ASK = say("user", "do it")


def message(pieces: Iterable[Segment]) -> list[Segment]:
    return [replace(piece, starts=not at, path=f"/content/{at}") for at, piece in enumerate(pieces)]


def calls_of(turn: Turn) -> tuple[Did, ...]:
    return () if isinstance(turn, str) else turn if isinstance(turn, tuple) else (turn,)


def prompt(turns: Iterable[Turn], ids: Iterable[str] | None = None) -> list[Segment]:
    """A whole conversation as a prompt; calls are numbered c0, c1, ... unless `ids` are given."""
    names = iter(ids if ids is not None else (f"c{n}" for n in count()))
    out = message([ASK])
    for number, turn in enumerate(turns):
        if isinstance(turn, str):
            out += message([say("assistant", f"answer {number}")]) + message([say("user", turn)])
            continue
        pairs = [did.segments(next(names)) for did in calls_of(turn)]
        out += message([pair[0] for pair in pairs]) + message([pair[1] for pair in pairs])
    return out


def facts(kind: type[F], exchanges: Iterable[Exchange], knobs: LoopKnobs = LoopKnobs()) -> list[F]:
    layer = Loop(knobs)
    found = [fact for exchange in exchanges for fact in layer.feed(exchange)]
    return [fact for fact in (*found, *layer.close()) if isinstance(fact, kind)]


def played(turns: Sequence[Turn], cuts: Iterable[int] | None = None, story: Story | None = None) -> list[Exchange]:
    """The turns as a client sends them: the prompts before each turn in `cuts` (default: all), answered with that turn's calls, and
    the last."""
    story = story or Story()
    numbers = count()
    made = [[call(f"c{next(numbers)}", did.tool) for did in calls_of(turn)] for turn in turns]
    ends = sorted({*(range(len(turns)) if cuts is None else cuts), len(turns)})
    return [story.exchange(prompt(turns[:end]), answer(*[*made, []][end])) for end in ends]


def loops(turns: Sequence[Turn], knobs: LoopKnobs = LoopKnobs()) -> list[tuple[str, str, int, int]]:
    """Kind, tool, period and calls of every episode."""
    return [summary(row) for row in facts(LoopEpisode, played(turns), knobs)]


def summary(row: LoopEpisode) -> tuple[str, str, int, int]:
    return (row.kind.value, row.tool, row.period, row.steps)


READ = Did("read_file", "src/a.py", "x = 1")
LIST = Did("list_dir", "src", "a.py b.py")
TEST = Did("run_tests", "all", "1 failed", failed=True)
FAIL = Did("book_flight", "HAT030 May", "Error: not available", failed=True)
WORDINGS = ["refund policy norway", "norway refund policy orders", "refund policy norway shop", "policy refund norway", "refund norway"]


def edit(number: int) -> Did:
    return Did("edit_file", f"a.py {number}", "ok")


def search(words: str, came: str = "No results found") -> Did:
    return Did("search_docs", words, came)


# --- the matrix ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [2, 3, 6])
@pytest.mark.parametrize("period", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("failed", [False, True])
def test_a_round_of_any_length_is_a_loop_from_the_third_time_on(period: int, rounds: int, failed: bool) -> None:
    names = [f"read_{chr(ord('a') + n)}" for n in range(period)]
    found = loops([Did(name, "x", f"of {name}", failed) for name in names] * rounds)
    if rounds < 3:
        assert found == []
    elif period == 1:
        assert found == [("error" if failed else "repeated", "read_a", 1, rounds)]
    else:
        assert found == [("cycle", " → ".join(names), period, period * rounds)]


@pytest.mark.parametrize("tries", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("tool", "came", "failed"), [("search_docs", "page 1", False), ("get_page", "[]", False), ("book", "Error: no", True)]
)
def test_rewordings_with_one_result_are_a_loop_from_the_fourth_on(tries: int, tool: str, came: str, failed: bool) -> None:
    found = loops([Did(tool, words, came, failed) for words in WORDINGS[:tries]])
    assert found == ([("reworded", tool, 1, tries)] if tries >= 4 else [])


WORK = {
    "tests run again between edits": [turn for n in range(6) for turn in (edit(n), TEST)],
    "lints in a shell between edits": [turn for n in range(6) for turn in (edit(n), Did("Bash", "make lint", "2 warnings"))],
    "a file read again between commands": [turn for n in range(6) for turn in (READ, Did("bash", f"sed {n}", ""))],
    "a tool of unknown nature in between": [turn for n in range(6) for turn in (READ, Did("frobnicate", f"{n}", "ok"))],
    "polls with changing results": [Did("read_log", "x", f"{n} %") for n in range(8)],
    "results that go back and forth": [Did("read_light", "x", ("on", "off")[n % 2]) for n in range(4)],
    "a status that stays": [Did("job_status", "job 7", "running")] * 8,
    "waiting in a shell": [Did("Bash", "sleep 30", "")] * 8,
    "a command that asks for the status": [Did("bash", "kubectl rollout status", "waiting")] * 8,
    "a round that waits": [Did("getProgress", "7", "10 %"), READ] * 5,
    "waiting until a server is up": [Did("wait_for_port", "80", "Error: connection refused", failed=True)] * 8,
    "keys pressed": [Did("press_key", "down", "ok")] * 8,
    "a round of acknowledged changes": [Did("type_text", "x", "ok"), Did("press_key", "enter", "ok")] * 5,
    "different writes acknowledged alike": [Did("write_note", f"note for ada {n}", "ok") for n in range(8)],
    "different files updated": [Did("multi_edit", f"src app main {n}", "The file has been updated.") for n in range(8)],
    "silent commands": [Did("bash", f"cp a.py b.py dir {n}", "") for n in range(8)],
    "silent tools of unknown nature": [Did("frobnicate", f"a b c {n}", "") for n in range(8)],
    "one answer to different questions": [search(words) for words in ("refunds", "parking in graz", "lunch", "fire drill", "holidays")],
    "other words, other results": [search(words, f"page {n}") for n, words in enumerate(WORDINGS)],
    "lookups that happen to agree": [Did("get_weather", f"town {n} celsius today", "sunny") for n in range(8)],
    "sums that happen to agree": [Did("calculate", f"a + b - c {n}", "0") for n in range(8)],
    "thoughts": [Did("think", "I have to think", "")] * 8,
    "a call that fails in other ways": [replace(FAIL, came=f"Error: {n}") for n in range(6)],
    "a failing call with an edit in between": [turn for n in range(6) for turn in (FAIL, edit(n))],
    "a user who asks again": [turn for _ in range(6) for turn in (READ, "look again")],
    "a user who asks for the same round": [turn for _ in range(6) for turn in (READ, LIST, "again")],
    "two rounds and a part of the third": [Did(f"frobnicate_{name}") for name in "abcabcab"],
    "pictures": [Did("view_screen", "x", "a picture")] * 8,
    "rounds with pictures": [Did("click", "next", "ok"), Did("view_screen", "x", "a picture")] * 5,
    "one call made many times at once": [(READ,) * 6],
    "a question in many words at once": [tuple(search(words) for words in WORDINGS)],
}


@pytest.mark.parametrize("turns", WORK.values(), ids=WORK)
def test_work_and_waiting_are_no_loops(turns: Sequence[Turn]) -> None:
    assert loops(turns) == []


LOOPS: dict[str, tuple[Sequence[Turn], tuple[str, str, int, int]]] = {
    "other reads in between": ([READ, LIST, READ, search("x", "page"), READ], ("repeated", "read_file", 1, 3)),
    "tests run again without an edit": ([TEST, READ, TEST, LIST, TEST], ("error", "run_tests", 1, 3)),
    "one command, one output": ([Did("Bash", "make", "done")] * 3, ("repeated", "Bash", 1, 3)),
    "thoughts between failures": ([FAIL, Did("think", "hm", ""), FAIL, Did("think", "well", ""), FAIL], ("error", "book_flight", 1, 3)),
    "other failures in between": ([FAIL, replace(FAIL, tool="pay"), FAIL, READ, FAIL], ("error", "book_flight", 1, 3)),
    "after an edit": ([FAIL, FAIL, edit(1), FAIL, FAIL, FAIL], ("error", "book_flight", 1, 3)),
    "done and undone": ([edit(1), TEST, edit(2), TEST] * 3, ("cycle", "edit_file → run_tests → edit_file → run_tests", 4, 12)),
    "a round with more of one": ([READ, READ, LIST] * 3, ("cycle", "list_dir → read_file → read_file", 3, 9)),
    "a round and a part of it": ([READ, LIST, TEST] * 3 + [READ], ("cycle", "list_dir → run_tests → read_file", 3, 10)),
    "a round entered elsewhere": ([LIST, READ] * 3, ("cycle", "list_dir → read_file", 2, 6)),
    "parallel calls, again and again": ([(READ, LIST)] * 3, ("cycle", "list_dir → read_file", 2, 6)),
    "a poll that fails": ([Did("job_status", "7", "Error: no such job", failed=True)] * 3, ("error", "job_status", 1, 3)),
    "a failing question": ([Did("bash", "git status", "fatal: no repository", failed=True)] * 3, ("error", "bash", 1, 3)),
    "explicitly nothing, by any tool": ([Did("frobnicate", w, "[]") for w in WORDINGS], ("reworded", "frobnicate", 1, 5)),
    "a server before the name": ([Did("mcp__create__get_page", "x", "y")] * 3, ("repeated", "mcp__create__get_page", 1, 3)),
    "the same question at last": ([search("x", "page"), search("x", "page"), READ, search("x", "page")], ("repeated", "search_docs", 1, 3)),
}


@pytest.mark.parametrize(("turns", "expected"), LOOPS.values(), ids=LOOPS)
def test_loops_are_found_among_other_calls(turns: Sequence[Turn], expected: tuple[str, str, int, int]) -> None:
    assert loops(turns) == [expected]


def test_a_write_that_stands_behind_a_read_in_its_name_is_a_change() -> None:
    assert loops([turn for n in range(4) for turn in (READ, Did("find_and_replace", f"{n}", "1 replaced"))]) == []


@pytest.mark.parametrize(
    "tool", ["get_user", "mcp__create__list_pages", "LS", "WebSearch", "functions.lookUp", "calculate", "view_file", "think", "GET"]
)
def test_reading_searching_and_computing_in_between_change_nothing(tool: str) -> None:
    assert loops([turn for n in range(4) for turn in (FAIL, Did(tool, f"{n}", f"{n}"))]) == [("error", "book_flight", 1, 4)]


@pytest.mark.parametrize(
    "tool", ["Bash", "str_replace_based_edit_tool", "mcp__search__create_index", "get_or_create", "", "écrire", "TodoWrite", "order", "sql"]
)
def test_whatever_may_have_changed_something_makes_the_next_call_a_new_one(tool: str) -> None:
    assert loops([turn for n in range(4) for turn in (FAIL, Did(tool, f"{n}", f"{n}"))]) == []


def test_episodes_are_told_apart_in_their_order() -> None:
    turns = [*[search(words) for words in WORDINGS], *[READ, LIST] * 3, edit(1), *[FAIL] * 3, "again", *[FAIL] * 4]
    assert [(kind, steps) for kind, _, _, steps in loops(turns)] == [("reworded", 5), ("cycle", 6), ("error", 3), ("error", 4)]


def test_knobs_say_when_it_is_too_much() -> None:
    assert loops([READ] * 2, LoopKnobs(min_repeats=2)) != []
    assert loops([READ, LIST] * 3, LoopKnobs(min_rounds=4)) == [("repeated", "read_file", 1, 3), ("repeated", "list_dir", 1, 3)]
    assert loops([search(words) for words in WORDINGS], LoopKnobs(min_alike=0.99)) == []
    assert loops([search(words) for words in WORDINGS[:2]], LoopKnobs(min_rewordings=2)) != []


# --- how prompts tell it ---------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.sampled_from([READ, LIST, TEST, FAIL, edit(1), edit(2), Did("job_status", "7", "running"), *map(search, WORDINGS)]),
        st.just("go on"),
        st.just((READ, LIST)),
    ),
    max_size=24,
)


@given(STEPS, st.sets(st.integers(0, 24)))
def test_it_does_not_matter_over_how_many_prompts_the_steps_come(turns: list[Turn], cuts: set[int]) -> None:
    def episodes(exchanges: list[Exchange]) -> list[tuple[object, ...]]:
        return [(*summary(row), row.repeats, row.failed, row.wasted_steps) for row in facts(LoopEpisode, exchanges)]

    whole = episodes([Story().exchange(prompt(turns))])
    assert episodes(played(turns)) == whole
    assert episodes(played(turns, {cut for cut in cuts if cut < len(turns)})) == whole


@given(
    st.lists(st.tuples(st.sampled_from(["read_file", "search_docs", "Bash", "edit_file", "frobnicate"]), st.booleans()), max_size=30),
    st.sampled_from(["outcomes", "arguments"]),
)
def test_steps_that_all_differ_are_no_loop(steps: list[tuple[str, bool]], differ: str) -> None:
    """Whether they differ in what they ask, sharing no word, or in what came of them."""
    if differ == "outcomes":
        turns = [Did(tool, "a b c", f"result {n}", failed) for n, (tool, failed) in enumerate(steps)]
    else:
        turns = [Did(tool, f"word{n}", "[]", failed) for n, (tool, failed) in enumerate(steps)]
    assert loops(turns) == []


@given(STEPS)
def test_what_is_wasted_is_part_of_what_was_done(turns: list[Turn]) -> None:
    exchanges = played(turns)
    rows = facts(LoopEpisode, exchanges)
    spent = facts(LoopExchange, exchanges)
    assert sum(row.steps for row in rows) <= sum(len(calls_of(turn)) for turn in turns)
    assert all(row.wasted_steps == row.steps - row.period and row.repeats * row.period <= row.steps for row in rows)
    assert len({row.exchange for row in spent}) == len(spent)
    assert sum(row.wasted_tokens or 0 for row in rows) == sum(row.tokens or 0 for row in spent) <= 25 * len(exchanges)


def test_a_history_behind_a_moving_clock_is_not_told_twice() -> None:
    story = Story()
    turns = [READ, READ, edit(1), READ, READ]
    clocked = [[say("system", f"it is {n} o'clock"), *prompt(turns[:n])] for n in range(len(turns) + 1)]
    assert facts(LoopEpisode, [story.exchange(each) for each in clocked]) == []


def test_a_history_that_slides_out_of_the_window_is_not_told_twice() -> None:
    story = Story()
    turns: list[Turn] = [READ, LIST, READ, search("x", "y"), LIST, search("z", "y")]
    whole = prompt(turns)
    slid = [[*whole[:1], *whole[1 + 2 * start :]] for start in range(len(turns))]
    assert facts(LoopEpisode, [story.exchange(each) for each in (whole, *slid, whole)]) == []


def test_results_cleared_from_the_history_are_no_new_results() -> None:
    turns = [Did("read_file", words, f"text {n}") for n, words in enumerate(WORDINGS)]
    cleared = [replace(turn, came="[cleared]", failed=True) for turn in turns]
    story = Story()
    assert facts(LoopEpisode, [story.exchange(prompt(turns)), story.exchange([*prompt(cleared)])]) == []


def test_a_side_call_in_between_does_not_bring_the_history_back() -> None:
    story = Story()
    turns = [READ, LIST, READ]
    prompts = [prompt(turns[:2]), message([say("user", "a title, please")]), prompt(turns), message([say("user", "x")]), prompt(turns)]
    assert facts(LoopEpisode, [story.exchange(each) for each in prompts]) == []


@pytest.mark.parametrize(("columns", "found"), [({}, [4]), ({"intended": "microcompaction"}, []), ({"after_hole": True}, [])])
def test_reading_again_what_was_forgotten_on_purpose_is_work(columns: dict[str, Any], found: list[int]) -> None:
    story = Story()
    before = played([READ, READ], story=story)
    rewritten = story.exchange(prompt([READ, READ], ["d0", "d1"]), **columns)
    assert [row.steps for row in facts(LoopEpisode, [*before, rewritten])] == found


def test_calls_without_ids_are_paired_by_order() -> None:
    turns = [(READ, LIST)] * 3
    nameless = [""] * 6
    story = Story(api="gemini.generate")
    exchanges = [story.exchange(prompt(turns[:end], nameless)) for end in range(4)]
    assert [summary(row) for row in facts(LoopEpisode, exchanges)] == [("cycle", "list_dir → read_file", 2, 6)]


def test_ids_that_are_used_again_are_other_calls() -> None:
    story = Story()
    exchanges = [story.exchange(prompt([READ] * end, ["call_0"] * end)) for end in range(5)]
    assert [row.steps for row in facts(LoopEpisode, exchanges)] == [4]


def test_words_beside_results_are_a_users_unless_they_always_come() -> None:
    def with_words(words: Sequence[str]) -> list[Segment]:
        out = message([ASK])
        for number, said in enumerate(words):
            made, came = READ.segments(f"c{number}")
            out += message([made]) + message([came, say("user", said)])
        return out

    def found(words: Sequence[str]) -> list[int]:
        return [row.steps for row in facts(LoopEpisode, [Story().exchange(with_words(words))])]

    assert found(["mind the rules"] * 5) == [4]  # until it is known to come always, it may be a person's
    assert found([f"no, wait {n}" for n in range(5)]) == []


def test_a_call_whose_result_never_came_is_no_step() -> None:
    pending = [*prompt([READ, READ]), *message([calling("c9", "read_file", "src/a.py")])]
    assert facts(LoopEpisode, [Story().exchange(pending)]) == []


def test_a_prompt_that_is_not_all_there_is_not_checked() -> None:
    story = Story()
    part = story.exchange(prompt([READ] * 3), request={"complete": False})
    assert facts(LoopEpisode, [part]) == []
    unchecked = [(row.table, row.exchange) for row in facts(Unchecked, [part])]
    assert unchecked == [(table, part.id) for table in ("loop_spend", "caps_passed", "unattended")]
    assert facts(Unchecked, [replace(part, lacks={Need.PROMPT: "not recorded"})]) == []


# --- what is told ----------------------------------------------------------------------------------------------------


def test_an_episode_stands_at_its_last_call_and_shows_the_first_two() -> None:
    exchanges = played([LIST, READ, READ, READ, READ])
    (row,) = facts(LoopEpisode, exchanges)
    assert (row.exchange, row.first_exchange, row.last_exchange) == (4, 1, 4)
    assert [place.line for place in row.witness] == [2, 3, 5]
    assert row.locus == exchanges[4].locus
    assert (row.kind, row.repeats, row.wasted_steps, row.failed, row.thread, row.app) == (LoopKind.REPEATED, 4, 3, False, "t1", "app")


def test_calls_whose_making_is_not_recorded_stand_in_the_prompt() -> None:
    exchange = Story().exchange(prompt([READ] * 3))
    (row,) = facts(LoopEpisode, [exchange])
    assert row.wasted_tokens is None
    assert row.locus == exchange.locus.at("/request/body/messages/5/content/0")


def test_the_exchanges_after_the_first_round_are_wasted() -> None:
    exchanges = played([READ, LIST] * 3)
    (row,) = facts(LoopEpisode, exchanges)
    assert [(spent.exchange, spent.tokens) for spent in facts(LoopExchange, exchanges)] == [(n, 25) for n in (2, 3, 4, 5)]
    assert (row.wasted_steps, row.wasted_tokens) == (4, 100)


def test_an_exchange_that_also_did_something_else_is_not_wasted() -> None:
    exchanges = played([READ, (READ, edit(1)), READ, (READ, search("x", "y")), READ])
    spent = facts(LoopExchange, exchanges)
    assert [row.exchange for row in spent] == [4]
    assert [row.wasted_tokens for row in facts(LoopEpisode, exchanges)] == [25]


def test_a_call_made_twice_at_once_is_no_other_call() -> None:
    exchanges = played([(READ, READ)] * 3)
    made = [call(f"c{n}", "read_file") for n in range(6)]
    alike = [replace(one, arguments=b"x") for one in made]
    twice = [replace(each, response=answer(*alike[2 * n : 2 * n + 2])) for n, each in enumerate(exchanges)]
    assert [(row.steps, row.wasted_tokens) for row in facts(LoopEpisode, twice)] == [(3, 50)]


def test_tokens_are_unknown_where_a_usage_is() -> None:
    for usage in (None, Usage(input=20), Usage(input=20, output=1, placeholder_output=True)):
        first, *rest = played([READ] * 4)
        rest[1] = replace(rest[1], response=replace(rest[1].response or answer(), usage=usage))
        assert [row.wasted_tokens for row in facts(LoopEpisode, [first, *rest])] == [None]


def test_a_thread_is_the_scope() -> None:
    assert Loop.scope is Scope.THREAD


# --- recorded --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [("tau-bench", {"LP007": {"8/1", "9/2", "11/2"}}), ("pairs", {}), ("claude-code", {}), ("pi", {})],
)
def test_recorded_loops_are_found_and_recorded_work_is_left_alone(name: str, found: dict[str, set[str]]) -> None:
    report = audit([str(recorded(name))], Settings())
    threads: dict[str, set[str]] = {}
    for finding in report.findings:
        if finding.layer == "loop":
            threads.setdefault(finding.code, set()).update(case.thread for case in finding.cases)
    assert threads == found


BOOKED = Did("book_room", "nile friday", "booked")


def repeated(*turns: Turn) -> list[tuple[str, bool | None]]:
    return [(fact.tool, fact.same_result) for fact in facts(RepeatedEffect, played(turns))]


@pytest.mark.parametrize("tool", ["book_room", "sendEmail", "mcp__shop__create_order", "refund_payment"])
def test_a_deed_done_twice_is_told(tool: str) -> None:
    assert repeated(Did(tool, "x", "one"), Did("list_rooms", "y"), Did(tool, "x", "two")) == [(tool, False)]


@pytest.mark.parametrize(
    "tool",
    [
        "edit_file",
        "create_file",
        "get_order",
        "order_lookup",
        "update_booking",
        "transfer_to_billing",
        "send_keys",
        "add",
        "bash",
        "TodoWrite",
        "",
    ],
)
def test_calls_that_leave_no_second_mark_are_not(tool: str) -> None:
    assert repeated(Did(tool, "x", "one"), Did(tool, "x", "two")) == []


@pytest.mark.parametrize(
    "turns",
    [
        (replace(BOOKED, failed=True), BOOKED),
        (BOOKED, replace(BOOKED, failed=True)),
        (BOOKED, "once more, please", BOOKED),
        (BOOKED, Did("cancel_room", "nile friday", "cancelled"), BOOKED),
        (BOOKED, replace(BOOKED, arguments="oder friday")),
        (replace(BOOKED, arguments="nile idempotency_key"), replace(BOOKED, arguments="nile idempotency_key")),
    ],
)
def test_what_is_wanted_again_is_no_repeated_effect(turns: tuple[Turn, ...]) -> None:
    assert repeated(*turns) == []


def test_a_history_under_new_ids_repeats_nothing() -> None:
    story = Story()
    first = story.exchange(prompt([BOOKED], ["a"]), answer())
    second = story.exchange(prompt([BOOKED], ["b"]), answer())
    assert facts(RepeatedEffect, [first, second]) == []


def test_a_repeated_effect_stands_where_it_was_called_again() -> None:
    (found,) = facts(RepeatedEffect, played([BOOKED, BOOKED]))
    assert (found.exchange, found.retried, found.same_result) == (1, True, True)
    assert [place.line for place in found.witness] == [1]
