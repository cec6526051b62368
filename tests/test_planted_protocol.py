"""Faults of tools and streams planted into clean agent threads: each is found once, at its place, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oracle import Recorder, result, text, thinking, tool, use
from refusals import REFUSED, START, orphaned_use, unanswered_calls, unexpected_result
from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.findings import Severity
from streaming import NOTE, chat, event, events, messages, of_type, responses

TURNS = 12
MAKES: dict[str, Callable[..., Any]] = {"messages": messages, "chat": chat, "responses": responses}
Step = Callable[[Any], None]
SENDING = tool("send_letter", "Send a letter.", {"to": {"type": "string"}, "text": {"type": "string"}})
LETTER = use("send_letter", {"to": "Ada Lovelace", "text": "You owe 40 euros."})


def ask(name: str = "Ada") -> list[Any]:
    return [text("I look them up."), use("look_up", {"name": name})]


def agent(rec: Recorder, name: str, api: str) -> Any:
    """A thread of twelve turns with Anthropic, Chat or Responses whose last call waits for its result."""
    thread = MAKES[api](rec, name)
    thread.tools = [*thread.tools, SENDING]
    thread.user("What does everybody owe?")
    for turn in range(TURNS):
        thread.call([text(f"Now number {turn}."), use("look_up", {"name": f"customer {turn}"})], stream=turn % 2 == 0)
        if turn < TURNS - 1:
            thread.results(f"Customer {turn} owes {turn} euros.")
    return thread


@dataclass(frozen=True)
class Plant:
    """What is done to a thread in the end, the code that must be found, and where: the pointer, and how many records before its last.

    `pause` is how long the others wait then.
    """

    code: str
    api: str
    pointer: str
    step: Step
    back: int = 0
    pause: float = 0


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


def repeated_id(thread: Any) -> None:
    thread.results("40 euros")
    calls = thread.messages[-2]["content"]
    thread.messages[-2]["content"] = [*calls, calls[-1]]
    thread.fail(400, REFUSED, f"messages.{2 * TURNS - 1}: `tool_use` ids must be unique")


def apart(thread: Any) -> None:
    """Results of parallel calls in two messages."""
    thread.results("40 euros")
    thread.call([*ask("Ada"), use("look_up", {"name": "Bob"})])
    one, two = thread.pending
    thread.user([result(one, "40 euros")])
    thread.user([result(two, "nothing")])
    thread.call("Ada owes 40 euros, Bob nothing.")


def booked_twice(thread: Any) -> None:
    thread.results("40 euros")
    for _ in range(2):
        thread.call([LETTER])
        thread.results("sent")
    thread.call("Ada knows.")


def half_sent(thread: Any) -> None:
    thread.results("40 euros")
    thread.call([LETTER, use("send_letter", {"to": "Bob", "text": "You owe nothing."})])
    thread.results("sent", "Error: no such address", errors=[1])
    thread.call("Both know now.")


def thoughtless(thread: Any) -> None:
    thread.results("40 euros")
    thread.call([thinking("The ledger knows.", "EqQBCgIYAhIN"), use("look_up", {"name": "Ada"})])
    thread.results("40 euros")
    del thread.messages[-2]["content"][0]
    thread.call("Ada owes 40 euros.")


def not_stored(thread: Any) -> None:
    (id,) = thread.pending
    thread.results("40 euros")
    thread.fail(400, REFUSED, orphaned_use(2 * TURNS - 1, id))


def cut_and_run(thread: Any) -> None:
    thread.results("40 euros")
    thread.call([NOTE], stop="max_tokens")
    thread.results("written")
    thread.call("It is written down.")


def carried_on(thread: Any) -> None:
    thread.results("40 euros")
    thread.call("Ada owes 40 euros and Bob", stop="max_tokens")
    thread.user("Thanks. What about Cleo?")
    thread.call("Cleo owes nothing.")


def stalled(thread: Any) -> None:
    thread.results("40 euros")
    thread.call([use("look_up", {"name": "Ada"})], keep=False)


def error_event(parts: list[str]) -> list[str]:
    return [*parts[:4], event("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})]


def without_start(parts: list[str]) -> list[str]:
    gone = of_type("content_block_start", parts)[:1]
    return [part for at, part in enumerate(parts) if at not in gone]


def without_usage(parts: list[str]) -> list[str]:
    """A gateway that drops the usage of message_delta; what is left is message_start's."""
    cut = of_type("message_delta", parts)
    return [part.partition(',"usage":')[0] + "}" if at in cut else part for at, part in enumerate(parts)]


AS_JSON = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
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
    Plant("TP005", "messages", f"{LAST}/2", repeated_id),
    Plant("TP007", "messages", "/response/body/content/0", answered([use("look_up", {"name": 7})])),
    Plant("TP007", "chat", "/response/body/choices/0/message/tool_calls/0", answered([use("look_up", {})])),
    Plant("TP007", "responses", "/response/body_raw", answered([use("look_up", {"name": ["Ada"]})], stream=True)),
    Plant("TP010", "messages", f"/request/body/messages/{2 * TURNS + 3}/content/0", apart),
    Plant("TP011", "messages", "/response/body/content/1", half_sent, back=1),
    Plant("TP012", "messages", "/response/body/content/0", booked_twice, back=1),
    Plant("TP015", "messages", f"/request/body/messages/{2 * TURNS + 1}/content/0", thoughtless),
    Plant("TP018", "messages", f"/request/body/messages/{2 * TURNS - 1}", not_stored),
    Plant("ST004", "messages", f"/request/body/messages/{2 * TURNS + 2}/content/0", cut_and_run),
    Plant("ST007", "messages", "/response/body", stalled, pause=1200),
    Plant("ST008", "messages", "/response/body", carried_on, back=1),
    Plant("ST009", "messages", "/response/body_raw", answered("Ada owes 40 euros.", stream=True, edit=events(without_usage))),
    Plant("ST011", "messages", "/response/body", answered([], stop="end_turn")),
    Plant("ST012", "messages", "/response/body", answered("Ada owes 40 euros.", output_config=AS_JSON)),
    Plant("ST012", "chat", "/response/body", answered("```json\n{}\n```", response_format={"type": "json_object"})),
]


def found(path: Path, code: str = "") -> list[tuple[str, int, str]]:
    """Everything above info, and what there is of `code`."""
    report = audit([str(path)], Settings())
    told = [each for each in report.findings if each.severity > Severity.INFO or each.code == code]
    return sorted((each.code, case.locus.line, case.locus.pointer) for each in told for case in each.cases)


def trace(folder: Path, plant: Plant | None) -> tuple[Path, int]:
    """Three untouched threads and the planted one in the middle; gives the line of the last record of it."""
    rec = Recorder(seed=77, start=START)
    line = 0
    for name, api in (("one", "messages"), ("two", "chat"), ("planted", plant.api if plant else "messages"), ("three", "responses")):
        thread = agent(rec, name, api)
        if name == "planted" and plant:
            plant.step(thread)
            line = len(rec.records) - plant.back
            rec.now += plant.pause
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
    assert found(path, plant.code) == [(plant.code, line, plant.pointer)]
