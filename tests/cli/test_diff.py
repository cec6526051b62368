"""`seamaudit diff` as a shell sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from seamaudit.cli import main; sys.exit(main())"
CLOCKS = "fixtures/CA002/bad.jsonl"


def run(*options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", MAIN, "diff", *options], capture_output=True, check=False, cwd=ROOT, timeout=60)


def test_the_first_difference_is_shown_under_a_caret_in_both_versions() -> None:
    done = run(f"{CLOCKS}:2", f"{CLOCKS}:3", "--show-content")
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    (at,) = (number for number, line in enumerate(lines) if line.startswith("They part"))
    assert "system[0], replaced, byte 29 of its text" in lines[at]
    was, caret, now, below = lines[at + 1 : at + 5]
    column = caret.index("^")
    assert caret == below
    assert was[7:column] == now[7:column], "up to the caret both are equal"
    assert (was[column], now[column]) == ("1", "2")


def test_a_request_is_named_by_line_by_id_or_by_thread_and_turn() -> None:
    records = [json.loads(line) for line in (ROOT / CLOCKS).read_text().splitlines()]
    ids = [record["response"]["body"]["id"] for record in records]
    outputs = {
        run(f"{CLOCKS}:2", f"{CLOCKS}:3").stdout,
        run(ids[1], ids[2], CLOCKS).stdout,
        run("c1:2", "c1:3", CLOCKS).stdout,
    }
    assert len(outputs) == 1
    assert outputs != {b""}


def test_values_are_masked_unless_asked_for_and_can_be_left_out() -> None:
    masked, bare = run(f"{CLOCKS}:2", f"{CLOCKS}:3"), run(f"{CLOCKS}:2", f"{CLOCKS}:3", "--no-values")
    assert b"ledger service" not in masked.stdout
    assert b"2026-09-21T14:02:07Z" in masked.stdout, "scan shows a clock value, too"
    assert b"2026" not in bare.stdout.replace(b"claude-sonnet-4-5-20250929", b"")
    assert b"the value that changed: clock" in bare.stdout
    both = run(f"{CLOCKS}:2", f"{CLOCKS}:3", "--no-values", "--show-content")
    assert (both.returncode, both.stdout) == (2, b"")


def test_json_says_the_same() -> None:
    done = run(f"{CLOCKS}:2", f"{CLOCKS}:3", "--output-format", "json", "--no-values")
    told = json.loads(done.stdout)
    assert (told["shared_positions"], told["change"]["block"], told["change"]["byte"]) == (3, "system[0]", 29)
    assert told["evidence"] is None
    assert [row["relation"] for row in told["rows"]] == ["same"] * 3 + ["differs"] + ["same"] * 4 + ["only_b"] * 3
    sent = json.loads((ROOT / CLOCKS).read_text().splitlines()[2])["response"]["body"]["usage"]
    total = sent["input_tokens"] + sent["cache_read_input_tokens"] + sent["cache_creation_input_tokens"]
    assert told["b"]["input_tokens"] == total
    assert told["rest"]["tokens"] == round(total * told["rest"]["bytes"] / told["b"]["bytes"])
    assert told["rest"]["anew_usd"] > told["rest"]["read_usd"] > 0


def test_a_prompt_that_only_grew_has_no_difference() -> None:
    done = run("fixtures/CA020/good.jsonl:1", "fixtures/CA020/good.jsonl:2")
    assert b"B continues A unchanged." in done.stdout
    assert b"They part" not in done.stdout


def test_a_parameter_that_differs_is_named() -> None:
    done = run("c1:4", "c1:5", "fixtures/CA019/bad.jsonl")
    assert b"Parameters that differ: tool_choice." in done.stdout


def test_a_name_that_nothing_answers_to_is_a_usage_error() -> None:
    done = run("c9:1", "c1:1", CLOCKS)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no request answers to 'c9:1'" in done.stderr
    assert run("x", "y").returncode == 2
