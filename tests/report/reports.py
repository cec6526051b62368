"""A small report built by hand, with something of everything a format prints."""

from __future__ import annotations

from msgspec.structs import replace

from seamaudit.evidence import Evidence, Excerpt
from seamaudit.findings import (
    Accounting,
    Confidence,
    Finding,
    NotChecked,
    Occurrence,
    Proof,
    Report,
    SeamSpec,
    Severity,
    Skipped,
    Spend,
    Waste,
)
from seamaudit.trace import Locus, Money, Source

RETRIEVAL = SeamSpec("retrieval", "cache", "fresh passages for every question", "a byte-stable prefix up to the breakpoint")
LOOP = SeamSpec("agent loop", "provider", "every call it makes", "an answer to every call of the turn before")


def place(line: int, pointer: str = "", source: int = 0) -> Locus:
    """The record of 1,000 bytes on a line."""
    return Locus(source, line, (line - 1) * 1000, 1000, pointer)


def occurrence(line: int, thread: str, usd: int | None = None, tokens: int | None = None, pointer: str = "") -> Occurrence:
    return Occurrence(place(line, pointer), line, thread, Waste(tokens, None if usd is None else Money(usd)))


RETRIEVED = Finding(
    code="CA001",
    name="retrieved-text-in-prefix",
    layer="cache",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    proof=Proof.PROVEN,
    message="Retrieved text changes inside the cached prefix at system[1]; 14,233 tokens were written again, 1,024 reused.",
    fix="Keep rules and tool schemas before the last breakpoint; move retrieved passages after it, into the messages.",
    seam=RETRIEVAL,
    identity=(("app", "support"), ("block", "system[1]")),
    cases=(
        occurrence(12, "t1", 40_000_000_000, 10_000, "/request/body/system/1"),
        occurrence(14, "t2", 13_375_000_000, 4_233, "/request/body/system/1"),
    ),
    waste=Waste(14_233, Money(53_375_000_000)),
    fingerprint="0f1e2d3c4b5a6978",
    witness=(place(11, "/request/body/system/1"),),
    symptoms=("CA021",),
    evidence=Evidence(
        Excerpt("xxxxxxx: ‹5-letter word› xx xxx xxxxxxx xx Xxxxxx…", 9),
        Excerpt("xxxxxxx: ‹4-letter word› xx xxx xxxxxxx xx Xxxxx…", 9),
        "",
    ),
)
CLOCK = replace(
    RETRIEVED,
    code="CA002",
    name="clock-in-prefix",
    severity=Severity.MEDIUM,
    proof=Proof.INFERRED,
    confidence=Confidence.MEDIUM,
    message="A clock value inside the cached prefix at system[0] moves.",
    fix="Move the clock behind the last breakpoint, or round it to the day.",
    seam=SeamSpec("prompt", "cache", "a current clock", "a byte-stable prefix up to the breakpoint"),
    cases=(occurrence(3, "t1", 900_000_000, 300, "/request/body/system/0"),),
    waste=Waste(300, Money(900_000_000)),
    fingerprint="1111111111111111",
    witness=(),
    symptoms=(),
    evidence=Evidence(Excerpt("xxxxx xx ‹clock 2026-10-01›", 9), Excerpt("xxxxx xx ‹clock 2026-10-02›", 9), "changed since read"),
)
ORPHAN = Finding(
    code="TP001",
    name="orphaned-tool-use",
    layer="tools",
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    proof=Proof.DECLARED,
    message="The call search is never answered.",
    fix="Answer every call, with an error result if need be, before the next request.",
    seam=LOOP,
    identity=(("app", "support"), ("tool", "search")),
    cases=(occurrence(20, "t3", pointer="/request/body/messages/4/content/1"),),
    waste=Waste(),
    fingerprint="2222222222222222",
)
REPORT = Report(
    version="0.1.0",
    sources=(Source(0, "traces.jsonl"), Source(1, "more.jsonl.gz", "gzip")),
    skipped=(Skipped("notes.txt", "not named like a trace"),),
    accounting=Accounting(bytes=40_512, lines=42, records=40, rejected=1, oversize=0, blank=1),
    exchanges=40,
    threads=7,
    spend=Spend(Money(212_345_678_901), 38, 2, "genai-prices 2026-11-01"),
    findings=(RETRIEVED, CLOCK, ORPHAN),
    not_checked=(
        NotChecked("CA014", "expired-between-turns", "no wall-clock time is recorded", 40, 40),
        NotChecked("ST007", "stalled-after-tool-stop", "no wall-clock time is recorded", 40, 40),
        NotChecked("CO005", "impossible-usage", "the response holds no usage", 2, 40),
    ),
    knobs={"prefix": {"similar_bytes": 64}},
    formats={"pairs": 40},
    levels={"A": 40},
    clocks={"sequence": 40},
)
