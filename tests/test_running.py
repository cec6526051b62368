"""Layers at work: whatever the order of threads, what they tell stands where it belongs, and a thread that has ended holds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.audit.running import Running
from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Exchange, ThreadRef
from tests.builders import Story, locus


class Said(Fact, frozen=True, kw_only=True):
    """What the layers here tell."""

    word: str


class Open:
    """A layer that tells of its first exchange and of its end, and counts how many like it are open at once."""

    now = most = 0

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._fed: list[Exchange] = []

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        if not self._fed:
            type(self).now += 1
            type(self).most = max(self.most, self.now)
        self._fed.append(exchange)
        return [_said(exchange, "fed")]

    def close(self) -> Iterable[Fact]:
        type(self).now -= 1
        return [_said(self._fed[0], f"{self.scope} of {len(self._fed)} ended")]


def _said(exchange: Exchange, word: str) -> Said:
    return Said(exchange=exchange.id, thread=exchange.thread.id, app="", locus=locus(), word=word)


def exchanges(threads: Sequence[str]) -> list[Exchange]:
    story = Story()
    return [replace(story.exchange(), thread=ThreadRef(name, name, declared=True, basis="declared")) for name in threads]


def told(threads: Sequence[str], *scopes: Scope) -> tuple[list[tuple[int, str]], Any]:
    class Counted(Open):
        pass

    running = Running((at, lambda scope=scope: Counted(scope)) for at, scope in enumerate(scopes))  # type: ignore[misc]
    facts = [fact for each in running.run(exchanges(threads)) for fact in each.facts]
    return [(fact.exchange, fact.word) for fact in facts if isinstance(fact, Said)], Counted


def test_what_ends_is_told_at_the_end_by_when_it_began() -> None:
    said, _ = told("abba", Scope.THREAD, Scope.TRACE)
    assert said == [
        *((at, "fed") for at in range(4) for _ in range(2)),
        (0, "thread of 2 ended"),
        (0, "trace of 4 ended"),
        (1, "thread of 2 ended"),
    ]


def test_a_thread_that_has_ended_is_let_go() -> None:
    _, counted = told("aaabbbcccddd", Scope.THREAD)
    assert (counted.most, counted.now) == (1, 0)


@given(st.lists(st.sampled_from("abcd"), max_size=20))
def test_as_many_are_open_as_threads_overlap(threads: list[str]) -> None:
    _, counted = told(threads, Scope.THREAD)
    spans = {name: (threads.index(name), len(threads) - threads[::-1].index(name)) for name in threads}
    overlap = max((sum(low <= at < high for low, high in spans.values()) for at in range(len(threads))), default=0)
    assert (counted.most, counted.now) == (overlap, 0)
