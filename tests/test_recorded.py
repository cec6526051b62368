"""Real recordings: what the replay predicts against what providers reported, and the books of a whole scan."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from seamaudit.audit import audit, measure_cache
from seamaudit.config import Settings
from seamaudit.facts import FactBase
from seamaudit.findings import Severity
from seamaudit.forensics.calibration import calibration
from seamaudit.layers.cache import CacheRead, Verdict
from seamaudit.layers.usage_cache import UsageRead, UsageVerdict
from tests.measured import measured
from tests.recordings import recorded


@pytest.fixture(scope="module")
def coding_agent() -> FactBase:
    return measured(recorded("pairs", "coding-agent.jsonl"))


def extended(facts: FactBase, provider: str) -> Counter[Verdict]:
    """Verdicts over requests that begin with all of the turn before, unchanged, where the cache could serve something."""
    reads = facts.rows(CacheRead)
    return Counter(read.verdict for read in reads if read.extends and read.provider == provider and read.base_exchange >= 0)


def test_anthropics_reads_are_predicted_to_the_token(coding_agent: FactBase) -> None:
    verdicts = extended(coding_agent, "anthropic")
    assert sum(verdicts.values()) == 59
    assert verdicts[Verdict.EXACT] >= 55
    assert verdicts[Verdict.PROVIDER_SIDE] == 3
    assert verdicts[Verdict.UNEXPLAINED] <= 1


def test_openais_reads_are_predicted_within_a_step(coding_agent: FactBase) -> None:
    verdicts = extended(coding_agent, "openai")
    assert sum(verdicts.values()) == 78
    assert verdicts[Verdict.EXACT] + verdicts[Verdict.WITHIN_STEP] >= 64


@pytest.mark.parametrize("parts", [("pairs", "coding-agent.jsonl"), ("pairs", "cassettes.jsonl"), ("tau-bench", "gpt-4o-airline.json")])
def test_every_byte_and_line_is_accounted_for(parts: tuple[str, ...]) -> None:
    path = recorded(*parts)
    report = audit([str(path)], Settings())
    books = report.accounting
    assert books.bytes == path.stat().st_size
    assert books.lines == _line_count(path)
    assert books.lines == books.records + books.rejected + books.oversize + books.blank
    assert (report.waste.usd or 0) <= report.spend.usd


def test_healthy_dialogues_raise_no_tool_finding() -> None:
    report = audit([str(recorded("tau-bench", "gpt-4o-airline.json"))], Settings())
    assert [finding.code for finding in report.findings if finding.code.startswith("TP") and finding.severity > Severity.INFO] == []


def test_only_streams_that_broke_are_called_broken() -> None:
    assert _stream_findings(*(f"ST{number:03}" for number in range(1, 8))) == [226, 229, 839]


def test_one_cut_answer_is_sent_on_as_whole_and_none_is_empty() -> None:
    assert _stream_findings("ST008") == [564]
    assert _stream_findings("ST009", "ST011") == []


def _stream_findings(*codes: str) -> list[int]:
    """The lines of the pairs at which these rules find something."""
    report = audit([str(recorded("pairs"))], Settings())
    return sorted(case.locus.line for finding in report.findings if finding.code in codes for case in finding.cases)


def _line_count(path: Path) -> int:
    data = path.read_bytes()
    return data.count(b"\n") + (not data.endswith(b"\n"))


def test_after_a_fallback_each_kind_of_request_reads_what_its_own_kind_wrote() -> None:
    """Answers told whole in one row came after 529s, without a stream: eleven reads end where the last of their own kind did."""
    reads = measured(recorded("claude-code")).rows(UsageRead)
    verdicts = Counter(read.verdict for read in reads)
    assert verdicts[UsageVerdict.FALLBACK] == 11
    assert verdicts[UsageVerdict.UNEXPLAINED] == 5
    assert {read.locus.line for read in reads if read.verdict is UsageVerdict.FALLBACK} == {72, 76, 78, 82, 84, 88, 90, 148, 150, 212, 219}


def test_calibration_over_both_files_of_pairs_leaves_two_of_anthropics_reads_unexplained_at_most() -> None:
    replayed, calls = measure_cache([str(recorded("pairs"))], Settings())
    table = calibration(replayed.replayed.facts, calls)
    unexplained = [each for each in table.unexplained if "claude" in each.read.model]
    assert len(unexplained) <= 2
    assert sum(fit.comparable for fit in table.fits if fit.provider == "anthropic") >= 70
    assert all(each.alike or not each.promised for each in table.unexplained if each.read.provider == "openai")
