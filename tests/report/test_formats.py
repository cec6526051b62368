"""Every format, whatever a report holds: no control byte, no line a build log would take for a command, valid JSON."""

from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.evidence import Evidence
from seamaudit.evidence.excerpt import excerpt
from seamaudit.findings import NotChecked, Standing, Waste
from seamaudit.report import json as json_report
from seamaudit.report import jsonl, terminal
from seamaudit.report.base import document as versioned
from seamaudit.trace import Money
from tests.fuzz.formats import FORMATS, STRINGS_A_REPORT, Broken, check, check_shape, nasty_report, rendered
from tests.report.reports import CLOCK, ORPHAN, REPORT, RETRIEVED

HOSTILE_STRINGS = 6_000


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_strings_stay_text(name: str) -> None:
    for seed in range(HOSTILE_STRINGS // STRINGS_A_REPORT):
        check(name, nasty_report(seed))


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_evidence_stays_text_in_every_format(was: str, now: str) -> None:
    evidence = Evidence(excerpt(was, len(was) // 2, show_content=True), excerpt(now, len(now) // 2, show_content=True))
    report = replace(REPORT, findings=(replace(RETRIEVED, evidence=evidence, message=was, justification=now, status=Standing.KNOWN),))
    for name in FORMATS:
        check(name, report)


def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seamaudit.report.html.page.escape", lambda text: text)
    with pytest.raises(Broken):
        for seed in range(20):
            check("html", nasty_report(seed))


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_same_report_same_bytes(name: str) -> None:
    assert rendered(FORMATS[name], REPORT) == rendered(FORMATS[name], replace(REPORT))
    assert rendered(FORMATS[name], REPORT).isascii()


class TestJson:
    def test_is_what_its_schema_says(self) -> None:
        schema = json_report.schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.loads(rendered(json_report.render, REPORT)), schema)

    def test_the_schema_is_strict_enough_to_fail(self) -> None:
        document = json.loads(rendered(json_report.render, REPORT))
        del document["findings"][0]["fingerprint"]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, json_report.schema())

    def test_the_published_schema_is_this_one(self) -> None:
        published = Path(__file__).parents[2] / "docs" / "report.schema.json"
        assert json.loads(published.read_text()) == json_report.schema()

    def test_dollars_have_six_places_whatever_the_picodollars(self) -> None:
        tiny = (replace(ORPHAN, waste=Waste(1, Money(picodollars))) for picodollars in (1_499_999, 500_000))
        report = replace(REPORT, findings=tuple(tiny))
        document = json.loads(rendered(json_report.render, report))
        assert [finding["waste"]["usd"] for finding in document["findings"]] == [0.000001, 0.000001]
        assert document["summary"]["spend"]["usd"] == 0.212346

    def test_unknown_is_null_and_not_zero(self) -> None:
        document = json.loads(rendered(json_report.render, replace(REPORT, findings=(ORPHAN,))))
        assert document["findings"][0]["waste"] == {"tokens": None, "usd": None, "seconds": None}
        assert document["summary"]["waste"]["usd"] is None

    def test_not_even_an_endless_wait_breaks_it(self) -> None:
        report = replace(REPORT, findings=(replace(ORPHAN, waste=Waste(10**30, None, float("inf"))),))
        document = json.loads(rendered(json_report.render, report))
        assert document["findings"][0]["waste"] == {"tokens": 10**30, "usd": None, "seconds": None}

    def test_says_where(self) -> None:
        first = json.loads(rendered(json_report.render, REPORT))["findings"][0]
        assert first["locations"][0] == {"file": "traces.jsonl", "line": 12, "offset": 11000, "pointer": "/request/body/system/1"}
        assert (first["occurrences"], first["threads"]) == (2, 2)
        assert first["seam"]["upstream"] == "retrieval"


class TestJsonLines:
    def test_holds_what_the_document_holds(self) -> None:
        document = json.loads(rendered(json_report.render, REPORT))
        *findings, summary = map(json.loads, rendered(jsonl.render, REPORT).splitlines())
        assert [{**finding, "type": "finding", "schema_version": 1} for finding in document["findings"]] == findings
        assert summary == {"type": "summary", "schema_version": 1, "tool": document["tool"], **document["summary"]}


class TestTerminal:
    def test_looks_like_this(self) -> None:
        expected = (Path(__file__).parent / "terminal.txt").read_text()
        assert rendered(terminal.render, REPORT) == expected

    def test_nothing_found_is_not_nothing_to_say(self) -> None:
        out = rendered(terminal.render, replace(REPORT, findings=()))
        assert out.startswith("findings     none\n")
        assert "waste        none found" in out
        assert "not checked  3 rules" in out

    def test_findings_over_the_limit_are_counted(self) -> None:
        out = rendered(partial(terminal.render, limit=2), replace(REPORT, findings=(RETRIEVED, CLOCK, ORPHAN, ORPHAN)))
        assert "TP001]" not in out
        assert "and 2 findings more" in out
        assert "2 critical, 1 high, 1 medium" in out

    def test_seams_come_dearest_first_and_stay_together(self) -> None:
        out = rendered(terminal.render, replace(REPORT, findings=(RETRIEVED, ORPHAN, replace(RETRIEVED, name="again"))))
        assert out.index("retrieval → cache: 2 findings") < out.index("again") < out.index("agent loop → provider: 1 finding\n")

    def test_reasons_are_grouped_and_their_rest_counted(self) -> None:
        entries = [NotChecked(f"XX{rule:03}", "x", "no clock", 3, 40) for rule in range(9)]
        entries += [NotChecked("YY001", "y", f"reason {number}", number, 40) for number in range(10)]
        out = rendered(terminal.render, replace(REPORT, not_checked=tuple(entries)))
        assert "XX000, XX001, XX002, XX003, XX004, XX005 and 3 more  no clock (3 of 40 exchanges)" in out
        assert "and 3 reasons more" in out

    @pytest.mark.parametrize("width", [40, 60, 100])
    def test_fits_the_terminal_and_keeps_the_difference_in_sight(self, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(terminal, "PIPED_WIDTH", width)
        text = "y" * 24 + "CHANGE" + "漢" * 20
        wide = replace(RETRIEVED, evidence=Evidence(excerpt(text, 24, show_content=True), excerpt(text, 24, show_content=True)))
        lines = rendered(terminal.render, replace(REPORT, findings=(wide,))).splitlines()
        assert max(map(terminal.cell_len, lines)) <= width
        (now,) = [line for line in lines if line.startswith("  | now")]
        (caret,) = [line for line in lines if line.endswith("^")]
        assert now[len(caret) - 1] == "C"

    def test_no_colour_where_nobody_looks(self) -> None:
        assert "\x1b" not in rendered(terminal.render, REPORT)

    def test_colour_on_a_terminal_unless_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Screen(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        terminal.render(versioned(REPORT), colourful := Screen())
        monkeypatch.setenv("NO_COLOR", "1")
        terminal.render(versioned(REPORT), plain := Screen())
        assert "\x1b[1;31m" in colourful.getvalue()
        assert "\x1b[1;31m" not in plain.getvalue()

    def test_says_how_to_see_masked_text(self) -> None:
        assert "--show-content" in rendered(terminal.render, REPORT)
        assert "--show-content" not in rendered(terminal.render, replace(REPORT, masked=False))


@pytest.mark.parametrize("name", ["html", "junit", "markdown"])
def test_hostile_strings_add_no_element(name: str) -> None:
    for seed in range(15):
        check_shape(name, seed)


ABOUT = {
    "full": ("level A, exact bodies", "the recording's own order", "no wall-clock time is recorded"),
    "concise": ("level A, exact bodies", "the recording's own order", "3 rules not checked"),
    "json": ('"A": 40', '"sequence": 40', "no wall-clock time is recorded"),
    "jsonl": ('"A": 40', '"sequence": 40', "no wall-clock time is recorded"),
    "sarif": ('"A": 40', '"sequence": 40', "no wall-clock time is recorded"),
    "junit": ("level A, exact bodies", "the recording's own order", "no wall-clock time is recorded"),
    "github": ("level A, exact bodies", "the recording's own order", "3 rules not checked"),
    "markdown": ("level A, exact bodies", "the recording's own order", "no wall\\-clock time is recorded"),
    "html": ("level A, exact bodies", "the recording&#x27;s own order", "no wall-clock time is recorded"),
}
"""What the edge of each format says of level, clock and what was not checked; gitlab, rdjson and csv hold findings and nothing else."""


@pytest.mark.parametrize("name", FORMATS)
def test_level_clock_and_what_was_not_checked_are_told_wherever_there_is_room(name: str) -> None:
    if name in ("gitlab", "rdjson", "csv", "quiet"):
        assert "exact bodies" not in rendered(FORMATS[name], REPORT)
        return
    out = rendered(FORMATS[name], REPORT)
    assert [words for words in ABOUT[name] if words not in out] == []


def test_levels_and_clocks_that_mix_are_counted() -> None:
    mixed = replace(REPORT, levels={"A": 30, "C": 10}, clocks={"sequence": 39, "wall": 1}, not_checked=())
    told = rendered(FORMATS["concise"], mixed).splitlines()[-1]
    assert "level A, exact bodies (30 exchanges), level C, counters alone (10 exchanges); " in told
    assert "own order (39 exchanges), wall clock (1 exchange); every rule checked" in told


def test_a_rule_that_found_something_says_too_where_it_was_not_checked() -> None:
    found = replace(REPORT, not_checked=(NotChecked("CA001", "retrieved-text-in-prefix", "no usage", 3, 40),))
    suites = ElementTree.fromstring(rendered(FORMATS["junit"], found))
    (case,) = [each for each in suites.iter("testcase") if each.get("name", "").startswith("CA001")]
    assert case.find("failure") is not None
    assert "not checked: no usage (3 of 40 exchanges)" in (case.findtext("system-out") or "")
    assert suites.find("testsuite/properties/property[@name='not checked']") is not None
