"""The judge: rows in, findings out; one finding a seam, every token claimed once, and what could not be checked."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.catalog.coverage import Coverage
from seamaudit.catalog.judge import Judged, judge
from seamaudit.catalog.rule import Rule
from seamaudit.facts import Fact
from seamaudit.findings import Confidence, Finding, NotChecked, Proof, Waste
from seamaudit.layers.base import Unchecked
from seamaudit.trace import Exchange, Money, Need
from tests.builders import Story, say
from tests.catalog.rows import PICO, base, locus, plain, row, rule

WASTE = {"tokens": "lost", "usd": "price", "seconds": "delay"}


def judged(rules: list[Rule], *facts: Fact, lacks: tuple[dict[Need, str], ...] = (), params: Any = None) -> Judged:
    coverage = Coverage()
    for exchange in exchanges(lacks):
        coverage.add(exchange)
    return judge(rules, base(*facts), coverage, params)


def exchanges(lacks: tuple[dict[Need, str], ...]) -> list[Exchange]:
    story = Story()
    return [replace(story.exchange([say("user", str(n))]), lacks=lack) for n, lack in enumerate(lacks)]


def only(result: Judged) -> Finding:
    (finding,) = result.findings
    return finding


# --- folding -----------------------------------------------------------------------------------------------------------


def test_rows_with_one_identity_are_one_finding() -> None:
    finding = only(judged([rule(waste=WASTE)], row(1, lost=5, thread="a"), row(2, lost=7, thread="b"), row(2, lost=None, thread="b")))
    assert (finding.occurrences, finding.threads, finding.exchanges) == (3, 2, (1, 2))
    assert finding.waste == Waste(tokens=12)
    assert [place.line for place in finding.locations] == [2, 1, 2]


def test_another_identity_is_another_finding() -> None:
    result = judged([rule(identity=["app", "cause"])], row(1, cause="clock"), row(2, cause="tools"), row(3, cause="tools", app="other"))
    assert {(dict(f.identity)["app"], dict(f.identity)["cause"]) for f in result.findings} == {
        ("shop", "clock"),
        ("shop", "tools"),
        ("other", "tools"),
    }


def test_sums_are_spoken_of_and_claim_nothing() -> None:
    rows = [row(1, lost=5, price=Money(PICO)), row(2, lost=None), row(3, lost=7, size=4)]
    finding = only(judged([rule(sums=["lost", "price", "size"], message="{lost} {price} {size}")], *rows))
    assert finding.message == "12 $1.00 4"
    assert finding.waste == Waste()


def test_a_sum_of_what_nobody_knows_is_unknown() -> None:
    assert only(judged([rule(sums=["lost"], message="{lost}")], row(1), row(2))).message == "unknown"


def test_a_finding_speaks_of_its_dearest_row() -> None:
    dear = row(9, price=Money(3 * PICO), lost=1, label="dear", witness=(locus(4),), was=locus(8, "/a"), now=locus(9, "/a"), diverges_at=7)
    cheap = row(1, price=Money(PICO), lost=9000, label="cheap", was=locus(1))
    message = "{label} at {lost} tokens, {price}, {occurrences} times in {threads} threads."
    finding = only(judged([rule(waste=WASTE, message=message)], cheap, dear))
    assert finding.message == "dear at 9,001 tokens, $4.00, 2 times in 1 threads."
    assert finding.locations[0] == locus(9)
    assert finding.witness == (locus(4),)
    assert finding.evidence_ref is not None
    assert (finding.evidence_ref.was, finding.evidence_ref.now, finding.evidence_ref.diverges_at) == (locus(8, "/a"), locus(9, "/a"), 7)


def test_a_table_without_two_versions_has_no_evidence() -> None:
    assert only(judged([rule(**{"from": "test_plain"})], plain())).evidence_ref is None
    assert only(judged([rule()], row())).evidence_ref is None


def test_findings_come_dearest_first_then_by_severity_then_by_code() -> None:
    rules = [
        rule(code="XX001", severity="low", where={"label": "a"}),
        rule(code="XX002", severity="high", where={"label": "b"}),
        rule(code="XX003", severity="high", where={"label": "c"}),
        rule(code="XX004", severity="info", where={"label": "d"}, waste=WASTE),
    ]
    result = judged(rules, *(row(line, label=label, price=Money(1)) for line, label in enumerate("abcd", 1)))
    assert [finding.code for finding in result.findings] == ["XX004", "XX002", "XX003", "XX001"]


def test_a_removed_rule_is_not_judged() -> None:
    assert judged([rule(status="removed")], row()).findings == ()
    assert judged([rule(status="deprecated"), rule(code="XX002", status="preview")], row()).findings != ()


def test_parameters_are_set_by_code() -> None:
    keys = {"where": {"size": {"gte": "$least"}}, "params": {"least": {"default": 10, "doc": "."}}}
    rules = [rule(**keys), rule(code="XX002", **keys)]
    assert [f.code for f in judged(rules, row(size=7), params={"XX002": {"least": 5}}).findings] == ["XX002"]


# --- confidence and proof ----------------------------------------------------------------------------------------------


def test_a_finding_is_as_sure_as_its_weakest_occurrence() -> None:
    finding = only(judged([rule()], row(1), row(2, proof="proven"), row(3, confidence="low")))
    assert (finding.confidence, finding.proof) == (Confidence.LOW, Proof.PROVEN)


def test_a_row_lowers_a_rules_confidence_and_never_raises_it() -> None:
    assert only(judged([rule(confidence="medium")], row(confidence="high"))).confidence is Confidence.MEDIUM


def test_what_is_only_inferred_is_medium_at_most() -> None:
    finding = only(judged([rule(confidence="high")], row(proof="inferred")))
    assert (finding.confidence, finding.proof) == (Confidence.MEDIUM, Proof.INFERRED)


def test_a_table_without_proof_declares() -> None:
    finding = only(judged([rule(**{"from": "test_plain"})], plain()))
    assert (finding.confidence, finding.proof) == (Confidence.HIGH, Proof.DECLARED)


# --- symptoms ----------------------------------------------------------------------------------------------------------

CAUSE = {"code": "XX001", "where": {"label": {"contains": "c"}}}
SYMPTOM = {"code": "XX002", "name": "symptom", "where": {"label": {"contains": "s"}}, "symptom_of": ["XX001"]}


def test_a_symptom_is_folded_into_the_cause_that_explains_it() -> None:
    finding = only(judged([rule(**CAUSE), rule(**SYMPTOM)], row(1, label="c"), row(1, label="s")))
    assert (finding.code, finding.symptoms) == ("XX001", ("XX002",))


def test_what_no_cause_explains_stays() -> None:
    result = judged([rule(**CAUSE), rule(**SYMPTOM)], row(1, label="cs"), row(2, label="s"), row(-1, label="c"), row(-1, label="s"))
    by_code = {finding.code: finding for finding in result.findings}
    assert by_code["XX002"].exchanges == (2,)
    assert by_code["XX002"].occurrences == 2
    assert by_code["XX001"].symptoms == ("XX002",)


def test_only_the_finding_that_explains_lists_the_symptom() -> None:
    rules = [rule(**CAUSE, identity=["cause"]), rule(**SYMPTOM)]
    result = judged(rules, row(1, label="cs", cause="clock"), row(2, label="c", cause="tools"))
    assert {dict(f.identity)["cause"]: f.symptoms for f in result.findings} == {"clock": ("XX002",), "tools": ()}


def test_a_symptom_of_a_symptom_ends_up_at_the_root() -> None:
    far = rule(code="XX003", name="far", where={"label": {"contains": "f"}}, symptom_of=["XX002"])
    finding = only(judged([rule(**CAUSE), rule(**SYMPTOM), far], row(1, label="csf")))
    assert (finding.code, finding.symptoms) == ("XX001", ("XX002", "XX003"))


def test_a_cause_of_an_unknown_code_explains_nothing() -> None:
    assert only(judged([rule(**SYMPTOM)], row(1, label="s"))).code == "XX002"


# --- claims ------------------------------------------------------------------------------------------------------------


def test_the_tokens_of_one_exchange_are_claimed_by_the_dearest_rule() -> None:
    rules = [
        rule(code="XX001", waste=WASTE),
        rule(code="XX002", name="two", **{"from": "test_plain"}, waste={"tokens": "tokens", "usd": "price"}),
    ]
    result = judged(
        rules,
        row(1, lost=100, price=Money(5), delay=2.0),
        plain(1, tokens=10, price=Money(9)),
        row(2, lost=30, price=Money(3)),
    )
    wastes = {finding.code: finding.waste for finding in result.findings}
    assert wastes == {"XX001": Waste(30, Money(3), 2.0), "XX002": Waste(10, Money(9))}


def test_a_message_says_what_was_lost_whoever_claims_it() -> None:
    rules = [rule(waste=WASTE, message="{lost}"), rule(code="XX002", name="two", **{"from": "test_plain"}, waste={"tokens": "tokens"})]
    result = judged(rules, row(1, lost=5), plain(1, tokens=10))
    assert {finding.code: (finding.message, finding.waste.tokens) for finding in result.findings}["XX001"] == ("5", None)


def test_one_rule_may_claim_several_rows_of_an_exchange() -> None:
    assert only(judged([rule(waste=WASTE)], row(1, lost=5), row(1, lost=6))).waste.tokens == 11


def test_equal_claims_go_to_the_first_code() -> None:
    rules = [rule(code="XX002", name="two", waste=WASTE), rule(code="XX001", waste=WASTE)]
    assert {f.code: f.waste.tokens for f in judged(rules, row(1, lost=5)).findings} == {"XX001": 5, "XX002": None}


# --- not checked -------------------------------------------------------------------------------------------------------


def test_an_exchange_that_lacks_what_a_rule_needs_is_not_checked() -> None:
    lacks = (
        {},
        {Need.PROMPT: "cut body"},
        {Need.PROMPT: "cut body", Need.USAGE: "no usage"},
        {Need.USAGE: "no usage"},
        {Need.TIME: "no clock"},
    )
    result = judged([rule()], lacks=lacks)
    assert result.not_checked == (
        NotChecked("XX001", "something-moves", "cut body", 2, 5),
        NotChecked("XX001", "something-moves", "no usage", 1, 5),
    )


def test_a_rules_own_needs_replace_its_tables() -> None:
    lacks = ({Need.PROMPT: "cut body"}, {Need.TIME: "no clock"})
    assert [row.reason for row in judged([rule(needs=["time"])], lacks=lacks).not_checked] == ["no clock"]
    assert judged([rule(needs=[])], lacks=lacks).not_checked == ()


def undecided(line: int, aspect: str, reason: str = "unknown id", table: str = "test_rows") -> Unchecked:
    return Unchecked(exchange=line, thread="t", app="", locus=locus(max(line, 0)), table=table, aspect=aspect, reason=reason)


def test_what_a_layer_could_not_decide_is_not_checked_for_the_rules_it_concerns() -> None:
    rules = [
        rule(code="XX001", where={"cause": "clock"}),
        rule(code="XX002", where={"cause": ["tools", "clock"]}, unless={"intended": True}),
        rule(code="XX003", where=[{"cause": "tools"}, {"label": "x"}]),
        rule(code="XX004", where={"cause": "tools"}),
        rule(code="XX005", where={"cause": "$which"}, params={"which": {"default": ["tools"], "doc": "."}}),
        rule(code="XX006", **{"from": "test_plain"}),
    ]
    result = judged(rules, undecided(1, "clock"), undecided(1, "clock"), undecided(2, "clock"), lacks=({}, {}, {}))
    assert [(row.code, row.exchanges, row.of) for row in result.not_checked] == [("XX001", 2, 3), ("XX002", 2, 3), ("XX003", 2, 3)]


def test_an_undecided_aspect_of_no_column_concerns_the_whole_table() -> None:
    rules = [rule(code="XX001", where={"cause": "clock"}), rule(code="XX002")]
    assert [row.code for row in judged(rules, undecided(1, "")).not_checked] == ["XX001", "XX002"]


def test_what_is_undecided_about_the_input_counts_no_exchange() -> None:
    assert [row.exchanges for row in judged([rule()], undecided(-1, "")).not_checked] == [0]


# --- whatever the rows -------------------------------------------------------------------------------------------------

_rows = st.lists(
    st.builds(
        row,
        st.integers(-1, 4).filter(bool),
        label=st.text("cs", max_size=2),
        cause=st.sampled_from(["clock", "tools"]),
        lost=st.none() | st.integers(0, 9),
        price=st.none() | st.integers(0, 3).map(Money),
        delay=st.none() | st.floats(0, 1),
        thread=st.sampled_from("ab"),
        proof=st.sampled_from(["declared", "inferred"]),
    ),
    max_size=12,
)
RULES = [
    rule(**CAUSE, identity=["cause"], waste=WASTE, message="{label} {lost} {proof}"),
    rule(**SYMPTOM, identity=["app"], waste=WASTE, message="{cause} {price}"),
    rule(code="XX003", name="three", identity=["app"], waste={"tokens": "lost"}),
]


@given(_rows, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(rows: list[Fact], random: Any) -> None:
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert judged(RULES, *shuffled) == judged(RULES, *rows)


@given(_rows)
def test_every_row_is_one_occurrence_or_explained_and_a_finding_is_the_sum_of_its_own(rows: list[Any]) -> None:
    findings = judged(RULES, *rows).findings
    assert sum(f.occurrences for f in findings if f.code == "XX001") == sum("c" in each.label for each in rows)
    assert sum(f.occurrences for f in findings if f.code == "XX003") == len(rows)
    caused = {each.exchange for each in rows if "c" in each.label and each.exchange >= 0}
    assert sum(f.occurrences for f in findings if f.code == "XX002") == sum("s" in e.label and e.exchange not in caused for e in rows)
    for finding in findings:
        assert finding.waste == Waste.total(case.waste for case in finding.cases)


@given(_rows)
def test_occurrences_come_dearest_first(rows: list[Fact]) -> None:
    for finding in judged([rule(waste=WASTE)], *rows).findings:
        costs = [case.waste.dearness for case in finding.cases]
        assert costs == sorted(costs, reverse=True)


@given(_rows)
def test_together_findings_never_claim_more_of_an_exchange_than_one_rule_does(rows: list[Any]) -> None:
    findings = judged(RULES, *rows).findings
    for exchange in {each.exchange for each in rows if each.exchange >= 0}:
        claimed = sum(case.waste.tokens or 0 for f in findings for case in f.cases if case.exchange == exchange)
        assert claimed <= sum(each.lost or 0 for each in rows if each.exchange == exchange)
