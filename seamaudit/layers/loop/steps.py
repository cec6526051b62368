"""Steps: a thread's calls with what came of each, read from its prompts, every one once."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from seamaudit.layers.loop.nature import is_waiting
from seamaudit.trace import Exchange, Kind, Locus, Segment, Usage
from seamaudit.trace.turns import Item, Side, Transcript, Turn

_Key = tuple[str, str, bytes]
_SYSTEM_ROLES: Final = frozenset({"system", "developer"})


class Maker(Struct, frozen=True):
    """The exchange whose response made a call: its id, how many different calls it made, its tokens, and where the call stands in it."""

    exchange: int
    tool: str
    calls: int
    tokens: int | None
    locus: Locus


class Sameness(NamedTuple):
    """What must be equal for two steps to be one step done twice."""

    tool: str
    arguments: bytes
    outcome: bytes


class Step(Struct, frozen=True):
    """One call and its result. `round` counts the turns that brought results; calls made in parallel share it.

    `exchange` and `locus` are where the call was made, or first stands in a prompt where that is not recorded (`maker` is None).
    `words` are the hashed words of its arguments.
    """

    tool: str
    arguments: bytes
    outcome: bytes
    failed: bool
    words: frozenset[int]
    round: int
    exchange: int
    locus: Locus
    maker: Maker | None = None

    @property
    def same(self) -> Sameness | None:
        """What the step did and what came of it; None where arguments or result cannot be compared."""
        return Sameness(self.tool, self.arguments, self.outcome) if self.arguments and self.outcome else None

    @property
    def waits(self) -> bool:
        """Whether the call only waits for something."""
        return is_waiting(self.tool, self.words, self.failed)


class Spoke(Struct, frozen=True):
    """Someone said something new: what comes after it is a new task.

    `by_person` is False for what may be the harness's: words in the same message as results, and those of system messages.
    """

    by_person: bool


class StepReader:
    """Reads the steps that each prompt of one thread adds to those before.

    A history that is sent again, cut or rewritten brings no step twice: a call counts where it occurs in one prompt more often
    than in any prompt before.
    """

    def __init__(self) -> None:
        self._transcript = Transcript()
        self._last = -1
        self._makers: dict[_Key, Maker] = {}
        self._placed: list[tuple[int, _Key]] = []
        self._here: Counter[_Key] = Counter()
        self._most: Counter[_Key] = Counter()
        self._rounds = 0

    def read(self, exchange: Exchange) -> Iterator[Step | Spoke]:
        """The new steps of a prompt and, between them, that someone spoke."""
        link = exchange.previous
        known = link.shared if link is not None and link.exchange == self._last else 0
        fresh, _ = self._transcript.advance(exchange.request.prefix, known)
        self._last = exchange.id
        while self._placed and self._placed[-1][0] >= fresh:
            self._here[self._placed.pop()[1]] -= 1
        turns = self._transcript.turns
        for at in range(fresh, len(turns)):
            if turns[at].side is Side.CALLER:
                yield from self._turn(exchange, at)

    def note(self, exchange: Exchange) -> None:
        """Remember which calls a response makes: later prompts hold them."""
        if exchange.response is None:
            return
        own = [call for call in exchange.response.calls if not call.server]
        distinct = len({(call.name, call.arguments or call.id) for call in own})
        for call in own:
            maker = Maker(exchange.id, call.name, distinct, _tokens(exchange.usage), exchange.locus.at(call.pointer))
            self._makers[_key(call.id, call.name, call.arguments)] = maker

    def _turn(self, exchange: Exchange, at: int) -> Iterator[Step | Spoke]:
        turns = self._transcript.turns
        turn = turns[at]
        fresh = [pair for pair in _answered(turns, at) if self._place(at, _key_of(pair[0].segment)).is_new]
        yield from self._steps(exchange, fresh)
        heard = [(said, self._place(at, ("", "", said.segment.ordered))) for said in self._said(exchange, at)]
        new = [said for said, word in heard if (word.is_first if turn.results else word.is_new)]  # else it always comes with results
        if new:
            yield Spoke(by_person=any(said.apart and said.segment.role not in _SYSTEM_ROLES for said in new))

    def _steps(self, exchange: Exchange, pairs: Sequence[tuple[Item, Item]]) -> Iterator[Step]:
        """The steps of one turn, equal ones once: the model made them before it saw what came of the first."""
        known: set[Sameness] = set()
        self._rounds += bool(pairs)
        for call, result in pairs:
            step = self._step(exchange, call, result.segment)
            if step.same is None or step.same not in known:
                yield step
            known.update((step.same,) if step.same else ())

    def _step(self, exchange: Exchange, call: Item, result: Segment) -> Step:
        segment = call.segment
        maker = self._makers.get(_key_of(segment))
        if maker is not None and maker.tool != segment.name:
            maker = None
        return Step(
            tool=segment.name,
            arguments=segment.arguments,
            outcome=result.outcome,
            failed=result.failed,
            words=frozenset(struct.unpack(f"<{len(segment.words) // 4}I", segment.words)),
            round=self._rounds,
            exchange=maker.exchange if maker else exchange.id,
            locus=maker.locus if maker else exchange.place(call.position + self._transcript.first),
            maker=maker,
        )

    def _said(self, exchange: Exchange, at: int) -> Iterator[_Said]:
        """What the turn holds beside results."""
        turns, first = self._transcript.turns, self._transcript.first
        end = turns[at + 1].start + first if at + 1 < len(turns) else None
        apart = True
        for segment in exchange.request.prefix.segments(turns[at].start + first, end):
            if segment.starts:
                apart = segment.kind is not Kind.TOOL_RESULT
            if segment.kind not in (Kind.TOOL_RESULT, Kind.TOOL_DEFINITION):
                yield _Said(segment, apart)

    def _place(self, at: int, key: _Key) -> _Occurrence:
        """Count an occurrence in turn `at` of this prompt."""
        self._placed.append((at, key))
        self._here[key] += 1
        before = self._most[key]
        self._most[key] = max(before, self._here[key])
        return _Occurrence(is_new=self._here[key] > before, is_first=not before)


class _Said(NamedTuple):
    """Something that was said, and whether in a message that does not begin with results."""

    segment: Segment
    apart: bool


class _Occurrence(NamedTuple):
    """Whether no prompt before held as many, and whether none held any."""

    is_new: bool
    is_first: bool


def _answered(turns: Sequence[Turn], at: int) -> Iterator[tuple[Item, Item]]:
    """The results of a turn with the calls of the turn before that they answer: by id, by order where there is none."""
    calls = turns[at - 1].calls if at else []
    by_id = {call.segment.call_id: call for call in calls if call.segment.call_id}
    nameless = iter([call for call in calls if not call.segment.call_id])
    for result in turns[at].results:
        call = by_id.pop(result.segment.call_id, None) or next(nameless, None)
        if call is not None:
            yield call, result


def _key_of(call: Segment) -> _Key:
    return _key(call.call_id, call.name, call.arguments)


def _key(call_id: str, name: str, arguments: bytes) -> _Key:
    return (call_id, "", b"") if call_id else ("", name, arguments)


def _tokens(usage: Usage | None) -> int | None:
    if usage is None or usage.input is None or usage.output is None or usage.placeholder_output:
        return None
    return usage.input + usage.output
