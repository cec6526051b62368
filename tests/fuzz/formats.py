"""`python -m tests.fuzz.formats --strings 100000`: hostile strings through every output format.

What is asked of each: no control byte, no line that a build log takes for a command, a document its own parser reads, and as many
elements as a report of plain words has.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from html.parser import HTMLParser
from xml.etree import ElementTree

import jsonschema
from msgspec.structs import replace

from seamaudit.evidence import Evidence, sanitize
from seamaudit.evidence.excerpt import excerpt
from seamaudit.findings import Finding, NotChecked, Report, RuleCard, SeamSpec, Skipped, Spend, Standing
from seamaudit.report import concise, github, gitlab, html, jsonl, junit, markdown, rdjson, sarif, terminal
from seamaudit.report import csv as csv_report
from seamaudit.report import json as json_report
from seamaudit.report.base import Render, document
from seamaudit.report.base.saved import load
from seamaudit.trace import Money, Source
from tests.report.reports import REPORT, RETRIEVED, place

STRINGS_A_REPORT = 200
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
COMMAND = re.compile(r"^\s*::|##\[|##vso\[|##teamcity\[", re.MULTILINE)
PIECES = [
    *("::error::x", "::add-mask::", "##[error]", "##vso[task]", "##teamcity[x", "\n", "\r\n", "\r", "\t", "\0", "\x1b[2J", "\x1b]0;t\x07"),
    *("\x9b31m", "\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\ufe0f", "\ud800", "\udfff", "\u2028", "\u0301" * 9),
    *("[red]", "[/foo]", ":smile:", "[link=x]", "</script>", "```", "|", "=HYPERLINK(1)", "${x}", "{x}", "%0A", "#", ":", " ", "a" * 90),
    *(
        "<b>",
        "&amp;",
        "]]>",
        "<!--",
        "`",
        "@team",
        "![i](http://x)",
        "www.x.org",
        "漢字",
        "😀",
        "👨\u200d👩\u200d👧",
        "sk-ant-api03-AAAABBBBCCCC1",
        "x@y.org",
        '"',
        "\\",
        "'",
        "text",
        "\x85",
        "\x1c",
    ),
]
FORMATS: dict[str, Render] = {
    "json": json_report.render,
    "jsonl": jsonl.render,
    "full": terminal.render,
    "quiet": partial(terminal.render, summary=False, limit=10_000),
    "concise": concise.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
    "gitlab": gitlab.render,
    "rdjson": rdjson.render,
    "markdown": markdown.render,
    "csv": csv_report.render,
    "html": html.render,
}


class Broken(AssertionError):
    """A format let something through."""


def rendered(render: Render, report: Report) -> str:
    """What a format writes."""
    out = io.StringIO(newline="")
    render(document(report), out)
    return out.getvalue()


def hostile(chance: random.Random) -> str:
    """A string of nasty pieces, and now and then of anything at all."""
    if chance.random() < 0.2:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(12)))
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(8)))


def plain(chance: random.Random) -> str:
    """A word, drawn as often as a hostile string."""
    return f"word{chance.randrange(10**9)}"


def nasty_finding(text: Callable[[], str], number: int) -> Finding:
    """A finding with a string of `text` in every field that holds one."""
    content = text()
    shown = excerpt(content, len(content) // 2, show_content=True)
    return replace(
        RETRIEVED,
        # The code and the layer order a report, so they stay apart as they would in any catalog.
        code=f"X{number:02} {text()}",
        name=text(),
        layer=f"layer{number:02} {text()}",
        message=f"m{text()}" if number % 2 else text(),
        fix=text(),
        fingerprint=f"{number:02} {text()}",
        seam=SeamSpec(text(), text(), text(), text()),
        cases=tuple(replace(case, locus=case.locus.at("/" + text())) for case in RETRIEVED.cases),
        witness=(place(1, "/" + text(), 1), place(2, "/" + text(), 7)),
        symptoms=(text(),),
        evidence=Evidence(shown, shown, f"n{sanitize(text())}"),
        status=(None, *Standing)[number % 4],
        justification="j" + text(),
    )


def nasty_report(seed: int, draw: Callable[[random.Random], str] = hostile) -> Report:
    """A report with more than two hundred drawn strings, one in every field that holds one."""
    text = partial(draw, random.Random(seed))
    return replace(
        REPORT,
        version="v" + text(),
        sources=(Source(0, text()), Source(1, "a" + text())),
        skipped=tuple(Skipped(text(), text(), explicit=number % 2 == 0) for number in range(7)),
        spend=Spend(Money(10**12), 3, 2, "p" + text()),
        findings=tuple(nasty_finding(text, number) for number in range(10)),
        rules=tuple(
            RuleCard(
                code=f"R{number:02} {text()}",
                name=text(),
                layer=f"rules{number:02} {text()}",
                severity=RETRIEVED.severity,
                confidence=RETRIEVED.confidence,
                seam=SeamSpec(text(), text(), text(), text()),
                fix=text(),
                why=text(),
                false_positives=(text(),),
                references=(text(),),
            )
            for number in range(5)
        ),
        not_checked=tuple(NotChecked(f"U{number:02} {text()}", text(), f"{number:02} {text()}", 1, 2) for number in range(12)),
        knobs={text(): {text(): text(), "none": None, "many": 3}},
        formats={text(): 1},
    )


def check(name: str, report: Report) -> None:
    """Raises Broken, or what the format's own parser raises, where a hostile string is more than text."""
    out = rendered(FORMATS[name], report)
    if CONTROL.search(out) or ("\r" in out and name != "csv"):
        raise Broken(f"{name}: a control byte")
    # The github format's commands are its own; what they hold is on their line, behind the command.
    if COMMAND.search(re.sub(r"^::(?:error|warning|notice) ", "", out, flags=re.MULTILINE)):
        raise Broken(f"{name}: a command for a build log")
    out.encode()
    if name in _READERS:
        _READERS[name](out)


