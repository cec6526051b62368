"""The main job: read, merge, replay, join, judge, report."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict, replace

from seamaudit import __version__
from seamaudit.audit.inputs import Progress, opened
from seamaudit.audit.replay import replay
from seamaudit.audit.stack import Knobs
from seamaudit.catalog.describe import card
from seamaudit.catalog.judge import judge
from seamaudit.catalog.load import load_catalog
from seamaudit.catalog.rule import Status
from seamaudit.config import Settings
from seamaudit.errors import EXIT_INTERNAL, SeamauditError
from seamaudit.facts import FactBase
from seamaudit.findings import Finding, Report, Scalar, Spend
from seamaudit.layers.cache import Calls
from seamaudit.layers.cost import Spend as SpendFact
from seamaudit.providers.billing import Unpriced
from seamaudit.providers.prices import PriceBook
from seamaudit.trace import Money


def audit(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Report:
    """Audit the recordings behind `paths`. Raises SeamauditError for what a person can mend; nothing for any content.

    InputError where nothing was recognised; a named input that was not recognised among others that were is in the
    report's `skipped`, as explicit.
    """
    rules = load_catalog(settings.rules_dirs)
    with opened(paths, settings, progress) as inputs:
        stack = inputs.stack(settings, frozenset(rule.table for rule in rules))
        prices, calls = stack.price_book(), Calls(inputs.intern.texts.get)
        replayed = replay(inputs, stack.layers(inputs.intern, prices, calls), stack.seams(prices, calls, inputs.fixes(stack)), stack)
        inputs.refuse_unrecognised()
        judged = judge(rules, replayed.facts, replayed.coverage, settings.params)
        evidence = inputs.evidence([finding.evidence_ref for finding in judged.findings], settings.show_content)
    report = Report(
        version=__version__,
        sources=inputs.discovery.sources,
        skipped=inputs.skipped(),
        accounting=inputs.accounting(),
        exchanges=replayed.exchanges,
        threads=replayed.threads,
        spend=_spend(replayed.facts, prices),
        findings=tuple(
            replace(finding, evidence=found)
            for finding, found in zip(judged.findings, evidence, strict=True)
            if _is_wanted(finding, settings)
        ),
        not_checked=judged.not_checked,
        rules=tuple(card(rule) for rule in rules if rule.status is not Status.REMOVED),
        masked=not settings.show_content,
        fail_on=settings.fail_on,
        knobs=_spelled(Knobs.of(settings)),
        formats=replayed.formats,
        levels=replayed.levels,
        clocks=replayed.clocks,
    )
    _check_waste(report)
    return report


def _is_wanted(finding: Finding, settings: Settings) -> bool:
    return not (finding.severity < settings.min_severity or finding.confidence < settings.min_confidence)


def _spend(facts: FactBase, prices: PriceBook) -> Spend:
    rows = [row for row in facts.rows(SpendFact) if row.unpriced_reason is not Unpriced.REFUSED]
    priced = [row.usd for row in rows if row.usd is not None]
    return Spend(Money(sum(priced)), len(priced), len(rows) - len(priced), str(prices))


def _spelled(knobs: Knobs) -> dict[str, dict[str, Scalar]]:
    return {name: asdict(values) for name, values in asdict(knobs).items()}


def _check_waste(report: Report) -> None:
    """No finding may claim what was never paid. Raises SeamauditError (internal) where the findings claim more than the bill."""
    claimed = report.waste.usd or 0
    if claimed > report.spend.usd:
        error = SeamauditError("the findings claim more than was spent", "This is a defect of seamaudit: please report it.")
        error.exit_code = EXIT_INTERNAL
        raise error
