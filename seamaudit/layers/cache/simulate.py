"""What caches would have read and written, had the same content been sent in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from seamaudit.layers.cache.edits import Edit
from seamaudit.layers.cache.explicit import ExplicitCache
from seamaudit.layers.cache.implicit import ImplicitCache
from seamaudit.layers.cache.layout import Laid, Press
from seamaudit.layers.cache.state import Answered, Texts, no_text
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Exchange, Usage

CLOSE: Final = 0.01
"""How far a predicted read may be off, as a share of the prompt, and still be the one that was reported."""


@dataclass(frozen=True, slots=True)
class Served:
    """A request and the input tokens it is predicted to have read, written and paid in full. Below zero is the id of one that was not
    recorded."""

    exchange: Exchange
    usage: Usage


def simulate(
    requests: Sequence[Laid], edits: Sequence[Edit] = (), outside: Mapping[int, int] | None = None, text_of: Texts = no_text
) -> list[Served]:
    """Replay one cache's requests, in order, by the contract alone, after `edits`: nothing is taken from what was reported but the sizes
    of prompts and, in `outside`, the prefixes that were read and that nothing recorded had written (`as_sent`). Without edits it is
    what the model makes of what was sent, which can be held against the reported usage."""
    outside = outside or {}
    for edit in edits:
        requests = edit.apply(requests)
    caches, press = _Caches(text_of), Press()
    out: list[Served] = []
    for laid in requests:
        call, counts = press.call(laid), laid.tokens()
        known = outside.get(call.exchange.id, 0)
        if known and laid.is_recorded_up_to(known):
            caches.of(call).know(call, known, counts[known])
        out.append(Served(call.exchange, caches.of(call).serve(call, counts.__getitem__)))
    return out


@dataclass(frozen=True, slots=True)
class Plain:
    """Requests as they were sent: what the model makes of each, and the prefixes that were read although nothing recorded wrote them, as
    positions by exchange. A recording is a window."""

    served: list[Served]
    outside: dict[int, int]


def as_sent(requests: Sequence[Laid], text_of: Texts = no_text) -> Plain:
    """Replay one cache's requests without an edit, and find what was in the cache before."""
    caches = _Caches(text_of)
    served: list[Served] = []
    outside: dict[int, int] = {}
    for laid in requests:
        call, counts = laid.call, laid.tokens()
        usage = caches.of(call).serve(call, counts.__getitem__)
        served.append(Served(call.exchange, usage))
        reported = call.usage.cache_read or 0
        if reported > (usage.cache_read or 0) and not is_close(call, usage):
            position = _longest_within(call, counts, reported)
            if position:
                outside[call.exchange.id] = position
                caches.of(call).know(call, position, counts[position])
                caches.of(call).serve(call, counts.__getitem__)
    return Plain(simulate(requests, (), outside, text_of) if outside else served, outside)


def is_close(call: Answered, predicted: Usage) -> bool:
    """Whether a predicted read is the reported one: within a hundredth of the prompt, or a step."""
    off = abs((predicted.cache_read or 0) - (call.usage.cache_read or 0))
    return off <= max(CLOSE * (call.usage.input or 0), call.contract.step if call.contract.step > 1 else 0)


def _longest_within(call: Answered, counts: Sequence[int], reported: int) -> int:
    """The position that a reported read ends at: exactly where markers say where entries end, else the last whole block of it."""
    slack = 0 if call.contract.mode is CacheMode.IMPLICIT_STEP else round(CLOSE * counts[-1])
    position = max(at for at, count in enumerate(counts) if count <= reported + slack)
    return position if call.contract.mode is CacheMode.IMPLICIT_STEP or reported - counts[position] <= slack else 0


class _Cache(Protocol):
    def serve(self, call: Answered, tokens: Callable[[int], int]) -> Usage: ...

    def know(self, call: Answered, position: int, tokens: int) -> None: ...


class _Caches:
    """One cache of either kind: a model is served by one, and which may change with the day."""

    def __init__(self, text_of: Texts) -> None:
        self._explicit, self._implicit = ExplicitCache(), ImplicitCache(text_of)

    def of(self, call: Answered) -> _Cache:
        return self._implicit if call.contract.mode is CacheMode.IMPLICIT_STEP else self._explicit
