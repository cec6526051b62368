"""Faults of tools and streams planted into clean agent threads: each is found once, at its place, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oracle import Recorder, result, text, use
from refusals import REFUSED, START, orphaned_use, unanswered_calls, unexpected_result
from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.findings import Severity
from streaming import chat, event, events, messages, of_type, responses

TURNS = 12
MAKES: dict[str, Callable[..., Any]] = {"messages": messages, "chat": chat, "responses": responses}
Step = Callable[[Any], None]


def ask(name: str = "Ada") -> list[Any]:
    return [text("I look them up."), use("look_up", {"name": name})]


def agent(rec: Recorder, name: str, api: str) -> Any:
    """A thread of twelve turns with Anthropic, Chat or Responses whose last call waits for its result."""
    thread = MAKES[api](rec, name)
    thread.user("What does everybody owe?")
    for turn in range(TURNS):
        thread.call([text(f"Now number {turn}."), use("look_up", {"name": f"customer {turn}"})], stream=turn % 2 == 0)
        if turn < TURNS - 1:
            thread.results(f"Customer {turn} owes {turn} euros.")
    return thread


@dataclass(frozen=True)
class Plant:
    """What is done to a thread in the end, the code that must be found, and where in the last record."""

    code: str
    api: str
    pointer: str
    step: Step


def orphan(thread: Any) -> None:
    (id,) = thread.pending
    thread.user("Never mind.")
    thread.fail(400, REFUSED, orphaned_use(2 * TURNS - 1, id))


def orphan_chat(thread: Any) -> None:
    (id,) = thread.pending
    thread.user("Never mind.")
    thread.fail(400, REFUSED, unanswered_calls(id))


def stray(thread: Any) -> None:
    (id,) = thread.pending
    del thread.messages[-1]
    thread.user([result(id, "40 euros")])
    thread.fail(400, REFUSED, unexpected_result(2 * TURNS - 1, 0, id))


def twice(thread: Any) -> None:
    (id,) = thread.pending
    thread.user([result(id, "40 euros"), result(id, "41 euros")])
    said = f"messages.{2 * TURNS}.content.1: each tool_use must have a single result."
    thread.fail(400, REFUSED, f"{said} Found multiple `tool_result` blocks with id: {id}")


def late(thread: Any) -> None:
    (id,) = thread.pending
    thread.user("Still there?")
    thread.say("assistant", "Yes.")
    thread.user([result(id, "40 euros")])
    thread.fail(400, REFUSED, orphaned_use(2 * TURNS - 1, id))


def text_first(thread: Any) -> None:
    (id,) = thread.pending
    thread.user([text("Here it is:"), result(id, "40 euros")])
    thread.fail(400, REFUSED, orphaned_use(2 * TURNS - 1, id))


def answered(answer: Any, **options: Any) -> Step:
    def step(thread: Any) -> None:
        thread.results("40 euros")
        thread.call(answer, **options)

    return step


def error_event(parts: list[str]) -> list[str]:
    return [*parts[:4], event("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})]


def without_start(parts: list[str]) -> list[str]:
    gone = of_type("content_block_start", parts)[:1]
    return [part for at, part in enumerate(parts) if at not in gone]


LAST = f"/request/body/messages/{2 * TURNS - 1}/content"
PLANTS = [
    Plant("TP001", "messages", f"{LAST}/1", orphan),
    Plant("TP001", "chat", f"/request/body/messages/{2 * TURNS}/tool_calls/0", orphan_chat),
    Plant("TP002", "messages", f"{LAST}/0", stray),
    Plant("TP003", "messages", f"/request/body/messages/{2 * TURNS}/content/1", twice),
    Plant("TP004", "messages", f"/request/body/messages/{2 * TURNS + 2}/content/0", late),
    Plant("TP006", "messages", f"/request/body/messages/{2 * TURNS}/content/1", text_first),
    Plant("TP008", "messages", "/response/body/content/0", answered([use("drop_table", {"name": "x"})])),
    Plant("TP008", "responses", "/response/body/output/0", answered([use("drop_table", {"name": "x"})])),
    Plant("TP009", "chat", "/response/body/choices/0/message/tool_calls/0", answered([use("look_up", '{"name": "Ada",}')])),
    Plant("ST001", "messages", "/response/body", answered("Ada owes 40 euros.", stop="tool_use")),
    Plant("ST001", "chat", "/response/body", answered("Ada owes 40 euros.", stop="tool_calls")),
    Plant("ST002", "messages", "/response/body_raw", answered("Ada owes 40 euros.", stream=True, cut=4)),
    Plant("ST002", "chat", "/response/body_raw", answered("Ada owes 40 euros.", stream=True, cut=2)),
    Plant("ST002", "responses", "/response/body_raw", answered("Ada owes 40 euros.", stream=True, cut=4)),
    Plant("ST003", "messages", "/response/body_raw", answered("Ada owes 40 euros.", stream=True, edit=events(error_event))),
    Plant("ST005", "messages", "/response/body", answered(ask(), stop="end_turn")),
    Plant("ST005", "chat", "/response/body", answered(ask(), stop="stop")),
    Plant("ST006", "messages", "/response/body_raw", answered("Ada owes 40 euros.", stream=True, edit=events(without_start))),
]


def found(path: Path) -> list[tuple[str, int, str]]:
    report = audit([str(path)], Settings())
    return sorted(
        (each.code, case.locus.line, case.locus.pointer) for each in report.findings if each.severity > Severity.INFO for case in each.cases
    )


def trace(folder: Path, plant: Plant | None) -> tuple[Path, int]:
    """Three untouched threads and the planted one in the middle; gives the line of the last record of it."""
    rec = Recorder(seed=77, start=START)
    line = 0
    for name, api in (("one", "messages"), ("two", "chat"), ("planted", plant.api if plant else "messages"), ("three", "responses")):
        thread = agent(rec, name, api)
        if name == "planted" and plant:
            plant.step(thread)
            line = len(rec.records)
        else:
            thread.results("40 euros")
            thread.call("That is all of them.")
    path = folder / "trace.jsonl"
    rec.write(path)
    return path, line


def test_the_untouched_threads_are_silent(tmp_path: Path) -> None:
    assert found(trace(tmp_path, None)[0]) == []


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.code}-{plant.api}")
def test_a_planted_fault_is_found_once_at_its_place(plant: Plant, tmp_path: Path) -> None:
    path, line = trace(tmp_path, plant)
    assert found(path) == [(plant.code, line, plant.pointer)]
