"""What a run was asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from msgspec import Struct, field

from seamaudit.errors import UsageError
from seamaudit.findings import Confidence, Severity
from seamaudit.ingest.logmap import LogMap
from seamaudit.layers.budgets import Limits
from seamaudit.providers.own import OwnPrices
from seamaudit.report.base.sites import Sites
from seamaudit.trace import Exchange
from seamaudit.trace.money import MOST_USD


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of a run; every layer gets its part passed, none reads them here.

    `rules_dirs` are catalogs beside the shipped one; `params` set rule parameters, by code and name. `input_format` forces a
    recording format, None detects it per file; a `mapping` says how logs of one's own are read. Findings below `min_severity` or
    `min_confidence` are left out, those at or above `fail_on` make the
    run fail. `strict_input` makes lost lines fail it too. `show_content` lets evidence quote trace text beyond its shape.
    `elide` decodes only what a line does not repeat of earlier ones; results are the same without.
    `eval_suites` declare what is an eval suite and not production: `tag:NAME` (and tags `NAME:…`), `app:NAME` or `path:FOLDER`.
    `max_steps`, `max_repeats` and `budget_usd` cap a run: its model calls, equal tool calls, US dollars; None caps nothing.
    `prices` are one's own, before the bundled ones; `limits` the budgets and estimates that spending is held against.
    `jobs` processes work at it where there is enough to do, or the workers of `executor`; `part_bytes` is how much one of them reads at a
    time, and so much is enough, None leaves both to the size of the input. Whatever they are, the result is the same.
    `fail_on` None lets no finding fail the run. `sites` say which source line is behind an app, agent, prompt or tool.
    """

    rules_dirs: tuple[Path, ...] = ()
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    input_format: str | None = None
    mapping: LogMap | None = None
    min_severity: Severity = Severity.INFO
    min_confidence: Confidence = Confidence.LOW
    fail_on: Severity | None = Severity.MEDIUM
    strict_input: bool = False
    show_content: bool = False
    elide: bool = True
    eval_suites: tuple[str, ...] = ("tag:eval",)
    sites: Sites = field(default_factory=Sites)
    max_steps: int | None = None
    max_repeats: int | None = None
    budget_usd: float | None = None
    prices: OwnPrices | None = None
    limits: Limits = Limits()
    jobs: int = 1
    executor: str | None = None
    part_bytes: int | None = None

    def suite_of(self, exchange: Exchange, path: str) -> str:
        """The eval suite an exchange of a recording belongs to, "" where it is production's."""
        for declared in self.eval_suites:
            kind, _, name = declared.partition(":")
            if kind == "tag":
                tag = next((tag for tag in sorted(exchange.tags) if tag == name or tag.startswith(f"{name}:")), "")
                if tag:
                    return tag
            elif (kind == "app" and exchange.attribution.app == name) or (kind == "path" and _holds(name, path)):
                return name
        return ""


def check_suites(declared: Sequence[str]) -> tuple[str, ...]:
    """The declarations as they were given. Raises UsageError for one that is none."""
    for each in declared:
        kind, _, name = each.partition(":")
        if kind not in ("tag", "app", "path") or not name:
            raise UsageError(f"not an eval suite: {each!r}", "Declare one as tag:NAME, app:NAME or path:FOLDER.")
    return tuple(declared)


def check_caps(max_steps: int | None, max_repeats: int | None, budget_usd: float | None) -> None:
    """Raise UsageError for a cap that no run can keep."""
    for name, cap in (("max-steps", max_steps), ("max-repeats", max_repeats)):
        if cap is not None and cap < 1:
            raise UsageError(f"{name} must be at least 1, not {cap}")
    if budget_usd is not None and not 0 < budget_usd < MOST_USD:
        raise UsageError(f"budget-usd must be more than 0 and less than {MOST_USD}, not {budget_usd:g}")


def _holds(folder: str, path: str) -> bool:
    return PurePath(folder) == PurePath(path) or PurePath(folder) in PurePath(path).parents
