"""The loop layer: calls that come again and bring nothing new."""

from seamaudit.layers.loop.episodes import LoopKnobs
from seamaudit.layers.loop.facts import LoopEpisode, LoopExchange, LoopKind, RepeatedEffect
from seamaudit.layers.loop.layer import Loop

__all__ = ["Loop", "LoopEpisode", "LoopExchange", "LoopKind", "LoopKnobs", "RepeatedEffect"]
