"""Rounds: a model turn's calls and what the caller's turn after it answers them with."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field

from seamaudit.trace import Segment
from seamaudit.trace.turns import Item, Side, Turn


class Round(Struct, frozen=True):
    """The calls of the model turn `at - 1` and the results of the caller's turn `at`.

    `answers` maps a call to the result that answers it, `repeated` are results for calls that have one, `strays` results
    for none of these calls; all by index.
    """

    at: int
    calls: Sequence[Item]
    results: Sequence[Item]
    answers: dict[int, int] = field(default_factory=dict)
    repeated: list[int] = field(default_factory=list)
    strays: list[int] = field(default_factory=list)


def rounds(turns: Sequence[Turn], start: int, by_id: bool) -> Iterator[Round]:
    """The rounds whose caller's turn stands at `start` or later. A model turn that ends the prompt opens none: its calls are pending.

    `by_id`: a result with the id of no call answers none, whatever else would fit.
    """
    for at in range(start, len(turns)):
        turn = turns[at]
        if turn.side is Side.MODEL:
            continue
        calls = turns[at - 1].calls if at else []
        if calls or turn.results:
            round = Round(at, calls, turn.results)
            _match(round, by_id)
            yield round


def _match(round: Round, by_id: bool) -> None:
    """Match results to calls: by id; where an id is not given or does not decide, by name and then by order."""
    made = {call.segment.call_id for call in round.calls} - {""}
    identified = [index for index, result in enumerate(round.results) if result.segment.call_id]
    lost = set(_deal(round, identified, lambda segment: segment.call_id))
    bound, unbound = (lost, set[int]()) if by_id and made else (set[int](), lost)
    free = [index for index, result in enumerate(round.results) if not result.segment.call_id or index in unbound]
    free = _deal(round, free, lambda segment: segment.name)
    free = _deal(round, free, lambda segment: "")
    for index in sorted({*bound, *free}):
        (round.repeated if round.results[index].segment.call_id in made else round.strays).append(index)


def _deal(round: Round, results: Sequence[int], key: Callable[[Segment], str]) -> list[int]:
    """Give each of these results the first open call that has the same key; gives the results that found none."""
    if not results:
        return []
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for index, call in enumerate(round.calls):
        if index not in round.answers:
            waiting[key(call.segment)].append(index)
    left: list[int] = []
    for index in results:
        calls = waiting.get(key(round.results[index].segment))
        if calls:
            round.answers[calls.popleft()] = index
        else:
            left.append(index)
    return left
