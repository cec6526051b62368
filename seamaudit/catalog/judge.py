"""The judge: rows that match a rule become findings, many rows at one seam one finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from itertools import takewhile
from operator import itemgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.catalog.check import closure
from seamaudit.catalog.coverage import Coverage, unchecked
from seamaudit.catalog.match import compile_rule
from seamaudit.catalog.message import spoken, template
from seamaudit.catalog.remedy import Replays, replays_of, with_replay
from seamaudit.catalog.rule import Rule, Status
from seamaudit.catalog.vocabulary import tables
from seamaudit.evidence.excerpt import EvidenceRef
from seamaudit.facts import REGISTRY, Fact, FactBase, Table
from seamaudit.findings import (
    NOTHING,
    Confidence,
    Finding,
    NotChecked,
    Occurrence,
    Proof,
    Scalar,
    Waste,
    by_cost,
    fingerprint,
)
from seamaudit.layers.base import Unchecked

Params = Mapping[str, Mapping[str, object]]
"""Parameter values that config sets, by rule code."""


class Judged(Struct, frozen=True):
    """What the rules say of a run: findings in report order, and what they could not say."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]


def judge(rules: Sequence[Rule], facts: FactBase, coverage: Coverage, params: Params | None = None) -> Judged:
    """Judge a run's facts. The result does not depend on the order in which facts were emitted.

    Raises CatalogError for a parameter that does not fit its rule.
    """
    tables()  # a rule may speak of a table whose module nobody has imported yet
    live = [rule for rule in rules if rule.status is not Status.REMOVED]
    hits = {rule.code: list(_hits(rule, facts, (params or {}).get(rule.code, {}))) for rule in live}
    kept, symptoms = _fold_symptoms(live, hits)
    kept = _claim_once(kept)
    replays = replays_of(facts)
    findings = [_finding(rule, group, symptoms, replays) for rule in live for group in _by_identity(rule, kept[rule.code])]
    return Judged(by_cost(findings), unchecked(live, coverage, facts.rows(Unchecked)))


class _Hit(Struct, frozen=True):
    """A row that matched. `claimed` is its waste less what a dearer rule claims of the same exchange."""

    fact: Fact
    waste: Waste
    claimed: Waste
    confidence: Confidence
    proof: Proof


Hits = dict[str, list[_Hit]]
Symptoms = Mapping[tuple[str, int], set[str]]
"""Codes of folded symptoms, by the code of the rule that explains them and the exchange it does so at."""


def _hits(rule: Rule, facts: FactBase, overrides: Mapping[str, object]) -> Iterator[_Hit]:
    table = REGISTRY[rule.table]
    holds = compile_rule(rule, table, overrides)
    waste, standing = _waste_of(rule), _standing_of(rule, table)
    for fact in facts.table(rule.table):
        if holds(fact):
            yield _Hit(fact, lost := waste(fact), lost, *standing(fact))


def _standing_of(rule: Rule, table: Table) -> Callable[[Any], tuple[Confidence, Proof]]:
    """How sure a row of the rule is and what it rests on, by the table's columns `confidence` and `proof` where it has them.

    A row lowers the rule's confidence and never raises it; what is only inferred is of medium confidence at most.
    """
    has_confidence, has_proof = "confidence" in table.columns, "proof" in table.columns

    @cache
    def standing(confidence: str | None, proof: str | None) -> tuple[Confidence, Proof]:
        own = Confidence(confidence) if confidence else Confidence.HIGH
        rests_on = Proof(proof) if proof else Proof.DECLARED
        ceiling = Confidence.MEDIUM if rests_on is Proof.INFERRED else Confidence.HIGH
        return min(rule.confidence, own, ceiling), rests_on

    return lambda fact: standing(fact.confidence if has_confidence else None, fact.proof if has_proof else None)


def _waste_of(rule: Rule) -> Callable[[Fact], Waste]:
    columns = rule.waste

    def of(fact: Any) -> Waste:
        return Waste(
            tokens=getattr(fact, columns.tokens) if columns.tokens else None,
            usd=getattr(fact, columns.usd) if columns.usd else None,
            seconds=getattr(fact, columns.seconds) if columns.seconds else None,
        )

    return of if any(columns) else lambda fact: NOTHING


def _fold_symptoms(rules: Sequence[Rule], hits: Hits) -> tuple[Hits, Symptoms]:
    """The hits less those of symptoms at an exchange where a cause fired too, and which cause explains what where."""
    causes = {rule.code: rule.symptom_of for rule in rules}
    fired = {code: {hit.fact.exchange for hit in found if hit.fact.exchange >= 0} for code, found in hits.items()}
    kept: Hits = {}
    symptoms: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for code, found in hits.items():
        explaining = [cause for cause in closure(code, causes) - {code} if cause in fired]
        kept[code] = []
        for hit in found:
            by = [cause for cause in explaining if hit.fact.exchange in fired[cause]]
            for cause in by:
                symptoms[cause, hit.fact.exchange].add(code)
            if not by:
                kept[code].append(hit)
    return kept, symptoms


