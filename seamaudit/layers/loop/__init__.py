"""The loop layer: calls that come again and bring nothing new."""

from seamaudit.layers.loop.episodes import LoopKnobs
from seamaudit.layers.loop.facts import AgentStep, LoopEpisode, LoopExchange, LoopKind, RepeatedEffect
from seamaudit.layers.loop.layer import Loop

__all__ = ["AgentStep", "Loop", "LoopEpisode", "LoopExchange", "LoopKind", "LoopKnobs", "RepeatedEffect"]
