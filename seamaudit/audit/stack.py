"""The stack: every layer and every seam, and what they can be set to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from msgspec import Struct

from seamaudit.config import Settings
from seamaudit.facts import REGISTRY
from seamaudit.ingest.intern import Interner
from seamaudit.layers.answers import Answers
from seamaudit.layers.attempts import Attempts
from seamaudit.layers.base import Layer
from seamaudit.layers.budgets import Budgets
from seamaudit.layers.cache import CacheLayer, Calls
from seamaudit.layers.content import Content
from seamaudit.layers.context import Context, ContextKnobs
from seamaudit.layers.conventions import Conventions
from seamaudit.layers.cost import Cost, CostKnobs
from seamaudit.layers.diagnoses import Diagnoses
from seamaudit.layers.identity import Identity
from seamaudit.layers.ledger import Ledger, LedgerRow
from seamaudit.layers.loop import Loop, LoopKnobs
from seamaudit.layers.lost_turns import LostTurns
from seamaudit.layers.markers import Markers
from seamaudit.layers.outages import Failovers, Outages
from seamaudit.layers.prefix import PrefixKnobs, PrefixLayer
from seamaudit.layers.rate_limits import RateLimits
from seamaudit.layers.reasoning import Reasoning
from seamaudit.layers.refusals import Refusals
from seamaudit.layers.repeats import RepeatKnobs, Repeats
from seamaudit.layers.resends import Resends
from seamaudit.layers.retrieval import Contexts, RetrievalLayer
from seamaudit.layers.stalls import Stalls
from seamaudit.layers.stream import Stream, StreamKnobs
from seamaudit.layers.tools import Tools
from seamaudit.layers.usage_cache import UsageCache
from seamaudit.layers.withheld import WithheldBodies
from seamaudit.providers.prices import PriceBook
from seamaudit.seams.base import Seam
from seamaudit.seams.cache_breaks import BreakKnobs, CacheBreaks
from seamaudit.seams.cache_checks import CacheChecks
from seamaudit.seams.cache_habits import CacheHabits
from seamaudit.seams.cache_health import CacheHealth
from seamaudit.seams.caps import CapKnobs, Caps
from seamaudit.seams.context_costs import ContextCosts
from seamaudit.seams.fixes import Fixes, Replays
from seamaudit.seams.frozen_evals import FrozenEvals
from seamaudit.seams.full_windows import FullWindows
from seamaudit.seams.loop_costs import LoopCosts
from seamaudit.seams.refused_turns import RefusedTurns
from seamaudit.trace import Exchange, Source

LEDGER = REGISTRY.name_of(LedgerRow)
"""The one table that is not measured unasked."""


class Knobs(Struct, frozen=True):
    """The layers' settings: one frozen struct each, with sourced defaults."""

    prefix: PrefixKnobs = PrefixKnobs()
    stream: StreamKnobs = StreamKnobs()
    loop: LoopKnobs = LoopKnobs()
    cost: CostKnobs = CostKnobs()
    context: ContextKnobs = ContextKnobs()
    repeats: RepeatKnobs = RepeatKnobs()
    breaks: BreakKnobs = BreakKnobs()
    caps: CapKnobs = CapKnobs()

    @classmethod
    def of(cls, settings: Settings) -> Knobs:
        """The knobs with what the settings declare."""
        return cls(caps=CapKnobs(max_steps=settings.max_steps, max_repeats=settings.max_repeats, budget_usd=settings.budget_usd))


class Stack(Struct, frozen=True):
    """What it takes to make the same layers and seams anywhere: the settings, the tables that are asked for, the sources, the day of
    prices and the key of prints."""

    settings: Settings
    asked: frozenset[str]
    sources: tuple[Source, ...]
    today: date
    key: int

    def price_book(self) -> PriceBook:
        """The prices; a new book, which has looked up none."""
        return PriceBook(self.today, self.settings.prices)

    def layers(self, intern: Interner, prices: PriceBook, calls: Calls | None = None) -> tuple[Callable[[], Layer], ...]:
        """How to make one instance of every layer, for one thread or one cache; `calls` is filled with what caches were replayed for.

        The ledger takes as long as several others together, so it is kept where its table is among those `asked` for.
        """
        knobs = Knobs.of(self.settings)
        ledger: tuple[Callable[[], Layer], ...] = (lambda: Ledger(prices),) if LEDGER in self.asked else ()
        return (
            *ledger,
            Content,
            WithheldBodies,
            Identity,
            LostTurns,
            lambda: PrefixLayer(intern.texts.get, knobs.prefix),
            lambda: CacheLayer(intern.texts.get, calls),
            UsageCache,
            Diagnoses,
            RetrievalLayer,
            lambda: Contexts(self._suite_of),
            Markers,
            Tools,
            Reasoning,
            lambda: Stream(knobs.stream),
            lambda: Answers(intern.texts.get),
            Stalls,
            lambda: Attempts(prices),
            Refusals,
            RateLimits,
            Outages,
            lambda: Failovers(prices),
            Resends,
            Conventions,
            lambda: Repeats(prices, self._suite_of, knobs.repeats),
            lambda: Loop(knobs.loop),
            lambda: Context(knobs.context),
            lambda: Cost(prices, knobs.cost),
            lambda: Budgets(prices, self.settings.limits),
        )

    def seams(self, prices: PriceBook, calls: Calls | None = None, elsewhere: Replays | None = None) -> tuple[Seam, ...]:
        """Every seam, in the order in which they may build on each other; fixes are replayed where the requests were kept in `calls`, and
        maybe `elsewhere`."""
        knobs = Knobs.of(self.settings)
        replays: tuple[Seam, ...] = () if calls is None else (Fixes(calls, prices, elsewhere),)
        return (
            CacheBreaks(prices, knobs.breaks),
            CacheHabits(prices),
            CacheChecks(),
            CacheHealth(),
            FrozenEvals(),
            LoopCosts(),
            ContextCosts(prices),
            FullWindows(),
            RefusedTurns(),
            Caps(knobs.caps),
            *replays,
        )

    def _suite_of(self, exchange: Exchange) -> str:
        return self.settings.suite_of(exchange, self.sources[exchange.locus.source].path)