def _claim_once(hits: Hits) -> Hits:
    """Of the rules that claim one exchange's tokens, or its seconds, the dearest claim stands; the others give theirs up."""
    tokens = _winners(hits, lambda waste: bool(waste.tokens or waste.usd))
    seconds = _winners(hits, lambda waste: bool(waste.seconds))

    def claimed(code: str, hit: _Hit) -> _Hit:
        exchange, waste = hit.fact.exchange, hit.waste
        if tokens.get(exchange, code) != code:
            waste = replace(waste, tokens=None, usd=None)
        if seconds.get(exchange, code) != code:
            waste = replace(waste, seconds=None)
        return hit if waste is hit.waste else replace(hit, claimed=waste)

    return {code: [claimed(code, hit) for hit in found] for code, found in hits.items()}


def _winners(hits: Hits, claims: Callable[[Waste], bool]) -> dict[int, str]:
    """The rule whose claim is the dearest, for every exchange on which several have one; of equals the first by code."""
    claimants: defaultdict[int, dict[str, list[Waste]]] = defaultdict(dict)
    for code in sorted(hits):
        for hit in hits[code]:
            if hit.fact.exchange >= 0 and claims(hit.waste):
                claimants[hit.fact.exchange].setdefault(code, []).append(hit.waste)
    return {
        exchange: max(of, key=lambda code: Waste.total(of[code]).dearness)  # max keeps the first of equals, and codes came sorted
        for exchange, of in claimants.items()
        if len(of) > 1
    }


def _by_identity(rule: Rule, hits: Iterable[_Hit]) -> Iterable[list[_Hit]]:
    groups: defaultdict[tuple[Scalar, ...], list[_Hit]] = defaultdict(list)
    for hit in hits:
        groups[tuple(_plain(getattr(hit.fact, column)) for column in rule.identity)].append(hit)
    return groups.values()


def _plain(value: Any) -> Scalar:
    return str(value) if isinstance(value, Enum) else value


def _finding(rule: Rule, hits: Sequence[_Hit], symptoms: Symptoms, replays: Replays) -> Finding:
    """One finding of all hits with one identity."""
    ordered = sorted(((_dearest_first(hit), hit) for hit in hits), key=itemgetter(0))
    tied = takewhile(lambda each: each[0] == ordered[0][0], ordered)
    dearest = min((hit.fact for _, hit in tied), key=repr)  # rows alike in cost and place may differ in what the message says
    identity = tuple((column, _plain(getattr(dearest, column))) for column in rule.identity)
    cases = tuple(Occurrence(hit.fact.locus, hit.fact.exchange, hit.fact.thread, hit.claimed) for _, hit in ordered)
    waste = Waste.total(hit.claimed for hit in hits)
    folded = set[str]().union(*(symptoms.get((rule.code, case.exchange), ()) for case in cases))
    return Finding(
        code=rule.code,
        name=rule.name,
        layer=rule.layer,
        severity=rule.severity,
        confidence=min({hit.confidence for hit in hits}),
        proof=min({hit.proof for hit in hits}),
        message=_message(rule, dearest, cases, hits),
        fix=with_replay(rule.fix, rule.mend, (case.exchange for case in cases), waste, replays),
        seam=rule.seam,
        identity=identity,
        cases=cases,
        waste=waste,
        fingerprint=fingerprint(rule.code, identity),
        witness=dearest.witness,
        symptoms=tuple(sorted(folded)),
        evidence_ref=_evidence(dearest),
    )


def _dearest_first(hit: _Hit) -> tuple[Any, ...]:
    """Dearest first, then by place: all that an occurrence holds is in here, so that ties are equal occurrences."""
    fact = hit.fact
    usd, tokens, seconds = hit.waste.dearness
    claimed = ((part is None, part or 0) for part in (hit.claimed.tokens, hit.claimed.usd, hit.claimed.seconds))
    return (-usd, -tokens, -seconds, fact.locus, fact.exchange, fact.thread, *claimed)


def _message(rule: Rule, dearest: Fact, cases: Sequence[Occurrence], hits: Sequence[_Hit]) -> str:
    """The rule's message: the dearest row's values, waste and `sums` added up over all rows whoever claims them, and the counts."""
    columns = REGISTRY[rule.table].columns
    total = Waste.total(hit.waste for hit in hits)
    sums: dict[str, float | None] = {column: _sum(column, hits) for column in rule.sums}
    sums |= {rule.waste.tokens: total.tokens, rule.waste.usd: total.usd, rule.waste.seconds: total.seconds}
    counts = {"occurrences": len(cases), "threads": len({case.thread for case in cases if case.thread})}

    def value(name: str) -> str:
        if name in counts:
            return spoken(counts[name], "int")
        return spoken(sums[name] if name in sums else getattr(dearest, name), columns[name].kind)

    return template(rule.message).render(value)


def _sum(column: str, hits: Iterable[_Hit]) -> int | None:
    """What the rows of a finding add up to, None where no row knows."""
    known = [value for hit in hits if (value := getattr(hit.fact, column)) is not None]
    return sum(known) if known else None


def _evidence(fact: Any) -> EvidenceRef | None:
    """Where the two versions stand, for tables that compare two (columns `was`, `now`, `diverges_at`)."""
    was, now = getattr(fact, "was", None), getattr(fact, "now", None)
    if was is None and now is None:
        return None
    return EvidenceRef(was=was, now=now, diverges_at=getattr(fact, "diverges_at", None))
