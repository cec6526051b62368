"""`seamaudit scan` as a shell sees it: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from seamaudit.cli.formats import OutputFormat
from seamaudit.cli.scan import Codes, verdict
from seamaudit.findings import Report, Severity, Skipped
from tests.report.reports import CLOCK, ORPHAN, REPORT, RETRIEVED

ROOT = Path(__file__).parents[2]
CANARY = "xq7Zk2Vw9Lm4"
WITHOUT_EVIDENCE = (OutputFormat.CONCISE, OutputFormat.GITHUB, OutputFormat.GITLAB, OutputFormat.RDJSON)
MAIN = "import sys; from seamaudit.cli import main; sys.exit(main())"
STUB = """
import os, sys, types
from msgspec.structs import replace
from tests.report.reports import REPORT
def audit(*arguments):
    {}
sys.modules["seamaudit.audit"] = types.SimpleNamespace(audit=audit)
from seamaudit.cli import main
sys.exit(main())
"""
STUBBED = STUB.format("return REPORT")
"""The command with a report that does not depend on rules and layers."""


def run(*options: str, code: str = STUBBED, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", code, "scan", *options],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**{name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "FORCE_COLOR")}, **env},
        timeout=60,
    )


def real(*options: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """The command with nothing replaced."""
    return run(*options, code=MAIN, stdin=stdin, **env)


QUIET = replace(REPORT, findings=())
LOSSY = replace(QUIET, accounting=replace(QUIET.accounting, rejected=1, oversize=0))
CLEAN = replace(QUIET, accounting=replace(QUIET.accounting, records=41, rejected=0), skipped=())


class TestVerdict:
    @pytest.mark.parametrize(
        ("report", "fail_on", "strict", "code"),
        [
            (CLEAN, Severity.INFO, True, 0),
            (REPORT, Severity.CRITICAL, False, 1),
            (replace(CLEAN, findings=(CLOCK,)), Severity.MEDIUM, True, 1),
            (replace(CLEAN, findings=(CLOCK,)), Severity.HIGH, True, 0),
            (replace(CLEAN, findings=(CLOCK, ORPHAN)), None, True, 0),
            (LOSSY, Severity.MEDIUM, False, 0),
            (LOSSY, Severity.MEDIUM, True, 3),
            (LOSSY, None, True, 3),
            (replace(LOSSY, findings=(RETRIEVED,)), Severity.MEDIUM, True, 1),
            (replace(CLEAN, exchanges=0), Severity.MEDIUM, False, 3),
            (replace(CLEAN, skipped=(Skipped("a.txt", "no known trace format", explicit=True),)), Severity.MEDIUM, False, 3),
            (replace(CLEAN, skipped=(Skipped("a.txt", "not named like a trace"),)), Severity.MEDIUM, True, 0),
        ],
    )
    def test_findings_come_before_what_was_not_read(self, report: Report, fail_on: Severity | None, strict: bool, code: int) -> None:
        assert verdict(report, fail_on, strict) == code


class TestCodes:
    @pytest.mark.parametrize(
        ("select", "ignore", "left"),
        [
            ((), (), ["CA001", "CA002", "TP001"]),
            (("CA",), (), ["CA001", "CA002"]),
            (("CA", "TP001"), ("CA002",), ["CA001", "TP001"]),
            ((), ("C", "TP"), []),
        ],
    )
    def test_prefixes_choose(self, select: tuple[str, ...], ignore: tuple[str, ...], left: list[str]) -> None:
        chosen = Codes(select, ignore).of(REPORT)
        assert [finding.code for finding in chosen.findings] == left

    def test_what_is_left_out_is_not_listed_as_unchecked(self) -> None:
        assert [entry.code for entry in Codes(ignore=("CA", "ST")).of(REPORT).not_checked] == ["CO005"]


class TestOutput:
    def test_findings_fail_the_run_unless_told_otherwise(self) -> None:
        assert run("x.jsonl").returncode == 1
        assert run("x.jsonl", "--fail-on", "never").returncode == 0

    def test_prints_the_same_to_a_pipe_and_to_a_file(self, tmp_path: Path) -> None:
        piped = run("x.jsonl")
        written = run("x.jsonl", "-o", str(tmp_path / "report.txt"))
        assert (written.returncode, written.stdout) == (1, b"")
        assert (tmp_path / "report.txt").read_bytes() == piped.stdout
        assert piped.stdout.decode() == (ROOT / "tests/report/terminal.txt").read_text()

    def test_json_is_ascii_and_whole(self) -> None:
        assert json.loads(run("x.jsonl", "--output-format", "json").stdout)["summary"]["exchanges"] == REPORT.exchanges
        assert len(run("x.jsonl", "--output-format", "jsonl").stdout.splitlines()) == len(REPORT.findings) + 1

    def test_an_encoding_without_arrows_is_no_error(self) -> None:
        done = run("x.jsonl", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        assert done.returncode == 1
        assert b"retrieval \\u2192 cache" in done.stdout

    def test_quiet_leaves_the_summary_out(self) -> None:
        done = run("x.jsonl", "-q")
        assert b"high[CA001]" in done.stdout
        assert b"not checked" not in done.stdout

    def test_progress_is_silent_where_nobody_looks(self) -> None:
        assert run("x.jsonl").stderr == b""

    def test_a_closed_pipe_keeps_the_verdict(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            done = subprocess.run(
                [sys.executable, "-c", STUBBED, "scan", "x.jsonl"], stdout=pipe, stderr=subprocess.PIPE, check=False, cwd=ROOT, timeout=60
            )
        assert (done.returncode, done.stderr) == (1, b"")

    def test_one_run_writes_many_reports(self, tmp_path: Path) -> None:
        asked = [f"--report={form}={tmp_path / form}" for form in OutputFormat]
        done = run("x.jsonl", *asked)
        assert (done.returncode, done.stderr) == (1, b"")
        for form in OutputFormat:
            assert (tmp_path / form).read_bytes() == run("x.jsonl", "--output-format", form).stdout, form

    @pytest.mark.parametrize("asked", ["sarif", "sarif=", "sariff=x", "=x"])
    def test_a_report_that_is_none_is_refused_before_the_work(self, tmp_path: Path, asked: str) -> None:
        done = run("x.jsonl", "--report", asked)
        assert done.returncode == 2
        assert b"seamaudit: " in done.stderr

    def test_no_report_replaces_another(self, tmp_path: Path) -> None:
        done = run("x.jsonl", "-o", str(tmp_path / "a"), "--report", f"json={tmp_path / '.' / 'a'}")
        assert done.returncode == 2
        assert list(tmp_path.iterdir()) == []

    def test_the_step_summary_is_added_to_what_is_there(self, tmp_path: Path) -> None:
        summary = tmp_path / "summary.md"
        summary.write_text("before\n")
        done = run("x.jsonl", "--output-format", "github", GITHUB_STEP_SUMMARY=str(summary))
        assert done.stdout.startswith(b"::error file=traces.jsonl,line=12,title=CA001 retrieved-text-in-prefix::Retrieved")
        assert summary.read_text() == "before\n" + run("x.jsonl", "--output-format", "markdown").stdout.decode()

    def test_a_step_summary_that_would_be_refused_is_left_as_it_is(self, tmp_path: Path) -> None:
        summary = tmp_path / "summary.md"
        summary.write_bytes(b"x" * 1_048_000)
        assert run("x.jsonl", "--output-format", "github", GITHUB_STEP_SUMMARY=str(summary)).returncode == 1
        assert summary.stat().st_size == 1_048_000

    @pytest.mark.parametrize("form", list(OutputFormat))
    def test_the_verdict_is_that_of_every_format(self, form: OutputFormat) -> None:
        assert run("x.jsonl", "--output-format", form).returncode == 1
        assert run("x.jsonl", "--output-format", form, "--fail-on", "never").returncode == 0

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
    @pytest.mark.parametrize("direct", [True, False])
    def test_a_full_disk_is_no_verdict(self, direct: bool) -> None:
        options = ["x.jsonl", "--output-format", "json", *(["-o", "/dev/full"] if direct else [])]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [sys.executable, "-c", STUBBED, "scan", *options], stdout=full, stderr=subprocess.PIPE, check=False, cwd=ROOT, timeout=60
            )
        assert done.returncode == 2
        assert b"cannot write to" in done.stderr
        assert b"Traceback" not in done.stderr

    def test_a_place_that_cannot_be_written_is_told_before_the_work(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        for target in (tmp_path / "missing" / "out.json", tmp_path, tmp_path / "file" / "out.json", Path("/proc/seamaudit.json")):
            done = run("x.jsonl", "-o", str(target))
            assert done.returncode == 2, target
            assert b"cannot write to" in done.stderr

    def test_a_failed_run_leaves_the_old_report_alone(self, tmp_path: Path) -> None:
        (tmp_path / "report.json").write_text("old")
        done = real("missing.jsonl", "-o", str(tmp_path / "report.json"))
        assert done.returncode == 2
        assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
        assert (tmp_path / "report.json").read_text() == "old"

    def test_the_trace_is_never_overwritten(self, tmp_path: Path) -> None:
        trace = tmp_path / "trace.jsonl"
        trace.write_text("{}\n")
        done = run(str(trace), "-o", str(tmp_path / "." / "trace.jsonl"))
        assert done.returncode == 2
        assert trace.read_text() == "{}\n"

    def test_a_report_has_the_permissions_of_any_new_file(self, tmp_path: Path) -> None:
        run("x.jsonl", "-o", str(tmp_path / "report.txt"))
        (tmp_path / "other").write_text("")
        assert (tmp_path / "report.txt").stat().st_mode == (tmp_path / "other").stat().st_mode


class TestEnd:
    @pytest.mark.parametrize(
        "options",
        [
            (),
            ("--no-such-option",),
            ("x.jsonl", "--fail-on", "dreadful"),
            ("x.jsonl", "--output-format", "pdf"),
            ("x.jsonl", "--select", "ZZ9"),
            ("x.jsonl", "--rules", "/no/such/directory"),
            ("/no/such/file.jsonl",),
            ("/no/such/*.jsonl",),
            ("x.jsonl", "--input-format", "papyrus"),
        ],
    )
    def test_what_cannot_be_run_as_asked_ends_with_2(self, options: tuple[str, ...]) -> None:
        done = real(*options)
        assert done.returncode == 2, done.stderr
        assert done.stdout == b""
        assert b"Traceback" not in done.stderr

    @pytest.mark.parametrize("content", [b"", b"\n\n", b"not json\n", b"{}\n", b"\0\xff\xfe"])
    def test_what_is_no_recording_ends_with_3(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "trace.jsonl").write_bytes(content)
        assert real(str(tmp_path / "trace.jsonl"), "--fail-on", "never").returncode == 3
        assert real("-", "--fail-on", "never", stdin=content).returncode == 3

    def test_an_empty_directory_ends_with_3(self, tmp_path: Path) -> None:
        assert real(str(tmp_path)).returncode == 3

    @pytest.mark.parametrize(("content", "code"), [(None, 2), (b"not json\n", 3)])
    def test_a_hostile_path_is_shown_safely(self, tmp_path: Path, content: bytes | None, code: int) -> None:
        path = tmp_path / "x\n::error::y\x1b[2J.jsonl"
        if content:
            path.write_bytes(content)
        done = real(str(path))
        assert done.returncode == code
        assert b"\x1b" not in done.stderr
        assert not any(line.lstrip().startswith(b"::") for line in done.stderr.splitlines())

    def test_a_defect_ends_with_4_and_quotes_nothing(self) -> None:
        done = run("x.jsonl", code=STUB.format(f"raise KeyError({CANARY!r})"))
        assert done.returncode == 4
        assert CANARY.encode() not in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_signals_end_it_as_shells_expect(self, number: signal.Signals, code: int, tmp_path: Path) -> None:
        done = run("x.jsonl", "-o", str(tmp_path / "report.json"), code=STUB.format(f"os.kill(os.getpid(), {int(number)})"))
        assert done.returncode == code
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("options", "env", "code"), [((), {}, 0), ((), {"CI": "true"}, 3), (("--no-strict-input",), {"CI": "1"}, 0)])
    def test_lost_lines_fail_a_build_by_default(self, options: tuple[str, ...], env: dict[str, str], code: int) -> None:
        lossy = STUB.format("return replace(REPORT, findings=())")
        assert run("x.jsonl", *options, code=lossy, **env).returncode == code


class TestContent:
    def trace(self, path: Path) -> Path:
        """Two turns whose system prompt differs, with a token planted in every field that holds text."""
        said = {"role": "user", "content": [{"type": "text", "text": CANARY}]}
        call = [{"type": "text", "text": CANARY}, {"type": "tool_use", "id": "t1", "name": "search", "input": {"q": CANARY}}]
        result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": CANARY}]}
        records = []
        for turn, (word, messages) in enumerate((("alpha", [said]), ("omega", [said, {"role": "assistant", "content": call}, result]))):
            body = {
                "model": "claude-sonnet-4-5",
                "max_tokens": 100,
                "system": [{"type": "text", "text": f"{word} " + f"rule {CANARY} " * 2000, "cache_control": {"type": "ephemeral"}}],
                "tools": [{"name": "search", "description": CANARY, "input_schema": {"type": "object", "properties": {CANARY: {}}}}],
                "messages": messages,
                "metadata": {"user_id": CANARY},
            }
            answer = {
                "id": f"msg_{turn}{CANARY}",
                "type": "message",
                "role": "assistant",
                "model": "claude-sonnet-4-5",
                "content": call,
                "stop_reason": "tool_use",
                "usage": {"input_tokens": 20, "cache_creation_input_tokens": 9000, "cache_read_input_tokens": 0, "output_tokens": 5},
            }
            request = {"method": "POST", "url": "https://api.anthropic.com/v1/messages", "headers": {"x": CANARY}, "body": body}
            pair = {"request": request, "response": {"status_code": 200, "headers": {"y": CANARY}, "body": answer}}
            records.append({"conversation": f"c {CANARY}", "n": turn, "timestamp": 1790000000.0 + turn, **pair, "note": CANARY})
        path.write_text("".join(json.dumps(record) + "\n" for record in records) + f'{{"broken": "{CANARY}')
        return path

    @pytest.mark.parametrize("form", list(OutputFormat))
    def test_no_planted_token_leaves_the_trace_by_default(self, tmp_path: Path, form: OutputFormat) -> None:
        trace = self.trace(tmp_path / "trace.jsonl")
        done = real(str(trace), "--output-format", form)
        assert done.returncode == 1, done.stderr
        assert CANARY.encode() not in done.stdout + done.stderr
        shown = real(str(trace), "--output-format", form, "--show-content")
        assert (CANARY.encode() in shown.stdout) == (form not in WITHOUT_EVIDENCE)
