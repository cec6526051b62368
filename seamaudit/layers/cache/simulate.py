"""What caches would have read and written, had the same content been sent in another way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from seamaudit.layers.cache.edits import Edit, applied
from seamaudit.layers.cache.explicit import ExplicitCache
from seamaudit.layers.cache.implicit import ImplicitCache
from seamaudit.layers.cache.layout import Laid
from seamaudit.layers.cache.marks import Looked
from seamaudit.layers.cache.press import Press
from seamaudit.layers.cache.state import Answered, Texts, no_text
from seamaudit.providers.contracts import CacheMode
from seamaudit.trace import Exchange, Usage


class Served(Struct, frozen=True, gc=False):
    """A request and the input tokens it is predicted to have read, written and paid in full. Below zero is the id of one that was not
    recorded."""

    exchange: Exchange
    usage: Usage


def simulate(
    requests: Iterable[Laid], edits: Iterable[Edit] = (), outside: Mapping[int, int] | None = None, text_of: Texts = no_text
) -> list[Served]:
    """Replay one cache's requests, in order, by the contract alone, after `edits`: nothing is taken from what was reported but the sizes
    of prompts and, in `outside`, the prefixes that were read and that nothing recorded had written (`as_sent`). Without edits it is
    what the model makes of what was sent, which can be held against the reported usage."""
    caches, press = Caches(text_of), Press()
    return [served(laid, press.call(laid), caches, outside or {}) for laid in applied(edits, requests)]


def served(laid: Laid, call: Answered, caches: Caches, outside: Mapping[int, int], looked: Looked | None = None) -> Served:
    """One request, served and kept; `looked` is where it looks, where that is known."""
    counts = laid.tokens()
    cache = caches.implicit if call.contract.mode is CacheMode.IMPLICIT_STEP else caches.explicit
    known = outside.get(call.exchange.id, 0)
    if known and laid.is_recorded_up_to(known):
        cache.know(call, known, counts[known])
    if cache is caches.implicit:
        return Served(call.exchange, caches.implicit.serve(call, counts.__getitem__))
    return Served(call.exchange, caches.explicit.serve(call, counts.__getitem__, looked))


class Caches:
    """One cache of either kind: a model is served by one, and which may change with the day."""

    def __init__(self, text_of: Texts) -> None:
        self.explicit, self.implicit = ExplicitCache(), ImplicitCache(text_of)
