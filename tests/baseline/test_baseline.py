"""The baseline: re-recorded it matches, one planted seam is one new finding, and the file is whole at any moment."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent import RULES, thread, work
from oracle import Anthropic, Recorder, text
from refusals import START
from seamaudit.audit import audit
from seamaudit.baseline import Baseline, Entry, Opinion, apply, created, judged, load, pruned, save, updated
from seamaudit.baseline.storage import spelled
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.findings import NotChecked, Report, Severity, Standing
from tests.recordings import recorded

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
DEMO = FIXTURES / "demo" / "demo.jsonl"
TODAY = date(2026, 11, 21)


def report(*paths: Path) -> Report:
    return audit([str(path) for path in paths], Settings())


@pytest.fixture(scope="module")
def demo() -> Report:
    return report(DEMO)


def again(path: Path, folder: Path) -> Path:
    """The same scenario recorded again: other ids, other times, other order of conversations."""
    text = path.read_text("utf-8")
    text = re.sub(r"\b((?:toolu|msg|call|req)_[0-9A-Za-z]{0,3})([0-9A-Za-z]+)", lambda found: found[1] + found[2][::-1], text)
    records = [json.loads(line) for line in text.splitlines()]
    pick = random.Random(3)
    later = {record["conversation"]: pick.randrange(10_000, 90_000) for record in records}
    for record in records:
        record["timestamp"] += 7_000_000 + later[record["conversation"]]
    names = {name: f"again-{number}" for number, name in enumerate(sorted(later, key=lambda _: pick.random()))}
    told = [{**record, "conversation": names[record["conversation"]]} for record in records]
    other = folder / "again.jsonl"
    other.write_text("".join(json.dumps(record) + "\n" for record in sorted(told, key=lambda each: each["timestamp"])), "utf-8")
    return other


def test_a_scenario_recorded_again_matches(demo: Report, tmp_path: Path) -> None:
    second = report(again(DEMO, tmp_path))
    found = apply(second, created(demo), TODAY)
    assert {finding.status for finding in found.report.findings} == {Standing.KNOWN}
    assert (found.stale, found.expired, found.blind) == ((), (), ())


def scenario(seed: int, path: Path) -> Report:
    """Three agents with a clock in their system prompt: other ids, other times, other texts with every seed, and another order."""
    rec = Recorder(seed=seed, start=START + 86_400.0 * seed)
    names = [f"{seed}-{number}" for number in range(3)]
    for name in names if seed % 2 else reversed(names):
        bot = thread(rec, name, system=[])

        def tick(agent: Anthropic, turn: int) -> None:
            agent.system = [text(f"It is 2026-11-{seed:02} 14:{turn:02}. {RULES}", cache="5m")]

        work(bot, 4, before=tick)
    rec.write(path)
    return report(path)


def test_a_scenario_with_other_texts_matches(tmp_path: Path) -> None:
    first, second = scenario(3, tmp_path / "a.jsonl"), scenario(4, tmp_path / "b.jsonl")
    assert {finding.code for finding in first.findings} == {"CA002"}
    found = apply(second, created(first), TODAY)
    assert ({finding.status for finding in found.report.findings}, found.stale) == ({Standing.KNOWN}, ())


def test_recordings_of_one_test_match(tmp_path: Path) -> None:
    """Two recordings, days or months apart, of each of a coding agent's tests: what shows in the second was known from the first."""
    tests: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for line in recorded("pairs", "coding-agent.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        test, _, file = record["conversation"].rpartition("/")
        body = record["request"]["body"]
        tools = json.dumps(sorted(str(tool.get("name") or tool.get("function", {}).get("name")) for tool in body.get("tools") or ()))
        if body.get("tools"):
            tests.setdefault((test, tools, str(body.get("model"))), {}).setdefault(file, []).append(line)
    pairs = [files for files in tests.values() if len(files) > 1]
    matched = 0
    for files in pairs:
        one, two = sorted(files)[:2]
        reports = []
        for name in (one, two):
            (tmp_path / "t.jsonl").write_text("\n".join(files[name]) + "\n", "utf-8")
            reports.append(report(tmp_path / "t.jsonl"))
        found = apply(reports[1], created(reports[0]), TODAY).report.findings
        known = {finding.fingerprint for finding in reports[0].findings}
        assert all(finding.status is Standing.KNOWN for finding in found if finding.fingerprint in known)
        assert not [finding.code for finding in found if finding.counts and finding.severity > Severity.INFO]
        matched += sum(finding.status is Standing.KNOWN for finding in found)
    assert (len(pairs) > 10, matched > 0) == (True, True)


def test_one_planted_seam_is_one_new_finding(demo: Report) -> None:
    planted = report(DEMO, FIXTURES / "CA006" / "bad.jsonl")
    new = [finding for finding in apply(planted, created(demo), TODAY).report.findings if finding.counts]
    assert [finding.code for finding in new] == ["CA006"]


def test_what_is_mended_is_stale_and_only_pruned(demo: Report) -> None:
    mended = replace(demo, findings=demo.findings[1:])
    found = apply(mended, created(demo), TODAY)
    assert [entry.fingerprint for entry in found.stale] == [demo.findings[0].fingerprint]
    assert not any(finding.counts for finding in found.report.findings)
    assert demo.findings[0].fingerprint in updated(created(demo), mended).entries
    assert demo.findings[0].fingerprint not in pruned(created(demo), mended).entries


@pytest.mark.parametrize(
    ("times", "calls", "standing"), [(20, 48, "known"), (40, 96, "known"), (22, 48, "known"), (40, 48, "new"), (20, 20, "new")]
)
def test_more_often_than_known_is_new(times: int, calls: int, standing: str, demo: Report) -> None:
    finding = next(each for each in demo.findings if each.code == "CA001")
    base = Baseline(entries={finding.fingerprint: entry_of(demo, finding.fingerprint)})
    cases = tuple(finding.cases[at % len(finding.cases)] for at in range(times))
    now = replace(demo, exchanges=calls, findings=(replace(finding, cases=cases),))
    found = apply(now, base, TODAY).report.findings[0]
    assert (found.status, found.occurrences) == (Standing(standing), times)


def entry_of(made: Report, fingerprint: str) -> Entry:
    return created(made).entries[fingerprint]


def test_dearer_than_known_is_new(demo: Report) -> None:
    finding = max(demo.findings, key=lambda each: each.waste.usd or 0)
    entry = entry_of(demo, finding.fingerprint)
    cheap = Baseline(entries={finding.fingerprint: replace(entry, waste=entry.waste // 3)})
    found = next(each for each in apply(demo, cheap, TODAY).report.findings if each.fingerprint == finding.fingerprint)
    assert (found.status, "known as $" in found.justification) == (Standing.NEW, True)


def test_an_entry_past_its_day_is_known_no_more(demo: Report) -> None:
    key = demo.findings[0].fingerprint
    base = judged(created(demo), key[:8], Opinion.TO_FIX, "next sprint", date(2026, 11, 20))
    found = apply(demo, base, TODAY)
    assert [entry.fingerprint for entry in found.expired] == [key]
    assert found.report.findings[0].status is Standing.NEW
    on_the_day = apply(demo, base, date(2026, 11, 20)).report.findings[0]
    assert (on_the_day.status, on_the_day.justification) == (Standing.KNOWN, "next sprint")


def test_what_a_person_said_survives_an_update(demo: Report) -> None:
    key = demo.findings[0].fingerprint
    base = updated(judged(created(demo), key, Opinion.FALSE_ALARM, "ours", date(2027, 1, 1)), demo)
    entry = base.entries[key]
    assert (entry.opinion, entry.reason, entry.expires) == (Opinion.FALSE_ALARM, "ours", date(2027, 1, 1))


@pytest.mark.parametrize("name", ["", "zzz"])
def test_an_entry_must_be_named_alone(name: str, demo: Report) -> None:
    with pytest.raises(UsageError, match="fingerprint"):
        judged(created(demo), name, Opinion.ACCEPTED)


def test_a_run_that_sees_less_says_so(demo: Report) -> None:
    blinder = replace(demo, not_checked=(NotChecked("CA001", "x", "no usage", demo.exchanges // 2, demo.exchanges),))
    assert [each.code for each in apply(blinder, created(demo), TODAY).blind] == ["CA001"]
    assert apply(blinder, created(blinder), TODAY).blind == ()
    assert apply(demo, created(blinder), TODAY).blind == ()


# --- the file ----------------------------------------------------------------------------------------------------------


def test_one_entry_a_line_in_order_and_the_same_again(demo: Report, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    base = judged(created(demo, "old"), demo.findings[0].fingerprint, Opinion.TO_FIX, None, date(2027, 1, 1))
    save(base, path)
    assert load(path) == base
    lines = [line for line in path.read_text().splitlines() if line.startswith("    {")]
    assert len(lines) == len(demo.findings)
    assert lines == sorted(lines, key=lambda line: (json.loads(line.rstrip(","))["code"], json.loads(line.rstrip(","))["fingerprint"]))
    shuffled = Baseline(entries=dict(reversed(base.entries.items())), blind=base.blind)
    assert spelled(shuffled) == spelled(base)


def test_no_place_time_or_text_of_the_trace_is_kept(demo: Report) -> None:
    text = spelled(created(demo))
    for hidden in ("demo.jsonl", "support-1", "coding-1", "toolu_", "2026", "messages/"):
        assert hidden not in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"seamaudit_baseline": true, "entries": []}',
        '{"seamaudit_baseline": 1}',
        '{"seamaudit_baseline": 1, "entries": [1]}',
        '{"seamaudit_baseline": 1, "entries": [{"code": "CA001", "fingerprint": "a", "occurrences": -1, "exchanges": 1}]}',
        '{"seamaudit_baseline": 1, "entries": [{"code": "CA001", "fingerprint": "a", "occurrences": 1, "exchanges": 1, "opinion": "x"}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(UsageError, match=r"no (whole )?baseline"):
        load(tmp_path / "b.json")


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"seamaudit_baseline": 99, "entries": []}')
    with pytest.raises(UsageError, match="newer"):
        load(tmp_path / "b.json")


def test_a_link_stays_one_and_permissions_stay(demo: Report, tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("{}")
    real.chmod(0o640)
    link.symlink_to(real)
    save(created(demo), link)
    assert (link.is_symlink(), real.stat().st_mode & 0o777, load(link) == created(demo)) == (True, 0o640, True)


def test_a_place_that_cannot_be_written_leaves_what_was_there(demo: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.json"
    save(created(demo), path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        save(Baseline(), path)
    assert (path.read_bytes(), [each.name for each in tmp_path.iterdir()]) == (before, ["b.json"])
    with pytest.raises(UsageError, match="cannot write"):
        save(Baseline(), tmp_path / "nowhere" / "b.json")


def writer(path: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.baseline.writer", str(path), name, str(count)], cwd=ROOT)


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    save(Baseline(), path)
    processes = [writer(path, name, 40) for name in "ab"]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(load(path).entries) == 80


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    save(Baseline(), path)
    pick = random.Random(1)
    for _ in range(12):
        process = writer(path, f"w{pick.random()}", 10_000)
        before, deadline = len(load(path).entries), time.monotonic() + 30
        while len(load(path).entries) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(pick.random() / 50)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        assert len(load(path).entries) > before
