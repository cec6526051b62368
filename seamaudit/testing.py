"""PUBLIC. Testing rules: fixtures whose lines say which findings they expect.

A case is a directory named after a rule's code, with `bad.jsonl` and `good.jsonl` (any file whose name begins with `bad` or `good`
counts). Every line may carry `"_expect": ["CA001"]`, the codes of all findings that have an occurrence at that line; a line without it
expects none. What cannot carry the key (a broken line, another format) is listed beside the file: `bad.expect.json` holds
`{"<line>": [codes]}`. Any difference on any line, of any rule of the catalog, fails the case. A case whose rule needs something declared
(a cap, an eval suite, a parameter) has a `seamaudit.toml` that does.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.audit import audit
from seamaudit.config import Settings
from seamaudit.config.file import OWN, load, settings_of
from seamaudit.errors import UsageError

Codes = Mapping[int, frozenset[str]]
"""Rule codes by 1-based line; lines without any are left out."""

_SIDECAR = ".expect.json"


class Mismatch(Struct, frozen=True):
    """One line on which the findings are not the expected ones."""

    file: str
    line: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    def __str__(self) -> str:
        parts = (f"missing {', '.join(self.missing)}", f"unexpected {', '.join(self.unexpected)}")
        said = [part for part, codes in zip(parts, (self.missing, self.unexpected), strict=True) if codes]
        return f"{self.file}:{self.line}: {'; '.join(said)}"


class CaseResult(Struct, frozen=True):
    """How a case went: the lines that differ, and what is wrong with the case itself."""

    code: str
    mismatches: tuple[Mismatch, ...] = ()
    complaints: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every line of every file found exactly what it expects."""
        return not self.mismatches and not self.complaints

    def __str__(self) -> str:
        return "\n".join([*self.complaints, *map(str, self.mismatches)]) or f"{self.code}: ok"


def cases(directory: Path) -> list[Path]:
    """The case directories in `directory`, or itself where it is one."""
    if _files(directory):
        return [directory]
    return sorted(child for child in directory.iterdir() if child.is_dir() and _files(child))


def run_case(directory: Path, rules: Sequence[Path] = ()) -> CaseResult:
    """Audit a case's files, each by itself, with the shipped rules and those of the directories `rules`.

    Raises SeamauditError where the catalog cannot be used or an expectation cannot be read.
    """
    code = directory.name
    config = directory / OWN
    settings = replace(settings_of(load(config)) if config.is_file() else Settings(), rules_dirs=tuple(rules))
    mismatches: list[Mismatch] = []
    complaints: list[str] = []
    files = _files(directory)
    for kind in ("bad", "good"):
        if not any(file.name.startswith(kind) for file in files):
            complaints.append(f"{directory}: no {kind} fixture")
    for file in files:
        wanted = expected(file)
        complaints.extend(_beside_the_point(file, code, wanted))
        mismatches.extend(compare(str(file), wanted, found(file, settings)))
    return CaseResult(code, tuple(mismatches), tuple(complaints))


def expected(file: Path) -> Codes:
    """What a fixture expects, by line. Raises UsageError for a list of expectations that is no map of lines to codes."""
    wanted = {number: _expectation(line) for number, line in enumerate(file.read_bytes().split(b"\n"), start=1)}
    sidecar = file.with_name(file.name.removesuffix("".join(file.suffixes)) + _SIDECAR)
    if sidecar.exists():
        wanted |= _listed(sidecar)
    return {line: codes for line, codes in wanted.items() if codes}


def found(file: Path, settings: Settings) -> Codes:
    """The findings of an audit of one file, by the lines of their occurrences."""
    lines: defaultdict[int, set[str]] = defaultdict(set)
    for finding in audit([str(file)], settings).findings:
        for locus in finding.locations:
            lines[locus.line].add(finding.code)
    return {line: frozenset(codes) for line, codes in lines.items()}


def compare(file: str, wanted: Codes, got: Codes) -> Iterator[Mismatch]:
    """The lines on which expectation and findings differ."""
    for line in sorted(wanted.keys() | got.keys()):
        want, have = wanted.get(line, frozenset()), got.get(line, frozenset())
        if want != have:
            yield Mismatch(file, line, tuple(sorted(want - have)), tuple(sorted(have - want)))


def _listed(sidecar: Path) -> Codes:
    try:
        return {int(line): frozenset(codes) for line, codes in dict(json.loads(sidecar.read_bytes())).items()}
    except (ValueError, TypeError):
        raise UsageError(f'{sidecar}: expected a map like {{"12": ["CA001"]}}') from None


def _files(directory: Path) -> list[Path]:
    """A case's recordings: `bad*.json*` and `good*.json*`, less the lists of expectations."""
    return sorted(
        file
        for file in directory.iterdir()
        if file.name.startswith(("bad", "good")) and ".json" in file.name and not file.name.endswith(_SIDECAR)
    )


def _beside_the_point(file: Path, code: str, wanted: Codes) -> Iterator[str]:
    """A bad fixture that does not expect its rule proves nothing, nor does a good one that expects it."""
    expects = any(code in codes for codes in wanted.values())
    if file.name.startswith("bad") and not expects:
        yield f"{file}: no line expects {code}"
    if file.name.startswith("good") and expects:
        yield f"{file}: a good fixture expects {code}"


def _expectation(line: bytes) -> frozenset[str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(record.get("_expect", ())) if isinstance(record, dict) else frozenset()
