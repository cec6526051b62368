"""SARIF 2.1.0, for code scanning: what OASIS specifies, within the limits GitHub documents for uploads.

Limits: docs.github.com, "SARIF support for code scanning" (25,000 results a run, 1,000 locations a result, 10,000 thread flow
locations, 20 tags a rule, 1,024 characters a description).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from seamaudit.report.base import DocumentV1, FindingV1, LocationV1, NotCheckedV1, RuleV1
from seamaudit.report.base.escape import cut, markdown_text, sarif_text, uri
from seamaudit.report.base.v1 import SiteV1
from seamaudit.report.base.words import elsewhere, waste_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
MOST_RELATED = 100
MOST_STEPS = 1_000
MOST_NOTES = 1_000
LONGEST = 1_024
LONGEST_NAME = 255

_LEVELS = {"info": "note", "low": "note", "medium": "warning", "high": "error", "critical": "error"}
_PROBLEMS = {"info": "recommendation", "low": "recommendation", "medium": "warning", "high": "error", "critical": "error"}
_KEY = "seamauditFingerprint/v1"


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write one run with every finding, the dearest first. Known and ignored ones are marked and stay."""
    json.dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(whole)]}, out, indent=2, allow_nan=False)
    out.write("\n")


def _run(whole: DocumentV1) -> dict[str, Any]:
    rules = {rule.code: _rule(rule) for rule in whole.rules}
    for finding in whole.findings:
        rules.setdefault(finding.code, _bare_rule(finding))
    indexes = {code: index for index, code in enumerate(rules)}
    return {
        "tool": {
            "driver": {
                "name": whole.tool.name or "seamaudit",
                **({"semanticVersion": whole.tool.version} if _SEMVER.fullmatch(whole.tool.version) else {}),
                "version": whole.tool.version or "unknown",
                "fullName": "seamaudit, an auditor of recorded LLM traffic",
                "shortDescription": {"text": "Names the seam between two layers at which an LLM application breaks."},
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": "seamaudit/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notes(whole, indexes)}],
        "properties": {
            "exchanges": whole.summary.exchanges,
            "formats": dict(whole.summary.formats),
            "levels": dict(whole.summary.levels),
            "clocks": dict(whole.summary.clocks),
        },
        "results": [_result(finding, indexes[finding.code], copy) for finding, copy in _numbered(whole.findings[:MOST_RESULTS])],
    }


_SEMVER = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][0-9A-Za-z.-]{1,50})?")


def _rule(rule: RuleV1) -> dict[str, Any]:
    seam = rule.seam
    text = [
        rule.why,
        f"{seam.upstream} guarantees {seam.guarantees}.",
        f"{seam.downstream} assumes {seam.assumes}.",
        f"Fix: {rule.fix}",
        *(f"Not a defect where: {each}" for each in rule.false_positives),
    ]
    links = [link for link in rule.references if re.fullmatch(r"https://[\w.~:/?#@!$&'()*+,;=%-]{1,500}", link, re.ASCII)]
    return {
        "id": rule.code or "unknown",
        "name": _pascal(rule.name),
        "shortDescription": {"text": _sentence(rule.name.replace("-", " "))},
        "fullDescription": {"text": _sentence(cut(sarif_text(rule.why or rule.fix), LONGEST - 2))},
        "help": {
            "text": "\n\n".join(map(sarif_text, text)),
            "markdown": "\n\n".join([*map(markdown_text, text), *(f"<{link}>" for link in links)]),
        },
        **({"helpUri": links[0]} if links else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "precision": rule.confidence,
            "problem.severity": _PROBLEMS[rule.severity],
            "severity": rule.severity,
            "tags": ["llm", rule.layer or "other"],
        },
    }


def _bare_rule(finding: FindingV1) -> dict[str, Any]:
    """A rule of which nothing is known but what its finding says."""
    rule = RuleV1(
        code=finding.code,
        name=finding.name,
        layer=finding.layer,
        severity=finding.severity,
        confidence=finding.confidence,
        seam=finding.seam,
        fix=finding.fix,
        why="",
        false_positives=(),
        references=(),
    )
    return _rule(rule)


