"""Rule files into rules: one file, one directory, or the whole catalog of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seamaudit.catalog.check import Entry, check_catalog, check_rule
from seamaudit.catalog.document import Document, read
from seamaudit.catalog.problem import Problem, RefusedRules, refuse
from seamaudit.catalog.rule import Operand, Operator, Param, Reference, Rule, Selection, Status, Test, WasteColumns
from seamaudit.catalog.schema import Json, problems, rule_schema
from seamaudit.catalog.shipped import shipped_rules
from seamaudit.catalog.vocabulary import tables
from seamaudit.errors import CatalogError
from seamaudit.facts import Registry
from seamaudit.findings import Confidence, SeamSpec, Severity
from seamaudit.seams.fixes import Mend
from seamaudit.trace import Need


def load_catalog(directories: Sequence[Path] = (), *, shipped: bool = True) -> tuple[Rule, ...]:
    """The rules of a run, by code: the shipped ones, which are validated before they are shipped, and those of `directories`.

    Raises CatalogError, with every problem located, where a directory cannot be used.
    """
    own = _shipped() if shipped else []
    added = [entry for directory in directories for entry in validated(directory)]
    if added:
        refuse(check_catalog([*own, *added]))
    return tuple(sorted((rule for rule, _ in (*own, *added)), key=lambda rule: rule.code))


def check_directory(directory: Path) -> tuple[Rule, ...]:
    """Validate a directory of rules, by itself and beside the shipped ones, and return its rules. Raises CatalogError."""
    added = validated(directory)
    own = [] if directory.resolve() == shipped_rules().resolve() else _shipped()
    refuse(check_catalog([*own, *added]))
    return tuple(rule for rule, _ in added)


def validated(directory: Path) -> list[Entry]:
    """The rules of a directory, each checked against the schema and in its own parts. Raises RefusedRules for all that is wrong."""
    registry = tables()
    schema = rule_schema(registry)
    entries: list[Entry] = []
    found: list[Problem] = []
    for file in rule_files(directory):
        try:
            entries.append(_validated(file, directory, schema, registry))
        except RefusedRules as refused:
            found.extend(refused.problems)
    refuse(found)
    return entries


def rule_files(directory: Path) -> list[Path]:
    """Every `.yaml` or `.yml` file under a directory, sorted. Raises CatalogError where there is none."""
    if not directory.is_dir():
        raise CatalogError(f"{directory}: no such directory", hint="--rules takes a directory of rule files.")
    files = sorted(file for file in directory.rglob("*") if file.suffix in {".yaml", ".yml"} and file.is_file())
    if not files:
        raise CatalogError(f"{directory}: no rule files in it", hint="A rule is a file CODE-name.yaml.")
    return files


def _shipped() -> list[Entry]:
    directory = shipped_rules()
    documents = ((read(file), _layer(file, directory)) for file in rule_files(directory))
    return [(parse_rule(document, layer), document) for document, layer in documents]


def _validated(file: Path, directory: Path, schema: Json, registry: Registry) -> Entry:
    document = read(file)
    refuse(problems(document, schema))
    rule = parse_rule(document, _layer(file, directory))
    refuse(check_rule(rule, document, registry))
    return rule, document


def _layer(file: Path, directory: Path) -> str:
    """The folder of the catalog a rule lies in, "" where it lies at the top."""
    above = file.relative_to(directory).parts[:-1]
    return above[0] if above else ""


def parse_rule(document: Document, layer: str = "") -> Rule:
    """The rule a valid document holds; one that lies in no layer's folder belongs to its seam's downstream layer."""
    data: Any = document.data
    seam = SeamSpec(**data["seam"])
    return Rule(
        code=data["code"],
        name=data["name"],
        layer=layer or seam.downstream,
        status=Status(data["status"]),
        since=data.get("since", ""),
        severity=Severity(data["severity"]),
        confidence=Confidence(data["confidence"]),
        seam=seam,
        table=data["from"],
        where=_selections(data.get("where", [])),
        unless=_selections(data.get("unless", [])),
        identity=tuple(data["identity"]),
        message=data["message"].strip(),
        fix=data["fix"].strip(),
        why=data["why"].strip(),
        false_positives=tuple(data["false_positives"]),
        references=tuple(data.get("references", ())),
        params={name: _param(param) for name, param in data.get("params", {}).items()},
        waste=WasteColumns(**data.get("waste", {})),
        sums=tuple(data.get("sums", ())),
        symptom_of=tuple(data.get("symptom_of", ())),
        mend=Mend(data["mend"]) if "mend" in data else None,
        needs=_needs(data.get("needs")),
        needs_in_part=_needs(data.get("needs_in_part")),
        path=document.path,
    )


def _needs(data: Sequence[str] | None) -> tuple[Need, ...] | None:
    return None if data is None else tuple(map(Need, data))


def _selections(data: Any) -> tuple[Selection, ...]:
    maps: list[Mapping[str, Any]] = data if isinstance(data, list) else [data]
    return tuple(tuple(test for column, asked in each.items() for test in _tests(column, asked)) for each in maps)


def _tests(column: str, asked: Any) -> Iterator[Test]:
    if isinstance(asked, dict):
        for operator, operand in asked.items():
            yield Test(column, Operator(operator), (_operand(operand),))
    else:
        values = asked if isinstance(asked, list) else [asked]
        yield Test(column, Operator.ANY, tuple(_operand(value) for value in values))


def _operand(value: Any) -> Operand:
    return Reference(value[1:]) if isinstance(value, str) and value.startswith("$") else value


def _param(data: Any) -> Param:
    default = data["default"]
    return Param(tuple(default) if isinstance(default, list) else default, data["doc"])
