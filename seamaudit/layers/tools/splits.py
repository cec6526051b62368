"""Parallel calls whose results come back apart: no fault, the provider puts consecutive messages together, but not what it wants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from seamaudit.layers.tools.facts import SplitResults, about
from seamaudit.layers.tools.rounds import Round
from seamaudit.trace import Exchange
from seamaudit.trace.turns import Item

MERGED: Final = frozenset({"anthropic.messages"})
"""Body shapes whose provider puts consecutive messages of one role together. Source: anthropic SDK, docstring of `messages`."""


def split_results(exchange: Exchange, judged: Iterable[Round], first: int, new: int) -> Iterator[SplitResults]:
    """One fact for each assistant message whose calls are answered in several messages, where the last of these is new to the prompt.

    `first` is the position of the prompt's first message; the rounds, and `new`, count from there.
    """
    for round in (each for each in judged if len(each.answers) > 1):
        together: dict[int, list[Item]] = defaultdict(list)
        for call, result in round.answers.items():
            together[round.calls[call].message].append(round.results[result])
        for results in together.values():
            results.sort(key=lambda item: item.position)
            messages = {item.message for item in results}
            if len(messages) > 1 and results[-1].position >= new:
                yield SplitResults(
                    **about(exchange),
                    locus=exchange.place(results[-1].position + first),
                    witness=(exchange.place(results[0].position + first),),
                    provider=exchange.provider,
                    api=exchange.api,
                    results=len(results),
                    messages=len(messages),
                )
