"""Prefixes agree where they hold the same segments, however a head changes or a middle is edited, and their sums are plain sums."""

from __future__ import annotations

from itertools import accumulate, product

from hypothesis import given
from hypothesis import strategies as st

from seamaudit.ingest.intern import Interner
from seamaudit.trace import Kind, Prefix, Segment, Zone
from seamaudit.trace.chain import chain
from seamaudit.trace.prefix import shared_behind_heads
from tests.builders import segment

HEADS = st.lists(st.integers(0, 3), max_size=4)
TURNS = st.lists(st.integers(0, 5), max_size=12)
PROMPTS = st.lists(st.tuples(HEADS, TURNS), min_size=1, max_size=8)


def _segments(head: list[int], turns: list[int], tape: dict[tuple[Zone, int], Segment]) -> list[Segment]:
    places = [(Zone.SYSTEM, word) for word in head] + [(Zone.MESSAGES, word) for word in turns]
    return [tape[place] for place in places]


def _sent(prompts: list[tuple[list[int], list[int]]]) -> list[tuple[Prefix, list[Segment]]]:
    """The prompts as one conversation sends them, each with the segments it is made of."""
    intern = Interner()
    known: dict[tuple[Zone, int], Segment] = {}
    for at, (zone, word) in enumerate(product((Zone.SYSTEM, Zone.MESSAGES), range(6))):
        known[zone, word] = segment(Kind.TEXT, "x" * (word + 1), zone=zone, id=at, starts=word % 2 == 0)
        intern.tape.segments.append(known[zone, word])
    out = []
    for head, turns in prompts:
        made = _segments(head, turns, known)
        out.append((intern.prefix([each.id for each in made], "conversation"), made))
    return out


@given(PROMPTS)
def test_chains_agree_exactly_where_two_prompts_are_equal_up_to_there(prompts: list[tuple[list[int], list[int]]]) -> None:
    sent = _sent(prompts)
    chains = [(chain(prefix, range(prefix.length + 1)), made) for prefix, made in sent]
    for (one, left), (other, right) in product(chains, chains):
        for at in one.keys() & other.keys():
            assert (one[at] == other[at]) == (left[:at] == right[:at])


@given(PROMPTS)
def test_what_is_asked_of_a_few_positions_is_asked_of_a_whole_chain(prompts: list[tuple[list[int], list[int]]]) -> None:
    for prefix, _ in _sent(prompts):
        whole = chain(prefix, range(prefix.length + 1))
        assert all(chain(prefix, [at]) == {at: digest} for at, digest in whole.items())


@given(PROMPTS)
def test_what_is_shared_behind_heads_does_not_depend_on_them(prompts: list[tuple[list[int], list[int]]]) -> None:
    sent = [prefix for prefix, _ in _sent(prompts)]
    for (prefix, (_, left)), (other, (_, right)) in product(zip(sent, prompts, strict=True), repeat=2):
        same = (a == b for a, b in zip(left, right, strict=False))
        assert shared_behind_heads(prefix, other) == next((at for at, equal in enumerate(same) if not equal), min(len(left), len(right)))


@given(PROMPTS)
def test_shared_length_is_that_of_the_longest_common_beginning(prompts: list[tuple[list[int], list[int]]]) -> None:
    sent = _sent(prompts)
    for (prefix, left), (other, right) in product(sent, sent):
        same = (a == b for a, b in zip(left, right, strict=False))
        assert prefix.shared_with(other) == next((at for at, equal in enumerate(same) if not equal), min(len(left), len(right)))


@given(PROMPTS)
def test_sizes_zones_and_elements_are_counted_over_the_positions(prompts: list[tuple[list[int], list[int]]]) -> None:
    for (prefix, made), (head, _) in zip(_sent(prompts), prompts, strict=True):
        assert [prefix.size(at) for at in range(prefix.length + 1)] == list(accumulate((each.length for each in made), initial=0))
        assert prefix.zone_end(Zone.SYSTEM) == len(head)
        opened = dict.fromkeys(Zone, 0)
        for at, each in enumerate(made):
            opened[each.zone] += each.starts
            assert prefix.pointer(at) == f"/{each.zone}/{max(0, opened[each.zone] - 1)}"