def _result(finding: FindingV1, index: int, copy: int) -> dict[str, Any]:
    place = finding.site or (finding.locations[0] if finding.locations else SiteV1("", 1))
    related = finding.locations if finding.site else finding.locations[1:]
    return {
        "ruleId": finding.code or "unknown",
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": sarif_text(_message(finding))},
        "locations": [_location(place)],
        "relatedLocations": [_location(each, id=number) for number, each in enumerate(related[:MOST_RELATED], start=1)],
        **({"codeFlows": [_flow(finding)]} if finding.witness and finding.locations else {}),
        # Ours, because the one that an upload makes hashes the first characters of a line, which all lines of a trace share.
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.fingerprint}:{copy}", _KEY: finding.fingerprint or "unknown"},
        "occurrenceCount": max(1, finding.occurrences),
        **_standing(finding),
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "proof": finding.proof,
            "threads": finding.threads,
            "waste": {"tokens": finding.waste.tokens, "usd": finding.waste.usd, "seconds": finding.waste.seconds},
        },
    }


def _standing(finding: FindingV1) -> dict[str, Any]:
    """How the result compares with a baseline; none is claimed where nothing was compared."""
    if finding.status is None:
        return {}
    if finding.status == "new":
        return {"baselineState": "new"}
    why = {"justification": sarif_text(finding.justification)} if finding.justification else {}
    state = {"baselineState": "unchanged"} if finding.status == "known" else {}
    return {**state, "suppressions": [{"kind": "external", "status": "accepted", **why}]}


def _message(finding: FindingV1) -> str:
    parts = [finding.message or finding.name or finding.code or "A finding."]
    if often := elsewhere(finding):
        parts.append(f"It shows {often}.")
    if waste := waste_of(finding.waste):
        parts.append(f"Waste: {waste}.")
    if finding.evidence:
        for name, excerpt in (("Was", finding.evidence.was), ("Now", finding.evidence.now)):
            if excerpt:
                parts.append(f"{name}: {excerpt.text}")
    return " ".join(parts)


def _flow(finding: FindingV1) -> dict[str, Any]:
    """From what proves the finding to where it shows."""
    steps = [*((place, "Seen against this.") for place in finding.witness[: MOST_STEPS - 1]), (finding.locations[0], "It breaks here.")]
    told = [{"location": _location(place, message=text), "executionOrder": order} for order, (place, text) in enumerate(steps, start=1)]
    return {"threadFlows": [{"locations": told}]}


def _location(place: LocationV1 | SiteV1, *, id: int | None = None, message: str = "") -> dict[str, Any]:
    line = max(1, place.line)
    pointer = place.pointer if isinstance(place, LocationV1) else ""
    return {
        **({"id": id} if id is not None else {}),
        "physicalLocation": {
            "artifactLocation": {"uri": uri(place.file)},
            "region": {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2},
        },
        **({"logicalLocations": [{"fullyQualifiedName": pointer, "kind": "value"}]} if pointer else {}),
        **({"message": {"text": message}} if message else {}),
    }


def _notes(whole: DocumentV1, indexes: dict[str, int]) -> list[dict[str, Any]]:
    """What was not checked, rule by rule, and what did not fit."""
    notes = [_note(entry, indexes) for entry in whole.summary.not_checked[:MOST_NOTES]]
    left = len(whole.findings) - MOST_RESULTS
    if left > 0:
        notes.append({"level": "warning", "message": {"text": f"{left:,} findings, each cheaper than these, are over the limit."}})
    return notes


def _note(entry: NotCheckedV1, indexes: dict[str, int]) -> dict[str, Any]:
    text = f"{entry.code} was not checked for {entry.exchanges:,} of {entry.of:,} exchanges: {entry.reason}."
    index = {"index": indexes[entry.code]} if entry.code in indexes else {}
    return {"level": "note", "message": {"text": sarif_text(text)}, "associatedRule": {"id": entry.code or "unknown", **index}}


def _numbered(findings: Sequence[FindingV1]) -> Iterable[tuple[FindingV1, int]]:
    """Findings, and how many with the same fingerprint came so far: two alerts must not share a hash."""
    seen: dict[str, int] = {}
    for finding in findings:
        seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
        yield finding, seen[finding.fingerprint]


def _sentence(text: str) -> str:
    text = cut(text, LONGEST - 1).strip() or "unknown"
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "…")) else ".")


def _pascal(name: str) -> str:
    """A rule's name as SARIF spells names: an identifier in Pascal case."""
    return cut("".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name)), LONGEST_NAME) or "Unnamed"
