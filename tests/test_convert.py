"""What is converted and then read says what the source said, as far as it is carried; what is not carried is named."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import audit, convert_to_atif, convert_to_pairs
from seamaudit.config import Settings
from seamaudit.errors import InputError, UsageError
from seamaudit.findings import Report
from seamaudit.trace import Level
from tests.cli.shell import run
from tests.ingest.recordings import Read, written
from tests.ingest.test_detection import ALL
from tests.ingest.test_odd_values import JSON, oddities
from tests.ingest.test_truth import FOLDER, SPELLINGS, Spelling
from tests.recordings import recorded

SETTINGS = Settings()
TRUTH = [each for each in SPELLINGS if each.level is not Level.COUNTERS]
COUNTED = [each for each in SPELLINGS if each.level is Level.COUNTERS]
FIXTURES = FOLDER.parent


def pairs(tmp_path: Path, *sources: Path, bodiless: bool = False) -> tuple[Path, dict[str, int]]:
    """The sources as pairs, and what was lost."""
    out = io.BytesIO()
    done = convert_to_pairs([str(each) for each in sources], SETTINGS, out, bodiless=bodiless)
    assert (done.written, done.left_out) == (done.calls, {})
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(out.getvalue())
    return path, dict(done.lost)


def verdicts(report: Report) -> tuple[Any, ...]:
    """What a report says, apart from where it stands. Copies of calls are written once, so that nobody finds them again."""
    found = Counter((each.code, each.occurrences, each.message) for each in report.findings if each.code != "CO006")
    blind: Counter[str] = Counter()
    for each in report.not_checked:
        blind[each.code] += each.exchanges
    return found, blind, report.exchanges, report.threads, report.spend.usd, report.levels, report.clocks


def assert_same(tmp_path: Path, *sources: Path, bodiless: bool = False) -> None:
    converted, lost = pairs(tmp_path, *sources, bodiless=bodiless)
    assert lost == {}
    before, after = audit([str(each) for each in sources], SETTINGS), audit([str(converted)], SETTINGS)
    assert verdicts(after) == verdicts(before)
    twice = tmp_path / "twice"
    twice.mkdir()
    again, _ = pairs(twice, converted, bodiless=bodiless)
    assert again.read_bytes() == converted.read_bytes()


@pytest.mark.parametrize("spelling", ALL, ids=str)
def test_pairs_say_what_their_source_said(spelling: Spelling, tmp_path: Path) -> None:
    assert_same(tmp_path, FOLDER / spelling.file, bodiless=spelling.level is Level.COUNTERS)


@pytest.mark.parametrize("source", sorted(FIXTURES.glob("*/bad.jsonl")), ids=lambda path: path.parent.name)
def test_the_recordings_of_the_rules_are_carried_as_they_stand(source: Path, tmp_path: Path) -> None:
    if {each.format for each in Read(source).exchanges} != {"pairs"}:
        assert_same(tmp_path, source)
        return
    converted, lost = pairs(tmp_path, source)
    assert lost == {}
    assert all(line in source.read_bytes() for line in converted.read_bytes().splitlines())


@pytest.mark.parametrize("code", ["CA001", "TP001", "LP001", "ST008", "CO004", "RT001"])
def test_pairs_of_a_fault_show_it(code: str, tmp_path: Path) -> None:
    assert_same(tmp_path, FIXTURES / code / "bad.jsonl")


@pytest.mark.parametrize(
    "name",
    [
        "claude-code/2026-01-15-b2273d7d-fb20-41f7-93fb-265486aae975.jsonl",
        "claude-code/2026-01-22-53ea19c1-6d29-4ebf-952b-ddbb27af25bb.jsonl",
        "gemini-cli/session.json",
        "inspect/2025-05-12T20-28-26-04-00_security-guide.json",
        "langfuse/beeai-2025-08-01.trace.json",
        "langfuse/pydantic-ai-tools-2025-12-04.trace.json",
        "otlp/vercel-ai-v6/all-spans.json",
    ],
)
def test_pairs_of_real_recordings_say_what_these_said(name: str, tmp_path: Path) -> None:
    source = recorded(name)
    assert_same(tmp_path, source)


BODY = b'{"model":"gpt-5.2",  "messages":[{"role":"user","content":"caf\\u00e9 \\ud83d \\/ 1.0","content":"a"}], "n": 1e0}'
ANSWER = b'{"id":"chatcmpl-1","choices":[{"message":{"role":"assistant","content":"\\udc00"},"finish_reason":"stop"}],"model":"gpt-5.2"}'


def test_a_line_of_pairs_is_carried_byte_for_byte(tmp_path: Path) -> None:
    line = b'{"request":{"body":%b},"response":{"body":%b},"mine":[1, 2]}' % (BODY, ANSWER)
    source = tmp_path / "source.jsonl"
    source.write_bytes(b"\xef\xbb\xbf" + line + b"\r\n")
    converted, _ = pairs(tmp_path, source)
    assert converted.read_bytes() == line + b"\n"


def test_bodies_of_other_recorders_are_carried_byte_for_byte_on_one_line(tmp_path: Path) -> None:
    spread = BODY.replace(b",", b",\n", 1)
    entry = {
        "startedDateTime": "2026-09-21T14:13:25.000Z",
        "request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions", "postData": {"text": spread.decode()}},
        "response": {"status": 200, "content": {"text": ANSWER.decode()}},
    }
    source = tmp_path / "proxy.har"
    source.write_text(json.dumps({"log": {"creator": {"name": "x"}, "entries": [entry]}}))
    converted, _ = pairs(tmp_path, source)
    (line,) = converted.read_bytes().splitlines()
    assert b'"body":' + spread.replace(b"\n", b" ") in line
    assert json.loads(line)["response"]["body"].encode() == ANSWER
    assert [each.request.broken for each in Read(converted).exchanges] == [each.request.broken for each in Read(source).exchanges]


def test_a_call_that_several_recorders_tell_of_is_written_once_with_what_each_knows(tmp_path: Path) -> None:
    sources = [FOLDER / "har/browser.har", FOLDER / "litellm/payload.jsonl"]
    converted, _ = pairs(tmp_path, *sources)
    (first, *_), again = Read(converted).exchanges, Read(*sources).exchanges
    assert [each.recorded_cost for each in Read(converted).exchanges] == [each.recorded_cost for each in again]
    assert first.recorded_cost is not None
    assert (first.level, first.attribution.team) == (Level.WIRE, "weather")


@pytest.mark.parametrize("spelling", COUNTED, ids=str)
def test_calls_without_bodies_are_refused_unless_asked_for(spelling: Spelling, tmp_path: Path) -> None:
    out = tmp_path / "kept.jsonl"
    out.write_text("as it was")
    code, _, said = run("convert", str(FOLDER / spelling.file), "-o", str(out))
    assert (code, out.read_text()) == (2, "as it was")
    assert "3 of 3 calls were recorded without bodies" in said
    assert "--without-bodies" in said


CLAIMS: list[Any] = [
    7,
    "B",
    {"level": "Z"},
    {"usage": {"input": 1 << 70}},
    {"usage": {"input": "many"}},
    {"lacks": ["everything"]},
    {"provider": "a provider\x1b[31m"},
    {"refusal": {"kind": "see http://x y"}},
    {"status": 7},
    {"times": {"started": "yesterday"}},
]


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_line_that_says_nonsense_of_its_source_is_a_pair_like_any_other(claim: Any, tmp_path: Path) -> None:
    row = {"request": {"body": json.loads(BODY)}, "response": {"body": json.loads(ANSWER)}}
    (plain,) = Read(written(tmp_path / "plain.jsonl", [row])).drafts
    (found,) = Read(written(tmp_path / "claim.jsonl", [row | {"recorded_as": claim}])).drafts
    assert (found.level, found.provider, found.lacks, found.times) == (plain.level, plain.provider, plain.lacks, plain.times)
    assert found.response == plain.response


def test_what_a_line_lacks_is_not_checked_for_a_reason_that_quotes_nothing(tmp_path: Path) -> None:
    row = {"request": {"body": json.loads(BODY)}, "response": {"body": json.loads(ANSWER)}}
    source = written(tmp_path / "said.jsonl", [row | {"recorded_as": {"level": "B", "lacks": ["tools", "stream"]}}])
    (found,) = Read(source).drafts
    assert found.level is Level.MESSAGES
    assert {need.value: why for need, why in found.lacks.items()} == dict.fromkeys(
        ("stream", "tools"), "the recording that these pairs were made from does not hold it"
    )


def test_what_was_lost_is_told_as_json(tmp_path: Path) -> None:
    out = tmp_path / "t.json"
    code, told, _ = run("convert", str(FOLDER / "litellm/payload.jsonl"), "--to", "atif", "--json", "-o", str(out))
    document = json.loads(told)
    assert (code, document["calls"], document["written"], document["formats"]) == (0, 3, 3, {"litellm": 3})
    assert document["lost"]["tools"] == document["lost"]["stop"] == 3
    assert "prompt" not in document["lost"]


def test_standard_output_takes_the_calls_and_standard_error_the_rest(tmp_path: Path) -> None:
    packed = tmp_path / "rollout.jsonl.gz"
    packed.write_bytes(gzip.compress((FOLDER / "codex/rollout.jsonl").read_bytes()))
    code, lines, said = run("convert", str(packed))
    assert (code, len(lines.splitlines())) == (0, 3)
    assert "3 of 3 calls written (codex)" in said
    assert run("convert", str(packed), "-q")[1:] == (lines, "")


@pytest.mark.parametrize("name", ["notes.txt", "nothing.jsonl"])
def test_what_holds_no_call_is_exit_3(name: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_text("just some words\n" if name == "notes.txt" else (FOLDER / "codex/fork.jsonl").read_text())
    assert run("convert", str(source), "-o", str(tmp_path / "out.jsonl"))[0] == 3


@pytest.mark.parametrize("spelling", TRUTH, ids=str)
def test_a_trajectory_holds_the_calls_their_usage_and_their_results(spelling: Spelling, tmp_path: Path) -> None:
    out = io.BytesIO()
    done = convert_to_atif([str(FOLDER / spelling.file)], SETTINGS, out)
    path = tmp_path / "trajectory.json"
    path.write_bytes(out.getvalue())
    before, after = Read(FOLDER / spelling.file), Read(path)
    assert (done.calls, done.written, after.faults) == (3, 3, [])
    assert not {"prompt", "answer", "calls", "model", "usage.input", "usage.output", "ended"} & done.lost.keys()
    assert [_counts(each) for each in after.exchanges] == [_counts(each) for each in before.exchanges]
    assert [finding.code for finding in audit([str(path)], SETTINGS).findings] == []


def _counts(exchange: Any) -> Any:
    usage = exchange.usage
    return usage and (usage.input, usage.cache_read, usage.cache_write, usage.output)


def chat(*messages: dict[str, str], said: str = "yes") -> dict[str, Any]:
    body = {"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}], "model": "gpt-5.2"}
    return {"conversation": "c", "request": {"body": {"model": "gpt-5.2", "messages": list(messages)}}, "response": {"body": body}}


ASKED, SAID = {"role": "user", "content": "is it?"}, {"role": "assistant", "content": "yes"}
OTHER = {"role": "user", "content": "was it?"}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([chat(ASKED), chat(OTHER, SAID, ASKED)], "what was said before it was changed"),
        ([chat(ASKED, SAID, OTHER)], "an answer stands in its prompt that no call"),
        ([chat({"role": "tool", "tool_call_id": "x", "content": "9"})], "a tool's result stands in its prompt"),
    ],
)
def test_a_thread_that_no_trajectory_can_tell_is_refused(rows: list[dict[str, Any]], why: str, tmp_path: Path) -> None:
    source = written(tmp_path / "source.jsonl", rows)
    with pytest.raises(UsageError, match=why):
        convert_to_atif([str(source)], SETTINGS, io.BytesIO(), thread=Read(source).exchanges[-1].thread.id if len(rows) == 1 else "c")


def test_a_trajectory_holds_one_thread(tmp_path: Path) -> None:
    source = written(tmp_path / "source.jsonl", [chat(ASKED), {**chat(OTHER), "conversation": "d"}])
    with pytest.raises(UsageError, match="these recordings hold 2"):
        convert_to_atif([str(source)], SETTINGS, io.BytesIO())
    out = io.BytesIO()
    convert_to_atif([str(source)], SETTINGS, out, thread="d")
    assert [step["message"] for step in json.loads(out.getvalue())["steps"]] == ["was it?", "yes"]
    with pytest.raises(UsageError, match="no thread is called"):
        convert_to_atif([str(source)], SETTINGS, out, thread="e")


@pytest.mark.parametrize("spelling", JSON, ids=str)
def test_whatever_stands_in_a_source_every_line_that_is_written_is_a_call(spelling: Spelling, tmp_path: Path) -> None:
    path, out = tmp_path / Path(spelling.file).name, tmp_path / "pairs.jsonl"
    for text in oddities(FOLDER / spelling.file, 10):
        path.write_text(text)
        told, trajectory = io.BytesIO(), io.BytesIO()
        try:
            done = convert_to_pairs([str(path)], SETTINGS, told, bodiless=True)
        except InputError:
            continue
        out.write_bytes(told.getvalue())
        again = Read(out)
        assert (len(again.exchanges), again.faults) == (done.written, [])
        with contextlib.suppress(UsageError):
            convert_to_atif([str(path)], SETTINGS, trajectory)


@pytest.mark.parametrize("options", [("--thread", "c"), ("--to", "atif", "--without-bodies")])
def test_an_option_of_the_other_format_is_refused(options: tuple[str, ...], tmp_path: Path) -> None:
    code, _, said = run("convert", str(FOLDER / "codex/rollout.jsonl"), *options, "-o", str(tmp_path / "out"))
    assert (code, "Leave it out." in said, (tmp_path / "out").exists()) == (2, True, False)


def test_an_input_is_not_replaced(tmp_path: Path) -> None:
    source = written(tmp_path / "source.jsonl", [chat(ASKED)])
    assert run("convert", str(source), "-o", str(source))[0] == 2
    assert len(source.read_text().splitlines()) == 1


def test_a_directory_is_converted_as_a_whole(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"notes-{number}.txt").write_text("just some words")
        written(tmp_path / f"calls-{number}.jsonl", [{**chat(ASKED), "conversation": f"c{number}"}])
    code, lines, said = run("convert", str(tmp_path))
    assert (code, len(lines.splitlines())) == (0, 7)
    assert said.count("not read: ") == 6
    assert "not read: 2 more, which --json lists" in said


@pytest.mark.parametrize("name", ["litellm/payload.jsonl", "langfuse/rows.jsonl", "codex/rollout.jsonl", "claude_code/session.jsonl"])
def test_half_a_surrogate_pair_stays_one(name: str, tmp_path: Path) -> None:
    text = (FOLDER / name).read_text()
    for whole in ("Is it raining", "It is clear in Oslo"):
        assert whole in text
        text = text.replace(whole, ("\\\\" if "rows" in name else "\\") + "ud83d " + whole)
    source = tmp_path / Path(name).name
    source.write_text(text)
    converted, lost = pairs(tmp_path, source)
    assert lost == {}
    converted.read_text("utf-8", "strict")
    assert converted.read_bytes().count(b"\\ud83d Is it raining") == 3
    assert [each.request.broken for each in Read(converted).exchanges] == [each.request.broken for each in Read(source).exchanges]
    trajectory = io.BytesIO()
    convert_to_atif([str(source)], SETTINGS, trajectory)
    assert b'"\\ud83d It is clear' in trajectory.getvalue()


def test_pairs_that_were_converted_are_converted_with_what_another_recorder_knows(tmp_path: Path) -> None:
    before, _ = pairs(tmp_path, FOLDER / "otlp/latest.jsonl")
    once = before.rename(tmp_path / "once.jsonl")
    both, _ = pairs(tmp_path, once, FOLDER / "litellm/payload.jsonl")
    assert [(each.format, each.recorded_cost, each.attribution.team) for each in Read(both).exchanges] == [
        (each.format, each.recorded_cost, each.attribution.team)
        for each in Read(FOLDER / "otlp/latest.jsonl", FOLDER / "litellm/payload.jsonl").exchanges
    ]


def test_what_a_line_says_that_cannot_be_takes_nothing_from_the_rest(tmp_path: Path) -> None:
    claims = {"level": "B", "provider": "no provider\n", "lacks": ["tools"], "side": 7}
    source = written(tmp_path / "said.jsonl", [chat(ASKED) | {"recorded_as": claims}])
    (found,) = Read(source).drafts
    assert (found.level, found.side, [need.value for need in found.lacks]) == (Level.MESSAGES, "", ["tools"])


def test_a_call_that_no_line_can_hold_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path / "source.jsonl", [chat(ASKED), chat({"role": "user", "content": "word " * 100})])
    monkeypatch.setattr("seamaudit.convert.keep.LARGEST", 400)
    done = convert_to_pairs([str(source)], SETTINGS, io.BytesIO())
    assert (done.calls, done.written, done.left_out) == (2, 1, {"they are longer than a line may be": 1})
