"""What if: the layout a fix advises, predicted from the layout that was sent, against the provider's documents."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oracle import AnthropicCache, OpenAICache, Recorder, text, tool, words
from seamaudit.audit import audit, suppose
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.forensics.whatif import WhatIf, document
from seamaudit.trace import Usage
from tests.recordings import recorded

RULES = "You answer questions about the handbook.\n" + words(1900, "rules") + "\n# Passages\n"
TOOLS = [
    tool("search_docs", "Search the handbook.", {"query": {"type": "string"}}),
    tool("ls", "List files.", {"path": {"type": "string"}}),
]


def passages(question: int) -> str:
    """What the search returns for a question: never the same, never equally long."""
    return "\n\n".join(f"[{n}] " + words(120 + 37 * ((question + n) % 5), f"passage/{question}/{n}") for n in range(3))


def stitched(threads: int, turns: int, *, marked: str = "5m", moving: str = "") -> Recorder:
    """A RAG application that puts each question's passages into its system prompt."""
    rec = Recorder(seed=9)
    for number in range(threads):
        bot = rec.anthropic(f"c{number}", tools=TOOLS, moving=moving)
        for turn in range(turns):
            question = number * turns + turn
            bot.system = [text(RULES + passages(question), cache=marked)]
            bot.user(f"Question {question}: " + words(25, f"q{question}"))
            bot.call("The handbook says: " + words(40, f"a{question}"))
    return rec


def stitched_chat(threads: int, turns: int) -> Recorder:
    rec = Recorder(seed=9)
    for number in range(threads):
        bot = rec.chat(f"c{number}", tools=TOOLS)
        for turn in range(turns):
            question = number * turns + turn
            bot.system = RULES + passages(question)
            bot.user(f"Question {question}: " + words(25, f"q{question}"))
            bot.call("The handbook says: " + words(40, f"a{question}"))
    return rec


def mended(body: dict[str, Any]) -> dict[str, Any]:
    """The same content with the passages behind everything that is marked."""
    out = copy.deepcopy(body)
    if "system" in out:
        block = out["system"][0]
        tail = block["text"].removeprefix(RULES)
        block["text"] = RULES
        last = out["messages"][-1]
        question = last["content"] if isinstance(last["content"], list) else [text(last["content"])]
        last["content"] = [*question, text(tail)]
    else:
        first = out["messages"][0]
        tail = first["content"].removeprefix(RULES)
        first["content"] = RULES
        out["messages"].append({"role": "user", "content": tail})
    return out


def oracle_bill(rec: Recorder) -> Usage:
    """What the fixed layout reads and writes by the documents, summed over all requests at the times they were recorded."""
    anthropic, openai = AnthropicCache(), OpenAICache()
    total = read = written = 0
    for record in rec.records:
        body, started = mended(record["request"]["body"]), record["timestamp"]
        first_byte = started + min(record["duration"] / 5, 0.8)
        if "system" in body:
            bill = anthropic.bill(body, started, first_byte)
            total, read, written = total + bill.total, read + bill.read, written + bill.write_5m + bill.write_1h
        else:
            count, cached = openai.read(body, started, first_byte)
            total, read = total + count, read + cached
    return Usage(input=total, cache_read=read, cache_write=written)


def supposed(path: Path, *codes: str) -> WhatIf:
    return suppose([str(path)], Settings(), codes).result


@pytest.mark.parametrize(
    "rec",
    [
        pytest.param(lambda: stitched(200, 1), id="single questions"),
        pytest.param(lambda: stitched(40, 5, moving="5m"), id="conversations"),
        pytest.param(lambda: stitched(20, 10), id="conversations, system marked"),
        pytest.param(lambda: stitched_chat(40, 5), id="openai"),
    ],
)
def test_retrieved_text_moved_out_of_the_prefix_costs_what_the_documents_say(rec: Callable[[], Recorder], tmp_path: Path) -> None:
    trace, path = rec(), tmp_path / "rag.jsonl"
    trace.write(path)
    assert len(trace.records) == 200
    result, wanted = supposed(path, "CA001"), oracle_bill(trace)
    (fix,) = result.fixes
    one_percent = 0.01 * (wanted.input or 0)
    assert fix.code == "CA001"
    assert fix.outcome.input == pytest.approx(wanted.input, abs=one_percent)
    assert fix.outcome.read == pytest.approx(wanted.cache_read, rel=0.01)
    assert fix.outcome.written == pytest.approx(wanted.cache_write, rel=0.01)
    assert fix.outcome.plain == pytest.approx(wanted.plain, abs=one_percent)
    assert result.reproduced == result.comparable == 200


