"""The layer: a thread's prompts replayed as a turn machine, its responses' calls followed until a prompt answers them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope
from seamaudit.layers.tools.calls import call_faults
from seamaudit.layers.tools.facts import Confidence, PairFault, PairingFault, ToolCalled, about, unchecked
from seamaudit.layers.tools.mismatches import Mismatch, mismatches
from seamaudit.layers.tools.rounds import Round, rounds
from seamaudit.layers.tools.splits import MERGED, split_results
from seamaudit.providers.pairing import Pairing, authors_contract, pairing_contract
from seamaudit.trace import Exchange, Level, Locus, Need, Response, Segment, ToolCall
from seamaudit.trace.turns import Item, Transcript

_Identity = tuple[str, str, bytes]


class Tools:
    """Pairs calls with results over the prompts of one thread, and judges calls as its responses make them.

    A prompt costs what is new in it. A fault is told once, at the first exchange that sent it; what later prompts repeat is
    the same fault.
    """

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._transcript = Transcript()
        self._last = -1
        self._told: set[_Identity] = set()
        self._pending: dict[_Identity, list[tuple[Exchange, ToolCall]]] = defaultdict(list)

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """What the prompt shows of earlier calls, then what the response calls."""
        if exchange.request.prefix.length:
            yield from self._prompt(exchange)
        if exchange.response is not None and not exchange.refused and Need.RESPONSE not in exchange.lacks:
            yield from self._called(exchange, exchange.response)
            yield from call_faults(exchange, exchange.response)

    def close(self) -> Iterable[Fact]:
        """The calls that no later prompt spoke of: pending, not unanswered."""
        for waiting in self._pending.values():
            yield from (_row(*made) for made in waiting)
        self._pending.clear()

    def _prompt(self, exchange: Exchange) -> Iterator[Fact]:
        transcript = self._transcript
        link = exchange.previous
        known = link.shared if link is not None and link.exchange == self._last else 0
        fresh, new = transcript.advance(exchange.request.prefix, known)
        self._last = exchange.id
        enforced = contract = pairing_contract(exchange.provider, exchange.api)
        if exchange.level is not Level.WIRE:
            contract = contract.existence()
        judged = list(rounds(transcript.turns, fresh, contract.by_id))
        settled = list(self._settled(judged, new))
        yield from settled
        if any(item.position >= new for round in judged for item in (*round.calls, *round.results)):
            yield from _unchecked(exchange, contract)
        if not exchange.request.complete:
            return
        found = [mismatch for round in judged for mismatch in mismatches(transcript, round, contract) if self._is_new(mismatch)]
        yield from _pairing_faults(exchange, contract, transcript.first, found, {row.call_id: row.locus for row in settled if row.call_id})
        if exchange.level is not Level.WIRE and exchange.refused:
            yield from self._confirmed(exchange, enforced.by_rows())
        if contract.results_first and exchange.api in MERGED:
            yield from split_results(exchange, judged, transcript.first, new)

    def _confirmed(self, exchange: Exchange, contract: Pairing) -> Iterator[Fact]:
        """Misplaced results of a transcript whose calls the provider names in its refusal: of these, the stored order is the one it saw."""
        refusal = exchange.response.refusal if exchange.response is not None else None
        if refusal is None or not refusal.ids:
            return
        transcript = self._transcript
        found = (mismatch for round in rounds(transcript.turns, 0, contract.by_id) for mismatch in mismatches(transcript, round, contract))
        named = [each for each in found if each.fault is PairFault.RESULT_NOT_ADJACENT and each.at.segment.call_id in refusal.ids]
        yield from _pairing_faults(exchange, contract, transcript.first, [each for each in named if self._is_new(each)], {})

    def _is_new(self, mismatch: Mismatch) -> bool:
        segment = mismatch.at.segment
        key = (mismatch.fault.value, segment.call_id, b"" if segment.call_id else segment.ordered)
        is_new = key not in self._told
        self._told.add(key)
        return is_new

    def _called(self, exchange: Exchange, response: Response) -> Iterator[Fact]:
        for call in response.calls:
            if call.server:
                yield _row(exchange, call)
            else:
                self._pending[_identity(call.id, call.name, call.arguments)].append((exchange, call))

    def _settled(self, judged: Sequence[Round], new: int) -> Iterator[ToolCalled]:
        """The pending calls that the new part of a prompt speaks of. Latest first: ids may be used again, and a result that
        comes late answers all the same."""
        for round in reversed(judged):
            for index in reversed(round.strays):
                result = round.results[index]
                if result.position >= new and result.segment.call_id:
                    yield from self._settle(_identity(result.segment.call_id, "", b""), answered=True)
            for index in reversed(range(len(round.calls))):
                if round.calls[index].position >= new:
                    yield from self._settle(self._sent_back(round.calls[index].segment), answered=index in round.answers)

    def _sent_back(self, call: Segment) -> _Identity:
        """What a call in a prompt was when it was made: a client may give an id to one that came without."""
        known = _identity(call.call_id, call.name, call.arguments)
        return known if known in self._pending else _identity("", call.name, call.arguments)

    def _settle(self, key: _Identity, answered: bool) -> Iterator[ToolCalled]:
        if waiting := self._pending.get(key):
            yield _row(*waiting.pop(), answered)
            if not waiting:
                del self._pending[key]


def _identity(call_id: str, name: str, arguments: bytes) -> _Identity:
    """What a call is recognised by when it is sent back: its id, else its name and arguments."""
    return (call_id, "", b"") if call_id else ("", name, arguments)


def _row(exchange: Exchange, call: ToolCall, answered: bool | None = None) -> ToolCalled:
    return ToolCalled(
        **about(exchange),
        locus=exchange.locus.at(call.pointer),
        tool=call.name,
        call_id=call.id,
        provider=exchange.provider,
        api=exchange.api,
        arguments=call.state,
        side="server" if call.server else "client",
        answered=answered,
    )


def _unchecked(exchange: Exchange, contract: Pairing) -> Iterator[Fact]:
    """What is not decided of the calls and results that a prompt brings: all of it in a fragment, their places where they are free."""
    if not exchange.request.complete:
        if Need.PROMPT not in exchange.lacks:
            yield unchecked(exchange, "pairing_faults", "", "earlier turns of the prompt are not in the recording")
        return
    author = authors_contract(exchange.api)
    transcript = exchange.level is not Level.WIRE
    reason = "a transcript need not keep the order that was sent" if transcript else "where this server wants results is not known"
    if contract.place is not author.place:
        yield unchecked(exchange, "pairing_faults", PairFault.RESULT_NOT_ADJACENT, reason)
    if contract.results_first is not author.results_first:
        yield unchecked(exchange, "pairing_faults", PairFault.TEXT_BEFORE_RESULT, reason)


def _pairing_faults(
    exchange: Exchange, contract: Pairing, first: int, found: Sequence[Mismatch], made: Mapping[str, Locus]
) -> Iterator[PairingFault]:
    """The facts of these mismatches. `made` is where a response made a call, by id."""
    if not found:
        return
    places = {item.position + first for mismatch in found for item in (mismatch.at, mismatch.other) if item is not None}
    loci = exchange.places(places)
    status = exchange.response.status if exchange.response is not None else None

    def locus(item: Item) -> Locus:
        return loci[item.position + first]

    for mismatch in found:
        call_id = mismatch.at.segment.call_id
        others = () if mismatch.other is None else (locus(mismatch.other),)
        yield PairingFault(
            **about(exchange),
            locus=locus(mismatch.at),
            witness=(*others, *((made[call_id],) if call_id in made else ())),
            fault=mismatch.fault,
            tool=mismatch.tool,
            call_id=call_id,
            provider=exchange.provider,
            api=exchange.api,
            enforced=contract.enforced,
            refused=status is not None and 400 <= status < 500,
            confidence=_confidence(exchange.level, contract, status),
        )


def _confidence(level: Level, contract: Pairing, status: int | None) -> Confidence:
    """A prompt taken by a provider that refuses such prompts speaks against our reading; a refusal may have other reasons."""
    if level is not Level.WIRE or not contract.enforced:
        return "medium"
    return "high" if status is None or status >= 400 else "low"
