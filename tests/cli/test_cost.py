"""`seamaudit cost` as a shell sees it: what it prints where, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, date
from pathlib import Path

import pytest

from seamaudit.cli.cost import days, grouping
from seamaudit.cli.sheet import Sheet, write
from seamaudit.errors import UsageError
from seamaudit.forensics.cost import By, Window

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from seamaudit.cli import main; sys.exit(main())"
SESSION = "fixtures/CO008/bad.jsonl"
"""A Claude Code session: two turns, and two calls of a sub-agent, on 2026-09-21."""
UNKNOWN = "fixtures/CO001/bad.jsonl"
"""Seven calls without a price."""


def run(*options: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "FORCE_COLOR")}
    return subprocess.run(
        [sys.executable, "-c", MAIN, "cost", *options],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**kept, **env},
        timeout=60,
    )


def printed(*options: str) -> str:
    """Standard output of a run that ends well, without the version of the price table."""
    done = run(*options)
    assert (done.returncode, done.stderr) == (0, b"")
    return re.sub(r"^Prices: genai-prices .*?\. Days", "Prices: TABLE. Days", done.stdout.decode(), flags=re.MULTILINE)


class TestOutput:
    def test_a_pipe_gets_plain_columns(self) -> None:
        assert printed(SESSION) == (
            "Day         Models                      Input  Output  Cache write  Cache read  Total tokens  Cost (USD)  Waste (USD)\n"
            "2026-09-21  claude-sonnet-4-5-20250929     16     130        9,600       8,000        17,746       $0.04           $0\n"
            "Total                                      16     130        9,600       8,000        17,746       $0.04           $0\n"
            "\n"
            "Waste is what findings of `seamaudit scan` claim of these calls; what no rule could check is not in it.\n"
            "2 sub-agent calls are included: 8,862 tokens, $0.02.\n"
            "Prices: TABLE. Days are in UTC.\n"
        )

    def test_what_has_no_price_is_unknown_and_named(self) -> None:
        said = printed(UNKNOWN, "--by", "model")
        (row,) = [line for line in said.splitlines() if line.startswith("gpt-9-omega ")]
        assert row.split()[-3:] == ["17", "unknown", "$0"]
        assert re.search(r"^7 calls have no known price, and no total holds them: .*gpt-9-omega \(1\)", said, re.MULTILINE)

    def test_json_holds_the_same_figures(self) -> None:
        found = json.loads(printed(SESSION, "--by", "day,session", "--json"))
        (row,) = found["rows"]
        assert found["by"] == ["day", "session"]
        assert (row["day"], row["session"].count("-"), row["models"]) == ("2026-09-21", 4, ["claude-sonnet-4-5-20250929"])
        assert (row["calls"], row["total_tokens"], row["usd"], row["at_least"]) == (4, 17746, 0.040398, [])
        assert found["totals"] == {key: value for key, value in row.items() if key not in ("day", "session")}
        assert found["sides"]["subagent"]["calls"] == 2

    def test_a_waterfall_goes_from_the_bill_to_its_floor(self) -> None:
        said = printed("fixtures/demo/demo.jsonl", "--waterfall", "--top", "1")
        first, *rows = [line.split() for line in said.split("\n\n")[0].splitlines()][1:]
        assert first[0] == "actual"
        assert [row[:2] for row in rows[:-1]] == [["avoidable", row[1]] for row in rows[:-1]]
        assert (len(rows), rows[-1][0]) == (3, "Floor")
        found = json.loads(printed("fixtures/demo/demo.jsonl", "--waterfall", "--json"))
        claimed = sum(step["usd"] for step in found["steps"])
        assert 0 < claimed <= found["actual_usd"]
        assert found["floor_usd"] == pytest.approx(found["actual_usd"] - claimed, abs=1e-6)

    def test_who_caused_it_is_a_group(self, tmp_path: Path) -> None:
        line = json.loads((ROOT / "fixtures/CO003/good.jsonl").read_text().splitlines()[0])
        secret = "sk-ant-" + "api03-" + "Zq7" * 12
        rows = [{**line, "conversation": f"c{n}", "team": f"t{n}", "key": secret} for n in (1, 2)]
        (tmp_path / "teams.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        said = printed(str(tmp_path / "teams.jsonl"), "--by", "team,key")
        assert [row.split()[0] for row in said.splitlines()[1:4]] == ["t1", "t2", "Total"]
        assert secret not in said

    def test_days_outside_the_window_do_not_count(self) -> None:
        def calls(*window: str) -> int:
            return int(json.loads(printed(SESSION, "--json", *window))["totals"]["calls"])

        assert calls("--since", "2026-09-21", "--until", "2026-09-21") == 4
        assert calls("--since", "2026-09-22") == calls("--until", "2026-09-20") == 0
        assert calls("--since", "2026-09-22", "--timezone", "Pacific/Kiritimati") == 4  # 14:13 in UTC is the day after there

    def test_trace_text_cannot_act_on_a_terminal(self, tmp_path: Path) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
        body = {"model": "\x1b[2Jgpt\u202e", "choices": [{"message": {"role": "assistant", "content": "x"}}], "usage": usage}
        line = {"request": {"model": "\x1b[2Jgpt\u202e", "messages": [{"role": "user", "content": "x"}]}, "response": body}
        (tmp_path / "hostile.jsonl").write_text(json.dumps({**line, "conversation": "\x1b]0;owned\x07"}) + "\n")
        for options in (["--by", "model,session"], ["--by", "session"], ["--by", "session", "--json"]):
            said = run(str(tmp_path / "hostile.jsonl"), *options).stdout.decode()
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said)
            assert "gpt" in said


class TestExitCodes:
    def test_a_call_that_cannot_be_run_as_asked_is_2(self) -> None:
        for options in (
            ["--by", "weak"],
            ["--by", "thing", "--waterfall"],
            ["--since", "soon"],
            ["--timezone", "Mars/Olympus"],
            ["--input-format", "nope"],
        ):
            done = run(SESSION, *options)
            assert (done.returncode, done.stdout) == (2, b"")
        assert run("no/such/file.jsonl").returncode == 2
        assert run().returncode == 2

    def test_what_is_not_recognised_is_3(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("dear diary\n")
        assert run(str(tmp_path / "notes.txt")).returncode == 3
        partly = run(SESSION, str(tmp_path / "notes.txt"))
        assert partly.returncode == 3
        assert b"Total" in partly.stdout
        assert b"Not read: " in partly.stdout

    def test_lost_lines_are_3_where_they_must_not_be_lost(self) -> None:
        lossy = (ROOT / SESSION).read_bytes() + b"{broken\n"
        assert run("-", stdin=lossy).returncode == 0
        assert b"1 line could not be read" in run("-", stdin=lossy).stdout
        assert run("-", "--strict-input", stdin=lossy).returncode == 3
        assert run("-", stdin=lossy, CI="true").returncode == 3
        assert run("-", "--no-strict-input", stdin=lossy, CI="true").returncode == 0


class TestOptions:
    def test_keys_come_in_the_order_typed_each_once(self) -> None:
        assert grouping(["model,day", "session", "day"]) == [By.MODEL, By.DAY, By.SESSION]
        assert grouping([" Day , "]) == [By.DAY]
        assert grouping([","]) == [By.DAY]

    def test_a_typo_is_told_with_what_was_meant(self) -> None:
        with pytest.raises(UsageError, match=r'cannot group by "modle".*did you mean "model"'):
            grouping(["modle"])

    def test_a_window_may_be_open_and_cannot_end_first(self) -> None:
        assert days("", "", "utc") == Window(None, None, UTC)
        assert days("2026-01-31", "", "UTC").since == date(2026, 1, 31)
        with pytest.raises(UsageError, match="--until is before --since"):
            days("2026-02-01", "2026-01-31", "UTC")

    @pytest.mark.parametrize("name", ["", "../../etc/passwd", "/etc/passwd", "Nowhere", "a\0b"])
    def test_a_time_zone_is_a_name_and_no_path(self, name: str) -> None:
        with pytest.raises(UsageError, match="no time zone"):
            days("", "", name)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


WIDE = Sheet(
    headings=("Day", "Models", "Total tokens"),
    words=2,
    rows=(("2026-01-01", ("a[b]", "\x1bc"), ">= 1,234"),),
    total=("Total", (), ">= 1,234"),
    notes=("A note.",),
)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (
            30,
            [
                "                       Total",
                "Day         Models    tokens",
                "2026-01-01  a[b]    >= 1,234",
                "            ␛c",
                "Total               >= 1,234",
                "A note.",
            ],
        ),
        (20, ["               Total", "Day           tokens", "2026-01-01  >= 1,234", "Total       >= 1,234", "A note."]),
        (
            16,
            [
                "Day         Models    Total tokens",
                "2026-01-01  a[b], ␛c      >= 1,234",
                "Total                     >= 1,234",
                "A note.",
            ],
        ),
    ],
)
def test_no_figure_is_ever_cut(monkeypatch: pytest.MonkeyPatch, columns: int, shown: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")  # a dumb one is taken for 80 columns wide
    out = Screen()
    write(WIDE, out)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in out.getvalue().splitlines()]
    assert [line for line in lines if set(line) - set(" ─")] == shown
