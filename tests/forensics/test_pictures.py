"""The bill as a flame graph and the calls on a time line: files other programs read, whose totals are the bill."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import Followed, follow
from seamaudit.config import Settings
from seamaudit.forensics.cost import By, Window, cost_table
from seamaudit.forensics.flamegraph import flamegraph
from seamaudit.forensics.timeline import timeline
from tests.cli.shell import DEMO, run
from tests.recordings import recorded

ROOT = Path(__file__).parents[2]
BAD = ("demo/demo.jsonl", "menagerie/menagerie.jsonl", "CO008/bad.jsonl", "CO001/bad.jsonl")


@pytest.fixture(scope="module", params=[*BAD, "claude-code", "pi/before-compaction.jsonl", "pairs/coding-agent.jsonl"])
def run_of(request: pytest.FixtureRequest) -> Followed:
    """A run over a fixture, or over a real recording where it is at hand."""
    name: str = request.param
    path = ROOT / "fixtures" / name if name in BAD else recorded(*name.split("/"))
    return follow([str(path)], Settings(), ledger=True)


def bill(found: Followed) -> int:
    """What the calls cost, in picodollars, as the table has it."""
    return cost_table(found.measured.replayed.facts, (By.MODEL,)).total.sums.usd.value or 0


def graph(found: Followed) -> dict[str, Any]:
    return flamegraph(found.measured.replayed.facts, found.measured.sources)


def line(found: Followed, window: Window = Window()) -> dict[str, Any]:
    return timeline(found.exchanges, found.measured.replayed.facts, found.measured.sources, window)


def strings(data: object) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)
    elif isinstance(data, str):
        yield data


class TestFlameGraph:
    def test_the_weights_are_the_bill(self, run_of: Followed) -> None:
        (profile,) = graph(run_of)["profiles"]
        assert sum(round(weight * 10**6) for weight in profile["weights"]) == bill(run_of)
        assert round(profile["endValue"] * 10**6) == bill(run_of)
        assert min(profile["weights"], default=1) > 0

    def test_stacks_go_from_app_to_producer(self, run_of: Followed) -> None:
        data = graph(run_of)
        frames, (profile,) = data["shared"]["frames"], data["profiles"]
        assert len(profile["samples"]) == len(profile["weights"])
        assert {len(sample) for sample in profile["samples"]} <= {4}
        assert {number for sample in profile["samples"] for number in sample} == set(range(len(frames)))
        apps = {each.attribution.app for each in run_of.exchanges}
        threads = {each.thread.id for each in run_of.exchanges}
        for app, thread, turn, _ in profile["samples"]:
            assert frames[app]["name"] in apps
            assert frames[thread]["name"] in threads
            assert re.fullmatch(r"turn \d+|every turn", frames[turn]["name"])

    def test_threads_weigh_what_they_cost(self, run_of: Followed) -> None:
        data = graph(run_of)
        (profile,) = data["profiles"]
        weights: defaultdict[str, int] = defaultdict(int)
        for (_, thread, *_), weight in zip(profile["samples"], profile["weights"], strict=True):
            weights[data["shared"]["frames"][thread]["name"]] += round(weight * 10**6)
        costs: defaultdict[str, int] = defaultdict(int)
        for event in line(run_of)["traceEvents"]:
            if event["ph"] == "X":
                costs[str(event["pid"])] += round(event["args"].get("usd", 0) * 10**12) if event["args"].get("usd") != "not known" else 0
        assert sorted(weights.values()) == sorted(cost for cost in costs.values() if cost)

    def test_it_has_the_fields_of_the_published_schema(self, run_of: Followed) -> None:
        """https://www.speedscope.app/file-format-schema.json: FileFormat.File, SampledProfile, Frame."""
        data = graph(run_of)
        assert {"$schema", "shared", "profiles"} <= set(data) <= {"$schema", "shared", "profiles", "name", "activeProfileIndex", "exporter"}
        (profile,) = data["profiles"]
        assert set(profile) == {"type", "name", "unit", "startValue", "endValue", "samples", "weights"}
        assert (profile["type"], profile["unit"]) == ("sampled", "none")
        assert all(set(frame) <= {"name", "file", "line"} for frame in data["shared"]["frames"])
        assert json.loads(json.dumps(data)) == data