def test_together_is_no_dearer_than_each_alone_and_the_floor_is_below_all(tmp_path: Path) -> None:
    path = tmp_path / "rag.jsonl"
    stitched(10, 4, moving="5m").write(path)
    result = supposed(path)
    for fix in result.fixes:
        assert result.floor.usd <= result.together.usd <= fix.outcome.usd <= result.actual.usd
    assert 0 < result.saved(result.together) < result.actual.usd
    assert result.floor.written == 0


def test_a_conversation_that_caches_well_has_nothing_to_mend(tmp_path: Path) -> None:
    rec = Recorder(seed=2)
    bot = rec.anthropic("c", system=[text(words(3000), cache="5m")], moving="5m")
    for turn in range(6):
        bot.user(words(40, turn)).call(words(40, f"a{turn}"))
    rec.write(tmp_path / "good.jsonl")
    result = supposed(tmp_path / "good.jsonl")
    assert result.fixes == ()
    assert result.together == result.actual
    assert (result.reproduced, result.comparable) == (6, 6)


def test_an_hour_that_costs_more_than_it_saves_is_no_part_of_all_together(tmp_path: Path) -> None:
    rec = Recorder(seed=4)
    bot = rec.anthropic("c", system=[text(words(3000), cache="5m")], moving="5m")
    for turn in range(6):
        bot.user(words(2500, turn)).call(words(40, f"a{turn}"), gap=400 if turn == 1 else 5)
    rec.write(tmp_path / "pause.jsonl")
    (fix,) = supposed(tmp_path / "pause.jsonl").fixes
    assert (fix.code, fix.taken) == ("CA014", False)
    asked = supposed(tmp_path / "pause.jsonl", "CA014")
    assert asked.fixes[0].taken, "who asks for a fix gets it"
    assert asked.saved(asked.together) < 0


def test_a_fix_that_was_asked_for_and_not_found_is_named(tmp_path: Path) -> None:
    stitched(4, 2).write(tmp_path / "rag.jsonl")
    assert supposed(tmp_path / "rag.jsonl", "CA004").absent == ("CA004",)


def test_a_rule_that_no_layout_mends_is_refused(tmp_path: Path) -> None:
    stitched(1, 1).write(tmp_path / "rag.jsonl")
    with pytest.raises(UsageError, match="CA020 has no fix to replay"):
        supposed(tmp_path / "rag.jsonl", "CA020")


def test_the_json_names_every_outcome(tmp_path: Path) -> None:
    stitched(6, 2).write(tmp_path / "rag.jsonl")
    told = json.loads(json.dumps(document(supposed(tmp_path / "rag.jsonl"))))
    assert [fix["code"] for fix in told["fixes"]] == ["CA001"]
    assert told["actual"]["saved_usd"] == 0
    assert told["calibration"] == {"reproduced": 12, "comparable": 12}
    for outcome in (told["actual"], *told["fixes"], told["together"], told["floor"]):
        assert outcome["cache_read"] + outcome["cache_write"] + outcome["plain"] == outcome["input"]


@pytest.mark.parametrize("name", ["pairs/cassettes.jsonl", "pairs/coding-agent.jsonl", "pi", "claude-code"])
def test_real_recordings_are_reproduced_and_promised_no_more_than_they_cost(name: str) -> None:
    result = suppose([str(recorded(name))], Settings()).result
    assert result.reproduced >= 0.85 * result.comparable
    for fix in result.fixes:
        assert fix.outcome.input == result.actual.input
        assert fix.outcome.read + fix.outcome.written <= fix.outcome.input


def test_a_finding_promises_no_more_than_it_claims(tmp_path: Path) -> None:
    path = tmp_path / "rag.jsonl"
    stitched(20, 2).write(path)
    (finding,) = audit([str(path)], Settings()).findings
    assert "Predicted by replay, not measured" in finding.fix
    assert "reproduces 40 of 40 recorded requests" in finding.fix
    promised = float(finding.fix.split(": $")[1].split(" saved")[0])
    assert 0 < promised <= round((finding.waste.usd or 0) / 1e12, 2)


FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_fixes_of_different_places_add_up() -> None:
    result = supposed(FIXTURES / "menagerie" / "menagerie.jsonl")
    assert len(result.fixes) > 3
    alone = sum(result.saved(fix.outcome) or 0 for fix in result.fixes)
    assert result.saved(result.together) == pytest.approx(alone, rel=0.02)


def test_what_was_found_where_nothing_can_be_replayed_is_named() -> None:
    result = supposed(FIXTURES / "CA014" / "bad-session.jsonl")
    assert (result.fixes, result.unreplayed) == ((), ("CA014",))
    assert result.actual.requests == 0
