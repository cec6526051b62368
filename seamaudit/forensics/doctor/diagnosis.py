"""Which rules a recording can decide, and what stands in the way of the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from seamaudit.catalog.coverage import Undecided, by_their_table, is_all_of, needs_of, undecided_for
from seamaudit.catalog.rule import Rule, Status
from seamaudit.findings import NotChecked
from seamaudit.forensics.doctor.advice import advice
from seamaudit.forensics.doctor.survey import Sort, Survey
from seamaudit.layers.base import Unchecked
from seamaudit.trace import Need


class State(StrEnum):
    """How far a rule can be decided: for every call it is about, for some, for none; or there is no call it is about."""

    DECIDED = "decided"
    PARTLY = "partly"
    BLIND = "blind"
    IDLE = "nothing to check"


class Check(Struct, frozen=True):
    """One rule: for how many calls it can be decided, and for how many not; of the latter for how many at least in part, where it asks
    several things."""

    code: str
    name: str
    layer: str
    decided: int
    undecided: int
    in_part: int = 0

    @property
    def state(self) -> State:
        """How far the rule can be decided."""
        if self.undecided:
            return State.PARTLY if self.decided or self.in_part else State.BLIND
        return State.DECIDED if self.decided else State.IDLE

    @property
    def share(self) -> float | None:
        """The share of its calls for which it can be decided, None where it has none."""
        calls = self.decided + self.undecided
        return self.decided / calls if calls else None


class Gap(Struct, frozen=True):
    """A reason why rules cannot be decided: which rules it leaves blind altogether or in part, for how many calls, of which formats,
    and what to record against it; "" where no recording helps."""

    reason: str
    calls: int
    blind: tuple[str, ...]
    partly: tuple[str, ...]
    formats: tuple[str, ...]
    record: str


class Diagnosis(Struct, frozen=True):
    """Every rule and every gap, the gap that silences most first. `lacking` says by format what some call of it lacks."""

    checks: tuple[Check, ...]
    gaps: tuple[Gap, ...]
    lacking: Mapping[str, frozenset[Need]]

    def of(self, state: State) -> tuple[str, ...]:
        """The codes of the rules in one state."""
        return tuple(check.code for check in self.checks if check.state is state)

    @property
    def decidable(self) -> float | None:
        """The mean, over the rules that have something to check, of the share of calls for which each can be decided; None where no
        rule has."""
        shares = [check.share for check in self.checks if check.share is not None]
        return sum(shares) / len(shares) if shares else None


_SERVED: Final = frozenset({Need.USAGE, Need.CACHE_CONTRACT, Need.CACHE_LIFE})
"""What a refused call never has, so that a rule which needs it is not about that call."""


def diagnosis(rules: Iterable[Rule], survey: Survey, undecided: Collection[Unchecked], not_checked: Sequence[NotChecked]) -> Diagnosis:
    """Judge what could be judged of a run: `undecided` is what its layers could not tell, `not_checked` what its report says."""
    by_table = by_their_table(undecided)
    checks = tuple(_check(rule, survey, by_table[rule.table]) for rule in rules if rule.status is not Status.REMOVED)
    lacking: dict[str, frozenset[Need]] = {}
    for sort in survey.sorts:
        lacking[sort.format] = lacking.get(sort.format, frozenset()).union(need for need, _ in sort.lacks)
    return Diagnosis(checks, tuple(_gaps(checks, not_checked, _formats(survey, undecided), _needs(survey))), lacking)


def _check(rule: Rule, survey: Survey, undecided: Undecided) -> Check:
    needs = needs_of(rule)
    whole = _calls(rule, {(aspect, reason): at for (aspect, reason), at in undecided.items() if is_all_of(aspect, rule)})
    unknown = _calls(rule, undecided)
    decided = silent = in_part = 0
    for sort, calls in survey.sorts.items():
        if any(need in needs for need, _ in sort.lacks):
            silent += len(calls)
            in_part += len(calls) if _sees_part(rule, sort) else 0
            continue
        silent_here = calls & unknown
        silent += len(silent_here)
        in_part += len(silent_here - whole)
        decided += len(calls) - len(silent_here) if _is_about(needs, sort) else 0
    return Check(rule.code, rule.name, rule.layer, decided, silent, in_part)


def _sees_part(rule: Rule, sort: Sort) -> bool:
    """Whether calls that do not hold all that a rule needs hold what is enough for a part of it."""
    needs = rule.needs_in_part
    return needs is not None and _is_about(needs, sort) and not any(need in needs for need, _ in sort.lacks)


def _calls(rule: Rule, undecided: Undecided) -> frozenset[int]:
    return frozenset[int]().union(*undecided_for(rule, undecided).values())


def _is_about(needs: Sequence[Need], sort: Sort) -> bool:
    if Need.STREAM in needs and not sort.streamed:
        return False
    return not (sort.refused and not _SERVED.isdisjoint(needs))


def _gaps(
    checks: Sequence[Check], not_checked: Iterable[NotChecked], formats: Mapping[str, set[str]], needs: Mapping[str, set[Need]]
) -> Iterable[Gap]:
    states = {check.code: check.state for check in checks}
    reasons: defaultdict[str, list[NotChecked]] = defaultdict(list)
    for entry in not_checked:
        reasons[entry.reason].append(entry)
    found = [
        Gap(
            reason=reason,
            calls=max(entry.exchanges for entry in entries),
            blind=tuple(sorted(entry.code for entry in entries if states.get(entry.code) is State.BLIND)),
            partly=tuple(sorted(entry.code for entry in entries if states.get(entry.code) is not State.BLIND)),
            formats=tuple(sorted(formats.get(reason, ()))),
            record=advice(reason, needs.get(reason, ())),
        )
        for reason, entries in reasons.items()
    ]
    return sorted(found, key=lambda gap: (-gap.calls * (len(gap.blind) + len(gap.partly)), gap.reason))


def _formats(survey: Survey, undecided: Iterable[Unchecked]) -> Mapping[str, set[str]]:
    """The formats in whose calls each reason was met."""
    formats: defaultdict[str, set[str]] = defaultdict(set)
    of_call = {call: sort.format for sort, calls in survey.sorts.items() for call in calls}
    for sort in survey.sorts:
        for _, reason in sort.lacks:
            formats[reason].add(sort.format)
    for row in undecided:
        if row.exchange in of_call:
            formats[row.reason].add(of_call[row.exchange])
    return formats


def _needs(survey: Survey) -> Mapping[str, set[Need]]:
    needs: defaultdict[str, set[Need]] = defaultdict(set)
    for sort in survey.sorts:
        for need, reason in sort.lacks:
            needs[reason].add(need)
    return needs