def shape(name: str, out: str) -> Counter[str]:
    """How many elements of each kind a rendered document of markup holds."""
    if name == "junit":
        return Counter(element.tag for element in ElementTree.fromstring(out).iter())
    if name == "markdown":
        return Counter(re.findall(r"^(?:#+|- |\|)", out, re.MULTILINE))
    elements = _Elements()
    elements.feed(out)
    elements.close()
    return elements.seen


def check_shape(name: str, seed: int) -> None:
    """Raises Broken where hostile strings change how many elements a document holds."""
    benign, nasty = (rendered(FORMATS[name], nasty_report(seed, draw)) for draw in (plain, hostile))
    if shape(name, benign) != shape(name, nasty):
        raise Broken(f"{name}: {shape(name, nasty) - shape(name, benign)} more, {shape(name, benign) - shape(name, nasty)} fewer")


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        for key, value in attrs:
            if key in ("href", "src", "style") or key.startswith("on") or "url(" in (value or ""):
                raise Broken(f"html: {key} of {tag}")

    def handle_comment(self, data: str) -> None:
        raise Broken("html: a comment")


def _read_html(out: str) -> None:
    if shape("html", out)["script"] or shape("html", out)["link"] or "@import" in out:
        raise Broken("html: something that runs or is loaded")


def _read_markdown(out: str) -> None:
    """What is left once code spans and escapes are gone holds no markup but ours."""
    bare = re.sub(r"\\.", "", re.sub(r"(?<![`\\])(`+)(?!`) .*? (?<!`)\1(?!`)", "", out))
    if re.search(r"[`<\[\]@]|!\[|\w#\d|https?:", bare):
        raise Broken("markdown: markup in text")


def _read_csv(out: str) -> None:
    rows = list(csv.reader(io.StringIO(out, newline="")))
    if {len(row) for row in rows} != {len(csv_report.COLUMNS)} or any(
        cell.lstrip()[:1] in "=+-@" for row in rows for cell in row if cell.strip()
    ):
        raise Broken("csv: a formula, or a row of another width")


def _read_jsonl(out: str) -> None:
    if [json.loads(line)["type"] for line in out.splitlines()][-1] != "summary":
        raise Broken("jsonl: no summary")


def _read_json(out: str) -> None:
    _schema().validate(json.loads(out))
    load(out.encode())


@cache
def _schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_report.schema())


_READERS: dict[str, Callable[[str], object]] = {
    "json": _read_json,
    "jsonl": _read_jsonl,
    "sarif": json.loads,
    "gitlab": json.loads,
    "rdjson": json.loads,
    "junit": ElementTree.fromstring,
    "html": _read_html,
    "markdown": _read_markdown,
    "csv": _read_csv,
}


def main() -> int:
    """Check every format; raises where one breaks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strings", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for name in FORMATS:
        for seed in range(chosen.seed, chosen.seed + -(-chosen.strings // STRINGS_A_REPORT)):
            check(name, nasty_report(seed))
            if name in ("html", "junit", "markdown"):
                check_shape(name, seed)
        print(f"{name}: {chosen.strings:,} hostile strings stayed text")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
