"""`seamaudit rules`: what the catalog holds, and whether a catalog of one's own is sound."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seamaudit.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from seamaudit.catalog.rule import Rule

app = typer.Typer(help="List, explain, check and test rules.", no_args_is_help=True)

WIDTH = 100


class Form(StrEnum):
    """How to print rules."""

    TEXT = "text"
    JSON = "json"


RulesOption = Annotated[
    list[Path] | None, typer.Option("--rules", help="Add the rules of this directory.", metavar="DIR", show_default=False)
]
FormOption = Annotated[Form, typer.Option("--output-format", help="How to print them.")]


@app.command("list")
def list_rules(rules: RulesOption = None, form: FormOption = Form.TEXT) -> None:
    """List the rules, one a line."""
    from seamaudit.catalog.describe import as_data
    from seamaudit.catalog.load import load_catalog

    catalog = load_catalog(rules or ())
    if form is Form.JSON:
        typer.echo(json.dumps([as_data(rule) for rule in catalog], indent=2))
        return
    name = max((len(rule.name) for rule in catalog), default=0)
    for rule in catalog:
        seam = f"{rule.seam.upstream} -> {rule.seam.downstream}"
        typer.echo(f"{rule.code:7}{rule.name:{name + 2}}{rule.severity!s:10}{rule.status!s:12}{seam}")


@app.command("show")
def show_rule(
    code: Annotated[str, typer.Argument(help="A rule's code or name.", metavar="CODE")],
    rules: RulesOption = None,
    form: FormOption = Form.TEXT,
) -> None:
    """Explain one rule: what it sees, what it costs, how to fix it, and when it is wrong."""
    from seamaudit.catalog.describe import as_data
    from seamaudit.catalog.load import load_catalog

    rule = _find(code, load_catalog(rules or ()))
    typer.echo(json.dumps(as_data(rule), indent=2) if form is Form.JSON else "\n".join(_page(rule)))


@app.command("check")
def check_rules(directory: Annotated[Path, typer.Argument(help="A directory of rule files.", metavar="DIR")]) -> None:
    """Validate a directory of rules without reading a trace. Exits 2 where one cannot be used."""
    from seamaudit.catalog.load import check_directory

    checked = len(check_directory(directory))
    typer.echo(f"{checked} of {checked} rules are sound")


@app.command("test")
def run_tests(
    directory: Annotated[Path, typer.Argument(help="A directory of cases: CODE/bad.jsonl and CODE/good.jsonl.", metavar="DIR")],
    rules: RulesOption = None,
) -> None:
    """Run the rules over fixtures that say what they expect. Exits 1 where any line differs."""
    from seamaudit.testing import cases, run_case

    if not directory.is_dir():
        raise UsageError(f"{directory}: no such directory")
    found = cases(directory)
    if not found:
        raise UsageError(f"{directory}: no cases in it", hint="A case is a directory CODE/ with bad.jsonl and good.jsonl.")
    results = [run_case(case, rules or ()) for case in found]
    for result in results:
        typer.echo(str(result))
    failed = sum(not result.ok for result in results)
    typer.echo(f"{len(results) - failed} of {len(results)} cases passed")
    if failed:
        raise typer.Exit(EXIT_FINDINGS)


def _find(wanted: str, catalog: Sequence[Rule]) -> Rule:
    from seamaudit.catalog.problem import suggestion

    for rule in catalog:
        if wanted.lower() in (rule.code.lower(), rule.name):
            return rule
    known = [word for rule in catalog for word in (rule.code, rule.name)]
    raise UsageError(f'no rule is called "{wanted}"{suggestion(wanted, known)}', hint="`seamaudit rules list` names them all.")


def _page(rule: Rule) -> Iterator[str]:
    """Everything a rule says of itself, as lines of text."""
    from seamaudit.catalog.describe import conditions

    since = f" since {rule.since}" if rule.since else ""
    yield f"{rule.code} {rule.name}"
    yield f"severity {rule.severity}, confidence {rule.confidence}, {rule.status}{since}"
    yield from _section(f"Seam: {rule.seam.upstream} -> {rule.seam.downstream}")
    yield from _wrapped(f"{rule.seam.upstream} guarantees {rule.seam.guarantees}")
    yield from _wrapped(f"{rule.seam.downstream} assumes {rule.seam.assumes}")
    for title, text in (("Says", rule.message), ("Fix", rule.fix), ("Why", rule.why)):
        yield from _section(title)
        yield from _wrapped(text)
    yield from _section("Fires on")
    yield from _wrapped(f"rows of {rule.table}")
    for line in conditions(rule):
        yield from _wrapped(line)
    yield from _wrapped(f"One finding per {', '.join(rule.identity)}.")
    yield from _listed("Parameters", [f"{name} = {param.default}: {param.doc}" for name, param in rule.params.items()])
    yield from _listed("Symptom of", rule.symptom_of)
    yield from _listed("False positives", rule.false_positives)
    yield from _listed("References", rule.references)


def _section(title: str) -> Iterator[str]:
    yield ""
    yield title


def _listed(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield from _section(title)
    for item in items:
        yield from _wrapped(item, bullet="- ")


def _wrapped(text: str, bullet: str = "") -> Iterator[str]:
    """Paragraphs, indented and filled."""
    for paragraph in text.split("\n\n"):
        words = " ".join(paragraph.split())
        yield textwrap.fill(words, WIDTH, initial_indent=f"  {bullet}", subsequent_indent="  " + " " * len(bullet), break_long_words=False)
