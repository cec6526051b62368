"""What if: what was recorded, the same content sent as each fix advises and as all of them do, and what no layout can go below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from seamaudit.evidence import printable
from seamaudit.facts import FactBase
from seamaudit.findings import Finding
from seamaudit.layers.cache import Calls
from seamaudit.layers.cache.edits import Edit
from seamaudit.providers.units import Prices
from seamaudit.seams.fixes import Counterfactual, Mend, Outcome, Plan, groups, plans
from seamaudit.trace import Money, to_usd

SCHEMA_VERSION: Final = 1


class Fix(Struct, frozen=True):
    """A rule's fix over the whole recording: its edits and what they are predicted to lead to; `taken` says that it is part of all
    together, which leaves out what saves nothing by itself."""

    code: str
    mend: Mend
    outcome: Outcome
    taken: bool


class WhatIf(Struct, frozen=True):
    """The recorded requests whose caches can be replayed, and what is predicted of them. `absent` are codes that were asked for and not
    found, `unreplayed` codes that were found at requests of which nothing can be replayed."""

    actual: Outcome
    fixes: tuple[Fix, ...]
    together: Outcome
    floor: Outcome
    reproduced: int
    comparable: int
    absent: tuple[str, ...]
    unreplayed: tuple[str, ...]

    def saved(self, outcome: Outcome) -> Money | None:
        """What an outcome costs less than what was recorded; unknown without prices."""
        return None if self.actual.usd is None or outcome.usd is None else Money(self.actual.usd - outcome.usd)


def whatif(
    findings: Iterable[Finding],
    mends: Mapping[str, Mend],
    facts: FactBase,
    calls: Calls,
    prices: Prices,
    codes: Sequence[str] = (),
) -> WhatIf:
    """What the fixes of `findings` are predicted to lead to; `mends` are the edits that rules call for, `codes` those to look at, none for
    all."""
    replays = [Counterfactual(group, prices, calls.text_of) for same in groups(calls.caches).values() for group in same]
    found: dict[str, set[int]] = {}
    for finding in findings:
        if finding.code in mends and (not codes or finding.code in codes):
            found.setdefault(finding.code, set()).update(finding.exchanges)
    known = plans(facts, calls.caches)
    actual = Outcome.total(replay.actual for replay in replays)
    fixes: list[Fix] = []
    taken: list[_Step] = []
    for code in sorted(found):
        steps = [_Step(plan, _replay(replays, plan)) for plan in known if plan.mend is mends[code] and plan.exchanges & found[code]]
        if not steps:
            continue
        outcome = _outcome(replays, steps)
        saves = bool(codes) or outcome.usd is None or actual.usd is None or outcome.usd < actual.usd
        fixes.append(Fix(code, mends[code], outcome, saves))
        taken += (step for step in steps if saves and step.plan.id not in {one.plan.id for one in taken})
    together = _outcome(replays, taken)
    parted = [(replay, [way for step in taken if step.replay is replay for way in step.plan.ways]) for replay in replays]
    return WhatIf(
        actual=actual,
        fixes=tuple(fixes),
        together=together,
        floor=_cheaper(Outcome.total(replay.floor(edits) for replay, edits in parted), together),
        reproduced=sum(replay.reproduced for replay in replays),
        comparable=sum(replay.comparable for replay in replays),
        absent=tuple(code for code in codes if code not in found),
        unreplayed=tuple(sorted(found.keys() - {fix.code for fix in fixes})),
    )


def document(result: WhatIf) -> dict[str, Any]:
    """The result as JSON data. Dollars are numbers, null where no price is known."""
    return {
        "schema_version": SCHEMA_VERSION,
        "actual": _figures(result, result.actual),
        "fixes": [
            {"code": printable(fix.code), "mend": str(fix.mend), "taken": fix.taken, **_figures(result, fix.outcome)}
            for fix in result.fixes
        ],
        "together": _figures(result, result.together),
        "floor": _figures(result, result.floor),
        "calibration": {"reproduced": result.reproduced, "comparable": result.comparable},
        "absent": [printable(code) for code in result.absent],
        "unreplayed": [printable(code) for code in result.unreplayed],
    }


def _figures(result: WhatIf, outcome: Outcome) -> dict[str, float | int | None]:
    saved = result.saved(outcome)
    return {
        "requests": outcome.requests,
        "input": outcome.input,
        "cache_read": outcome.read,
        "cache_write": outcome.written,
        "plain": outcome.plain,
        "hit_rate": round(outcome.hit_rate, 4),
        "usd": None if outcome.usd is None else to_usd(outcome.usd),
        "priced": outcome.priced,
        "saved_usd": None if saved is None else to_usd(saved),
    }


class _Step(Struct, frozen=True):
    """A plan and the replay of the requests that it is about."""

    plan: Plan
    replay: Counterfactual


def _replay(replays: Sequence[Counterfactual], plan: Plan) -> Counterfactual:
    first = plan.group.calls[0]
    return next(replay for replay in replays if any(call is first for call in replay.group.calls[:1]))


ORDER: Final = tuple(Mend)
"""In which edits are made: what moves blocks before what marks their ends, and times last."""


def _outcome(replays: Sequence[Counterfactual], steps: Sequence[_Step]) -> Outcome:
    """The whole recording with some plans carried out, each in the way that is cheapest after those before it."""
    parts: list[Outcome] = []
    for replay in replays:
        edits: tuple[Edit, ...] = ()
        outcome = replay.actual
        for step in sorted((step for step in steps if step.replay is replay), key=lambda step: ORDER.index(step.plan.mend)):
            way, outcome = replay.best(step.plan.ways, edits)
            edits = (*edits, way)
        parts.append(outcome)
    return Outcome.total(parts)


def _cheaper(one: Outcome, other: Outcome) -> Outcome:
    return other if one.usd is not None and other.usd is not None and other.usd < one.usd else one