class TestTimeLine:
    def test_the_last_counters_are_the_bill(self, run_of: Followed) -> None:
        last: dict[int, tuple[int, float]] = {}
        for event in line(run_of)["traceEvents"]:
            if event["name"] == "cumulative USD":
                last[event["pid"]] = max(last.get(event["pid"], (0, 0.0)), (event["ts"], event["args"]["USD"]))
        assert sum(round(usd * 10**12) for _, usd in last.values()) == bill(run_of)

    def test_every_call_is_a_slice_of_its_threads_track(self, run_of: Followed) -> None:
        events = line(run_of)["traceEvents"]
        slices = [event for event in events if event["ph"] == "X"]
        assert len(slices) == len(run_of.exchanges)
        assert len({event["pid"] for event in slices}) == len({each.thread.id for each in run_of.exchanges})
        assert all(event["dur"] >= 1 and event["ts"] >= 0 for event in slices)

    def test_slices_of_a_lane_do_not_overlap(self, run_of: Followed) -> None:
        ends: defaultdict[tuple[int, int], int] = defaultdict(int)
        for event in sorted((event for event in line(run_of)["traceEvents"] if event["ph"] == "X"), key=lambda event: event["ts"]):
            lane = event["pid"], event["tid"]
            assert event["ts"] >= ends[lane]
            ends[lane] = event["ts"] + event["dur"]

    def test_arrows_begin_and_end_inside_slices(self, run_of: Followed) -> None:
        events = line(run_of)["traceEvents"]
        lanes: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for event in events:
            if event["ph"] == "X":
                lanes[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
        ends: defaultdict[int, list[str]] = defaultdict(list)
        for event in events:
            if event["ph"] in "sf":
                assert any(low <= event["ts"] < high for low, high in lanes[event["pid"], event["tid"]])
                ends[event["id"]].append(event["ph"])
        assert all(pair == ["s", "f"] for pair in ends.values())

    def test_it_has_the_fields_of_the_format(self, run_of: Followed) -> None:
        data = line(run_of)
        assert set(data) == {"displayTimeUnit", "otherData", "traceEvents"}
        for event in data["traceEvents"]:
            assert {"ph", "cat", "name", "pid", "tid", "ts"} <= set(event)
            assert event["ph"] in "MXCsf"
        assert json.loads(json.dumps(data)) == data


def test_a_result_hangs_from_the_call_that_asked_for_it() -> None:
    found = follow([str(ROOT / DEMO)], Settings(), ledger=True)
    arrows = [event for event in line(found)["traceEvents"] if event["ph"] == "s"]
    assert arrows
    assert {event["name"] for event in arrows} <= {call.name for each in found.exchanges if each.response for call in each.response.calls}


def test_calls_outside_the_window_are_no_slices() -> None:
    found = follow([str(ROOT / "fixtures/CO008/bad.jsonl")], Settings(), ledger=True)
    events = line(found, Window(date(2026, 9, 22), None, UTC))["traceEvents"]
    assert events == []


def test_hostile_names_are_inert(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    name = "\x1b[2Jgpt</script>\u202e" + "x" * 5000
    body = {"model": name, "choices": [{"message": {"role": "assistant", "content": "x"}}], "usage": usage}
    row = {"request": {"model": name, "messages": [{"role": "user", "content": "x"}]}, "response": body, "conversation": "\x1b]0;owned\x07"}
    (tmp_path / "hostile.jsonl").write_text(json.dumps({**row, "app": "../../etc\u202e\x00"}) + "\n")
    found = follow([str(tmp_path / "hostile.jsonl")], Settings(), ledger=True)
    for data in (graph(found), line(found)):
        assert not any(re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", text) for text in strings(data))
        assert max(len(text) for text in strings(data)) < 1000


class TestCommand:
    def test_both_files_are_written_beside_the_table(self, tmp_path: Path) -> None:
        code, out, err = run(
            "cost", DEMO, "--flamegraph", str(tmp_path / "a.json"), "--timeline", str(tmp_path / "b.json"), "--by", "producer"
        )
        assert (code, err) == (0, "")
        assert "Total" in out
        assert json.loads((tmp_path / "a.json").read_text())["profiles"][0]["samples"]
        assert json.loads((tmp_path / "b.json").read_text())["traceEvents"]

    def test_what_cannot_be_written_is_said_before_anything_is_read(self, tmp_path: Path) -> None:
        assert run("cost", DEMO, "--flamegraph", str(tmp_path / "no" / "a.json"))[0] == 2
        assert run("cost", DEMO, "--timeline", str(tmp_path))[0] == 2
        assert run("cost", DEMO, "--flamegraph", str(tmp_path / "a.json"), "--since", "2026-01-01")[0] == 2
        assert list(tmp_path.iterdir()) == []

    def test_an_input_is_never_replaced(self, tmp_path: Path) -> None:
        trace = tmp_path / "trace.jsonl"
        trace.write_bytes((ROOT / DEMO).read_bytes())
        before = trace.read_bytes()
        assert run("cost", str(trace), "--timeline", str(trace))[0] == 2
        assert trace.read_bytes() == before
